"""Approvals: a request for a person's yes to exact bytes, the votes on it, and its single use.

Rules of the state machine (`ApprovalState`), each step one transaction in which one writer wins:

* a yes under other terms, another quorum or other groups, is another yes: a stricter policy asks anew;
* pending → approved when as many distinct reviewers as the quorum says have said yes; the yes then holds for the
  request's lifetime, counted anew;
* pending → denied at the first no; the denial is delivered once to whoever asks for the same again;
* pending → cancelled by whoever asked;
* approved → consumed by one caller who presents the digest;
* pending, approved → expired when their time is over. A time-out is never consent.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, or_, select, update
from sqlalchemy.sql import ColumnElement

from guardcli.api.store.database import now, reading, writing
from guardcli.api.store.engines import locking
from guardcli.api.store.schema import APPROVALS, SESSIONS, VOTES
from guardcli.api.store.sessions import holding
from guardcli.api.store.trail import Action, Trail
from guardcli.model.approvals import Approval, ApprovalState
from guardcli.model.errors import ConflictError, DeniedError, NotFoundError
from guardcli.model.events import canonical

OPEN = (ApprovalState.PENDING.value, ApprovalState.APPROVED.value)

MAX_PENDING = 500
"""Requests of one requester that may wait at once: a flood of them would hide what matters from the reviewers."""

TEXTS = ("tool", "command", "cwd", "rule", "message", "justification")
LISTS = ("effects", "targets", "groups")


@dataclass(frozen=True, slots=True)
class Request:
    """What asks for a yes: on behalf of `requester` in `session`, which `owner` opened.

    `facts` holds the texts and lists of `Approval` of the same names; `lifetime` is in seconds.
    """

    session: str
    requester: str
    owner: str
    digest: str
    quorum: int
    lifetime: float
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose an approval is: `owner` opened the session that asked, `sponsor` answers for that owner."""

    owner: str
    sponsor: str = ""


class Approvals:
    """Creates, joins, decides, consumes, ends and lists approvals."""

    def __init__(self, engine: Engine, trail: Trail) -> None:
        self._engine = engine
        self._trail = trail

    def request(self, request: Request) -> Approval:
        """Return the approval that stands for the same bytes, requester and terms, or a new pending one.

        That is one that is pending, or approved and not yet consumed; or a denial that nobody was told of yet,
        which is given once and then no more. Raises ConflictError where `MAX_PENDING` wait already.
        """
        at = now()
        with writing(self._engine) as connection:
            holding(connection, request.session)
            locking(connection, "approvals of", request.owner, request.requester)
            same = (
                APPROVALS.c.digest == request.digest,
                APPROVALS.c.requester == request.requester,
                APPROVALS.c.owner == request.owner,
                APPROVALS.c.quorum == request.quorum,
            )
            standing = connection.execute(
                select(APPROVALS)
                .where(*same, APPROVALS.c.state.in_(OPEN), APPROVALS.c.expires > at)
                .order_by(APPROVALS.c.created)
            )
            for row in standing:
                if approval_of(row, at).groups == _groups(request):
                    return approval_of(row, at)
            denied = connection.execute(
                select(APPROVALS)
                .where(*same, APPROVALS.c.state == ApprovalState.DENIED.value, APPROVALS.c.delivered == 0)
                .order_by(APPROVALS.c.decided.desc())
                .limit(1)
            ).one_or_none()
            if denied is not None:
                self._mark_delivered(connection, *same, APPROVALS.c.state == ApprovalState.DENIED.value)
                return approval_of(denied, at)
            self._refuse_a_flood(connection, request, at)
            return self._create(connection, request, at)

    def _refuse_a_flood(self, connection: Connection, request: Request, at: float) -> None:
        waiting = select(func.count()).where(
            APPROVALS.c.state == ApprovalState.PENDING.value,
            APPROVALS.c.expires > at,
            APPROVALS.c.requester == request.requester,
            APPROVALS.c.owner == request.owner,
        )
        if connection.execute(waiting).scalar_one() >= MAX_PENDING:
            raise ConflictError(f"{MAX_PENDING} requests of yours wait already", hint="let some be decided first")

    def _create(self, connection: Connection, request: Request, at: float) -> Approval:
        id = secrets.token_hex(8)
        connection.execute(
            insert(APPROVALS).values(
                id=id,
                session=request.session,
                requester=request.requester,
                owner=request.owner,
                digest=request.digest,
                state=ApprovalState.PENDING.value,
                created=at,
                expires=at + request.lifetime,
                lifetime=request.lifetime,
                quorum=request.quorum,
                facts=canonical(request.facts).decode(),
            )
        )
        data = {"digest": request.digest, "session": request.session, "quorum": request.quorum}
        self._trail.append(connection, at, request.requester, Action.APPROVAL_REQUESTED, id, data)
        return approval_of(self._row(connection, id), at)

    def get(self, id: str) -> Approval:
        """Return the approval as it stands now; one whose time is over is expired. Raises NotFoundError."""
        with reading(self._engine) as connection:
            return approval_of(self._row(connection, id), now())

    def parties(self, id: str) -> Parties:
        """Return whose the approval is. Raises NotFoundError."""
        with reading(self._engine) as connection:
            row = self._row(connection, id)
            query = select(SESSIONS.c.sponsor).where(SESSIONS.c.id == row.session)
            return Parties(row.owner, connection.execute(query).scalar_one_or_none() or "")

    def delivered(self, id: str) -> None:
        """Note that the requester was told of a denial."""
        with writing(self._engine) as connection:
            self._mark_delivered(connection, APPROVALS.c.id == id)

    def _mark_delivered(self, connection: Connection, *conditions: ColumnElement[bool]) -> None:
        connection.execute(update(APPROVALS).where(*conditions).values(delivered=1))

    def find(
        self, state: ApprovalState | None = None, session: str = "", owner: str = "", limit: int = 200
    ) -> list[Approval]:
        """Return up to `limit` approvals, newest first."""
        at = now()
        query = select(APPROVALS).order_by(APPROVALS.c.created.desc()).limit(limit)
        if state is not None:
            query = query.where(_in_state(state, at))
        if session:
            query = query.where(APPROVALS.c.session == session)
        if owner:
            query = query.where(APPROVALS.c.owner == owner)
        with reading(self._engine) as connection:
            return [approval_of(row, at) for row in connection.execute(query)]

    def decide(self, id: str, reviewer: str, approve: bool, reason: str) -> Approval:
        """Count one reviewer's vote and return what became of the approval.

        Raises NotFoundError, and ConflictError for an approval that is not pending or a second vote of the same
        reviewer for the same thing.
        """
        self._expire(id)
        at = now()
        with writing(self._engine) as connection:
            row = self._row(connection, id, lock=True)
            if row.state != ApprovalState.PENDING.value or row.expires <= at:
                state = approval_of(row, at).state.value
                raise ConflictError(f"approval {id} is {state}: there is nothing left to decide")
            self._vote(connection, id, reviewer, approve, reason, at)
            values: dict[str, Any] = {"reviewer": reviewer, "reason": reason, "decided": at}
            if not approve:
                self._move(connection, row, reviewer, Action.APPROVAL_DENIED, ApprovalState.DENIED, at, **values)
            elif self._yes_votes(connection, id) >= row.quorum:
                values["expires"] = at + row.lifetime
                self._move(connection, row, reviewer, Action.APPROVAL_APPROVED, ApprovalState.APPROVED, at, **values)
            return approval_of(self._row(connection, id), at)

    def _vote(self, connection: Connection, id: str, reviewer: str, approve: bool, reason: str, at: float) -> None:
        verdict = "approve" if approve else "deny"
        mine = (VOTES.c.approval == id, VOTES.c.reviewer == reviewer)
        before = connection.execute(select(VOTES.c.verdict).where(*mine)).scalar_one_or_none()
        if before == verdict:
            raise ConflictError(f"{reviewer} voted on approval {id} already; it needs another reviewer")
        values = {"verdict": verdict, "reason": reason, "time": at}
        if before is None:
            connection.execute(insert(VOTES).values(approval=id, reviewer=reviewer, **values))
        else:
            connection.execute(update(VOTES).where(*mine).values(**values))
        data = {"verdict": verdict, "reason": reason}
        self._trail.append(connection, at, reviewer, Action.APPROVAL_VOTED, id, data)

    def _yes_votes(self, connection: Connection, id: str) -> int:
        query = select(VOTES.c.reviewer).where(VOTES.c.approval == id, VOTES.c.verdict == "approve")
        return len(connection.execute(query).all())

    def cancel(self, id: str, actor: str) -> Approval:
        """End a pending approval that is needed no longer. Raises NotFoundError, ConflictError."""
        self._expire(id)
        at = now()
        with writing(self._engine) as connection:
            row = self._row(connection, id, lock=True)
            if row.state != ApprovalState.PENDING.value:
                raise ConflictError(f"approval {id} is {row.state}: only a pending one can be cancelled")
            self._move(connection, row, actor, Action.APPROVAL_CANCELLED, ApprovalState.CANCELLED, at, decided=at)
            return approval_of(self._row(connection, id), at)

    def consume(self, id: str, digest: str, session: str) -> Approval:
        """Use the yes, once: of all who try at the same time one wins.

        Raises NotFoundError, DeniedError for another digest than the one that was approved, and ConflictError for
        an approval that is not approved, was used already, or whose time is over.
        """
        at = now()
        with writing(self._engine) as connection:
            holding(connection, session)
            row = self._row(connection, id, lock=True)
            if not secrets.compare_digest(row.digest.encode(), digest.encode()):
                raise DeniedError(f"approval {id} was given for something else", hint="ask for this one by itself")
            won = connection.execute(
                update(APPROVALS)
                .where(
                    APPROVALS.c.id == id,
                    APPROVALS.c.state == ApprovalState.APPROVED.value,
                    APPROVALS.c.expires > at,
                )
                .values(state=ApprovalState.CONSUMED.value, consumer=session)
            )
            if won.rowcount != 1:
                state = approval_of(row, at).state.value
                raise ConflictError(f"approval {id} is {state}, it cannot be used", hint="ask for a new one")
            data = {"digest": digest, "session": session}
            self._trail.append(connection, at, row.requester, Action.APPROVAL_CONSUMED, id, data)
            return approval_of(self._row(connection, id), at)

    def sweep(self) -> list[str]:
        """Move every approval whose time is over to expired; return their ids."""
        over = (APPROVALS.c.state.in_(OPEN), APPROVALS.c.expires <= now())
        with reading(self._engine) as connection:
            ids = list(connection.execute(select(APPROVALS.c.id).where(*over).limit(1000)).scalars())
        return [id for id in ids if self._expire(id)]

    def _expire(self, id: str) -> bool:
        """Write the end of an approval whose time is over; tell whether this call did."""
        with reading(self._engine) as connection:
            if approval_of(self._row(connection, id), now()).state is not ApprovalState.EXPIRED:
                return False
        at = now()
        with writing(self._engine) as connection:
            row = self._row(connection, id, lock=True)
            if row.state not in OPEN or row.expires > at:
                return False
            self._move(connection, row, "", Action.APPROVAL_EXPIRED, ApprovalState.EXPIRED, at)
        return True

    def _move(
        self,
        connection: Connection,
        row: Row[Any],
        actor: str,
        action: Action,
        state: ApprovalState,
        at: float,
        **values: object,
    ) -> None:
        """Take the step from the state of `row` to `state`, and note it in the trail."""
        moved = connection.execute(
            update(APPROVALS)
            .where(APPROVALS.c.id == row.id, APPROVALS.c.state == row.state)
            .values(state=state.value, **values)
        )
        if moved.rowcount != 1:
            raise ConflictError(f"approval {row.id} changed meanwhile", hint="look at it again")
        data = {"digest": row.digest, "session": row.session, "from": row.state}
        self._trail.append(connection, at, actor, action, row.id, data)

    def _row(self, connection: Connection, id: str, lock: bool = False) -> Row[Any]:
        query = select(APPROVALS).where(APPROVALS.c.id == id)
        row = connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no approval {id}", hint="guard approvals list shows what there is")
        return row


def _groups(request: Request) -> tuple[str, ...]:
    groups = request.facts.get("groups", ())
    return tuple(groups) if isinstance(groups, (list, tuple)) else ()


def _in_state(state: ApprovalState, at: float) -> ColumnElement[bool]:
    stored = APPROVALS.c.state == state.value
    if state.value in OPEN:
        return stored & (APPROVALS.c.expires > at)
    if state is ApprovalState.EXPIRED:
        return or_(stored, APPROVALS.c.state.in_(OPEN) & (APPROVALS.c.expires <= at))
    return stored


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
        **lists,  # type: ignore[arg-type]
        **texts,  # type: ignore[arg-type]
    )
