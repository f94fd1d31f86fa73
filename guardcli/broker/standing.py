"""The policy that a session stands under now: the centre's, made stricter by the machine's own, or that one alone.

Every decision of a session is made here, so that a new bundle holds from the next call on, and that nothing but reads
goes on while the API is away, for as long as the policy lets them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from guardcli.broker.contact import Contact
from guardcli.model.decisions import Decision, Verdict
from guardcli.model.effects import Effect
from guardcli.model.masking import MaskRule
from guardcli.model.operations import Operation
from guardcli.policy import Context, Policy, decide
from guardcli.policy.tightening import masking_only, tightened

OFFLINE = "guard:offline"
"""The rule that denies what must not run while the API is away."""

READS = frozenset({Effect.READ, Effect.SESSION})


class Standing:
    """What decides. `set` is called from the event loop, everything else from any thread."""

    def __init__(self, policy: Policy, own: Policy | None = None, contact: Contact | None = None) -> None:
        """`own` makes `policy` stricter; with `contact`, being out of the API's reach matters."""
        self._now = (policy, own)
        self.contact = contact

    @property
    def policy(self) -> Policy:
        """The one that goes first."""
        return self._now[0]

    @property
    def policies(self) -> tuple[Policy, ...]:
        """All that have a say."""
        return tuple(one for one in self._now if one is not None)

    @property
    def mask(self) -> tuple[MaskRule, ...]:
        """The rules of masking: the machine's own go after, and let nothing stay."""
        policy, own = self._now
        return policy.mask + (masking_only(own.mask) if own is not None else ())

    @property
    def asks_for_branch(self) -> bool:
        """Whether the branch matters that is checked out."""
        return any(one.asks_for_branch for one in self.policies)

    def set(self, policy: Policy, own: Policy | None) -> None:
        """Let these decide from now on."""
        self._now = (policy, own)

    def decide(self, operations: Sequence[Operation], context: Context) -> Decision:
        """Return what is decided about a call that would do `operations`."""
        policy, own = self._now
        decision = decide(policy, operations, context)
        if own is not None:
            decision = tightened(decision, decide(own, operations, context))
        away = self.contact.away() if self.contact is not None else None
        return decision if away is None else self._unreachable(decision, policy.offline_reads, away)

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
