"""Allow, approve or deny, with the rule that said so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from guardcli.model.limits import OutputLimit
from guardcli.model.masking import MaskRule
from guardcli.model.operations import Operation
from guardcli.model.windows import Window


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
    """Who must say yes, and what the yes is good for. Times are in seconds.

    `quorum` different people of `groups` (of any group where it is empty) must say yes, and one of each group in
    `all_of`, a different person for each; one yes may count for both. The yes holds for `expires`, or until it is used.
    `grant`, if not 0, is for how long calls of the same `Decision.grant_scope` need no further one. The call may only
    run while all of `windows` hold. `justification`: the agent must say why it asks.
    """

    groups: tuple[str, ...] = ()
    quorum: int = 1
    expires: float = 600.0
    all_of: tuple[str, ...] = ()
    grant: float = 0.0
    windows: tuple[Window, ...] = ()
    justification: bool = False

    @property
    def people(self) -> int:
        """The least number of different people that can satisfy the terms."""
        return max(self.quorum, len(self.all_of))

    def may_say_yes(self, groups: Collection[str]) -> bool:
        """Return whether the yes of somebody in `groups` counts for anything."""
        if not self.groups and self.quorum > len(self.all_of):
            return True
        return not set(groups).isdisjoint((*self.groups, *self.all_of))

    def satisfied_by(self, yeses: Sequence[Collection[str]]) -> bool:
        """Return whether these yeses are enough: the groups of each person who said one, every person once."""
        wanted = [one for one in yeses if not self.groups or not set(one).isdisjoint(self.groups)]
        return len(wanted) >= self.quorum and _each_has_its_own(self.all_of, yeses)

    def may_run(self, now: datetime) -> bool:
        """Return whether an approved call may run at the aware `now`."""
        return all(window.holds(now) for window in self.windows)


def _each_has_its_own(groups: Sequence[str], people: Sequence[Collection[str]]) -> bool:
    """Return whether every group can be given a person of its own (bipartite matching by augmenting paths)."""
    holder: dict[int, str] = {}

    def find(group: str, tried: set[int]) -> bool:
        for index, belongs in enumerate(people):
            if group in belongs and index not in tried:
                tried.add(index)
                if index not in holder or find(holder[index], tried):
                    holder[index] = group
                    return True
        return False

    return all(find(group, set()) for group in groups)


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
    rules add, for this call, to those of the policy. `limits` are all that hold for its output, those of the policy
    included. `grant_scope` says what a grant for this call covers: the rules that ask and the resources that it is
    surely aimed at, such as ``("rule:writes-ask", "resource:orders-db")``; it is empty where no grant can be had.
    """

    verdict: Verdict
    rule: str
    message: str
    operations: tuple[Operation, ...]
    matched: tuple[str, ...] = ()
    terms: ApprovalTerms | None = None
    recording: Recording = Recording.OUTPUT
    mask: tuple[MaskRule, ...] = ()
    limits: tuple[OutputLimit, ...] = ()
    grant_scope: tuple[str, ...] = ()
