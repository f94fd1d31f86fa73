"""How far what is recorded has gone out to a collector of logs: at least once each, in order, from then on.

Three kinds of streams go out: the events of each session, whose row says how many have gone, the acts of the trail, and
the signed heads. Of these two a row of `OUTGOING` says which is next; a stream without one begins with what comes then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, insert, select, update

from guardcli.api.store.database import reading, writing
from guardcli.api.store.engines import locking
from guardcli.api.store.events import Events
from guardcli.api.store.schema import OUTGOING, SESSIONS, SIGNED, TRAIL
from guardcli.api.store.signed import Signed
from guardcli.api.store.trail import Entry, Trail
from guardcli.client.heads import Head
from guardcli.model.events import Event

BATCH = 200
"""Of one stream, what goes out at once."""

SESSIONS_MAX = 100

ENDS = {
    "trail": select(func.coalesce(func.max(TRAIL.c.sequence), -1) + 1),
    "heads": select(func.coalesce(func.max(SIGNED.c.number), -1) + 1),
}
"""The number that comes next in each stream that is not a session's."""


@dataclass(frozen=True, slots=True)
class Source:
    """Whose events they are."""

    session: str
    identity: str
    owner: str
    facts: str


Item = Event | Entry | Head

Send = Callable[[Source | None, Sequence[Item]], int]

Read = Callable[[int], Sequence[tuple[int, Item]]]


class Outgoing:
    """Gives what has not gone out yet, and notes what has."""

    def __init__(self, engine: Engine, events: Events, trail: Trail, signed: Signed) -> None:
        self._engine = engine
        self._events = events
        self._trail = trail
        self._signed = signed

    def begin(self) -> None:
        """Let only what is stored from now on go out."""
        with writing(self._engine) as connection:
            connection.execute(
                update(SESSIONS).where(SESSIONS.c.events != SESSIONS.c.told).values(told=SESSIONS.c.events)
            )
            for name in ENDS:
                _begin(connection, name)

    def waiting(self) -> int:
        """Return how many events, acts and heads have not gone out."""
        left = select(func.coalesce(func.sum(SESSIONS.c.events - SESSIONS.c.told), 0))
        with reading(self._engine) as connection:
            found = int(connection.execute(left.where(SESSIONS.c.events != SESSIONS.c.told)).scalar_one())
            for row in connection.execute(select(OUTGOING)).all():
                found += int(connection.execute(ENDS[row.name]).scalar_one()) - row.following
        return found

    def run(self, send: Send) -> int:
        """Hand what waits to `send`; return with how much it is done.

        `send` gets the things of one stream, with their source where that is a session, and returns with how many of
        the first it is done. Where these are not all, the rest of that stream waits for the next run; what it raises
        ends this one.
        """
        entries = self._stream("trail", lambda start: [(one.sequence, one) for one in self._entries(start)], send)
        heads = self._stream("heads", lambda start: self._signed.bare(start, BATCH), send)
        return entries + heads + self._sessions(send)

    def _entries(self, start: int) -> Sequence[Entry]:
        return self._trail.entries(start=start, limit=BATCH)

    def _sessions(self, send: Send) -> int:
        done = 0
        columns = (SESSIONS.c.id, SESSIONS.c.identity, SESSIONS.c.owner, SESSIONS.c.facts, SESSIONS.c.told)
        query = select(*columns).where(SESSIONS.c.events != SESSIONS.c.told).order_by(SESSIONS.c.id)
        last = ""
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(query.where(SESSIONS.c.id > last).limit(SESSIONS_MAX)).all()
            if not rows:
                return done
            for row in rows:
                done += self._session(Source(row.id, row.identity, row.owner, row.facts), row.told, send)
            last = rows[-1].id

    def _session(self, source: Source, told: int, send: Send) -> int:
        def read(start: int) -> Sequence[tuple[int, Item]]:
            return [(one.sequence, one) for one in self._events.read(source.session, start, BATCH)]

        def keep(following: int) -> None:
            with writing(self._engine) as connection:
                mine = (SESSIONS.c.id == source.session) & (SESSIONS.c.told < following)
                connection.execute(update(SESSIONS).where(mine).values(told=following))

        return _follow(read, told, lambda items: send(source, items), keep)

    def _stream(self, name: str, read: Read, send: Send) -> int:
        with reading(self._engine) as connection:
            following = connection.execute(select(OUTGOING.c.following).where(OUTGOING.c.name == name)).scalar()
        if following is None:
            with writing(self._engine) as connection:
                following = _begin(connection, name)

        def keep(following: int) -> None:
            with writing(self._engine) as connection:
                mine = (OUTGOING.c.name == name) & (OUTGOING.c.following < following)
                connection.execute(update(OUTGOING).where(mine).values(following=following))

        return _follow(read, following, lambda items: send(None, items), keep)


def _begin(connection: Connection, name: str) -> int:
    """Let what is added to a stream from now on go out; return the number of that."""
    locking(connection, "outgoing", name)
    following = int(connection.execute(ENDS[name]).scalar_one())
    if not connection.execute(update(OUTGOING).where(OUTGOING.c.name == name).values(following=following)).rowcount:
        connection.execute(insert(OUTGOING).values(name=name, following=following))
    return following


def _follow(read: Read, start: int, send: Callable[[Sequence[Item]], int], keep: Callable[[int], None]) -> int:
    """Send what `read` gives from number `start` on, and `keep` each time which is next; return how many are done."""
    count = 0
    while items := read(start):
        done = send([item for _, item in items])
        if not done:
            break
        start = items[done - 1][0] + 1
        keep(start)
        count += done
        if done < len(items):
            break
    return count
