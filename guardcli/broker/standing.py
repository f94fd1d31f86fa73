"""The policy that a session stands under now: the centre's, made stricter by the machine's own, or that one alone.

Every decision of a session is made here, so that a new bundle holds from the next call on, and that nothing but reads
goes on while the API is away, for as long as the policy lets them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from guardcli.broker.contact import Contact
from guardcli.broker.ruling import Ruling
from guardcli.model.decisions import Decision, Verdict
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation
from guardcli.policy import Context, Policy, decide
from guardcli.policy.tightening import tightened

OFFLINE = "guard:offline"
"""The rule that denies what must not run while the API is away."""

READS = frozenset({Effect.READ, Effect.SESSION})


class Standing:
    """What decides. `set` is called from the event loop, everything else from any thread."""

    def __init__(self, ruling: Ruling, contact: Contact | None = None) -> None:
        """With `contact`, being out of the API's reach matters."""
        self.contact = contact
        self.set(ruling)

    @property
    def ruling(self) -> Ruling:
        """Who decides now; another object after each change."""
        return self._ruling

    @property
    def policy(self) -> Policy:
        """The one that goes first."""
        return self._ruling.policy

    @property
    def policies(self) -> tuple[Policy, ...]:
        """All that have a say."""
        ruling = self._ruling
        return (ruling.policy,) if ruling.own is None else (ruling.policy, ruling.own)

    def set(self, ruling: Ruling) -> None:
        """Let these decide from now on."""
        self._ruling = ruling
        self.asks_for_branch = any(one.asks_for_branch for one in self.policies)
        """Whether the branch matters that is checked out."""
        self.reads_values = any(one.reads_values for one in self.policies)
        """Whether a rule looks at the values of parameters."""

    def decide(self, operations: Sequence[Operation], context: Context) -> Decision:
        """Return what is decided about a call that would do `operations`."""
        ruling = self._ruling
        if ruling.groups is not None:
            context = replace(context, groups=ruling.groups)
        decision = decide(ruling.policy, operations, context)
        reads = ruling.policy.offline_reads
        if ruling.own is not None:
            decision = tightened(decision, decide(ruling.own, operations, context))
            reads = min(reads, ruling.own.offline_reads) if ruling.own.offline_reads else reads
        matters = ruling.is_central or reads > 0
        away = self.contact.away() if self.contact is not None and matters else None
        return decision if away is None else self._unreachable(decision, reads, away)

    def _unreachable(self, decision: Decision, reads: float, away: float) -> Decision:
        """Return what is left of `decision` with the API away: reads for a time; what asks finds nobody to ask."""
        if decision.verdict is not Verdict.ALLOW:
            return decision
        is_read = all(one.complete and one.effects <= READS for one in decision.operations)
        if is_read and away < reads:
            return decision
        said = f"The API has been out of reach for {away:.0f} s"
        if not is_read:
            said += ", and nothing but reads goes on without it."
        elif reads:
            said += f"; reads went on for the {reads:.0f} s that the policy gives them (offline: reads)."
        else:
            said += ", and the policy lets no reads go on without it (offline: reads)."
        matched = (decision.rule, *decision.matched)
        return replace(decision, verdict=Verdict.DENY, rule=OFFLINE, message=said, matched=matched)
