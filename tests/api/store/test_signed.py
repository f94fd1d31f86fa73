"""Signed heads are made once over what grew, and whatever is set back, cut off or replaced is named."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from guardcli.api.jobs import sign_heads
from guardcli.api.store import Store
from guardcli.api.store.verification import verify
from guardcli.client.heads import Leaf
from guardcli.model.errors import UnavailableError
from guardcli.model.events import canonical
from guardcli.signing import KeyRing

ME = "local:tester"
ID, OTHER = "session-0001", "session-0002"


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys")


@pytest.fixture
def chain(store: Store, make, keys: KeyRing):
    """Two sessions, signed when one had four events, and again when it had all nine."""
    for id in (ID, OTHER):
        store.sessions.open(make.facts(id), ME)
    chain = make.usual(ID)
    store.events.append(ID, chain.items[:4], ME)
    sign_heads(store, keys)
    store.events.append(ID, chain.items, ME)
    store.events.append(OTHER, make.usual(OTHER).items, ME)
    keys.rotate(5.0)
    sign_heads(store, keys)
    return chain


def faults(store: Store, keys: KeyRing) -> list[tuple[str, int, str]]:
    return [(one.session, one.sequence, one.message) for one in verify(store, keys=keys.public()).faults]


def test_a_head_speaks_of_what_grew_since_the_one_before(store: Store, chain, keys: KeyRing) -> None:
    first, second = store.signed.heads()
    assert [(leaf.session, leaf.events) for leaf in first.leaves] == [(ID, 4)]
    assert second.leaves == (Leaf(ID, 9, chain.events[8].hash), store_leaf(store))
    report = verify(store, keys=keys.public())
    assert (report.faults, report.heads) == ([], 2)
    assert sign_heads(store, keys) == ""
    store.sessions.open({"id": "session-0003", "identity": "x", "started": 1.0}, ME)
    assert sign_heads(store, keys).startswith("head 2 ")
    assert faults(store, keys) == []


def store_leaf(store: Store) -> Leaf:
    session = store.sessions.get(OTHER)
    return Leaf(OTHER, session.events, session.head)


def test_many_that_sign_at_once_make_one_chain_of_heads(store: Store, make, keys: KeyRing) -> None:
    for number in range(6):
        store.sessions.open(make.facts(f"session-{number:04}"), ME)
    failed: list[Exception] = []

    def act(number: int) -> None:
        id = f"session-{number:04}"
        try:
            for item in make.usual(id).items:
                store.events.append(id, [item], ME)
                store.signed.make(keys.sign)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=act, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.signed.make(keys.sign)
    assert failed == []
    assert faults(store, keys) == []
    assert {leaf.session: leaf.events for head in store.signed.heads() for leaf in head.leaves} == {
        f"session-{number:04}": 9 for number in range(6)
    }


def harm(store: Store, *statements: str) -> None:
    with store.engine.begin() as connection:
        for statement in statements:
            assert connection.execute(text(statement), {"id": ID}).rowcount > 0, statement


CUT = ("DELETE FROM events WHERE session=:id AND sequence>=7", "DELETE FROM chunks WHERE session=:id AND sequence>=7")
BACK = (
    "UPDATE sessions SET events=7, closed=0, head=(SELECT hash FROM events WHERE session=:id AND sequence=6)"
    " WHERE id=:id"
)
WHOLE = (
    *(f"DELETE FROM {table} WHERE session=:id" for table in ("events", "chunks")),
    "DELETE FROM sessions WHERE id=:id",
)

TAMPERED = {
    "a tail cut off, the session set back": (
        (*CUT, BACK),
        (ID, 7, "the chain ends after 7 events, where head 1 signed 9"),
    ),
    "a session removed whole": (
        WHOLE,
        (ID, -1, "the session was removed, but head 1 signed 9 events of it"),
    ),
    "the trail's tail, its head set back": (
        (
            "DELETE FROM trail WHERE sequence=(SELECT max(sequence) FROM trail)",
            "UPDATE heads SET length=length-1, hash=(SELECT hash FROM trail ORDER BY sequence DESC LIMIT 1)",
        ),
        ("", -1, "of the trail is missing, where head 1 signed"),
    ),
    "a head's text": (
        ("UPDATE signed_heads SET body=replace(body, ':', ': ') WHERE number=0",),
        ("", -1, "head 0: the signature"),
    ),
    "a head's signature": (
        ("UPDATE signed_heads SET signature=(SELECT s.signature FROM signed_heads s WHERE s.number=0) WHERE number=1",),
        ("", -1, "head 1: the signature"),
    ),
    "a leaf's length": (
        ("UPDATE head_leaves SET events=7 WHERE session=:id AND number=1",),
        ("", -1, "head 1: what it says"),
    ),
    "a leaf removed": (("DELETE FROM head_leaves WHERE session=:id AND number=0",), ("", -1, "head 0: what it says")),
    "the first head removed": (("DELETE FROM signed_heads WHERE number=0",), ("", -1, "head 0 is missing")),
    "heads cut off": (
        ("DELETE FROM signed_heads WHERE number=1", "DELETE FROM head_leaves WHERE number=1"),
        ("", -1, "head 1, which the archive holds, is not among those"),
    ),
    "all heads removed": (
        ("DELETE FROM signed_heads", "DELETE FROM head_leaves"),
        ("", -1, "head 1, which the archive holds, is not among those"),
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_is_not_what_was_signed_is_named(store: Store, chain, keys: KeyRing, name: str) -> None:
    statements, (session, sequence, words) = TAMPERED[name]
    harm(store, *statements)
    assert [found for found in faults(store, keys) if found[:2] == (session, sequence) and words in found[2]]


def test_a_chain_that_was_written_anew_consistently_is_named(store: Store, chain, make, keys: KeyRing) -> None:
    """Whoever may write the whole database makes another story of it, heads and trail aside."""
    other = make.Chain(ID)
    for event in chain.events:
        data = dict(event.data)
        if event.call == 2 and "command" in data:
            data["command"] = "harmless"
        other.add(event.type, data, event.call)
    with store.engine.begin() as connection:
        for event in other.events:
            values = {"hash": event.hash, "previous": event.previous, "number": event.sequence, "id": ID}
            connection.execute(
                text("UPDATE events SET hash=:hash, previous=:previous WHERE session=:id AND sequence=:number"), values
            )
            connection.execute(
                text("UPDATE events SET data=:data WHERE session=:id AND sequence=:number"),
                {**values, "data": canonical(event.data).decode()},
            )
        connection.execute(
            text("UPDATE sessions SET head=:head WHERE id=:id"), {"head": other.events[-1].hash, "id": ID}
        )
    assert any("is another one than head 1 signed" in message for _, _, message in faults(store, keys))


def test_what_was_set_back_is_never_signed_again(store: Store, chain, keys: KeyRing) -> None:
    harm(store, *CUT, BACK, "UPDATE sessions SET signed=0 WHERE id=:id")
    with pytest.raises(UnavailableError, match=f"shorter than before: {ID}"):
        sign_heads(store, keys)
    assert [leaf.events for head in store.signed.heads() for leaf in head.leaves if leaf.session == ID] == [4, 9]


def test_a_key_of_another_ring_is_not_believed(store: Store, chain, keys: KeyRing, tmp_path: Path) -> None:
    other = KeyRing(tmp_path / "other")
    assert [message[:8] for _, _, message in faults(store, other)] == ["head 0: ", "head 1: "]


def test_an_archive_that_is_away_is_no_fault_of_the_record(store: Store, chain, keys: KeyRing, tmp_path: Path) -> None:
    path = tmp_path / "recordings" / "heads" / "latest"
    path.write_bytes(b"no head")
    with pytest.raises(UnavailableError, match="cannot be read"):
        verify(store, keys=keys.public())
