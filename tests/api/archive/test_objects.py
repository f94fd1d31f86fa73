"""Objects on local files and in a real S3 behave the same; whatever fails is told in time and in guard's words."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from guardcli.api.archive import objects as module
from guardcli.api.archive.objects import AT_ONCE, Objects
from guardcli.model.errors import ConfigurationError, UnavailableError


def test_what_was_put_is_read_in_parts_listed_and_deleted(place) -> None:
    kept = Objects(*place)
    kept.put("session-1/a", b"0123456789")
    kept.put("session-1/b", b"")
    kept.put("session-10/c", b"other")
    assert kept.get("session-1/a", 2, 3) == b"234"
    assert kept.get("session-1/a", 8, 100) == b"89"
    assert kept.get("session-1/a", 10, 1) == b""
    assert kept.get("session-1/none", 0, 1) is None
    assert sorted(name for page in kept.names("session-1") for name in page) == ["session-1/a", "session-1/b"]
    kept.delete(["session-1/a", "session-1/a", "session-1/none"])
    assert kept.get("session-1/a", 0, 1) is None
    assert kept.get("session-10/c", 0, 5) == b"other"


def test_another_one_at_the_same_place_finds_what_is_there(place) -> None:
    Objects(*place).put("session-1/a", b"kept")
    assert Objects(*place).get("session-1/a", 0, 4) == b"kept"


def test_a_local_directory_is_its_owners_alone(tmp_path: Path) -> None:
    Objects((tmp_path / "deep" / "down").as_uri()).put("s/a", b"x")
    assert (tmp_path / "deep" / "down").stat().st_mode & 0o777 == 0o700


WRONG = [
    ("ftp://host/x", {}, "cannot be kept"),
    ("recordings", {}, "cannot be kept"),
    ("file://host/x", {}, "no directory of this machine"),
    ("file:///x", {"region": "y"}, "no directory of this machine"),
    ("s3://bucket", {"colour": "blue"}, "colour"),
]


@pytest.mark.parametrize(("url", "options", "words"), WRONG)
def test_what_is_no_place_is_refused(url: str, options: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Objects(url, options)


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UnavailableError, match="cannot keep recordings"):
        Objects((tmp_path / "file" / "recordings").as_uri()).put("a", b"x")


FILL = """
import pathlib, sys
from guardcli.api.archive.objects import Objects
from guardcli.model.errors import UnavailableError
kept = Objects(pathlib.Path(sys.argv[1]).as_uri())
kept.put("s/first", b"x" * 100_000)
try:
    kept.put("s/second", b"y" * 1_000_000)
except UnavailableError as error:
    print(error.message)
print(kept.get("s/first", 0, 100_000) == b"x" * 100_000, kept.get("s/second", 0, 1))
kept.delete(["s/first"])
kept.put("s/third", b"z" * 100_000)
print(sorted(name for page in kept.names("s") for name in page))
"""


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_a_full_disk_is_told_and_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    """On a file system of 256 KiB."""
    small = ["bwrap", "--dev-bind", "/", "/", "--size", str(256 * 1024), "--tmpfs", str(tmp_path)]
    done = subprocess.run([*small, sys.executable, "-c", FILL, str(tmp_path)], capture_output=True, text=True)
    said, there, names = done.stdout.splitlines()
    assert "cannot be written" in said
    assert there == "True None"
    assert names == "['s/third']"


@contextmanager
def served(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            answer(self)

        def do_GET(self) -> None:
            answer(self)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def broken(request: BaseHTTPRequestHandler) -> None:
    request.send_error(500)


def forbidden(request: BaseHTTPRequestHandler) -> None:
    request.send_error(403)


@pytest.mark.parametrize("answer", [broken, forbidden])
def test_a_store_that_fails_is_unavailable_and_never_empty(credentials: None, answer) -> None:
    with served(answer) as address:
        kept = Objects("s3://recordings/x", {"endpoint": address, "region": "eu"})
        with pytest.raises(UnavailableError, match="cannot be written"):
            kept.put("a", b"x")
        with pytest.raises(UnavailableError, match="cannot be read"):
            kept.get("a", 0, 1)


def test_a_store_that_does_not_answer_is_given_up(credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REQUEST_SECONDS", 0.5)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.5)
    stop = threading.Event()
    with served(lambda request: stop.wait(60) and None) as address:
        kept = Objects("s3://recordings/x", {"endpoint": address, "region": "eu"})
        with pytest.raises(UnavailableError, match="cannot be written"):
            kept.put("a", b"x")
        assert not stop.is_set()
        stop.set()


def test_a_store_that_is_slow_takes_few_threads(credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUEUE_SECONDS", 0.05)
    monkeypatch.setattr(module, "REQUEST_SECONDS", 60.0)
    stop, here = threading.Event(), threading.Semaphore(0)

    def waits(_request: BaseHTTPRequestHandler) -> None:
        here.release()
        stop.wait(60)

    def put(kept: Objects) -> None:
        with suppress(UnavailableError):
            kept.put("a", b"x")

    with served(waits) as address:
        kept = Objects("s3://recordings/x", {"endpoint": address, "region": "eu"})
        threads = [threading.Thread(target=put, args=(kept,)) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        assert all(here.acquire(timeout=60) for _ in range(AT_ONCE))
        with pytest.raises(UnavailableError, match="too slow"):
            kept.put("a", b"x")
        stop.set()
        for thread in threads:
            thread.join(60)


def test_credentials_are_no_part_of_what_is_said(credentials: None) -> None:
    kept = Objects("s3://recordings/x", {"endpoint": "http://127.0.0.1:1", "region": "eu"})
    before = time.monotonic()
    with pytest.raises(UnavailableError) as caught:
        kept.put("a", b"x")
    assert "a-secret" not in str(caught.value)
    assert time.monotonic() - before < 60
