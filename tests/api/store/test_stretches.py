"""Recordings lie in the archive: read from anywhere, told when damaged, and never half written."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from guardcli.api.archive.segments import DamagedError
from guardcli.api.store import Store
from guardcli.api.store.schema import BLOCKS, CHUNKS
from guardcli.api.store.verification import verify
from guardcli.model.errors import ConflictError, UnavailableError
from guardcli.model.events import EventType

ME = "local:tester"
ID = "session-0001"


@pytest.fixture
def long(store: Store, make) -> bytes:
    """Some batches of stretches of all sizes; returns the recording."""
    store.sessions.open(make.facts(), ME)
    chain = make.Chain()
    chain.add(EventType.OPENED)
    for number in range(40):
        chain.output(os.urandom(number * 997 % 50_000), number % 3)
    for start in range(0, len(chain.items), 7):
        store.events.append(ID, chain.items[start : start + 7], ME)
    return b"".join(item.content or b"" for item in chain.items)


def objects(directory: Path) -> list[Path]:
    return [path for path in (directory / "recordings").rglob("*") if path.is_file()]


def test_the_recording_is_read_from_every_kind_of_place(store: Store, long: bytes) -> None:
    for start in (0, 1, 996, 997, 998, 123_456, len(long) - 1, len(long), len(long) + 1):
        assert b"".join(store.stretches.recording(ID, start=start)) == long[start:]


def test_nothing_of_a_recording_is_in_the_database(store: Store, make, tmp_path: Path) -> None:
    store.sessions.open(make.facts(), ME)
    store.events.append(ID, make.usual().items, ME)
    with store.engine.connect() as connection:
        assert connection.execute(select(func.max(func.length(CHUNKS.c.content)))).scalar_one() == 0
    assert not any(b"line 1" in path.read_bytes() for path in objects(tmp_path))


def test_a_jump_opens_one_block(store: Store, long: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    read = type(store.stretches.segments).read
    monkeypatch.setattr(
        type(store.stretches.segments), "read", lambda self, row: opened.append(row.object) or read(self, row)
    )
    next(store.stretches.recording(ID, start=len(long) // 2))
    assert len(opened) == 1


def test_a_batch_that_is_refused_leaves_no_object(store: Store, make, tmp_path: Path) -> None:
    store.sessions.open(make.facts(), ME)
    chain = make.usual()
    with pytest.raises(ConflictError):
        store.events.append(ID, chain.items[1:], ME)
    assert objects(tmp_path) == []
    store.events.append(ID, chain.items, ME)
    store.events.append(ID, chain.items, ME)
    assert len(objects(tmp_path)) == 1


def test_the_same_batch_by_many_at_once_is_kept_once(store: Store, make, tmp_path: Path) -> None:
    store.sessions.open(make.facts(), ME)
    chain = make.usual()
    threads = [threading.Thread(target=lambda: store.events.append(ID, chain.items, ME)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.engine.connect() as connection:
        named = connection.execute(select(BLOCKS.c.object).distinct()).scalars().all()
    assert [str(path.relative_to(tmp_path / "recordings")) for path in objects(tmp_path)] == named
    assert verify(store).faults == []


def test_an_archive_that_is_away_takes_nothing_in_and_everything_later(store: Store, make, tmp_path: Path) -> None:
    store.sessions.open(make.facts(), ME)
    chain = make.usual()
    (tmp_path / "recordings").write_text("not a directory")
    with pytest.raises(UnavailableError):
        store.events.append(ID, chain.items, ME)
    assert store.sessions.get(ID).events == 0
    (tmp_path / "recordings").unlink()
    assert store.events.append(ID, chain.items, ME) == len(chain.items)
    assert verify(store).faults == []


def test_a_damaged_object_is_told_to_whoever_reads(store: Store, make, tmp_path: Path) -> None:
    store.sessions.open(make.facts(), ME)
    store.events.append(ID, make.usual().items, ME)
    (path,) = objects(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(UnavailableError, match="is damaged"):
        list(store.stretches.recording(ID))
    with pytest.raises(DamagedError):
        store.stretches.content(ID, 1)
    assert {fault.sequence for fault in verify(store).faults} == {1, 3, 4, 6, 7}
    path.unlink()
    with pytest.raises(UnavailableError, match="is missing"):
        list(store.stretches.recording(ID))
    assert store.stretches.content(ID, 1) is None


def test_stretches_of_before_there_was_an_archive_are_read_where_they_are(store: Store, long: bytes) -> None:
    contents = {number: store.stretches.content(ID, number) for number in range(1, 41)}
    with store.engine.begin() as connection:
        for number in range(1, 41, 2):
            connection.execute(
                text("UPDATE chunks SET content=:content, block='', place=0 WHERE sequence=:number"),
                {"content": contents[number], "number": number},
            )
    assert b"".join(store.stretches.recording(ID)) == long
    assert b"".join(store.stretches.recording(ID, start=200_000)) == long[200_000:]
    assert verify(store).faults == []
