"""A spool reaches the API whole and once, whatever is away in between."""

from __future__ import annotations

import contextlib
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

from guardcli.api.lines import read_lines
from guardcli.broker.recorder import Recorder
from guardcli.broker.shipper import Shipper
from guardcli.broker.spool import Spool
from guardcli.broker.spool_frames import FrameReader
from guardcli.broker.spool_reader import BATCH_BYTES, BATCH_EVENTS, SpoolReader, read_shipped, write_shipped
from guardcli.client.api import ApiClient
from guardcli.client.embedded import ensure_embedded
from guardcli.model.errors import UnavailableError
from guardcli.model.events import EventType

ID = "session-0001"


class Api:
    """An embedded API that can be killed and comes back when it is asked for."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.away = False

    def url(self) -> str:
        if self.away:
            raise UnavailableError("away on purpose")
        return ensure_embedded(self.directory, self.directory / "guard.db", self.directory, idle=30)

    def client(self) -> ApiClient:
        return ApiClient(self.url())

    def stop(self, number: int = signal.SIGTERM) -> None:
        with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
            connection.connect(str(self.directory / "api.sock"))
            raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            pid = struct.unpack("iII", raw)[0]
            os.kill(pid, number)
            until(lambda: ended(pid))


def ended(pid: int) -> bool:
    """Tell whether the process is gone, or waits to be reaped by whoever inherited it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z"
    except FileNotFoundError:
        return True


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def facts(id: str = ID) -> dict[str, object]:
    return {
        "id": id,
        "identity": "agent@test",
        "groups": ["agents"],
        "command": ["sh", "\udcff"],
        "cwd": "/work",
        "host": "here",
        "policy": "pack:default",
        "policy_digest": "d" * 64,
        "started": 1000.0,
    }


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    found = Api(tmp_path_factory.mktemp("api"))
    yield found
    found.away = False
    found.stop()


@pytest.fixture
def session(api: Api, tmp_path: Path) -> Iterator[tuple[Spool, ApiClient]]:
    id = f"session-{random.randrange(10**9):09}"
    spool = Spool(tmp_path, facts(id))
    yield spool, api.client().with_token(api.client().create_session(facts(id)))
    spool.close()


def fill(spool: Spool, count: int) -> None:
    recorder = Recorder(spool, lambda text: text)
    recorder.opened(facts(spool.session), 80, 24)
    for number in range(count):
        spool.event(EventType.JUDGED, number + 1, {"verdict": "allow", "command": "x" * 50}, time.time())


def shipper(spool: Spool, client: ApiClient, **options: object) -> Shipper:
    made = Shipper(spool.directory.parent, spool.session, client, spool.key, **options)  # type: ignore[arg-type]
    made.start()
    return made


def test_everything_arrives_and_is_acknowledged(api: Api, session) -> None:
    spool, client = session
    fill(spool, 1200)
    made = shipper(spool, client)
    assert made.flush(spool.sequence, 60)
    made.stop()
    assert made.acknowledged == spool.sequence == read_shipped(spool.directory)
    kept = sum((spool.directory / name).stat().st_size for name in ("events", "recording"))
    assert made.shipped == kept
    assert api.client().session(spool.session).events == spool.sequence
    assert api.client().verify(spool.session).whole


def test_what_is_appended_later_follows(api: Api, session) -> None:
    spool, client = session
    fill(spool, 3)
    made = shipper(spool, client)
    assert made.flush(spool.sequence, 60)
    for number in range(20):
        spool.event(EventType.FAILED, 0, {"reason": str(number)}, time.time())
        made.wake()
    until(lambda: made.acknowledged == spool.sequence)
    made.stop()


def test_a_half_written_frame_waits_for_its_other_half(session) -> None:
    spool, client = session
    fill(spool, 1)
    made = shipper(spool, client)
    assert made.flush(spool.sequence, 60)
    before = made.acknowledged
    spool.event(EventType.FAILED, 0, {"reason": "é" * 100}, time.time())
    path = spool.directory / "events"
    whole = path.read_bytes()
    os.truncate(path, len(whole) - 60)
    made.wake()
    time.sleep(0.2)
    assert (made.acknowledged, made.fault) == (before, "")
    path.write_bytes(whole)
    assert made.flush(spool.sequence, 60)
    made.stop()


def test_the_api_killed_in_between_loses_nothing(api: Api, session) -> None:
    spool, client = session
    fill(spool, 1)
    revived = api.client  # starts it again

    def revive() -> ApiClient:
        revived()
        return client

    made = shipper(spool, client, revive=revive)
    pick = random.Random(3)
    for number in range(300):
        spool.event(EventType.FAILED, 0, {"reason": str(number)}, time.time())
        made.wake()
        if number % 60 == 30:
            time.sleep(pick.uniform(0.0, 0.05))
            api.stop(signal.SIGKILL)
    assert made.flush(spool.sequence, 60), made.fault
    made.stop()
    assert api.client().session(spool.session).events == spool.sequence
    assert api.client().verify(spool.session).whole


def test_flush_gives_up_in_time_and_stop_too_while_the_api_is_away(api: Api, session) -> None:
    spool, client = session
    fill(spool, 5)
    api.stop()
    made = shipper(spool, client)
    began = time.monotonic()
    assert not made.flush(spool.sequence, 0.3)
    made.stop()
    assert time.monotonic() - began < 60
    assert made.acknowledged == 0


def test_an_api_that_lost_its_database_gets_everything_again(api: Api, session) -> None:
    spool, client = session
    fill(spool, 10)

    def revive() -> ApiClient:
        base = api.client()
        return base.with_token(base.create_session(facts(spool.session)))

    made = shipper(spool, client, revive=revive)
    assert made.flush(spool.sequence, 60)
    api.stop()
    for path in api.directory.glob("guard.db*"):
        if path.is_file():
            path.unlink()
    spool.event(EventType.FAILED, 0, {"reason": "after"}, time.time())
    assert made.flush(spool.sequence, 60), made.fault
    made.stop()
    assert api.client().session(spool.session).events == spool.sequence


def test_a_wrong_count_in_shipped_does_no_harm(api: Api, session) -> None:
    spool, client = session
    fill(spool, 20)
    for wrong in (0, 7, 5000):
        write_shipped(spool.directory, wrong)
        made = shipper(spool, client)
        spool.event(EventType.FAILED, 0, {"reason": "more"}, time.time())
        made.wake()
        until(lambda made=made: made.acknowledged == spool.sequence)
        made.stop()
    assert api.client().verify(spool.session).whole


def test_a_spool_that_contradicts_what_is_stored_is_given_up_loudly(session, tmp_path: Path) -> None:
    spool, client = session
    fill(spool, 5)
    made = shipper(spool, client)
    assert made.flush(spool.sequence, 60)
    made.stop()
    other = Spool(tmp_path / "other", facts(spool.session))
    for number in range(9):
        other.event(EventType.FAILED, 0, {"reason": str(number)}, time.time())
    again = shipper(other, client)
    assert not again.flush(other.sequence, 60)
    assert "another hash" in again.fault
    again.stop()
    other.close()


def test_a_quiet_session_gives_signs_of_life(api: Api, session) -> None:
    spool, client = session
    fill(spool, 1)
    made = shipper(spool, client, heartbeat=0.05)
    assert made.flush(spool.sequence, 60)
    seen = api.client().session(spool.session).seen
    until(lambda: api.client().session(spool.session).seen > seen)
    made.stop()


def test_batches_are_bounded_and_cover_everything(session) -> None:
    spool, _ = session
    recorder = Recorder(spool, lambda text: text)
    recorder.opened(facts(spool.session), 80, 24)
    for _ in range(40):
        spool.record(b'[0.0, "o", "' + b"x" * 100_000 + b'"]\n')
        recorder._stretch.update(b'[0.0, "o", "' + b"x" * 100_000 + b'"]\n')
        recorder.settle()
    reader = SpoolReader(spool.directory, spool.key)
    sizes = []
    content = b""
    while batch := reader.batch():
        assert batch.count <= BATCH_EVENTS
        items = read_lines(batch.body)
        assert [item.event.sequence for item in items] == list(range(batch.first, batch.first + batch.count))
        sizes.append(len(batch.body))
        content += b"".join(item.content or b"" for item in items)
    reader.close()
    assert len(sizes) > 1
    assert max(sizes) < 2 * BATCH_BYTES
    recording = FrameReader(spool.directory / "recording", spool.key)
    assert content == b"".join(iter(recording.read, None))
    recording.close()


def test_what_comes_while_a_request_runs_waits_for_company(session) -> None:
    """A request costs the API as much as hundreds of events do, so there is none for each few of them."""
    spool, client = session
    requests: list[int] = []
    send = client.append_lines

    def counted(id: str, lines: bytes) -> int:
        requests.append(lines.count(b"\n"))
        fill(spool, 3)
        return send(id, lines)

    client.append_lines = counted
    fill(spool, 3)
    made = shipper(spool, client)
    until(lambda: len(requests) >= 1)
    time.sleep(0.2)
    assert len(requests) == 1
    made.wake()
    until(lambda: len(requests) == 2)
    made.stop()


def test_two_threads_may_wake_and_flush_at_once(session) -> None:
    spool, client = session
    fill(spool, 50)
    made = shipper(spool, client)
    results: list[bool] = []
    threads = [threading.Thread(target=lambda: results.append(made.flush(spool.sequence, 60))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made.stop()
    assert results == [True] * 10
