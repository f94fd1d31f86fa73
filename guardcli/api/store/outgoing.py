"""How far each session's events have gone out to a collector of logs: at least once each, in order, from then on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, func, select, update

from guardcli.api.store.database import reading, writing
from guardcli.api.store.events import Events
from guardcli.api.store.schema import SESSIONS
from guardcli.model.events import Event

BATCH = 200
"""Events that go out at once."""

SESSIONS_MAX = 100


@dataclass(frozen=True, slots=True)
class Source:
    """Whose events they are."""

    session: str
    identity: str
    owner: str
    facts: str


Send = Callable[[Source, Sequence[Event]], int]


class Outgoing:
    """Gives what has not gone out yet, and notes what has."""

    def __init__(self, engine: Engine, events: Events) -> None:
        self._engine = engine
        self._events = events

    def begin(self) -> None:
        """Let only what is stored from now on go out."""
        with writing(self._engine) as connection:
            connection.execute(
                update(SESSIONS).where(SESSIONS.c.events != SESSIONS.c.told).values(told=SESSIONS.c.events)
            )

    def waiting(self) -> int:
        """Return how many events have not gone out."""
        left = select(func.coalesce(func.sum(SESSIONS.c.events - SESSIONS.c.told), 0))
        with reading(self._engine) as connection:
            return int(connection.execute(left.where(SESSIONS.c.events != SESSIONS.c.told)).scalar_one())

    def run(self, send: Send) -> int:
        """Hand what waits to `send`; return how many events it is done with.

        `send` returns with how many of the first it is done. Where these are not all, the rest of that session waits
        for the next run; what it raises ends this one.
        """
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
        start = told
        while events := self._events.read(source.session, start, BATCH):
            done = send(source, events)
            if not done:
                break
            start = events[done - 1].sequence + 1
            with writing(self._engine) as connection:
                mine = (SESSIONS.c.id == source.session) & (SESSIONS.c.told < start)
                connection.execute(update(SESSIONS).where(mine).values(told=start))
            if done < len(events):
                break
        return start - told
