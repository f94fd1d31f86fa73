"""Allow, approve or deny, with the rule that said so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from guardcli.model.masking import MaskRule
from guardcli.model.operations import Operation


class Verdict(str, Enum):
    """What a policy says. Deny beats approve beats allow; the order of definition is that order."""

    ALLOW = "allow"
    APPROVE = "approve"
    DENY = "deny"

    @property
    def exit_status(self) -> int:
        """The status of ``guard policy check``: 0 allow, 3 approval needed, 4 deny."""
        return {"allow": 0, "approve": 3, "deny": 4}[self.value]


_PRECEDENCE = {verdict: rank for rank, verdict in enumerate(Verdict)}


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that wins; DENY for none, since nothing said yes."""
    return max(verdicts, key=_PRECEDENCE.__getitem__, default=Verdict.DENY)


@dataclass(frozen=True, slots=True)
class ApprovalTerms:
    """Who must say yes, how many of them, and for how long the yes holds (seconds)."""

    groups: tuple[str, ...] = ()
    quorum: int = 1
    expires: float = 600.0


class Recording(str, Enum):
    """How much of a call is kept."""

    OUTPUT = "output"
    """The command and its masked output: the tool is relayed."""
    COMMAND = "command"
    """The command and its end only: the tool takes the shim's place and nothing stands in its output."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a whole call.

    `rule` is the id of the rule that won, `message` what the agent is told, `matched` every other rule that
    matched, in order. `terms` is set when `verdict` is APPROVE. `mask` holds the mask rules that the matching
    rules add, for this call, to those of the policy.
    """

    verdict: Verdict
    rule: str
    message: str
    operations: tuple[Operation, ...]
    matched: tuple[str, ...] = ()
    terms: ApprovalTerms | None = None
    recording: Recording = Recording.OUTPUT
    mask: tuple[MaskRule, ...] = ()
