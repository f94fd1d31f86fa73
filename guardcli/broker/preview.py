"""What a call would change, as whoever is asked about it sees it: bounded, and masked as the tool's output is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from guardcli.broker.facts import CallFacts
from guardcli.broker.judge import Judgement
from guardcli.broker.limits import Mask, Observer
from guardcli.broker.routes import Look
from guardcli.model.errors import GuardError
from guardcli.model.facts import FactUnavailable

if TYPE_CHECKING:
    from guardcli.gateways.kubernetes.documents import Masks
    from guardcli.inspectors.kubectl.preview import Change

SHOWN_MAX = 16 << 10
"""Characters that are shown: some 300 lines, and small enough for a list of waiting calls to stay quick."""
LINE_MAX = 400
READ_MAX = 256 << 10
"""Characters that are masked before what is shown is cut off them, so that no secret is cut in two at that place."""

OBJECTS_MAX = 50
"""Objects of one call that are shown."""
UNKNOWN = "what the cluster has now is not known"
_NOT_ASKED: Mapping[str, Any] = {}
"""Stands for an object that was not asked for."""


@dataclass(frozen=True, slots=True)
class Showing:
    """How what a call would change is shown: `masker` masks whole documents, `make_mask` text, each for this call.

    `patience` runs what may block; `look` reads what a cluster has, where the call goes to a gateway.
    """

    patience: Executor
    masker: Callable[[], Masks]
    make_mask: Callable[[Observer], Mask]
    look: Look | None = None


async def preview(judgement: Judgement, facts: CallFacts, showing: Showing) -> str:
    """Return what a call would change, in lines; empty where nothing is known of that."""
    tool = judgement.invocation.tool
    if tool == "git":
        text = await asyncio.get_running_loop().run_in_executor(showing.patience, _of_git, judgement, facts)
    else:
        text = await _of_kubectl(judgement, facts, showing) if tool == "kubectl" else ""
    return shown(text, showing.make_mask(_unheard)) if text else ""


def _of_git(judgement: Judgement, facts: CallFacts) -> str:
    from guardcli.inspectors.git.preview import preview

    try:
        return preview(judgement.invocation, facts, judgement.inspection.operations)
    except FactUnavailable as error:
        return f"not known: {error}"


async def _of_kubectl(judgement: Judgement, facts: CallFacts, showing: Showing) -> str:
    from guardcli.inspectors.kubectl.preview import changes

    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(showing.patience, changes, judgement.invocation, facts)
    live: Sequence[Mapping[str, Any] | None] = ()
    doubt = "" if showing.look is not None else UNKNOWN
    if found and showing.look is not None:
        try:
            live = await showing.look([one for one in found if "*" not in one.name])
        except TimeoutError:
            doubt = f"{UNKNOWN}: it took too long to say"
        except GuardError as error:
            doubt = f"{UNKNOWN}: {error.message}"
    parts = partial(_described, found[:OBJECTS_MAX], live, showing.masker())
    lines = await loop.run_in_executor(showing.patience, parts) if found else []
    more = [f"and {len(found) - OBJECTS_MAX} more objects"] if len(found) > OBJECTS_MAX else []
    return "\n".join([*([doubt] if doubt and lines else []), *lines, *more])


def _described(found: Sequence[Change], live: Sequence[Mapping[str, Any] | None], masker: Masks) -> list[str]:
    from guardcli.gateways.kubernetes.comparing import described
    from guardcli.gateways.kubernetes.documents import DocumentMask

    answers, mask = iter(live), DocumentMask(masker, "kubectl").mask
    lines = []
    for one in found:
        answer = next(answers, _NOT_ASKED) if "*" not in one.name else _NOT_ASKED
        asked = answer is not _NOT_ASKED
        lines.append(described(one, answer if asked else None, mask, asked=asked))
    return lines


def shown(text: str, mask: Mask) -> str:
    """Return `text` masked, and as much of it as a person is shown."""
    raw = cut(text, READ_MAX).encode("utf-8", "replace")
    masked = (mask.feed(raw) + mask.finish()).decode("utf-8", "replace")
    lines = (line if len(line) <= LINE_MAX else f"{line[:LINE_MAX]}…" for line in masked.split("\n"))
    return cut("\n".join(lines).rstrip("\n"), SHOWN_MAX)


def _unheard(detector: str, offset: int, length: int) -> None:
    """Hear of a finding and do nothing: what is counted is what a tool prints."""


def cut(text: str, size: int) -> str:
    """Return the lines of `text` that fit into `size` characters, and how many more there are."""
    if len(text) <= size:
        return text
    kept = text[:size].rpartition("\n")[0] or text[:size]
    more = text.count("\n") - kept.count("\n")
    return f"{kept}\n({more} more {'line' if more == 1 else 'lines'} not shown)"
