"""Which policies sessions ran under of late, and which of their rules decided what. Every read is bounded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from guardcli.api.store import Store
from guardcli.api.store.sessions import Session, SessionQuery
from guardcli.model.events import EventType

SESSIONS_MAX = 500
LOOKED_INTO = 10
"""Sessions of one policy whose events are read."""
CALLS_MAX = 300


@dataclass(slots=True)
class Ruled:
    """One rule of a policy, as far as it was seen: how often it allowed, asked, denied."""

    rule: str
    message: str = ""
    verdicts: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class InForce:
    """One policy, by name and digest, and what it did."""

    name: str
    digest: str
    sessions: list[Session] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    rules: dict[str, Ruled] = field(default_factory=dict)

    @property
    def by_use(self) -> list[Ruled]:
        """The rules that decided, most used first."""
        return sorted(self.rules.values(), key=lambda one: (-one.verdicts.total(), one.rule))


def policies(store: Store, owner: str) -> list[InForce]:
    """Return the policies of the last sessions, of those that `owner` opened where one is given; last used first."""
    found: dict[str, InForce] = {}
    for session in store.sessions.find(SessionQuery(owner=owner, limit=SESSIONS_MAX)):
        digest = str(session.facts["policy_digest"])
        one = found.setdefault(digest, InForce(str(session.facts["policy"]), digest))
        one.sessions.append(session)
        one.counts.update({name: int(session.counts.get(name, 0)) for name in ("allow", "approve", "deny")})
    for one in found.values():
        for session in one.sessions[:LOOKED_INTO]:
            _look_into(store, session.id, one)
    return list(found.values())


def _look_into(store: Store, session: str, one: InForce) -> None:
    for event in store.events.read(session, 0, CALLS_MAX, EventType.JUDGED):
        name = str(event.data.get("rule") or "")
        if name:
            rule = one.rules.setdefault(name, Ruled(name))
            rule.message = str(event.data.get("message") or "")
            rule.verdicts[str(event.data.get("verdict"))] += 1
