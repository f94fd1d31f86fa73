"""Recordings go when their time is over, never under a hold, and the record admits it."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from guardcli.api.store import Store
from guardcli.api.store import retention as module
from guardcli.api.store.database import now
from guardcli.api.store.retention import DAY, Rules
from guardcli.api.store.search import SearchQuery
from guardcli.api.store.verification import verify
from guardcli.model.errors import ConflictError, NotFoundError, UnavailableError

ME = "local:tester"
OLD, YOUNG, KEPT, RUNNING = "session-old0", "session-young", "session-kept", "session-runs"
RULES = Rules(30, {"kept-policy": 0.0, "short": 1.0})


@pytest.fixture
def sessions(store: Store, make) -> None:
    """An old one, a young one, one whose policy keeps it, and one that has not ended."""
    for id in (OLD, YOUNG, KEPT, RUNNING):
        store.sessions.open(make.facts(id, policy="kept-policy" if id == KEPT else "other"), ME)
        items = make.usual(id).items
        store.events.append(id, items[:-1] if id == RUNNING else items, ME)
    for id, days in ((OLD, 31), (YOUNG, 29), (KEPT, 4000)):
        age(store, id, days)


def age(store: Store, id: str, days: float) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE sessions SET closed=:at WHERE id=:id"), {"at": now() - days * DAY, "id": id})


def objects(directory: Path) -> set[str]:
    return {path.parent.name for path in (directory / "recordings").rglob("*") if path.is_file()}


def test_what_is_over_its_time_goes_and_the_record_says_so(store: Store, sessions: None, tmp_path: Path) -> None:
    assert list(store.retention.run(RULES)) == [OLD]
    assert objects(tmp_path) == {YOUNG, KEPT, RUNNING}
    assert list(store.stretches.recording(OLD)) == []
    assert len(store.events.read(OLD)) == 9
    report = verify(store)
    assert report.faults == []
    assert [(note.session, note.sequence) for note in report.notes] == [(OLD, 9)]
    assert "5 parts of the recording, before event 9" in report.notes[0].message
    assert report.notes[0].message.endswith(": 30 days")
    assert list(store.retention.run(RULES)) == []


def test_the_words_of_what_was_shown_are_not_found_any_more(store: Store, sessions: None) -> None:
    def found(words: str) -> set[str]:
        return {one.session for one in store.search.find(SearchQuery(words, {}))}

    assert OLD in found("line")
    list(store.retention.run(RULES))
    assert found("line") == {YOUNG, KEPT, RUNNING}
    assert OLD in found("psql")


def test_a_policys_own_rule_goes_before_the_general_one(store: Store, sessions: None) -> None:
    assert list(store.retention.run(Rules(0.0, {"kept-policy": 5.0}))) == [KEPT]
    (note,) = verify(store).notes
    assert note.message.endswith("5 days for policy kept-policy")


def test_without_a_rule_everything_is_kept(store: Store, sessions: None) -> None:
    assert list(store.retention.run(Rules())) == []
    assert list(store.retention.run(Rules(0.0, {"other": 0.0}))) == []


def test_a_hold_goes_before_every_rule_until_it_ends_and_is_in_the_trail(store: Store, sessions: None) -> None:
    store.retention.hold(OLD, "token:auditor", "case 42")
    assert list(store.retention.run(RULES)) == []
    with pytest.raises(ConflictError, match="held already"):
        store.retention.hold(OLD, "token:auditor", "again")
    store.retention.release(OLD, "token:auditor", "closed")
    with pytest.raises(ConflictError, match="not held"):
        store.retention.release(OLD, "token:auditor", "again")
    assert list(store.retention.run(RULES)) == [OLD]
    acts = [(entry.action, entry.actor) for entry in store.trail.entries(OLD)][2:]
    assert acts == [
        ("session-held", "token:auditor"),
        ("session-released", "token:auditor"),
        ("recording-deleted", "guard:retention"),
    ]
    with pytest.raises(NotFoundError):
        store.retention.hold("session-none", "x", "")


def test_a_hold_and_the_end_of_its_time_at_once_have_one_outcome(store: Store, make, tmp_path: Path) -> None:
    ids = [f"session-{number:04}" for number in range(20)]
    for id in ids:
        store.sessions.open(make.facts(id), ME)
        store.events.append(id, make.usual(id).items, ME)
        age(store, id, 31)
    erased: list[str] = []
    together = threading.Barrier(3)

    def erase() -> None:
        together.wait()
        erased.extend(store.retention.run(RULES))

    def hold() -> None:
        together.wait()
        for id in reversed(ids):
            store.retention.hold(id, "x", "")

    threads = [threading.Thread(target=act) for act in (erase, erase, hold)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(erased) == len(set(erased))
    assert objects(tmp_path) == set(ids) - set(erased)
    for id in ids:
        acts = [entry.action for entry in store.trail.entries(id)]
        deleted = "recording-deleted" in acts
        assert deleted == (id in erased)
        assert not deleted or acts.index("recording-deleted") < acts.index("session-held")
    assert verify(store).faults == []


def test_a_recording_that_is_deleted_without_a_word_is_found(store: Store, sessions: None) -> None:
    with store.engine.begin() as connection:
        for statement in (
            "DELETE FROM chunks WHERE session=:id",
            "DELETE FROM blocks WHERE session=:id",
            "UPDATE sessions SET erased=events WHERE id=:id",
        ):
            connection.execute(text(statement), {"id": OLD})
    faults = verify(store).faults
    assert {(fault.session, fault.sequence) for fault in faults} == {(OLD, number) for number in (1, 3, 4, 6, 7)}
    assert "missing" in faults[0].message


def test_killed_after_the_rows_went_the_objects_go_next_time(
    store: Store, sessions: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> int:
        raise UnavailableError("killed")

    sweep = module.sweep
    run = store.retention.run(RULES)
    assert next(run) == OLD
    monkeypatch.setattr(module, "sweep", killed)
    with pytest.raises(UnavailableError):
        list(run)
    assert OLD in objects(tmp_path)
    assert verify(store).faults == []
    monkeypatch.setattr(module, "sweep", sweep)
    assert list(store.retention.run(RULES)) == []
    assert OLD not in objects(tmp_path)


def test_what_a_lost_session_records_after_that_is_kept_until_its_own_time(store: Store, make) -> None:
    id = "session-lost"
    store.sessions.open(make.facts(id), ME)
    chain = make.usual(id)
    store.events.append(id, chain.items[:5], ME)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE sessions SET seen=1 WHERE id=:id"), {"id": id})
    assert list(store.retention.run(RULES)) == [id]
    store.events.append(id, chain.items, ME)
    assert b"line 2" in b"".join(store.stretches.recording(id))
    assert b"line 1" not in b"".join(store.stretches.recording(id))
    assert verify(store).faults == []
    age(store, id, 31)
    assert list(store.retention.run(RULES)) == [id]
    assert len(verify(store).notes) == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from guardcli.api.archive.objects import Objects
from guardcli.api.archive.ring import Ring
from guardcli.api.archive.segments import Segments
from guardcli.api.store import Store, discards, retention
from guardcli.api.store.database import open_database
directory, left = Path(sys.argv[2]), int(sys.argv[3])
def counted(act):
    def dies(*arguments, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return act(*arguments, **named)
    return dies
for module, name in ((retention, "writing"), (retention, "let_go"), (discards, "writing"), (Objects, "delete")):
    setattr(module, name, counted(getattr(module, name)))
segments = Segments(Objects((directory / "recordings").as_uri()), Ring(directory / "recordings.key"))
list(Store.over(open_database(sys.argv[1]), segments).retention.run(retention.Rules(30, {"kept-policy": 0.0})))
"""


def test_killed_at_any_step_it_goes_on_and_the_record_stays_whole(store: Store, sessions: None, tmp_path: Path) -> None:
    """kill -9 within the transaction, before the objects go, and before that is noted."""
    url = store.engine.url.render_as_string(hide_password=False)
    for left in (2, 3, 1):  # each session that may be over its time is one transaction: two of them
        command = [sys.executable, "-c", KILLED, url, str(tmp_path), str(left)]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == -9, done.stderr
        assert verify(store).faults == []
    assert [entry.action for entry in store.trail.entries(OLD)].count("recording-deleted") == 1
    list(store.retention.run(RULES))
    assert objects(tmp_path) == {YOUNG, KEPT, RUNNING}
    assert [entry.action for entry in store.trail.entries(OLD)].count("recording-deleted") == 1
    assert verify(store).faults == []
