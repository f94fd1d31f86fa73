"""Approvals as they lie in the database, and what asks for one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, or_, select
from sqlalchemy.sql import ColumnElement

from guardcli.api.store.schema import APPROVALS, SESSIONS
from guardcli.api.store.trail import Change
from guardcli.model.approvals import Approval, ApprovalState, Vote
from guardcli.model.decisions import ApprovalTerms
from guardcli.model.events import canonical
from guardcli.model.windows import Window, window_of

OPEN = (ApprovalState.PENDING.value, ApprovalState.APPROVED.value)

TEXTS = ("tool", "command", "cwd", "rule", "message", "justification", "reach", "changes")
LISTS = ("effects", "targets", "groups", "all_of", "grant_scope")
TERMS = ("groups", "all_of", "windows")
"""What makes another yes of one with other values, beside the quorum."""


BLANK = {"delivered": 0, "decided": 0.0, "reviewer": "", "reason": "", "consumer": "", "granted": "", "votes": "[]"}
"""What a new approval has nothing to say of."""

FOUND = (
    select(APPROVALS, SESSIONS.c.sponsor)
    .select_from(APPROVALS.outerjoin(SESSIONS, SESSIONS.c.id == APPROVALS.c.session))
    .where(APPROVALS.c.id == bindparam("approval"))
)
"""One approval, and who answers for its owner."""

LOCKED = FOUND.with_for_update(of=APPROVALS)


@dataclass(frozen=True, slots=True)
class Request:
    """What asks for a yes: on behalf of `requester` in `session`, which `owner` opened.

    `facts` holds the texts and lists of `Approval` of the same names, `windows` in the form of `Window.as_json`, and
    `grant`; `lifetime` is in seconds; `channels` are the names of those who are told.
    """

    session: str
    requester: str
    owner: str
    digest: str
    quorum: int
    lifetime: float
    facts: Mapping[str, object]
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose an approval is: `owner` opened the session that asked, `sponsor` answers for that owner."""

    owner: str
    sponsor: str = ""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who votes: `id` as the trail knows them, `name` as people do; `all_groups` for one who speaks for every group."""

    id: str
    name: str
    groups: tuple[str, ...] = ()
    all_groups: bool = False


def terms_of(facts: Mapping[str, Any], quorum: int) -> ApprovalTerms:
    """Return the terms that a request was made under."""
    return ApprovalTerms(
        groups=tuple(facts.get("groups", ())),
        quorum=quorum,
        all_of=tuple(facts.get("all_of", ())),
        grant=float(facts.get("grant", 0.0)),
        windows=windows_of(facts),
    )


def windows_of(facts: Mapping[str, Any]) -> tuple[Window, ...]:
    """Return the windows in which what is approved may run."""
    return tuple(window_of(form) for form in facts.get("windows", ()))


def same_terms(facts: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    """Tell whether a yes under the one set of terms is one under the other."""
    return all(list(facts.get(name, ())) == list(others.get(name, ())) for name in TERMS)


def in_state(state: ApprovalState, at: float) -> ColumnElement[bool]:
    """Return the condition for being in `state` at `at`."""
    stored = APPROVALS.c.state == state.value
    if state.value in OPEN:
        return stored & (APPROVALS.c.expires > at)
    if state is ApprovalState.EXPIRED:
        return or_(stored, APPROVALS.c.state.in_(OPEN) & (APPROVALS.c.expires <= at))
    return stored


@dataclass(slots=True)
class Case:
    """One approval while it is worked on: its row, its votes by reviewer, oldest first, and whose it is."""

    row: Row[Any]
    ballots: dict[str, Mapping[str, Any]]
    parties: Parties

    @classmethod
    def of(cls, connection: Connection, id: str, lock: bool = False) -> Case | None:
        """Return the case of the approval `id`, None where there is none; with `lock` nobody else's meanwhile."""
        row = connection.execute(LOCKED if lock else FOUND, {"approval": id}).one_or_none()
        if row is None:
            return None
        ballots: dict[str, Mapping[str, Any]] = {vote["reviewer"]: vote for vote in json.loads(row.votes)}
        return cls(row, ballots, Parties(row.owner, row.sponsor or ""))

    def change(self, **values: object) -> Change:
        """Return what sets columns of the row, and its votes, if it is in the state that it was in."""
        told = {**values, "votes": canonical(list(self.ballots.values())).decode()}
        names = ", ".join(f"{name} = :{name}" for name in told)
        return Change(
            f"UPDATE approvals SET {names} WHERE id = :approval AND state = :was RETURNING *",  # noqa: S608 - own names
            {**told, "approval": self.row.id, "was": self.row.state},
        )

    def approval(self, at: float) -> Approval:
        """Return the approval as it stands at `at`."""
        return approval_of(self.row, at)


def created(values: Mapping[str, object]) -> Change:
    """Return what makes an approval of `values`."""
    row = {**BLANK, **values}
    names = ", ".join(row)
    marks = ", ".join(f":{name}" for name in row)
    return Change(f"INSERT INTO approvals ({names}) VALUES ({marks}) RETURNING *", row)  # noqa: S608 - own names


def _vote_of(ballot: Mapping[str, Any]) -> Vote:
    name = ballot["name"] or ballot["reviewer"]
    return Vote(name, ballot["verdict"] == "approve", ballot["reason"], ballot["time"])


def approval_of(row: Row[Any], at: float) -> Approval:
    """Return the approval of a row of `APPROVALS` as it stands at `at`."""
    facts = json.loads(row.facts)
    state = ApprovalState(row.state)
    if row.state in OPEN and row.expires <= at:
        state = ApprovalState.EXPIRED
    lists: dict[str, Sequence[str]] = {name: tuple(facts.get(name, ())) for name in LISTS}
    texts: dict[str, str] = {name: facts.get(name, "") for name in TEXTS}
    return Approval(
        id=row.id,
        session=row.session,
        digest=row.digest,
        state=state,
        requester=row.requester,
        quorum=row.quorum,
        created=row.created,
        expires=row.expires,
        decided=row.decided,
        reviewer=row.reviewer,
        reason=row.reason,
        granted=row.granted,
        grant=float(facts.get("grant", 0.0)),
        windows=tuple(str(window) for window in windows_of(facts)),
        votes=tuple(map(_vote_of, json.loads(row.votes))),
        **lists,  # type: ignore[arg-type]
        **texts,  # type: ignore[arg-type]
    )
