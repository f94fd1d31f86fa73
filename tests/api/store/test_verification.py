"""Whatever is tampered with is found, and named."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from guardcli.api.store import Store
from guardcli.api.store.trail import Entry
from guardcli.api.store.verification import verify
from guardcli.model.events import Event, EventType

ID = "session-0001"


@pytest.fixture
def full(store: Store, make) -> Store:
    for id in (ID, "session-0002"):
        store.sessions.open(make.facts(id), "local:tester")
    approval = store.approvals.request(make.request(store))
    store.approvals.decide(approval.id, "bob", True, "fine")
    for id in (ID, "session-0002"):
        store.events.append(id, make.usual(id).items, "agent@test")
    return store


def test_what_was_left_alone_is_whole(full: Store) -> None:
    report = verify(full)
    assert report.faults == []
    assert (report.sessions, report.events) == (2, 18)
    assert report.bytes > 0


TAMPERED = {
    "an event's data": ("UPDATE events SET data='{}' WHERE session=:id AND sequence=2", 2, "hash"),
    "an event's time": ("UPDATE events SET time='x' WHERE session=:id AND sequence=2", 2, "hash"),
    "an event's type": ("UPDATE events SET type='ended' WHERE session=:id AND sequence=2", 2, "hash"),
    "an event's call": ("UPDATE events SET call=9 WHERE session=:id AND sequence=2", 2, "hash"),
    "an event's hash": (f"UPDATE events SET hash='{'0' * 64}' WHERE session=:id AND sequence=2", 2, "hash"),
    "an event removed": ("DELETE FROM events WHERE session=:id AND sequence=3", 3, "missing"),
    "the first event removed": ("DELETE FROM events WHERE session=:id AND sequence=0", 0, "missing"),
    "the tail cut off": ("DELETE FROM events WHERE session=:id AND sequence>=7", 7, "ends after 7 events"),
    "all events removed": ("DELETE FROM events WHERE session=:id", 0, "ends after 0 events"),
    "a stretch in the place of another": (
        "UPDATE chunks SET place=(SELECT c.place FROM chunks c WHERE c.session=:id AND c.sequence=7)"
        " WHERE session=:id AND sequence=4",
        4,
        "SHA-256",
    ),
    "the recording cut": (
        "UPDATE chunks SET size=size-1 WHERE session=:id AND sequence=4",
        4,
        "bytes, not what it says",
    ),
    "a stretch removed": ("DELETE FROM chunks WHERE session=:id AND sequence=4", 4, "missing"),
    "a stretch added": (
        "INSERT INTO chunks (session, sequence, call, position, content, block, place, size)"
        " SELECT session, 99, call, position, content, block, place, size FROM chunks WHERE session=:id AND sequence=4",
        -1,
        "belong to no event",
    ),
    "whose it is": ("UPDATE sessions SET identity='other' WHERE id=:id", -1, "whose session"),
    "who opened it": ("UPDATE sessions SET owner='other' WHERE id=:id", -1, "whose session"),
    "what it said": ("UPDATE sessions SET facts=replace(facts, '/work', '/home') WHERE id=:id", -1, "when it began"),
    "the session removed": ("DELETE FROM sessions WHERE id=:id", -1, "removed"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_tampering_is_found_and_named(full: Store, name: str) -> None:
    statement, sequence, words = TAMPERED[name]
    with full.engine.begin() as connection:
        assert connection.execute(text(statement), {"id": ID}).rowcount > 0
    faults = verify(full).faults
    assert {fault.session for fault in faults} == {ID}
    assert faults[0].sequence == sequence
    assert words in faults[0].message
    assert verify(full, ID).faults == faults
    assert verify(full, "session-0002").faults == []


def test_what_grows_while_it_is_verified_is_whole(full: Store, make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page that is read is followed by more events and more acts."""
    id = "session-0003"
    full.sessions.open(make.facts(id), "local:tester")
    chain = make.Chain(id)
    full.events.append(id, [chain.add(EventType.OPENED)], "agent@test")
    entries, read = full.trail.entries, full.events.read

    def grow_trail(*arguments: object, **named: object) -> list[Entry]:
        found = entries(*arguments, **named)  # type: ignore[arg-type]
        if len(chain.items) < 40:
            request = make.request(full, digest=f"{len(chain.items):064x}", session=id)
            full.approvals.request(request)
        return found

    def grow(session: str, *arguments: object) -> list[Event]:
        found = read(session, *arguments)  # type: ignore[arg-type]
        if session == id and len(chain.items) < 40:
            full.events.append(id, [chain.add(EventType.FAILED, call=1), chain.output(b"x\n", 1)], "agent@test")
        return found

    monkeypatch.setattr(full.trail, "entries", grow_trail)
    monkeypatch.setattr(full.events, "read", grow)
    assert verify(full).faults == []
    assert len(chain.items) > 1


def test_two_events_that_changed_places_are_found(full: Store) -> None:
    with full.engine.begin() as connection:
        for old, new in ((3, 100), (4, 3), (100, 4)):
            connection.execute(
                text("UPDATE events SET sequence=:new WHERE session=:id AND sequence=:old"),
                {"id": ID, "new": new, "old": old},
            )
    assert [(fault.session, fault.sequence) for fault in verify(full).faults] == [(ID, 3)]


def test_a_tail_that_was_cut_off_with_the_session_set_back_is_found_once_it_was_closed(full: Store) -> None:
    events = full.events.read(ID)
    with full.engine.begin() as connection:
        connection.execute(text("DELETE FROM events WHERE session=:id AND sequence>=7"), {"id": ID})
        connection.execute(text("DELETE FROM chunks WHERE session=:id AND sequence>=7"), {"id": ID})
        connection.execute(
            text("UPDATE sessions SET events=7, head=:head, closed=0 WHERE id=:id"), {"id": ID, "head": events[6].hash}
        )
    assert "closed after 9 events, now it has 7" in verify(full).faults[0].message


def test_a_session_that_was_removed_with_everything_is_missed(full: Store) -> None:
    with full.engine.begin() as connection:
        for table, column in (("sessions", "id"), ("events", "session"), ("chunks", "session")):
            connection.execute(text(f"DELETE FROM {table} WHERE {column}=:id"), {"id": ID})
    assert [fault.session for fault in verify(full).faults] == [ID]


TRAIL = {
    "who decided": ("UPDATE trail SET actor='eve' WHERE action='approval-approved'", "does not match its hash"),
    "why": ("UPDATE trail SET data='{}' WHERE action='approval-voted'", "does not match its hash"),
    "an entry removed": ("DELETE FROM trail WHERE action='approval-voted'", "is missing"),
    "the tail cut off": ("DELETE FROM trail WHERE sequence=(SELECT max(sequence) FROM trail)", "ends after"),
    "its head removed": ("DELETE FROM heads", "added after the end"),
}


@pytest.mark.parametrize("name", TRAIL)
def test_a_changed_trail_is_found(full: Store, name: str) -> None:
    statement, words = TRAIL[name]
    with full.engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount == 1
    faults = verify(full).faults
    assert faults[0].session == ""
    assert words in faults[0].message


def test_a_database_that_was_replaced_consistently_is_not_found(full: Store) -> None:
    """The limit of a chain without a signed head: whoever may write everything can rewrite everything."""
    with full.engine.begin() as connection:
        for table in ("sessions", "events", "chunks", "blocks", "trail", "heads"):
            connection.execute(text(f"DELETE FROM {table}"))
    assert verify(full).faults == []


UNREADABLE = {
    "data that is no JSON": ("UPDATE events SET data='{' WHERE session=:id AND sequence=2", 2),
    "data that is no object": ("UPDATE events SET data='[]' WHERE session=:id AND sequence=2", 2),
    "a type that is none": ("UPDATE events SET type='bogus' WHERE session=:id AND sequence=2", 2),
    "facts that are no JSON": ("UPDATE sessions SET facts='{' WHERE id=:id", -1),
    "the trail's data": ("UPDATE trail SET data='{' WHERE subject=:id AND action='session-opened'", -1),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_a_fault_and_no_crash(full: Store, name: str) -> None:
    statement, sequence = UNREADABLE[name]
    with full.engine.begin() as connection:
        assert connection.execute(text(statement), {"id": ID}).rowcount == 1
    assert verify(full).faults[0].sequence == sequence
