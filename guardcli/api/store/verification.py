"""Recomputes every chain, digest and stretch of what is kept, and names what is wrong.

What it finds: a changed, missing, added or reordered event; a changed, missing or added stretch of a recording; a
chain whose tail was cut off, measured against the session's head and, for a closed session, against the trail; a
session whose facts were changed or that was removed whole; a broken trail. What it cannot find by itself: that
somebody who may write the whole database replaced everything consistently, trail included.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, or_, select

from guardcli.api.archive.segments import DamagedError
from guardcli.api.store import Store
from guardcli.api.store.database import reading
from guardcli.api.store.events import PAGE, output_fault
from guardcli.api.store.schema import CHUNKS, EVENTS, SESSIONS
from guardcli.api.store.sessions import Session
from guardcli.api.store.trail import Action
from guardcli.model.errors import NotFoundError
from guardcli.model.events import GENESIS, Event, EventType, canonical, first_fault


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong; `sequence` is the event's, -1 where it is not about one event."""

    session: str
    sequence: int
    message: str


@dataclass(slots=True)
class Report:
    """What was looked at, and what was found. The record is whole when `faults` is empty."""

    sessions: int
    events: int
    bytes: int
    faults: list[Fault]
    notes: list[Fault]
    """What is not there any more, by a rule that the trail names."""


def verify(store: Store, session: str = "") -> Report:
    """Check one session, or everything and the trail where none is named."""
    report = Report(0, 0, 0, [], [])
    if session:
        _check(store, session, report)
        return report
    for message in store.trail.faults():
        report.faults.append(Fault("", -1, message))
    for id in _known(store):
        _check(store, id, report)
    return report


def _known(store: Store) -> Iterator[str]:
    """Give the id of every session that anything tells of: its row, its events, its recording, or the trail."""
    ids: set[str] = set()
    with reading(store.engine) as connection:
        ids.update(connection.execute(select(SESSIONS.c.id)).scalars())
        ids.update(connection.execute(select(EVENTS.c.session).distinct()).scalars())
        ids.update(connection.execute(select(CHUNKS.c.session).distinct()).scalars())
    start = 0
    while entries := store.trail.entries(start=start):
        ids.update(entry.subject for entry in entries if entry.action == Action.SESSION_OPENED.value)
        start = entries[-1].sequence + 1
    yield from sorted(ids)


def _check(store: Store, id: str, report: Report) -> None:
    report.sessions += 1
    try:
        session = store.sessions.get(id)
    except NotFoundError:
        report.faults.append(Fault(id, -1, "the session was removed, but something of it is left"))
        return
    except ValueError as error:
        report.faults.append(Fault(id, -1, f"what is kept of the session cannot be read: {error}"))
        return
    if message := _facts_fault(store, session):
        report.faults.append(Fault(id, -1, message))
    deleted = _deleted(store, session)
    report.notes.extend(Fault(id, end, said) for end, said in deleted.items())
    report.faults.extend(_chain_faults(store, session, report, max(deleted, default=0)))


def _deleted(store: Store, session: Session) -> dict[int, str]:
    """Return what the trail says of deleting the recording: below which event, when, and by which rule."""
    found = {}
    for entry in store.trail.entries(session.id):
        if entry.action == Action.RECORDING_DELETED.value and isinstance(end := entry.data.get("events"), int):
            said = f"{entry.data.get('stretches')} parts of the recording, before event {end}"
            found[end] = f"{said}, were deleted at {entry.time}: {entry.data.get('rule')}"
    return found


def _facts_fault(store: Store, session: Session) -> str:
    entries = {entry.action: entry for entry in store.trail.entries(session.id)}
    opened = entries.get(Action.SESSION_OPENED.value)
    if opened is None:
        return "the trail does not know of the session"
    if opened.data.get("facts") != hashlib.sha256(canonical(session.facts)).hexdigest():
        return "what the session said when it began was changed"
    if opened.data.get("identity") != session.identity or opened.actor != session.owner:
        return "whose session it is was changed"
    closed = entries.get(Action.SESSION_CLOSED.value)
    if closed is None:
        return "the session is closed, but the trail does not know of it" if session.closed else ""
    if (closed.data.get("events"), closed.data.get("head")) != (session.events, session.head):
        return f"the session was closed after {closed.data.get('events')} events, now it has {session.events}"
    return ""


def _chain_faults(store: Store, session: Session, report: Report, deleted: int) -> Iterator[Fault]:
    """Walk one chain beside its recording, in constant memory; stop at the first break of the chain.

    The recording of what comes before event `deleted` need not be there. A session that runs may grow meanwhile: what
    came after its head was read is left for the next time.
    """
    start, previous, position, outputs = 0, GENESIS, 0, 0
    while start < session.events and (page := _page(store, session.id, start, session.events)):
        for event in page:
            if isinstance(event, Fault):
                yield event
                return
            report.events += 1
            if message := first_fault([event], session.id, start, previous):
                yield Fault(session.id, start, message)
                return
            start, previous = start + 1, event.hash
            if event.type is not EventType.OUTPUT:
                continue
            content, message = _stretch(store, event, position)
            if content is not None or event.sequence >= deleted:
                outputs += 1
                if message:
                    yield Fault(session.id, event.sequence, message)
            report.bytes += len(content or b"")
            length = event.data.get("length")
            position += length if isinstance(length, int) else 0
    if (start, previous) != (session.events, session.head):
        message = f"the chain ends after {start} events, where {session.events} were written"
        yield Fault(session.id, start, message)
    events, chunks = _strays(store, session)
    if events:
        yield Fault(session.id, session.events, f"{events} events were added after the end of the chain")
    if (extra := chunks - outputs) > 0:
        yield Fault(session.id, -1, f"{extra} parts of the recording belong to no event")


def _stretch(store: Store, event: Event, position: int) -> tuple[bytes | None, str]:
    """Return the bytes of an ``output`` event, None where there are none, and what is wrong with them."""
    try:
        content = store.stretches.content(event.session, event.sequence)
    except DamagedError as error:
        return b"", f"event {event.sequence}: {error}"
    return content, output_fault(event, content, position)


def _page(store: Store, session: str, start: int, end: int) -> list[Event | Fault]:
    """Return the next events below `end`, up to the first that cannot be read, which is a fault."""
    size = min(PAGE, end - start)
    try:
        return list(store.events.read(session, start, size))
    except ValueError:
        pass
    page: list[Event | Fault] = []
    while len(page) < size:
        try:
            page.extend(store.events.read(session, start + len(page), 1))
        except ValueError as error:
            page.append(Fault(session, start + len(page), f"event {start + len(page)} cannot be read: {error}"))
            break
    return page


def _strays(store: Store, session: Session) -> tuple[int, int]:
    """Return how many events lie beyond the session's head as it is now, and how many stretches below what it was.

    A stretch under a number that no event has yet counts as well: it was not written by an append.
    """
    here = CHUNKS.c.session == session.id
    head = select(SESSIONS.c.events).where(SESSIONS.c.id == session.id).scalar_subquery()
    beyond = select(func.count()).where(EVENTS.c.session == session.id, EVENTS.c.sequence >= head).scalar_subquery()
    within = or_(CHUNKS.c.sequence < session.events, CHUNKS.c.sequence >= head)
    chunks = select(func.count()).where(here, within).scalar_subquery()
    with reading(store.engine) as connection:
        row = connection.execute(select(beyond, chunks)).one()
    return int(row[0]), int(row[1])
