"""Approvals as they lie in the database, and what asks for one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, or_, select, update
from sqlalchemy.sql import ColumnElement

from guardcli.api.store.schema import APPROVALS, SESSIONS, VOTES
from guardcli.model.approvals import Approval, ApprovalState, Vote
from guardcli.model.decisions import ApprovalTerms
from guardcli.model.errors import ConflictError
from guardcli.model.windows import Window, window_of

OPEN = (ApprovalState.PENDING.value, ApprovalState.APPROVED.value)

TEXTS = ("tool", "command", "cwd", "rule", "message", "justification", "reach", "changes")
LISTS = ("effects", "targets", "groups", "all_of", "grant_scope")
TERMS = ("groups", "all_of", "windows")
"""What makes another yes of one with other values, beside the quorum."""


FOUND = (
    select(APPROVALS, SESSIONS.c.sponsor)
    .select_from(APPROVALS.outerjoin(SESSIONS, SESSIONS.c.id == APPROVALS.c.session))
    .where(APPROVALS.c.id == bindparam("approval"))
)
"""One approval, and who answers for its owner."""

LOCKED = FOUND.with_for_update(of=APPROVALS)

VOTED = select(VOTES).where(VOTES.c.approval == bindparam("approval")).order_by(VOTES.c.time)

MOVED = (
    update(APPROVALS)
    .where(APPROVALS.c.id == bindparam("approval"), APPROVALS.c.state == bindparam("was"))
    .returning(APPROVALS)
)
"""Changes the columns that it is given values for, and gives the row as it is then; none where it was not as it `was`.

These are made once: to make a statement costs as much as to execute it."""


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


def votes_on(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[Vote, ...]]:
    """Return the votes on each of `ids` that has some, oldest first."""
    found: dict[str, list[Vote]] = {}
    if ids:
        query = select(VOTES).where(VOTES.c.approval.in_(ids)).order_by(VOTES.c.time)
        for row in connection.execute(query):
            found.setdefault(row.approval, []).append(_vote_of(row._asdict()))
    return {id: tuple(votes) for id, votes in found.items()}


@dataclass(slots=True)
class Case:
    """One approval while it is worked on: its row, and its votes by reviewer, oldest first, as rows of `VOTES`."""

    row: Row[Any]
    ballots: dict[str, Mapping[str, Any]]
    parties: Parties

    @classmethod
    def of(cls, connection: Connection, id: str, lock: bool = False) -> Case | None:
        """Return the case of the approval `id`, None where there is none; with `lock` nobody else's meanwhile."""
        one = {"approval": id}
        row = connection.execute(LOCKED if lock else FOUND, one).one_or_none()
        if row is None:
            return None
        ballots: dict[str, Mapping[str, Any]] = {
            vote.reviewer: vote._asdict() for vote in connection.execute(VOTED, one)
        }
        return cls(row, ballots, Parties(row.owner, row.sponsor or ""))

    def changed(self, connection: Connection, **values: object) -> None:
        """Set columns of the row. Raises ConflictError where it is no longer in the state that it was in."""
        row = connection.execute(MOVED, {"approval": self.row.id, "was": self.row.state, **values}).one_or_none()
        if row is None:
            raise ConflictError(f"approval {self.row.id} changed meanwhile", hint="look at it again")
        self.row = row

    def approval(self, at: float) -> Approval:
        """Return the approval as it stands at `at`."""
        return approval_of(self.row, at, tuple(map(_vote_of, self.ballots.values())))


def _vote_of(row: Mapping[str, Any]) -> Vote:
    return Vote(row["name"] or row["reviewer"], row["verdict"] == "approve", row["reason"], row["time"])


def approval_of(row: Row[Any], at: float, votes: tuple[Vote, ...] = ()) -> Approval:
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
        votes=votes,
        **lists,  # type: ignore[arg-type]
        **texts,  # type: ignore[arg-type]
    )
