"""A policy with everything that it extends, ready to decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from guardcli.model.decisions import Verdict
from guardcli.model.isolation import Isolation
from guardcli.model.masking import MaskRule
from guardcli.model.resources import Resource, UnknownServers
from guardcli.policy.matching import RuleSet
from guardcli.policy.rules import SHIMMED, LimitRule, Match, PolicyTest, Rule, Waiver

if TYPE_CHECKING:
    from guardcli.model.errors import Problem
    from guardcli.model.tools import ToolRules


@dataclass(frozen=True)
class Policy:
    """A loaded policy.

    `rules` are in the order in which they are named when several decide: the policy's own first, then those of
    what it extends. `digest` is the SHA-256 in hex of all that can change a decision, the masking or a tool.
    `tools` have a shim beyond `SHIMMED`, and `tool_rules` say how their calls are understood. `approval_wait` is
    how long a call waits for a person, in seconds, None where the policy does not say; `offline_reads` is for how
    many seconds what only reads goes on while the API cannot be reached. `tests` are the policy's
    own, not those of what it extends. `unmatched` is for what no rule speaks of, `unknown_servers` for psql's calls
    to what no resource names. `sources` are the files and packs that it was made of, its own first.
    """

    name: str
    digest: str
    rules: tuple[Rule, ...]
    waivers: tuple[Waiver, ...] = ()
    resources: tuple[Resource, ...] = ()
    tools: tuple[str, ...] = ()
    tool_rules: tuple[ToolRules, ...] = ()
    mask: tuple[MaskRule, ...] = ()
    limits: tuple[LimitRule, ...] = ()
    isolation: Isolation = field(default_factory=Isolation)
    offline_reads: float = 0.0
    approval_wait: float | None = None
    unmatched: Verdict = Verdict.APPROVE
    unknown_servers: UnknownServers = UnknownServers.GATEWAY
    tests: tuple[PolicyTest, ...] = ()
    sources: tuple[str, ...] = ()
    hints: tuple[Problem, ...] = field(default=(), compare=False)
    ruleset: RuleSet = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ruleset", RuleSet(self.rules, self.waivers, self.resources))

    @property
    def guarded(self) -> tuple[str, ...]:
        """Every tool that has a shim under this policy."""
        return SHIMMED + self.tools

    @property
    def asks_for_branch(self) -> bool:
        """Whether a rule looks at the branch, so that the caller should find out which is checked out."""
        return any(match.branches for match in self._matches())

    @property
    def reads_values(self) -> bool:
        """Whether a rule looks at the values of a statement's parameters."""
        return any(match.values for match in self._matches())

    def _matches(self) -> Iterator[Match]:
        for rule in (*self.rules, *(waiver.rule for waiver in self.waivers)):
            yield rule.match
            if rule.unless is not None:
                yield rule.unless
