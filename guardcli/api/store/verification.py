"""Recomputes every chain, digest and stretch of what is kept, and names what is wrong.

What it finds: a changed, missing, added or reordered event; a changed, missing or added stretch of a recording; a
chain whose tail was cut off, measured against the session's head and, for a closed session, against the trail; a
session whose facts were changed or that was removed whole; a broken trail; whatever is not what a signed head says,
and heads that were cut off, measured against the one in the archive. What it cannot find: what was never signed, and
that somebody who may write database and archive set both back to an earlier head, for which one must know a later one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select

from guardcli.api.archive.segments import DamagedError
from guardcli.api.store import Store
from guardcli.api.store.database import reading
from guardcli.api.store.events import PAGE
from guardcli.api.store.schema import CHUNKS, EVENTS, SESSIONS
from guardcli.api.store.sessions import Session
from guardcli.api.store.trail import Action
from guardcli.client.chains import ChainCheck, Claims, deletions, facts_fault
from guardcli.client.faults import Fault
from guardcli.client.heads import HeadsCheck, Mark, trail_mark
from guardcli.model.errors import NotFoundError
from guardcli.model.events import Event, EventType
from guardcli.signing import KeySet


@dataclass(slots=True)
class Report:
    """What was looked at, and what was found. The record is whole when `faults` is empty."""

    sessions: int
    events: int
    bytes: int
    faults: list[Fault]
    notes: list[Fault]
    """What is not there any more, by a rule that the trail names."""
    heads: int = 0


def verify(store: Store, session: str = "", keys: KeySet | None = None) -> Report:
    """Check one session, or everything, the trail and the signed heads where none is named.

    `keys` are those that heads must be signed by; without any, whose signatures they are is not looked at. Raises
    UnavailableError where the database or the archive is away: that is no fault of the record.
    """
    report = Report(0, 0, 0, [], [])
    if session:
        _check(store, session, report)
        return report
    marks = _heads(store, keys, report)
    for message in store.trail.faults():
        report.faults.append(Fault("", -1, message))
    if message := _signed_trail_fault(store, marks):
        report.faults.append(Fault("", -1, message))
    for id in known_sessions(store):
        _check(store, id, report)
    return report


def _heads(store: Store, keys: KeySet | None, report: Report) -> list[Mark]:
    """Check the signed heads; return what they say of the trail."""
    check, marks = HeadsCheck(keys), []
    kept = store.signed.latest()
    for head in store.signed.heads():
        report.faults.extend(Fault("", -1, message) for message in check.add(head))
        if mark := trail_mark(head):
            marks.append(mark)
        if kept is not None and kept.body == head.body:
            kept = None
    report.heads = check.count
    if kept is not None:
        mark = trail_mark(kept)
        number = "?" if mark is None else str(mark.number)
        said = (
            f"head {number}, which the archive holds, is not among those in the database: they were cut off or replaced"
        )
        report.faults.append(Fault("", -1, said))
    return marks


def _signed_trail_fault(store: Store, marks: Sequence[Mark]) -> str:
    """Return where the trail is not what heads say of it."""
    for start in range(0, len(marks), PAGE):
        page = [mark for mark in marks[start : start + PAGE] if mark.length]
        hashes = store.trail.hashes([mark.length - 1 for mark in page])
        for mark in page:
            found = hashes.get(mark.length - 1)
            if found is None:
                said = f"head {mark.number} signed {mark.length} at {mark.time}"
                return f"entry {mark.length - 1} of the trail is missing, where {said}: its tail was cut off"
            if found != mark.hash:
                return f"entry {mark.length - 1} is another one than head {mark.number} signed at {mark.time}"
    return ""


def known_sessions(store: Store) -> Iterator[str]:
    """Give the id of every session that anything tells of: its row, events, recording, the trail, or a signed head."""
    ids = store.signed.sessions()
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
    marks = store.signed.marks(id)  # before the session: it may grow, and be signed, meanwhile
    try:
        session = store.sessions.get(id)
    except NotFoundError:
        said = f"head {marks[-1].number} signed {marks[-1].length} events of it" if marks else "something of it is left"
        report.faults.append(Fault(id, -1, f"the session was removed, but {said}"))
        return
    except ValueError as error:
        report.faults.append(Fault(id, -1, f"what is kept of the session cannot be read: {error}"))
        return
    entries = [entry.as_json() for entry in store.trail.entries(session.id)]
    if facts_fault(claims_of(session), entries):  # it may just have been closed: what was read last says so
        session = store.sessions.get(id)
        entries = [entry.as_json() for entry in store.trail.entries(session.id)]
        if message := facts_fault(claims_of(session), entries):
            report.faults.append(Fault(id, -1, message))
    deleted = deletions(entries)
    report.notes.extend(Fault(id, end, said) for end, said in deleted.items())
    check = ChainCheck(session.id, session.events, session.head, max(deleted, default=0), marks)
    report.faults.extend(_chain_faults(store, session, report, check))


def claims_of(session: Session) -> Claims:
    """Return what a session says of itself."""
    return Claims(
        session.id, session.identity, session.owner, session.facts, session.closed, session.events, session.head
    )


def _chain_faults(store: Store, session: Session, report: Report, check: ChainCheck) -> Iterator[Fault]:
    """Walk one chain beside its recording, in constant memory; stop at the first break of the chain.

    A session that runs may grow meanwhile: what came after its head was read is left for the next time.
    """
    while not check.is_broken and check.start < session.events:
        page = _page(store, session.id, check.start, session.events)
        for event in page:
            if isinstance(event, str):
                yield check.unreadable(event)
                return
            report.events += 1
            content, damage = _stretch(store, event)
            report.bytes += len(content or b"")
            yield from check.add(event, content, damage)
            if check.is_broken:
                return
        if not page:
            break
    yield from check.end()
    events, chunks = _strays(store, session)
    if events:
        yield Fault(session.id, session.events, f"{events} events were added after the end of the chain")
    if (extra := chunks - check.outputs) > 0:
        yield Fault(session.id, -1, f"{extra} parts of the recording belong to no event")


def _stretch(store: Store, event: Event) -> tuple[bytes | None, str]:
    """Return the bytes of an ``output`` event, None where there are none, and how they are damaged."""
    if event.type is not EventType.OUTPUT:
        return None, ""
    try:
        return store.stretches.content(event.session, event.sequence), ""
    except DamagedError as error:
        return None, str(error)


def _page(store: Store, session: str, start: int, end: int) -> list[Event | str]:
    """Return the next events below `end`, up to the first that cannot be read, for which there is the reason."""
    size = min(PAGE, end - start)
    try:
        return list(store.events.read(session, start, size))
    except ValueError:
        pass
    page: list[Event | str] = []
    while len(page) < size:
        try:
            page.extend(store.events.read(session, start + len(page), 1))
        except ValueError as error:
            page.append(str(error))
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
