"""Where the stretches of recordings are, and reading them; they themselves lie in the archive, sealed.

An object is written before the transaction that refers to it, and deleted after the one that lets go of it: a process
that is killed between the two leaves an object that nothing refers to, and never a row without its object.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from guardcli.api.archive.segments import DamagedError, Segment, Segments
from guardcli.api.store.database import insert_rows, reading
from guardcli.api.store.schema import BLOCKS, CHUNKS
from guardcli.model.errors import UnavailableError

PAGE = 500

_FOUND = (
    CHUNKS.c.sequence,
    CHUNKS.c.position,
    CHUNKS.c.block,
    CHUNKS.c.place,
    CHUNKS.c.size,
    BLOCKS.c.object,
    BLOCKS.c.start,
    BLOCKS.c.length,
    BLOCKS.c.digest,
    BLOCKS.c.key,
)

_STRETCHES = select(CHUNKS.c.session, *_FOUND).select_from(CHUNKS.outerjoin(BLOCKS, CHUNKS.c.block == BLOCKS.c.id))


class Stretches:
    """Reads and writes the recordings of sessions."""

    def __init__(self, engine: Engine, segments: Segments) -> None:
        self._engine = engine
        self.segments = segments

    def add(self, connection: Connection, rows: list[dict[str, Any]], segment: Segment | None) -> None:
        """Refer to the stretches of `rows` in what was written as `segment`, in the transaction of `connection`."""
        if not rows:
            return
        if segment is None or any(row["sequence"] not in segment.places for row in rows):
            raise UnavailableError("the session changed meanwhile", hint="send the batch again")
        for row in rows:
            row["block"], row["place"] = segment.places[row["sequence"]]
        used = {row["block"] for row in rows}
        blocks = [row for row in block_rows(segment, rows[0]["session"]) if row["id"] in used]
        insert_rows(connection, BLOCKS, blocks)
        insert_rows(connection, CHUNKS, rows)

    def content(self, session: str, sequence: int) -> bytes | None:
        """Return the stretch of the ``output`` event `sequence`, None where it is not there.

        Raises DamagedError where it is not what was stored, UnavailableError where the archive is away.
        """
        query = _STRETCHES.where(CHUNKS.c.session == session, CHUNKS.c.sequence == sequence)
        return next((content for _, content in self._contents(query, {})), None)

    def recording(self, session: str, call: int | None = None, start: int = 0) -> Iterator[bytes]:
        """Give the stretches in order, one block in memory at a time; those of one call where given.

        `start` is the offset in bytes to begin at: what lies before it is left out, also where a call is given.
        Raises UnavailableError where a stretch is missing or was changed.
        """
        query = _STRETCHES.where(CHUNKS.c.session == session)
        if call is not None:
            query = query.where(CHUNKS.c.call == call)
        last = self._at(session, start) - 1 if start > 0 else -1
        opened: dict[str, bytes] = {}
        while True:
            page = query.where(CHUNKS.c.sequence > last).order_by(CHUNKS.c.sequence).limit(PAGE)
            count = 0
            try:
                for row, content in self._contents(page, opened):
                    count, last = count + 1, row.sequence
                    if content is None:
                        raise DamagedError(f"the object {row.object} is missing")
                    if rest := content[max(0, start - row.position) :]:
                        yield rest
            except DamagedError as error:
                raise UnavailableError(
                    f"the recording of session {session} is damaged: {error}", hint="guard audit verify says where"
                ) from None
            if count < PAGE:
                return

    def _contents(self, query: Any, opened: dict[str, bytes]) -> Iterator[tuple[Any, bytes | None]]:
        """Give each row of `query` with its stretch; `opened` holds the block that was opened last."""
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        for row in rows:
            if not row.block:
                yield row, self._unmoved(row)
                continue
            if row.block not in opened:
                content = self._block(row)
                opened.clear()
                if content is None:
                    yield row, None
                    continue
                opened[row.block] = content
            yield row, opened[row.block][row.place : row.place + row.size]

    def _block(self, row: Any) -> bytes | None:
        """Return what the block of a row holds; one that was moved since the row was read is looked for once more."""
        if row.object is None:
            return None
        content = self.segments.read(row)
        if content is not None:
            return content
        with reading(self._engine) as connection:
            moved = connection.execute(select(BLOCKS).where(BLOCKS.c.id == row.block)).one_or_none()
        return None if moved is None or moved.object == row.object else self.segments.read(moved)

    def _unmoved(self, row: Any) -> bytes | None:
        """Return a stretch that still lies in the database."""
        here = (CHUNKS.c.session == row.session) & (CHUNKS.c.sequence == row.sequence)
        with reading(self._engine) as connection:
            found = connection.execute(select(CHUNKS.c.content, CHUNKS.c.block).where(here)).one_or_none()
        if found is None or not found.block:
            return None if found is None else bytes(found.content)
        return self.content(row.session, row.sequence)

    def _at(self, session: str, offset: int) -> int:
        """Return the sequence of the stretch that `offset` bytes into the recording is in, or of the last one."""
        query = select(func.max(CHUNKS.c.sequence)).where(CHUNKS.c.session == session, CHUNKS.c.position <= offset)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one() or 0)


def block_rows(segment: Segment, session: str) -> list[dict[str, Any]]:
    """Return the rows of `BLOCKS` for what was written as `segment`."""
    return [{**asdict(block), "session": session} for block in segment.blocks]
