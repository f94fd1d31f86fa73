"""Seals what is kept for the present identity: what was sealed for another, and what still lies in the database.

It goes object by object, each in a transaction of its own, and knows what is left from the rows themselves: killed at
any moment, it goes on where it was. Several at once disturb each other only by doing some of it in vain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine, and_, func, or_, select, update
from sqlalchemy.sql import ColumnElement

from guardcli.api.archive.ring import NAME_LENGTH
from guardcli.api.archive.segments import DamagedError, Segment
from guardcli.api.archive.texts import PREFIX
from guardcli.api.store.database import insert_rows, reading, writing
from guardcli.api.store.discards import let_go, sweep
from guardcli.api.store.schema import BLOCKS, CHUNKS, EVENTS
from guardcli.api.store.stretches import Stretches, block_rows

BATCH = 100
"""Stretches that are moved out of the database at once."""


@dataclass(frozen=True, slots=True)
class Step:
    """What was done: `blocks` of `session` sealed anew; or why that was not possible."""

    session: str
    blocks: int
    fault: str = ""


class Rewrapping:
    """Seals anew what is not sealed for the present identity."""

    def __init__(self, engine: Engine, stretches: Stretches) -> None:
        self._engine = engine
        self._stretches = stretches
        self._segments = stretches.segments

    def left(self) -> tuple[int, int]:
        """Return how many blocks and events are sealed for others, and how many stretches lie in the database."""
        current = self._segments.ring.current()
        others = select(func.count()).where(BLOCKS.c.key != current).scalar_subquery()
        texts = select(func.count()).where(*_sealed_for_others(current)).scalar_subquery()
        within = select(func.count()).where(_unmoved()).scalar_subquery()
        with reading(self._engine) as connection:
            row = connection.execute(select(others, texts, within)).one()
        return int(row[0]) + int(row[1]), int(row[2])

    def in_use(self) -> dict[str, int]:
        """Return how many blocks and events are sealed for each identity."""
        name = func.substr(EVENTS.c.data, len(PREFIX) + 1, NAME_LENGTH)
        texts = select(name, func.count()).where(EVENTS.c.data.like(f"{PREFIX}%")).group_by(name)
        found: dict[str, int] = {}
        with reading(self._engine) as connection:
            for query in (select(BLOCKS.c.key, func.count()).group_by(BLOCKS.c.key), texts):
                for key, count in connection.execute(query):
                    found[key] = found.get(key, 0) + int(count)
        return found

    def run(self) -> Iterator[Step]:
        """Do all of it, a step at a time. Raises UnavailableError; whatever was done stays done."""
        sweep(self._engine, self._segments.objects)
        yield from self.move()
        yield from self._texts()
        last = ""
        query = select(BLOCKS.c.object, BLOCKS.c.session).where(BLOCKS.c.key != self._segments.ring.current())
        while True:
            with reading(self._engine) as connection:
                page = query.where(BLOCKS.c.object > last).order_by(BLOCKS.c.object).limit(1)
                row = connection.execute(page).one_or_none()
            if row is None:
                return
            last = row.object
            yield self._rewrite(row.session, row.object)

    def _texts(self) -> Iterator[Step]:
        """Seal what events say anew, some of a session at a time."""
        query = select(EVENTS.c.session, EVENTS.c.sequence, EVENTS.c.data)
        query = query.where(*_sealed_for_others(self._segments.ring.current()))
        place = ("", -1)
        while True:
            beyond = or_(EVENTS.c.session > place[0], and_(EVENTS.c.session == place[0], EVENTS.c.sequence > place[1]))
            page = query.where(beyond).order_by(EVENTS.c.session, EVENTS.c.sequence).limit(BATCH)
            with reading(self._engine) as connection:
                rows = connection.execute(page).all()
            if not rows:
                return
            place = (rows[-1].session, rows[-1].sequence)
            for row in rows:
                yield self._reseal(row.session, row.sequence, row.data)

    def _reseal(self, session: str, sequence: int, stored: str) -> Step:
        try:
            data = self._segments.texts.resealed(stored)
        except ValueError as error:
            return Step(session, 0, f"event {sequence} cannot be opened: {error}")
        here = and_(EVENTS.c.session == session, EVENTS.c.sequence == sequence, EVENTS.c.data == stored)
        with writing(self._engine) as connection:
            return Step(session, connection.execute(update(EVENTS).where(here).values(data=data)).rowcount)

    def _rewrite(self, session: str, name: str) -> Step:
        with reading(self._engine) as connection:
            rows = connection.execute(select(BLOCKS).where(BLOCKS.c.object == name).order_by(BLOCKS.c.start)).all()
        blocks = []
        for row in rows:
            try:
                content = self._segments.read(row)
            except DamagedError as error:
                return Step(session, 0, str(error))
            if content is None:
                return Step(session, 0, f"the object {name} is missing")
            blocks.append((row.id, content))
        if not blocks:
            return Step(session, 0)
        segment = self._segments.rewrite(session, blocks)
        if not self._exchange(name, segment):
            self._segments.discard(segment)
            return Step(session, 0)
        sweep(self._engine, self._segments.objects)
        return Step(session, len(blocks))

    def _exchange(self, name: str, segment: Segment) -> bool:
        """Let the rows of the object `name` name `segment` instead; False where they went meanwhile."""
        with writing(self._engine) as connection:
            changed = 0
            for row in block_rows(segment, ""):
                values = {column: row[column] for column in ("object", "start", "length", "digest", "key")}
                here = and_(BLOCKS.c.id == row["id"], BLOCKS.c.object == name)
                changed += connection.execute(update(BLOCKS).where(here).values(**values)).rowcount
            if changed:
                let_go(connection, [name])
        return bool(changed)

    def move(self) -> Iterator[Step]:
        """Move what lies in the database itself out of it, some stretches of a session at a time."""
        query = select(CHUNKS.c.session, CHUNKS.c.sequence, CHUNKS.c.content).where(_unmoved())
        place = ("", -1)
        while True:
            beyond = or_(CHUNKS.c.session > place[0], and_(CHUNKS.c.session == place[0], CHUNKS.c.sequence > place[1]))
            with reading(self._engine) as connection:
                page = query.where(beyond).order_by(CHUNKS.c.session, CHUNKS.c.sequence).limit(BATCH)
                rows = connection.execute(page).all()
            if not rows:
                return
            session = rows[0].session
            stretches = [(row.sequence, bytes(row.content)) for row in rows if row.session == session]
            place = (session, stretches[-1][0])
            segment = self._segments.write(session, stretches)
            if segment is not None and not self._refer(session, segment):
                self._segments.discard(segment)
                continue
            yield Step(session, len(stretches))

    def _refer(self, session: str, segment: Segment) -> bool:
        """Let the stretches' rows refer to `segment`; False where another did so meanwhile."""
        with writing(self._engine) as connection:
            changed = 0
            for sequence, (block, start) in sorted(segment.places.items()):
                here = and_(CHUNKS.c.session == session, CHUNKS.c.sequence == sequence, _unmoved())
                values = {"block": block, "place": start, "content": b""}
                changed += connection.execute(update(CHUNKS).where(here).values(**values)).rowcount
            if changed:
                insert_rows(connection, BLOCKS, block_rows(segment, session))
        return bool(changed)


def _sealed_for_others(current: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return EVENTS.c.data.like(f"{PREFIX}%"), ~EVENTS.c.data.like(f"{PREFIX}{current}:%")


def _unmoved() -> ColumnElement[bool]:
    return CHUNKS.c.block == ""
