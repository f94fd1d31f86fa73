"""Sessions: who runs what, under which policy, and the head of the chain of its events."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import Connection, Engine, Row, and_, bindparam, insert, or_, select, update
from sqlalchemy.sql import ColumnElement

from guardcli.api.ancestry import start_time
from guardcli.api.store.database import now, reading, writing
from guardcli.api.store.engines import locking
from guardcli.api.store.schema import SESSIONS
from guardcli.api.store.trail import Action, Trail
from guardcli.model.errors import ConflictError, DeniedError, NotFoundError
from guardcli.model.events import GENESIS, canonical
from guardcli.model.secrets import Secret

LIVE_SECONDS = 90.0
"""How long after its last sign of life an open session counts as live: three heartbeats of a shipper."""

SESSION_PREFIX = "guard-session"

TOKEN_SECONDS = 12 * 3600.0
"""How long a session's token outlives its last sign of life; a laptop may sleep over night."""


ONE = select(SESSIONS).where(SESSIONS.c.id == bindparam("session"))

HELD = (
    select(SESSIONS.c.closed, SESSIONS.c.revoked)
    .where(SESSIONS.c.id == bindparam("session"))
    .with_for_update(read=True)
)


class SessionState(str, Enum):
    """live → closed, lost; lost → live, closed: a broker may come back, or be recovered by a later run."""

    LIVE = "live"
    LOST = "lost"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Session:
    """One session as it is kept. `facts` is what its broker said when it began; times are seconds since the epoch."""

    id: str
    identity: str
    owner: str
    parent: str
    started: float
    seen: float
    closed: float
    facts: Mapping[str, object]
    processes: tuple[tuple[int, int], ...]
    events: int
    head: str
    recorded: int
    counts: Mapping[str, int]
    status: object
    sponsor: str
    token_hash: str
    token_expires: float
    revoked: float
    held: float
    erased: int
    vouched: tuple[str, ...]

    @property
    def ended(self) -> bool:
        """Whether it may do no more than deliver what was recorded."""
        return bool(self.closed or self.revoked)

    def state(self, at: float) -> SessionState:
        """Return the state as of `at`."""
        if self.closed:
            return SessionState.CLOSED
        return SessionState.LIVE if at - self.seen < LIVE_SECONDS else SessionState.LOST


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """What to list, newest first: all that is given must hold. `after` is the cursor of the page before."""

    identity: str = ""
    owner: str = ""
    state: SessionState | None = None
    since: float = 0.0
    until: float = 0.0
    after: str = ""
    limit: int = 50


def hash_token(token: str) -> str:
    """Return the form in which a token of 256 random bits is kept; nothing slower is needed for such."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class Sessions:
    """Opens, finds and lists sessions."""

    def __init__(self, engine: Engine, trail: Trail) -> None:
        self._engine = engine
        self._trail = trail

    def open(
        self,
        facts: Mapping[str, object],
        owner: str,
        parent: str = "",
        processes: Sequence[tuple[int, int]] = (),
        may_renew: bool = True,
        sponsor: str = "",
        vouched: Sequence[str] = (),
    ) -> Secret:
        """Keep a new session and return its token; `facts` holds at least id, identity and started.

        `vouched` are the groups that its owner is known to be in, by which its policy is chosen.

        A session of the same facts and owner gets a new token instead, and its old one ends: so a recovering
        run goes on where a lost broker stopped. Raises ConflictError for other facts, and, without `may_renew`,
        for a session whose broker may still live.
        """
        id = str(facts["id"])
        token = f"{SESSION_PREFIX}.{id}.{secrets.token_hex(32)}"
        values = {
            "token_hash": hash_token(token),
            "token_expires": now() + TOKEN_SECONDS,
            "processes": json.dumps([list(pair) for pair in processes]),
            "seen": now(),
            "vouched": json.dumps(list(vouched)),
        }
        text = canonical(facts).decode()
        with writing(self._engine) as connection:
            locking(connection, "session", id)
            known = connection.execute(select(SESSIONS).where(SESSIONS.c.id == id).with_for_update()).one_or_none()
            if known is None:
                self._insert(connection, facts, text, owner, parent, {**values, "sponsor": sponsor})
            elif known.owner != owner or known.facts != text or not (may_renew or _is_over(_session(known))):
                raise ConflictError(f"session {id} exists already", hint="begin a new one")
            else:
                if not processes:
                    del values["processes"]
                connection.execute(update(SESSIONS).where(SESSIONS.c.id == id).values(**values))
        return Secret(token)

    def _insert(
        self,
        connection: Connection,
        facts: Mapping[str, object],
        text: str,
        owner: str,
        parent: str,
        values: Mapping[str, object],
    ) -> None:
        id, started = str(facts["id"]), facts["started"]
        connection.execute(
            insert(SESSIONS).values(
                id=id,
                identity=facts["identity"],
                owner=owner,
                parent=parent,
                started=started,
                facts=text,
                head=GENESIS,
                **values,
            )
        )
        digest = hashlib.sha256(text.encode()).hexdigest()
        data = {"identity": facts["identity"], "facts": digest, "parent": parent}
        self._trail.append(connection, now(), owner, Action.SESSION_OPENED, id, data)

    def add_processes(self, id: str, processes: Sequence[tuple[int, int]]) -> None:
        """Register more processes of the session, beside those that it has. Raises NotFoundError."""
        with writing(self._engine) as connection:
            known = connection.execute(
                select(SESSIONS.c.processes).where(SESSIONS.c.id == id).with_for_update()
            ).scalar_one_or_none()
            if known is None:
                raise _missing(id)
            pairs = {(pid, start) for pid, start in json.loads(known)} | set(processes)
            text = json.dumps(sorted(pairs))
            connection.execute(update(SESSIONS).where(SESSIONS.c.id == id).values(processes=text))

    def get(self, id: str) -> Session:
        """Return the session. Raises NotFoundError."""
        with reading(self._engine) as connection:
            row = connection.execute(ONE, {"session": id}).one_or_none()
        if row is None:
            raise _missing(id)
        return _session(row)

    def revoke(self, id: str, actor: str) -> None:
        """Take from the session's token all but the right to deliver what was recorded.

        Raises NotFoundError, ConflictError where the session has ended already.
        """
        with writing(self._engine) as connection:
            at = now()
            row = connection.execute(select(SESSIONS).where(SESSIONS.c.id == id).with_for_update()).one_or_none()
            if row is None:
                raise _missing(id)
            if row.revoked or row.closed:
                raise ConflictError(f"session {id} has ended already")
            connection.execute(update(SESSIONS).where(SESSIONS.c.id == id).values(revoked=at))
            self._trail.append(connection, at, actor, Action.SESSION_REVOKED, id, {"identity": row.identity})

    def find(self, query: SessionQuery) -> list[Session]:
        """Return one page of sessions, newest first."""
        at = now()
        conditions: list[ColumnElement[bool]] = []
        if query.identity:
            conditions.append(SESSIONS.c.identity == query.identity)
        if query.owner:
            conditions.append(SESSIONS.c.owner == query.owner)
        if query.state is not None:
            conditions.append(_in_state(query.state, at))
        if query.since:
            conditions.append(SESSIONS.c.started >= query.since)
        if query.until:
            conditions.append(SESSIONS.c.started < query.until)
        if query.after:
            last = self.get(query.after)
            earlier = and_(SESSIONS.c.started == last.started, SESSIONS.c.id < last.id)
            conditions.append(or_(SESSIONS.c.started < last.started, earlier))
        order = (SESSIONS.c.started.desc(), SESSIONS.c.id.desc())
        with reading(self._engine) as connection:
            rows = connection.execute(select(SESSIONS).where(*conditions).order_by(*order).limit(query.limit))
            return [_session(row) for row in rows]

    def unclosed(self) -> list[Session]:
        """Return every session that is not closed, live or lost."""
        with reading(self._engine) as connection:
            return [_session(row) for row in connection.execute(select(SESSIONS).where(SESSIONS.c.closed == 0))]

    def any_live(self) -> bool:
        """Tell whether a session is live now."""
        query = select(SESSIONS.c.id).where(_in_state(SessionState.LIVE, now())).limit(1)
        with reading(self._engine) as connection:
            return connection.execute(query).first() is not None


def holding(connection: Connection, id: str) -> None:
    """Keep the session `id` from being ended until this transaction is over. Raises DeniedError where it has ended."""
    row = connection.execute(HELD, {"session": id}).one_or_none()
    if row is not None and (row.closed or row.revoked):
        raise DeniedError(f"session {id} has ended", hint="begin a new one")


def _is_over(session: Session) -> bool:
    """Tell whether the session's broker is surely gone: closed, not heard of, or every process of it ended."""
    if session.state(now()) is not SessionState.LIVE:
        return True
    return bool(session.processes) and not any(start_time(pid) == start for pid, start in session.processes)


def _in_state(state: SessionState, at: float) -> ColumnElement[bool]:
    if state is SessionState.CLOSED:
        return SESSIONS.c.closed > 0
    alive = SESSIONS.c.seen > at - LIVE_SECONDS
    return and_(SESSIONS.c.closed == 0, alive if state is SessionState.LIVE else ~alive)


def _missing(id: str) -> NotFoundError:
    return NotFoundError(f"there is no session {id}", hint="guard sessions list shows what there is")


def _session(row: Row[tuple[object, ...]]) -> Session:
    return Session(
        id=row.id,
        identity=row.identity,
        owner=row.owner,
        parent=row.parent,
        started=row.started,
        seen=row.seen,
        closed=row.closed,
        facts=json.loads(row.facts),
        processes=tuple((pid, start) for pid, start in json.loads(row.processes)),
        events=row.events,
        head=row.head,
        recorded=row.recorded,
        counts=json.loads(row.counts),
        status=json.loads(row.status),
        sponsor=row.sponsor,
        token_hash=row.token_hash,
        token_expires=row.token_expires,
        revoked=row.revoked,
        held=row.held,
        erased=row.erased,
        vouched=tuple(json.loads(row.vouched)),
    )
