"""The API that guard brings along: found, started once however many ask, and left behind by its starter."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from guardcli.client.api import ApiClient
from guardcli.client.embedded import embedded_pid, ensure_embedded
from guardcli.model.errors import UnavailableError


def server_pid(directory: Path) -> int:
    pid = embedded_pid(directory)
    assert pid is not None
    return pid


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z"
    except FileNotFoundError:
        return True


def end(pid: int, number: int) -> None:
    os.kill(pid, number)
    limit = time.monotonic() + 60
    while not ended(pid):
        assert time.monotonic() < limit
        time.sleep(0.01)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    if pid := embedded_pid(tmp_path):
        end(pid, signal.SIGTERM)


def ensure(place: Path, **options: float) -> str:
    return ensure_embedded(place, place / "guard.db", place, **options)


def test_it_is_started_and_found_again(place: Path) -> None:
    url = ensure(place)
    pid = server_pid(place)
    assert ApiClient(url).health()["status"] == "ok"
    assert ensure(place) == url
    assert server_pid(place) == pid


def test_it_is_started_again_after_it_was_killed(place: Path) -> None:
    url = ensure(place)
    end(server_pid(place), signal.SIGKILL)
    assert (place / "api.sock").exists(), "killed, it leaves its socket"
    assert ensure(place) == url
    assert ApiClient(url).health()["status"] == "ok"


def test_a_client_with_a_way_to_revive_it_goes_on(place: Path) -> None:
    client = ApiClient(ensure(place), revive=lambda: ensure(place))
    assert client.health()["status"] == "ok"
    end(server_pid(place), signal.SIGKILL)
    assert client.health()["status"] == "ok"
    end(server_pid(place), signal.SIGTERM)
    assert client.health()["status"] == "ok"
    client.close()


def test_many_who_start_it_at_once_get_one(place: Path) -> None:
    script = "import sys; from pathlib import Path; from guardcli.client.embedded import ensure_embedded as e\n"
    script += "p = Path(sys.argv[1]); print(e(p, p / 'guard.db', p))"
    starters = [
        subprocess.Popen([sys.executable, "-c", script, str(place)], stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    threads = [threading.Thread(target=ensure, args=(place,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    urls = {starter.communicate()[0].strip() for starter in starters}
    for thread in threads:
        thread.join()
    assert urls == {f"unix://{place}/api.sock"}
    assert (place / "api.log").read_text().count('"database"') == 1


def test_it_is_nobodys_descendant_and_holds_nothing_of_its_starter(place: Path) -> None:
    master, slave = pty.openpty()
    read, write = os.pipe()
    os.set_inheritable(write, True)
    script = "import sys; from pathlib import Path; from guardcli.client.embedded import ensure_embedded as e\n"
    script += "p = Path(sys.argv[1]); e(p, p / 'guard.db', p)"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(place)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        pass_fds=(write,),
        start_new_session=True,
        cwd=place,
        env={**os.environ, "GUARD_SESSION": "session-0001", "GUARD_TOKEN": "secret"},
    ) as starter:
        assert starter.wait(60) == 0
    os.close(write)
    os.close(slave)
    assert os.read(read, 1) == b"", "the pipe's other end is not held open"
    os.close(read)
    os.close(master)
    pid = server_pid(place)
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    parent, session, terminal = int(fields[1]), int(fields[3]), int(fields[4])
    assert parent != os.getpid() and parent != starter.pid
    assert (session != os.getsid(0), terminal) == (True, 0)
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"GUARD_SESSION" not in environment and b"GUARD_TOKEN" not in environment
    links = {os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()}
    assert not any("pts" in link or "ptmx" in link for link in links)


def test_closed_standard_streams_do_no_harm(place: Path) -> None:
    script = "import os, sys; from pathlib import Path; from guardcli.client.embedded import ensure_embedded as e\n"
    script += "os.closerange(0, 3); p = Path(sys.argv[1]); e(p, p / 'guard.db', p)"
    assert subprocess.run([sys.executable, "-c", script, str(place)], check=False).returncode == 0
    assert ApiClient(f"unix://{place}/api.sock").health()["status"] == "ok"


def test_a_server_that_cannot_start_says_why(place: Path) -> None:
    (place / "guard.db").write_text("no database at all\n" * 100)
    with pytest.raises(UnavailableError, match="database"):
        ensure(place)


def test_a_path_that_no_socket_can_have_is_said(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    with pytest.raises(UnavailableError, match="GUARD_RUNTIME_DIR"):
        ensure(deep)


def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        ensure(tmp_path / "none")


def test_a_directory_with_capital_letters_is_reached(tmp_path: Path) -> None:
    directory = tmp_path / "Some"
    directory.mkdir()
    try:
        assert ApiClient(ensure(directory)).health()["status"] == "ok"
    finally:
        if pid := embedded_pid(directory):
            end(pid, signal.SIGTERM)
