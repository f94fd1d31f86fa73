"""The spool: whole or nothing, in a chain, locked for as long as its broker lives."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
from pathlib import Path

import pyrage
import pytest
from pyrage import x25519

from guardcli.broker.spool import EVENTS, LOCK, RECORDING, SESSION, Spool, remove_spool, timestamp
from guardcli.broker.spool_frames import FrameReader
from guardcli.broker.spool_key import SEALED_KEY
from guardcli.broker.spool_note import NOTE
from guardcli.model.errors import ConfigurationError, UnavailableError
from guardcli.model.events import GENESIS, EventType, first_fault, linked_line, parse_event

FACTS = {"id": "session-0001"}


def stored(spool: Spool) -> list[object]:
    reader = FrameReader(spool.directory / EVENTS, spool.key)
    found = [json.loads(line) for line in iter(reader.read, None)]
    reader.close()
    return found


def test_events_are_written_at_once_and_form_a_chain(tmp_path: Path) -> None:
    spool = Spool(tmp_path, FACTS)
    for number in range(3):
        spool.event(EventType.JUDGED, number, {"text": "ü \ud800", "n": number}, 1.5 + number)
        assert len(stored(spool)) == number + 1
    events = [parse_event(form) for form in stored(spool)]
    assert first_fault(events, "session-0001") == ""
    assert events[1].time == "1970-01-01T00:00:02.500000Z"
    spool.close()


@pytest.mark.parametrize("seconds", [0.0, 0.9999996, 1e9 + 0.000001, 1795252665.358740])
def test_a_time_has_microseconds_and_is_utc(seconds: float) -> None:
    text = timestamp(seconds)
    assert len(text) == 27 and text.endswith("Z") and text[19] == "."


def test_the_lock_is_held_while_any_copy_of_it_is(tmp_path: Path) -> None:
    spool = Spool(tmp_path, FACTS)
    other = os.open(spool.directory / LOCK, os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    spool.close()
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)


def test_a_write_that_fails_leaves_nothing_behind_and_the_next_one_goes_on(tmp_path: Path) -> None:
    spool = Spool(tmp_path, FACTS)
    spool.event(EventType.OPENED, 0, {}, 1.0)
    size = (spool.directory / EVENTS).stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, before[1]))
    try:
        with pytest.raises(UnavailableError, match="nothing runs unrecorded"):
            spool.event(EventType.JUDGED, 1, {"text": "x" * 500}, 2.0)
        assert (spool.directory / EVENTS).stat().st_size == size
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    spool.event(EventType.JUDGED, 1, {}, 3.0)
    assert first_fault([parse_event(form) for form in stored(spool)], "session-0001") == ""
    spool.close()


def test_nothing_of_what_happened_is_on_the_disk_in_clear(tmp_path: Path) -> None:
    identity = x25519.Identity.generate()
    spool = Spool(tmp_path, FACTS)
    spool.keep_key(str(identity.to_public()))
    spool.event(EventType.JUDGED, 1, {"command": "very-private"}, 1.0)
    spool.record(b'[1.0, "o", "very-private"]\n')
    spool.note(2, b'{"command":"very-private"}', 2.0)
    spool.sync()
    kept = {path.name: path.read_bytes() for path in spool.directory.iterdir()}
    assert set(kept) == {EVENTS, RECORDING, NOTE, SESSION, LOCK, SEALED_KEY}
    assert not [name for name, content in kept.items() if b"very-private" in content]
    assert not [name for name, content in kept.items() if spool.key in content or spool.key.hex().encode() in content]
    opened = json.loads(pyrage.decrypt(kept[SEALED_KEY], [identity]))
    assert opened == {"session": "session-0001", "key": spool.key.hex()}
    spool.close()


def test_a_key_that_cannot_be_kept_is_said_so(tmp_path: Path) -> None:
    spool = Spool(tmp_path, FACTS)
    with pytest.raises(ConfigurationError, match="age recipient"):
        spool.keep_key("age1nonsense")
    remove_spool(spool.directory)
    with pytest.raises(UnavailableError, match="nothing runs unrecorded"):
        spool.keep_key(str(x25519.Identity.generate().to_public()))
    spool.close()


def test_a_directory_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    with pytest.raises(UnavailableError):
        Spool(tmp_path / "spool", FACTS)


def test_removing_takes_it_out_of_sight_whole(tmp_path: Path) -> None:
    spool = Spool(tmp_path, FACTS)
    spool.record(b"line\n")
    assert spool.recorded == 5
    remove_spool(spool.directory)
    assert list(tmp_path.iterdir()) == []
    spool.close()


def test_what_waits_for_the_api_is_bounded_and_goes_on_when_it_is_taken(tmp_path: Path) -> None:
    spool = Spool(tmp_path, FACTS, most=2500)
    spool.event(EventType.OPENED, 0, {}, 1.0)
    began = 0
    with pytest.raises(UnavailableError, match="wait for the API"):
        while True:
            spool.event(EventType.JUDGED, 1, {"n": began}, 1.0)
            began += 1
    assert 2 < began < 12
    with pytest.raises(UnavailableError):
        spool.record(b"x" * 1000 + b"\n")
    with pytest.raises(UnavailableError):
        spool.event(EventType.STARTED, 1, {"program": "x" * 1000}, 1.0)
    spool.event(EventType.ENDED, 1, {"status": 0, "x": "x" * 1000}, 1.0)
    spool.shipped = 4000
    spool.event(EventType.STARTED, 2, {"program": "x"}, 1.0)
    spool.record(b"x\n")
    events = [parse_event(form) for form in stored(spool)]
    assert first_fault(events, "session-0001") == "" and len(events) == began + 3
    spool.close()


@pytest.mark.parametrize("data", [b"{}", b'{"command":"SELECT 1","rows":3}', '{"a":"\u00e9"}'.encode()])
def test_a_spool_links_its_events_as_anybody_else_would(tmp_path: Path, data: bytes) -> None:
    spool = Spool(tmp_path, {"id": "s-1"})
    reader = FrameReader(spool.directory / EVENTS, spool.key)
    previous = GENESIS
    for sequence, type in enumerate((*EventType, *EventType)):
        spool.encoded(type, sequence, data, 1234567890.25)
        previous, expected = linked_line("s-1", sequence, timestamp(1234567890.25), type, sequence, data, previous)
        assert reader.read() == expected
    reader.close()
    spool.close()
