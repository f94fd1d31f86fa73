"""Approvals: a request for a person's yes to exact bytes, the votes on it, and its single use.

Rules of the state machine (`ApprovalState`), each step one transaction in which one writer wins:

* a yes under other terms (quorum, groups, windows) is another yes: a stricter policy asks anew;
* pending → approved when enough different people have said yes (`ApprovalTerms.satisfied_by`), or when a grant says so;
  the yes then holds for the request's lifetime, counted anew;
* pending → denied at the first no; the denial is delivered once to whoever asks for the same again;
* pending, approved → cancelled: withdrawn by whoever asked, or by a reviewer before it was used;
* approved → consumed by one caller who presents the digest, while its windows hold;
* pending, approved → expired when their time is over. A time-out is never consent.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select, update
from sqlalchemy.sql import ColumnElement

from guardcli.api.store.approval_rows import (
    LISTS,
    OPEN,
    TEXTS,
    Case,
    Parties,
    Request,
    Reviewer,
    approval_of,
    created,
    in_state,
    same_terms,
    terms_of,
)
from guardcli.api.store.database import now, reading, writing
from guardcli.api.store.engines import locking
from guardcli.api.store.grants import Grants, scope_digest
from guardcli.api.store.notices import Notices
from guardcli.api.store.schema import APPROVALS
from guardcli.api.store.sessions import holding
from guardcli.api.store.trail import Act, Action, Trail
from guardcli.model.approvals import Approval, ApprovalState
from guardcli.model.errors import ConflictError, DeniedError, NotFoundError, PendingError
from guardcli.model.events import canonical

__all__ = ["LISTS", "MAX_PENDING", "TEXTS", "Approvals", "Parties", "Request", "Reviewer"]

MAX_PENDING = 500
"""Requests of one requester that may wait at once: a flood of them would hide what matters from the reviewers."""

May = Callable[[Approval, Parties], None]
"""Raises DeniedError unless somebody may do something with an approval; asked while nobody else can change it."""

YES, NO = "approve", "deny"


class Approvals:
    """Creates, joins, decides, consumes, ends and lists approvals."""

    def __init__(self, engine: Engine, trail: Trail, grants: Grants, notices: Notices) -> None:
        self._engine = engine
        self._trail = trail
        self._grants = grants
        self._notices = notices

    def request(self, request: Request) -> Approval:
        """Return the approval that stands for the same bytes, requester and terms, or a new one.

        That is one that is pending, or approved and not yet consumed; or a denial that nobody was told of yet, which
        is given once and then no more. A new one is pending, or approved where a grant says so. Raises ConflictError
        where `MAX_PENDING` wait already, DeniedError for a session that has ended.
        """
        with writing(self._engine) as connection:
            holding(connection, request.session)
            locking(connection, "approvals of", request.owner, request.requester)
            at = now()
            row = self._standing(connection, request, at) or self._undelivered(connection, request)
            return approval_of(self._create(connection, request, at) if row is None else row, at)

    def _same(self, request: Request) -> tuple[ColumnElement[bool], ...]:
        return (
            APPROVALS.c.digest == request.digest,
            APPROVALS.c.requester == request.requester,
            APPROVALS.c.owner == request.owner,
            APPROVALS.c.quorum == request.quorum,
        )

    def _standing(self, connection: Connection, request: Request, at: float) -> Row[Any] | None:
        open_now = (*self._same(request), APPROVALS.c.state.in_(OPEN), APPROVALS.c.expires > at)
        rows = connection.execute(select(APPROVALS).where(*open_now).order_by(APPROVALS.c.created))
        return next((row for row in rows if same_terms(json.loads(row.facts), request.facts)), None)

    def _undelivered(self, connection: Connection, request: Request) -> Row[Any] | None:
        """Return a denial that nobody was told of, and note that all such are told now."""
        denied = (*self._same(request), APPROVALS.c.state == ApprovalState.DENIED.value, APPROVALS.c.delivered == 0)
        query = select(APPROVALS).where(*denied).order_by(APPROVALS.c.decided.desc()).limit(1)
        row = connection.execute(query).one_or_none()
        if row is not None:
            connection.execute(update(APPROVALS).where(*denied).values(delivered=1))
        return row

    def _create(self, connection: Connection, request: Request, at: float) -> Row[Any]:
        scope = scope_digest(request.requester, request.owner, request.quorum, request.facts)
        grant = self._grants.standing(connection, scope, at) if scope else None
        if grant is None:
            self._refuse_a_flood(connection, request, at)
        id = secrets.token_hex(8)
        state = ApprovalState.PENDING if grant is None else ApprovalState.APPROVED
        expires = at + request.lifetime if grant is None else min(at + request.lifetime, grant.expires)
        decided = {} if grant is None else {"decided": at, "reviewer": grant.reviewer, "granted": grant.id}
        values: dict[str, object] = {
            "id": id,
            "session": request.session,
            "requester": request.requester,
            "owner": request.owner,
            "digest": request.digest,
            "state": state.value,
            "created": at,
            "changed": at,
            "expires": expires,
            "lifetime": request.lifetime,
            "quorum": request.quorum,
            "facts": canonical(request.facts).decode(),
            **decided,
        }
        data = {"digest": request.digest, "session": request.session, "quorum": request.quorum}
        for name in ("reach", "changes"):  # what is said to whoever decides, and is in no event
            if text := request.facts.get(name):
                data[name] = hashlib.sha256(str(text).encode()).hexdigest()
        acts = [Act(request.requester, Action.APPROVAL_REQUESTED, id, data)]
        if grant is None:
            self._notices.add(connection, id, request.channels, at)
        else:
            facts = {"digest": request.digest, "session": request.session, "grant": grant.id}
            acts.append(Act(grant.reviewer, Action.APPROVAL_APPROVED, id, facts))
        row = self._trail.append_all(connection, at, acts, created(values))
        assert row is not None  # noqa: S101 - an insertion that does not fail gives its row
        return row

    def _refuse_a_flood(self, connection: Connection, request: Request, at: float) -> None:
        waiting = select(func.count()).where(
            APPROVALS.c.state == ApprovalState.PENDING.value,
            APPROVALS.c.expires > at,
            APPROVALS.c.requester == request.requester,
            APPROVALS.c.owner == request.owner,
        )
        if connection.execute(waiting).scalar_one() >= MAX_PENDING:
            raise ConflictError(f"{MAX_PENDING} requests of yours wait already", hint="let some be decided first")

    def get(self, id: str) -> Approval:
        """Return the approval as it stands now; one whose time is over is expired. Raises NotFoundError."""
        return self.case(id)[0]

    def parties(self, id: str) -> Parties:
        """Return whose the approval is. Raises NotFoundError."""
        return self.case(id)[1]

    def case(self, id: str) -> tuple[Approval, Parties]:
        """Return the approval as it stands now, and whose it is: what it takes to say who may do what with it."""
        with reading(self._engine) as connection:
            case = _found(Case.of(connection, id), id)
            return case.approval(now()), case.parties

    def delivered(self, id: str) -> None:
        """Note that the requester was told of a denial."""
        with writing(self._engine) as connection:
            connection.execute(update(APPROVALS).where(APPROVALS.c.id == id).values(delivered=1))

    def find(
        self, state: ApprovalState | None = None, session: str = "", owner: str = "", limit: int = 200
    ) -> list[Approval]:
        """Return up to `limit` approvals, newest first."""
        at = now()
        conditions: list[ColumnElement[bool]] = [] if state is None else [in_state(state, at)]
        conditions += [APPROVALS.c.session == session] if session else []
        conditions += [APPROVALS.c.owner == owner] if owner else []
        return self._listed(conditions, APPROVALS.c.created.desc(), limit, at)

    def changed_since(self, moment: float, limit: int = 1000) -> list[tuple[float, Approval]]:
        """Return up to `limit` approvals that changed at `moment` or later, oldest change first, with when."""
        with reading(self._engine) as connection:
            query = select(APPROVALS).where(APPROVALS.c.changed >= moment).order_by(APPROVALS.c.changed).limit(limit)
            rows = connection.execute(query).all()
        return [(row.changed, approval_of(row, now())) for row in rows]

    def _listed(
        self, conditions: Sequence[ColumnElement[bool]], order: ColumnElement[Any], limit: int, at: float
    ) -> list[Approval]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(APPROVALS).where(*conditions).order_by(order).limit(limit)).all()
        return [approval_of(row, at) for row in rows]

    def decide(
        self,
        id: str,
        reviewer: Reviewer | str,
        approve: bool,
        reason: str = "",
        *,
        grant: float = 0.0,
        may: May | None = None,
    ) -> Approval:
        """Count one reviewer's vote and return what became of the approval.

        With `grant`, seconds, the reviewer also says yes to what the policy calls the same, for so long, if all whose
        yes counts do; the shortest holds. Raises NotFoundError; what `may` does; ConflictError for an approval that is
        not pending, a second vote of the same reviewer for the same thing, or a longer grant than the policy allows;
        DeniedError for one whose yes would count for nothing.
        """
        who = Reviewer(reviewer, reviewer, (), True) if isinstance(reviewer, str) else reviewer
        with writing(self._engine) as connection:
            case = _locked(connection, id, may)
            at = now()
            over = self._over(connection, case, at)
            if not over:
                self._count(connection, case, who, approve, reason, grant, at)
                return case.approval(at)
        raise ConflictError(f"approval {id} is {over}: there is nothing left to decide")

    def _over(self, connection: Connection, case: Case, at: float) -> str:
        """Return what the approval is where it waits no more, its end written down where its time was over."""
        row = case.row
        if row.state in OPEN and row.expires <= at:
            self._move(connection, case, "", Action.APPROVAL_EXPIRED, ApprovalState.EXPIRED, at)
            return ApprovalState.EXPIRED.value
        return "" if row.state == ApprovalState.PENDING.value else str(row.state)

    def _count(
        self, connection: Connection, case: Case, who: Reviewer, approve: bool, reason: str, grant: float, at: float
    ) -> None:
        """Count a vote on an approval that waits."""
        row = case.row
        facts = json.loads(row.facts)
        terms = terms_of(facts, row.quorum)
        groups = (*terms.groups, *terms.all_of) if who.all_groups else who.groups
        if not terms.may_say_yes(groups) and not who.all_groups:
            raise DeniedError(f"this approval is for the groups {', '.join((*terms.groups, *terms.all_of))}")
        if grant > (terms.grant if facts.get("grant_scope") else 0.0):
            raise ConflictError(f"the policy allows a grant of {terms.grant:.0f} s here, not of {grant:.0f}")
        acts = [_vote(case, who, groups, approve, reason, grant, at)]
        values: dict[str, Any] = {"reviewer": who.name, "reason": reason, "decided": at}
        if not approve:
            action, state = Action.APPROVAL_DENIED, ApprovalState.DENIED
            self._move(connection, case, who.id, action, state, at, *acts, **values)
            return
        yeses = [ballot for ballot in case.ballots.values() if ballot["verdict"] == YES]
        if not terms.satisfied_by([yes["groups"] for yes in yeses]):
            self._write(connection, case, at, acts)
            return
        if seconds := min(yes["grant_seconds"] for yes in yeses):
            granted, end = self._grants.give(connection, row, who.name, seconds, at)
            data = {"approval": row.id, "requester": row.requester, "scope": facts["grant_scope"], "expires": end}
            acts.append(Act(who.id, Action.GRANT_GIVEN, granted, data))
        values["expires"] = at + row.lifetime
        action, state = Action.APPROVAL_APPROVED, ApprovalState.APPROVED
        self._move(connection, case, who.id, action, state, at, *acts, **values)

    def cancel(self, id: str, actor: str, may: May | None = None) -> Approval:
        """End a pending approval that is needed no longer. Raises NotFoundError, ConflictError, what `may` does."""
        with writing(self._engine) as connection:
            case = _locked(connection, id, may)
            at = now()
            over = self._over(connection, case, at)
            if not over:
                action, state = Action.APPROVAL_CANCELLED, ApprovalState.CANCELLED
                self._move(connection, case, actor, action, state, at, decided=at)
                return case.approval(at)
        raise ConflictError(f"approval {id} is {over}: only a pending one can be cancelled")

    def withdraw(self, id: str, reviewer: Reviewer, reason: str = "", may: May | None = None) -> Approval:
        """Take back a yes that was not used yet, and say why. Raises NotFoundError, ConflictError, what `may` does."""
        with writing(self._engine) as connection:
            case = _locked(connection, id, may)
            at = now()
            if case.row.state == ApprovalState.APPROVED.value and case.row.expires > at:
                values: dict[str, Any] = {"decided": at, "reviewer": reviewer.name, "reason": reason}
                action = Action.APPROVAL_WITHDRAWN
                self._move(connection, case, reviewer.id, action, ApprovalState.CANCELLED, at, **values)
                return case.approval(at)
            state = case.approval(at).state.value
        raise ConflictError(f"approval {id} is {state}: only a yes that was not used can be taken back")

    def consume(self, id: str, digest: str, session: str, may: May | None = None) -> Approval:
        """Use the yes, once: of all who try at the same time one wins.

        Raises NotFoundError; what `may` does; DeniedError for another digest than the one that was approved, or a
        session that has ended; PendingError outside of its windows; ConflictError for an approval that is not approved,
        was used already, or whose time is over.
        """
        with writing(self._engine) as connection:
            holding(connection, session)
            case = _locked(connection, id, may)
            row, at = case.row, now()
            if not secrets.compare_digest(row.digest.encode(), digest.encode()):
                raise DeniedError(f"approval {id} was given for something else", hint="ask for this one by itself")
            if row.state != ApprovalState.APPROVED.value or row.expires <= at:
                state = case.approval(at).state.value
                raise ConflictError(f"approval {id} is {state}, it cannot be used", hint="ask for a new one")
            terms = terms_of(json.loads(row.facts), row.quorum)
            if not terms.may_run(datetime.fromtimestamp(at, UTC)):
                when = "; ".join(str(window) for window in terms.windows)
                raise PendingError(f"approval {id} may only be used {when}", hint="run the same command again then")
            action, consumed = Action.APPROVAL_CONSUMED, ApprovalState.CONSUMED
            self._move(connection, case, row.requester, action, consumed, at, consumer=session)
            return case.approval(at)

    def sweep(self) -> list[str]:
        """Move every approval whose time is over to expired; return their ids."""
        over = (APPROVALS.c.state.in_(OPEN), APPROVALS.c.expires <= now())
        with reading(self._engine) as connection:
            ids = list(connection.execute(select(APPROVALS.c.id).where(*over).limit(1000)).scalars())
        return [id for id in ids if self._expire(id)]

    def _expire(self, id: str) -> bool:
        """Write the end of an approval whose time is over; tell whether this call did."""
        with writing(self._engine) as connection:
            case = _locked(connection, id)
            at = now()
            return case.row.state in OPEN and case.row.expires <= at and bool(self._over(connection, case, at))

    def _move(
        self,
        connection: Connection,
        case: Case,
        actor: str,
        action: Action,
        state: ApprovalState,
        at: float,
        *before: Act,
        **values: object,
    ) -> None:
        """Take the step from the state that `case` is in, which is locked, to `state`; note it after `before`."""
        row = case.row
        data = {"digest": row.digest, "session": row.session, "from": row.state}
        if state is ApprovalState.CONSUMED:
            data["consumer"] = values["consumer"]
        acts = [*before, Act(actor, action, row.id, data)]
        self._write(connection, case, at, acts, state=state.value, **values)

    def _write(self, connection: Connection, case: Case, at: float, acts: Sequence[Act], **values: object) -> None:
        """Set columns of the row of `case`, and its votes, and note `acts`."""
        row = self._trail.append_all(connection, at, acts, case.change(changed=at, **values))
        if row is None:
            raise ConflictError(f"approval {case.row.id} changed meanwhile", hint="look at it again")
        case.row = row


def _found(case: Case | None, id: str) -> Case:
    if case is None:
        raise NotFoundError(f"there is no approval {id}", hint="guard approvals list shows what there is")
    return case


def _locked(connection: Connection, id: str, may: May | None = None) -> Case:
    """Return the case of an approval, which is nobody else's until the transaction ends, if `may` raises nothing."""
    case = _found(Case.of(connection, id, lock=True), id)
    if may is not None:
        may(case.approval(now()), case.parties)
    return case


def _vote(case: Case, who: Reviewer, groups: Sequence[str], approve: bool, reason: str, grant: float, at: float) -> Act:
    """Keep the vote in `case`, and return what the trail is to say of it."""
    id, verdict = case.row.id, YES if approve else NO
    before = case.ballots.pop(who.id, None)
    if before is not None and before["verdict"] == verdict:
        raise ConflictError(f"{who.name} voted on approval {id} already; it needs another reviewer")
    values = {"verdict": verdict, "reason": reason, "time": at, "name": who.name, "grant_seconds": grant}
    case.ballots[who.id] = {"reviewer": who.id, "groups": list(groups), **values}
    data = {"verdict": verdict, "reason": reason, "groups": list(groups), "grant": grant}
    return Act(who.id, Action.APPROVAL_VOTED, id, data)
