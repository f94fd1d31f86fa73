"""Events and the recording: append-only, in order, verified on the way in, stored once however often they are sent.

Rules of an append, all in one transaction:

* what is stored already with the same hash is passed over; with another hash it is a conflict;
* what is new has the next sequence, follows the head of the chain, and matches its own hash;
* an ``output`` event comes with exactly the bytes that its length and SHA-256 say, and starts where the
  recording ends;
* nothing follows ``closed``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, func, select, update

from guardcli.api.archive.segments import Segment
from guardcli.api.store import indexing
from guardcli.api.store.appended import Appended
from guardcli.api.store.database import insert_rows, now, reading, writing
from guardcli.api.store.schema import CHUNKS, EVENTS, SESSIONS
from guardcli.api.store.sessions import TOKEN_SECONDS
from guardcli.api.store.stretches import Stretches
from guardcli.api.store.trail import Action, Trail
from guardcli.client.chains import output_fault
from guardcli.model.errors import ConflictError, NotFoundError
from guardcli.model.events import RESOURCE, Event, EventType, canonical, first_fault, order_fault

PAGE = 500
COUNTERS_MAX = 40
"""Names that one session's counters have; what would be another is not counted."""

_LOCKED = select(SESSIONS).where(SESSIONS.c.id == bindparam("session")).with_for_update()
_MOVED = update(SESSIONS).where(SESSIONS.c.id == bindparam("session"))

_COUNTED = frozenset({EventType.JUDGED, EventType.MASKED, EventType.ASKED, EventType.FAILED, EventType.RECOVERED})
_NAMES = {one: one.value for one in EventType}


@dataclass(slots=True)
class _Head:
    """Where a session stands while a batch is added to it."""

    events: int
    hash: str
    recorded: int
    closed: float
    counts: dict[str, int]
    status: object = None
    added: list[dict[str, object]] = field(default_factory=list)
    chunks: list[dict[str, Any]] = field(default_factory=list)
    searched: list[Appended] = field(default_factory=list)


class Events:
    """Appends to and reads the chains of events and the recordings."""

    def __init__(self, engine: Engine, trail: Trail, stretches: Stretches) -> None:
        self._engine = engine
        self._trail = trail
        self._stretches = stretches
        self._texts = stretches.segments.texts

    def append(self, session: str, batch: Sequence[Appended], actor: str) -> int:
        """Add `batch` to the session and return how many events it has now; an empty batch is a sign of life.

        Raises NotFoundError, and ConflictError where the batch contradicts what is stored: nothing is added then.
        """
        segment = self._stretches.segments.write(session, self._new_stretches(session, batch))
        try:
            events, is_used = self._append(session, batch, actor, segment)
        except (NotFoundError, ConflictError):
            self._stretches.segments.discard(segment)
            raise
        if not is_used:
            self._stretches.segments.discard(segment)
        return events

    def _new_stretches(self, session: str, batch: Sequence[Appended]) -> list[tuple[int, bytes]]:
        """Return the stretches of `batch` that are not stored yet, by their numbers. Raises NotFoundError."""
        outputs = [item for item in batch if item.event.type is EventType.OUTPUT and item.content is not None]
        if not outputs:
            return []
        with reading(self._engine) as connection:
            known = connection.execute(select(SESSIONS.c.events).where(SESSIONS.c.id == session)).scalar_one_or_none()
        if known is None:
            raise _missing(session)
        return [(item.event.sequence, item.content or b"") for item in outputs if item.event.sequence >= known]

    def _append(self, session: str, batch: Sequence[Appended], actor: str, segment: Segment | None) -> tuple[int, bool]:
        with writing(self._engine) as connection:
            row = connection.execute(_LOCKED, {"session": session}).one_or_none()
            if row is None:
                raise _missing(session)
            head = _Head(row.events, row.head, row.recorded, row.closed, json.loads(row.counts), json.loads(row.status))
            self._check_known(connection, session, row.events, batch)
            for item in batch:
                if item.event.sequence >= row.events:
                    _extend(head, session, item)
            if self._texts.seals:
                for one in head.added:
                    one["data"] = self._texts.closed(str(one["data"]))
            self._stretches.add(connection, head.chunks, segment)
            self._write(connection, session, head, row.closed, actor)
            indexing.add(connection, session, row.owner, row.identity, head.searched, self._texts.seals)
        return head.events, bool(head.chunks)

    def _check_known(self, connection: Connection, session: str, known: int, batch: Sequence[Appended]) -> None:
        """Refuse a batch that gives an event already stored another content."""
        again = {item.event.sequence: item.event.hash for item in batch if item.event.sequence < known}
        if not again:
            return
        query = select(EVENTS.c.sequence, EVENTS.c.hash).where(
            EVENTS.c.session == session, EVENTS.c.sequence.between(min(again), max(again))
        )
        stored = {row.sequence: row.hash for row in connection.execute(query)}
        for sequence, digest in again.items():
            if stored.get(sequence) != digest:
                raise ConflictError(f"event {sequence} is stored already with another hash")

    def _write(self, connection: Connection, session: str, head: _Head, was_closed: float, actor: str) -> None:
        if head.added:
            insert_rows(connection, EVENTS, head.added)
        values = {
            "session": session,
            "events": head.events,
            "head": head.hash,
            "recorded": head.recorded,
            "closed": head.closed,
            "seen": now(),
            "token_expires": now() + TOKEN_SECONDS,
            "counts": json.dumps(head.counts),
            "status": json.dumps(head.status),
        }
        connection.execute(_MOVED, values)
        if head.closed and not was_closed:
            data = {"events": head.events, "head": head.hash, "recorded": head.recorded}
            self._trail.append(connection, now(), actor, Action.SESSION_CLOSED, session, data)

    def read(
        self, session: str, start: int = 0, limit: int = PAGE, type: EventType | None = None, call: int | None = None
    ) -> list[Event]:
        """Return up to `limit` events from sequence `start`, of one type or one call where given."""
        query = select(EVENTS).where(EVENTS.c.session == session, EVENTS.c.sequence >= start)
        if type is not None:
            query = query.where(EVENTS.c.type == type.value)
        if call is not None:
            query = query.where(EVENTS.c.call == call)
        with reading(self._engine) as connection:
            return [self._event(row) for row in connection.execute(query.order_by(EVENTS.c.sequence).limit(limit))]

    def _event(self, row: Row[tuple[object, ...]]) -> Event:
        """Return the event of a row. Raises ValueError where its data cannot be read."""
        data = json.loads(self._texts.opened(row.data))
        return Event(row.session, row.sequence, row.time, EventType(row.type), row.call, data, row.previous, row.hash)

    def last_output(self, session: str) -> Event | None:
        """Return the event of the last stretch of the recording, None where nothing is recorded."""
        query = select(EVENTS).where(EVENTS.c.session == session, EVENTS.c.type == EventType.OUTPUT.value)
        with reading(self._engine) as connection:
            row = connection.execute(query.order_by(EVENTS.c.sequence.desc()).limit(1)).one_or_none()
        return None if row is None else self._event(row)

    def offset_at(self, session: str, moment: float) -> int:
        """Return the byte of the recording after which nothing is older than `moment` seconds of the session.

        A stretch's event is written when the stretch is complete: whatever lies behind it was recorded later.
        """
        first = self.read(session, 0, 1)
        if not first:
            return 0
        began = datetime.fromisoformat(first[0].time)
        wanted = (began + timedelta(seconds=min(moment, 1e9))).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        query = select(func.max(EVENTS.c.sequence)).where(
            EVENTS.c.session == session, EVENTS.c.type == EventType.OUTPUT.value, EVENTS.c.time <= wanted
        )
        with reading(self._engine) as connection:
            last = connection.execute(query).scalar_one()
            if last is None:
                return 0
            place = select(CHUNKS.c.position).where(CHUNKS.c.session == session, CHUNKS.c.sequence == last)
            return int(connection.execute(place).scalar_one_or_none() or 0)


def _missing(session: str) -> NotFoundError:
    return NotFoundError(f"there is no session {session}")


def _extend(head: _Head, session: str, item: Appended) -> None:
    """Add one new event to `head`. Raises ConflictError where it does not fit."""
    event = item.event
    if head.closed:
        raise ConflictError(f"session {session} is closed: event {event.sequence} comes too late")
    try:
        if item.text:
            fault = order_fault(event, session, head.events, head.hash)
        else:
            fault = first_fault([event], session, head.events, head.hash)
    except (ValueError, RecursionError) as error:
        fault = f"event {event.sequence}: its data is no JSON: {error}"
    if fault:
        raise ConflictError(fault)
    if event.type is EventType.OUTPUT:
        _extend_recording(head, item)
    elif item.content is not None:
        raise ConflictError(f"event {event.sequence}: only an output event has a part of the recording")
    head.added.append(
        {
            "session": event.session,
            "sequence": event.sequence,
            "time": event.time,
            "type": _NAMES[event.type],
            "call": event.call,
            "data": item.text or canonical(event.data).decode(),
            "previous": event.previous,
            "hash": event.hash,
        }
    )
    head.searched.append(item)
    head.events, head.hash = event.sequence + 1, event.hash
    if event.type in _COUNTED:
        for name, count in counted(event).items():
            if name in head.counts or len(head.counts) < COUNTERS_MAX:
                head.counts[name] = head.counts.get(name, 0) + count
    if event.type is EventType.CLOSED:
        head.closed = now()
        head.status = event.data.get("status")


def _extend_recording(head: _Head, item: Appended) -> None:
    event, content = item.event, item.content
    if fault := output_fault(event, content, head.recorded):
        raise ConflictError(fault)
    head.chunks.append(
        {
            "session": event.session,
            "sequence": event.sequence,
            "call": event.call,
            "position": head.recorded,
            "content": b"",
            "size": len(content or b""),
        }
    )
    head.recorded += len(content or b"")


def counted(event: Event) -> Mapping[str, int]:
    """Return the counters that `event` raises, and by how much."""
    if event.type is EventType.JUDGED:
        verdict, resource = event.data.get("verdict"), event.data.get("resource")
        known = str(verdict) if verdict in ("allow", "approve", "deny") else ""
        return _of_call(known, resource[:100] if isinstance(resource, str) else "")
    if event.type is EventType.MASKED:
        findings = event.data.get("findings")
        numbers = findings.values() if isinstance(findings, Mapping) else ()
        return {"masked": sum(number for number in numbers if isinstance(number, int))}
    return {event.type.value: 1} if event.type in _COUNTED else {}


@lru_cache(maxsize=512)
def _of_call(verdict: str, resource: str) -> Mapping[str, int]:
    names = ("calls", verdict, f"{RESOURCE}{resource}" if resource else "")
    return dict.fromkeys(filter(None, names), 1)
