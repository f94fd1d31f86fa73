"""What a call would change, as whoever is asked about it sees it: bounded, and masked as the tool's output is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

from guardcli.broker.facts import CallFacts
from guardcli.broker.judge import Judgement
from guardcli.broker.limits import Mask, Observer
from guardcli.model.facts import FactUnavailable

SHOWN_MAX = 16 << 10
"""Characters that are shown: some 300 lines, and small enough for a list of waiting calls to stay quick."""
LINE_MAX = 400
READ_MAX = 256 << 10
"""Characters that are masked before what is shown is cut off them, so that no secret is cut in two at that place."""


async def preview(
    judgement: Judgement, facts: CallFacts, patience: Executor, make_mask: Callable[[Observer], Mask]
) -> str:
    """Return what a call would change, in lines; empty where nothing is known of that."""
    work = {"git": _of_git}.get(judgement.invocation.tool)
    if work is None:
        return ""
    text = await asyncio.get_running_loop().run_in_executor(patience, work, judgement, facts)
    return shown(text, make_mask(_unheard))


def _of_git(judgement: Judgement, facts: CallFacts) -> str:
    from guardcli.inspectors.git.preview import preview

    try:
        return preview(judgement.invocation, facts, judgement.inspection.operations)
    except FactUnavailable as error:
        return f"not known: {error}"


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
