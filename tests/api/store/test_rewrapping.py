"""Recordings are sealed for a new identity object by object, whoever else is at it and whenever it is ended."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from guardcli.api.store import Store
from guardcli.api.store.rewrapping import Rewrapping
from guardcli.api.store.verification import verify
from guardcli.model.events import EventType

ME = "local:tester"
IDS = ("session-0001", "session-0002")


@pytest.fixture
def recordings(store: Store, make) -> dict[str, bytes]:
    """Two sessions of some batches each, by their ids."""
    found = {}
    for id in IDS:
        store.sessions.open(make.facts(id), ME)
        chain = make.Chain(id)
        chain.add(EventType.OPENED)
        for number in range(8):
            chain.output(f"{id} {number}\n".encode() * 900, 1)
        for start in range(0, len(chain.items), 2):
            store.events.append(id, chain.items[start : start + 2], ME)
        found[id] = b"".join(item.content or b"" for item in chain.items)
    return found


def whole(store: Store, recordings: dict[str, bytes]) -> bool:
    return not verify(store).faults and all(
        b"".join(store.stretches.recording(id)) == content for id, content in recordings.items()
    )


def objects(directory: Path) -> set[str]:
    root = directory / "recordings"
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_after_a_rotation_everything_is_sealed_anew_and_the_old_identity_can_go(
    store: Store, recordings: dict[str, bytes], tmp_path: Path
) -> None:
    ring, work = store.stretches.segments.ring, Rewrapping(store.engine, store.stretches)
    old, before = ring.current(), objects(tmp_path)
    ring.rotate()
    total = work.left()[0]
    assert total == len(before) > 4
    assert sum(step.blocks for step in work.run()) == total
    assert work.left() == (0, 0)
    assert work.in_use() == {ring.current(): total}
    assert not objects(tmp_path) & before
    assert len(objects(tmp_path)) == len(before)
    ring.retire([old])
    assert whole(store, recordings)
    assert list(work.run()) == []


def test_what_was_ended_in_the_middle_goes_on_there(store: Store, recordings: dict[str, bytes], tmp_path: Path) -> None:
    store.stretches.segments.ring.rotate()
    total = Rewrapping(store.engine, store.stretches).left()[0]
    done = sum(step.blocks for step in itertools.islice(Rewrapping(store.engine, store.stretches).run(), 2))
    assert 0 < done < total
    assert whole(store, recordings)
    assert sum(step.blocks for step in Rewrapping(store.engine, store.stretches).run()) == total - done
    assert whole(store, recordings)


def test_several_at_once_and_readers_meanwhile_all_come_to_the_same_end(
    store: Store, recordings: dict[str, bytes], tmp_path: Path
) -> None:
    store.stretches.segments.ring.rotate()
    total = Rewrapping(store.engine, store.stretches).left()[0]
    done: list[int] = []
    read: list[bool] = []
    failed: list[Exception] = []

    def rewrap() -> None:
        try:
            done.append(sum(step.blocks for step in Rewrapping(store.engine, store.stretches).run()))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=rewrap) for _ in range(3)]
    threads.append(threading.Thread(target=lambda: read.extend(whole(store, recordings) for _ in range(3))))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sum(done) == total
    assert read == [True] * 3
    assert whole(store, recordings)
    assert len(objects(tmp_path)) == total


def test_what_lies_in_the_database_is_moved_out_of_it(store: Store, recordings: dict[str, bytes]) -> None:
    with store.engine.begin() as connection:
        for id in IDS:
            for number in range(1, 9):
                values = {"content": store.stretches.content(id, number), "id": id, "number": number}
                connection.execute(
                    text("UPDATE chunks SET content=:content, block='' WHERE session=:id AND sequence=:number"), values
                )
        connection.execute(text("DELETE FROM blocks"))
    work = Rewrapping(store.engine, store.stretches)
    assert work.left() == (0, 16)
    assert sum(step.blocks for step in work.run()) == 16
    assert work.left() == (0, 0)
    assert whole(store, recordings)
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT max(length(content)) FROM chunks")).scalar_one() == 0


def test_a_damaged_object_is_named_and_holds_back_no_other(
    store: Store, recordings: dict[str, bytes], tmp_path: Path
) -> None:
    first, second, *_ = sorted(objects(tmp_path))
    (tmp_path / "recordings" / first).write_bytes(b"x" * 100)
    (tmp_path / "recordings" / second).unlink()
    store.stretches.segments.ring.rotate()
    work = Rewrapping(store.engine, store.stretches)
    total = work.left()[0]
    steps = list(work.run())
    assert [step.fault.split(" ", 3)[2] for step in steps if step.fault] == [first, second]
    assert sum(step.blocks for step in steps) == total - 2
    assert work.left() == (2, 0)
