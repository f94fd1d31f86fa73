"""What a lost broker left is brought home once, with what is torn cut off and what is broken said."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guardcli.broker.recorder import Recorder
from guardcli.broker.recovery import recover_spools
from guardcli.broker.spool import Spool
from guardcli.broker.spool_frames import HEADER, FrameReader, FrameWriter
from guardcli.client.api import ApiClient
from guardcli.client.embedded import ensure_embedded
from guardcli.model.errors import UnavailableError
from guardcli.model.events import Event, EventType


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiClient]:
    directory = tmp_path_factory.mktemp("api")
    url = ensure_embedded(directory, directory / "guard.db", directory, idle=60)
    found = ApiClient(url)
    yield found
    found.close()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(directory / "api.sock"))
        pid = struct.unpack("iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    os.kill(pid, signal.SIGTERM)
    while (directory / "api.sock").exists():
        time.sleep(0.01)


def facts(id: str) -> dict[str, object]:
    return {"id": id, "identity": "agent@test", "groups": [], "command": ["sh"], "cwd": "/", "started": 1000.0}


class Lost:
    """A spool whose broker died at a moment of the test's choice."""

    def __init__(self, root: Path, client: ApiClient) -> None:
        self.id = f"session-{random.randrange(10**9):09}"
        self.spool = Spool(root, facts(self.id))
        self.spool.keep_key(client.open_session(facts(self.id)).recipient)
        self.recorder = Recorder(self.spool, lambda text: text)
        self.recorder.opened(facts(self.id), 80, 24)
        self.recorder.settle()
        for number in range(5):
            self.spool.event(EventType.JUDGED, number + 1, {"verdict": "allow"}, time.time())
        self.directory = self.spool.directory
        self.dead = False

    def die(self) -> None:
        if not self.dead:
            self.dead = True
            self.spool.close()

    def frames(self, name: str) -> list[bytes]:
        """Return what each frame of a file holds."""
        reader = FrameReader(self.directory / name, self.spool.key)
        found = list(iter(reader.read, None))
        reader.close()
        return found

    def events(self, client: ApiClient) -> list[Event]:
        return list(client.events(self.id))


@pytest.fixture
def lost(client: ApiClient, tmp_path: Path) -> Iterator[Lost]:
    found = Lost(tmp_path, client)
    yield found
    found.die()


def types(events: list[Event]) -> list[str]:
    return [event.type.value for event in events]


def test_a_lost_session_is_closed_shipped_and_removed(client: ApiClient, lost: Lost, tmp_path: Path) -> None:
    lost.die()
    assert recover_spools(tmp_path, client) == [lost.id]
    assert not lost.directory.exists()
    events = lost.events(client)
    assert types(events)[-2:] == ["recovered", "closed"]
    assert client.session(lost.id).state == "closed"
    assert client.verify(lost.id).whole
    assert recover_spools(tmp_path, client) == []


def test_a_live_one_is_left_alone(client: ApiClient, lost: Lost, tmp_path: Path) -> None:
    assert recover_spools(tmp_path, client) == []
    assert lost.directory.exists()


def test_one_to_skip_is_left_alone(client: ApiClient, lost: Lost, tmp_path: Path) -> None:
    lost.die()
    assert recover_spools(tmp_path, client, skip=[lost.id]) == []
    assert lost.directory.exists()


def test_what_was_noted_and_not_written_is_in_the_record(client: ApiClient, lost: Lost, tmp_path: Path) -> None:
    lost.spool.note(6, b'{"command":"SELECT 1","verdict":"allow"}', 1234.5)
    assert lost.spool.has_noted(6) and not lost.spool.has_noted(7)
    lost.spool.note(7, b'{"command":"SELECT 2"}', 1235.0)  # there is one note at a time
    lost.spool.event(EventType.STARTED, 5, {}, 1236.0)  # takes the note's number
    assert lost.spool.has_noted(6)
    lost.die()
    assert recover_spools(tmp_path, client) == [lost.id]
    found = lost.events(client)
    assert types(found)[-4:] == ["started", "judged", "recovered", "closed"]
    assert found[-3].call == 6 and found[-3].data == {"command": "SELECT 1", "verdict": "allow"}
    assert found[-3].time == "1970-01-01T00:20:34.500000Z" and found[-1].data["calls"] == 6


def test_a_note_whose_event_was_written_or_that_was_never_whole_adds_nothing(
    client: ApiClient, lost: Lost, tmp_path: Path
) -> None:
    lost.spool.note(6, b'{"command":"SELECT 1"}', 1234.5)
    lost.spool.event(EventType.JUDGED, 6, {"command": "SELECT 1"}, 1234.5)
    assert not lost.spool.has_noted(6)
    lost.die()
    note = lost.directory / "underway"
    assert b"SELECT" not in note.read_bytes()
    os.truncate(note, note.stat().st_size - 1)
    assert recover_spools(tmp_path, client) == [lost.id]
    assert types(lost.events(client))[-3:] == ["judged", "recovered", "closed"]


def test_what_could_only_be_noted_is_written_before_the_end(client: ApiClient, lost: Lost, tmp_path: Path) -> None:
    lost.spool.note(6, b'{"command":"SELECT 1"}', 1234.5)
    lost.recorder.closed({"status": 0})
    lost.die()
    assert recover_spools(tmp_path, client) == [lost.id]
    assert types(lost.events(client))[-2:] == ["judged", "closed"]


@pytest.mark.parametrize("cut", [1, 2, 40, 300, 460])
def test_a_torn_last_frame_is_cut_off(client: ApiClient, lost: Lost, tmp_path: Path, cut: int) -> None:
    path = lost.directory / "events"
    lost.die()
    os.truncate(path, path.stat().st_size - cut)
    assert recover_spools(tmp_path, client) == [lost.id]
    assert types(lost.events(client))[-2:] == ["recovered", "closed"]
    assert client.verify(lost.id).whole


def test_recording_that_no_event_covers_yet_is_covered(client: ApiClient, lost: Lost, tmp_path: Path) -> None:
    lost.spool.record(b'[1.0, "o", "late"]\n[1.1, "o", "torn')
    recording = b"".join(lost.frames("recording"))
    lost.die()
    assert recover_spools(tmp_path, client) == [lost.id]
    assert types(lost.events(client))[-3:] == ["output", "recovered", "closed"]
    assert b"".join(client.recording(lost.id)) == recording
    assert client.verify(lost.id).whole


def test_recovery_goes_on_where_shipping_stopped(client: ApiClient, lost: Lost, tmp_path: Path) -> None:
    own = client.with_token(client.create_session(facts(lost.id)))
    lines = lost.frames("events")
    first = json.loads(lines[0])
    own.append_events(lost.id, [(Event(**{**first, "type": EventType.OPENED}), None)])
    lost.die()
    assert recover_spools(tmp_path, client) == [lost.id]
    assert client.verify(lost.id).whole


def test_a_recovery_that_was_itself_lost_is_taken_up(client: ApiClient, lost: Lost, tmp_path: Path) -> None:
    lost.spool.event(EventType.RECOVERED, 0, {"reason": "the broker was lost"}, time.time())
    lost.die()
    recover_spools(tmp_path, client)
    assert types(lost.events(client)).count("recovered") == 1
    assert types(lost.events(client))[-1] == "closed"


def test_one_that_was_shipped_whole_but_not_removed_is_removed(client: ApiClient, lost: Lost, tmp_path: Path) -> None:
    lost.recorder.closed({"status": 0})
    lost.die()
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in lost.directory.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    assert recover_spools(tmp_path, client, skip=["copy"]) == [lost.id]
    assert "recovered" not in types(lost.events(client))
    copy.rename(lost.directory)
    assert recover_spools(tmp_path, client) == [lost.id]
    assert not lost.directory.exists()


def test_a_broker_that_died_before_it_had_said_anything_leaves_nothing(client: ApiClient, tmp_path: Path) -> None:
    (tmp_path / "session-empty").mkdir()
    (tmp_path / "session-empty" / "session.json").write_text('{"id": "sess')
    assert recover_spools(tmp_path, client) == []
    assert list(tmp_path.iterdir()) == []


def frames(path: Path) -> list[bytes]:
    """Return the frames of a file as they lie there."""
    content, found = path.read_bytes(), []
    while content:
        end = HEADER + int.from_bytes(content[:4], "big")
        found.append(content[:end])
        content = content[end:]
    return found


def turned(frame: bytes, place: int) -> bytes:
    """Return `frame` with one bit of one byte turned."""
    return frame[:place] + bytes([frame[place] ^ 1]) + frame[place + 1 :]


DAMAGE = {
    "a changed byte": lambda found: [*found[:3], turned(found[3], 60), *found[4:]],
    "a changed nonce": lambda found: [*found[:3], turned(found[3], 8), *found[4:]],
    "a length that goes beyond the end": lambda found: [*found[:3], turned(found[3], 1), *found[4:]],
    "removed": lambda found: [*found[:3], *found[4:]],
    "swapped": lambda found: [*found[:3], found[4], found[3], *found[5:]],
    "said twice": lambda found: [*found[:3], found[2], *found[3:]],
    "nonsense": lambda found: [*found[:3], b"nonsense" * 20, *found[4:]],
    "zeros in the middle": lambda found: [*found[:3], bytes(len(found[3])), *found[4:]],
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_tampered_spool_is_shipped_as_far_as_it_holds_and_kept(
    client: ApiClient, lost: Lost, tmp_path: Path, name: str
) -> None:
    lost.die()
    path = lost.directory / "events"
    path.write_bytes(b"".join(DAMAGE[name](frames(path))))
    assert recover_spools(tmp_path, client) == [lost.id]
    events = lost.events(client)
    assert types(events)[3:] == ["recovered", "closed"]
    assert "event 3" in str(events[3].data["reason"])
    kept = tmp_path / f"{lost.id}.damaged"
    assert (kept / "events.damaged").exists()
    assert recover_spools(tmp_path, client) == []
    assert kept.exists()


def rewritten(lost: Lost, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Write the lines of the chain anew, as only who has the key can."""
    lines = change(lost.frames("events"))
    (lost.directory / "events").unlink()
    writer = FrameWriter(lost.directory / "events", lost.spool.key)
    for line in lines:
        writer.append(line)
    writer.close()


SEALED_AGAIN: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "changed": lambda lines: [*lines[:3], lines[3].replace(b"allow", b"deny!"), *lines[4:]],
    "removed": lambda lines: [*lines[:3], *lines[4:]],
    "nonsense": lambda lines: [*lines[:3], b"nonsense\n", *lines[4:]],
    "deep nonsense": lambda lines: [*lines[:3], b"[" * 100_000 + b"\n", *lines[4:]],
}


@pytest.mark.parametrize("name", SEALED_AGAIN)
def test_a_chain_that_does_not_hold_is_found_under_a_seal_that_does(
    client: ApiClient, lost: Lost, tmp_path: Path, name: str
) -> None:
    lost.die()
    rewritten(lost, SEALED_AGAIN[name])
    assert recover_spools(tmp_path, client) == [lost.id]
    assert types(lost.events(client))[3:] == ["recovered", "closed"]
    assert "event 3" in str(lost.events(client)[3].data["reason"])


@pytest.mark.parametrize("torn", [0, 3, 19, 20, 30, -1])
def test_a_last_frame_whose_end_never_reached_the_disk_is_cut_off(
    client: ApiClient, lost: Lost, tmp_path: Path, torn: int
) -> None:
    """A machine that loses its power may leave the file long enough, with zeros at its end."""
    lost.die()
    path = lost.directory / "events"
    *whole, last = frames(path)
    kept = last[:torn] if torn >= 0 else last.rstrip(b"\0")[:torn]  # a zero at the end would be written again
    path.write_bytes(b"".join(whole) + kept + bytes(4096))
    assert recover_spools(tmp_path, client) == [lost.id]
    assert types(lost.events(client))[-3:] == ["judged", "recovered", "closed"]
    assert len(lost.events(client)) == len(whole) + 2
    assert client.verify(lost.id).whole


def test_a_tampered_recording_is_found(client: ApiClient, lost: Lost, tmp_path: Path) -> None:
    lost.die()
    path = lost.directory / "recording"
    path.write_bytes(turned(path.read_bytes(), 60))
    assert recover_spools(tmp_path, client) == [lost.id]
    assert "its part of the recording is damaged" in str(lost.events(client)[-2].data["reason"])


def test_a_recording_of_other_bytes_under_a_seal_that_holds_is_found(
    client: ApiClient, lost: Lost, tmp_path: Path
) -> None:
    lost.die()
    [header] = lost.frames("recording")
    (lost.directory / "recording").unlink()
    writer = FrameWriter(lost.directory / "recording", lost.spool.key)
    writer.append(header.replace(b"80", b"81"))
    writer.close()
    assert recover_spools(tmp_path, client) == [lost.id]
    assert "does not match its SHA-256" in str(lost.events(client)[-2].data["reason"])


def test_damage_in_what_no_event_covers_yet_is_told_and_the_rest_is_kept(
    client: ApiClient, lost: Lost, tmp_path: Path
) -> None:
    lost.spool.record(b'[1.0, "o", "first"]\n')
    lost.spool.record(b'[1.1, "o", "second"]\n')
    lost.die()
    path = lost.directory / "recording"
    content = path.read_bytes()
    path.write_bytes(turned(content, len(content) - 10))
    assert recover_spools(tmp_path, client) == [lost.id]
    assert "damaged" in str(lost.events(client)[-2].data["reason"])
    assert b"second" not in b"".join(client.recording(lost.id))
    assert (tmp_path / f"{lost.id}.damaged").exists()


def test_a_spool_without_its_key_stays_and_holds_no_other_up(client: ApiClient, lost: Lost, tmp_path: Path) -> None:
    lost.die()
    key = (lost.directory / "key.age").read_bytes()
    (lost.directory / "key.age").unlink()
    other = Lost(tmp_path, client)
    other.die()
    assert recover_spools(tmp_path, client) == [other.id]
    (lost.directory / "key.age").write_bytes(turned(key, len(key) - 3))
    assert recover_spools(tmp_path, client) == []
    (lost.directory / "key.age").write_bytes(key)
    assert recover_spools(tmp_path, client) == [lost.id]


def test_the_key_of_another_session_opens_nothing(client: ApiClient, lost: Lost, tmp_path: Path) -> None:
    other = Lost(tmp_path, client)
    other.die()
    lost.die()
    (lost.directory / "key.age").write_bytes((other.directory / "key.age").read_bytes())
    assert recover_spools(tmp_path, client) == [other.id]
    assert (lost.directory / "events").exists()


def test_a_broker_lost_before_it_had_left_its_key_is_closed(client: ApiClient, tmp_path: Path) -> None:
    id = f"session-{random.randrange(10**9):09}"
    client.create_session(facts(id))
    Spool(tmp_path, facts(id)).close()
    assert recover_spools(tmp_path, client) == [id]
    assert types(list(client.events(id))) == ["recovered", "closed"]


def test_many_recoveries_at_once_bring_each_home_once(client: ApiClient, tmp_path: Path) -> None:
    losts = [Lost(tmp_path, client) for _ in range(6)]
    for one in losts:
        one.die()
    homes: list[str] = []
    threads = [threading.Thread(target=lambda: homes.extend(recover_spools(tmp_path, client))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(homes) == sorted(one.id for one in losts)
    assert list(tmp_path.iterdir()) == []
    assert all(client.verify(one.id).whole for one in losts)


def test_an_api_that_is_away_leaves_everything_for_later(client: ApiClient, lost: Lost, tmp_path: Path) -> None:
    lost.die()
    with pytest.raises(UnavailableError):
        recover_spools(tmp_path, ApiClient(f"unix://{tmp_path}/none.sock"))
    assert recover_spools(tmp_path, client) == [lost.id]


def test_a_link_that_leads_elsewhere_is_not_followed(client: ApiClient, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("x")
    root = tmp_path / "spool"
    root.mkdir()
    (root / "session-link").symlink_to(elsewhere)
    assert recover_spools(root, client) == []
    assert (elsewhere / "precious").exists()


def test_no_spool_at_all_is_nothing_to_do(client: ApiClient, tmp_path: Path) -> None:
    assert recover_spools(tmp_path / "none", client) == []
