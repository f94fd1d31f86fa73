"""The demo shows what it promises, says what it leaves out, and takes everything down again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from guardcli.demo.database import server_programs
from guardcli.demo.findings import SECRETS

GUARD = [sys.executable, "-m", "guardcli"]


@pytest.fixture
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory that the demo may use for temporary files; it is empty again afterwards."""
    directory = Path("/tmp") / f"gd-{os.getpid()}-{time.monotonic_ns() % 10**6}"
    directory.mkdir(mode=0o711)
    yield directory
    left = list(directory.iterdir())
    shutil.rmtree(directory)
    assert left == []


def demo(base: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*GUARD, "demo"],
        env={**os.environ, "TMPDIR": str(base), **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )


def of_this(base: Path) -> list[str]:
    """Return the command lines of the processes that have to do with a demo below `base`."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            text = (entry / "cmdline").read_bytes() + os.fsencode(os.readlink(entry / "cwd"))
        except OSError:
            continue
        if entry.name.isdigit() and os.fsencode(base) in text:
            found.append(text.replace(b"\0", b" ").decode())
    return found


@pytest.mark.skipif(server_programs() is None, reason="needs PostgreSQL's server programs")
def test_everything_that_is_promised_happens(base: Path) -> None:
    done = demo(base)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = done.stdout.partition("What was seen\n")[2]
    assert summary.count("  ok    ") == 5
    assert "FAIL" not in summary
    for secret in SECRETS:
        assert secret not in done.stdout
    assert "Ada Example" in done.stdout
    assert "guard approvals approve" in done.stdout
    assert of_this(base) == []


@pytest.fixture
def few_programs(tmp_path: Path) -> Path:
    """A directory with git and a shell, and nothing of PostgreSQL."""
    for name in ("git", "sh", "env"):
        found = shutil.which(name)
        assert found is not None
        (tmp_path / name).symlink_to(found)
    return tmp_path


def test_without_postgresql_the_rest_is_shown_and_what_is_missing_is_said(base: Path, few_programs: Path) -> None:
    done = demo(base, PATH=str(few_programs))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "without PostgreSQL" in done.stdout
    assert done.stdout.partition("What was seen\n")[2].count("  ok    ") == 2


def test_with_no_tool_at_all_it_says_what_to_install(base: Path, tmp_path: Path) -> None:
    done = demo(base, PATH=str(tmp_path))
    assert done.returncode == 69
    assert "install postgresql and git" in done.stderr


def test_inside_a_session_it_says_that_it_belongs_outside(base: Path) -> None:
    done = demo(base, GUARD_SESSION="some")
    assert done.returncode == 78
    assert "outside of a session" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", ["removed at the end", "An agent works"])
def test_interrupted_at_any_time_it_leaves_nothing_behind(base: Path, number: signal.Signals, after: str) -> None:
    with subprocess.Popen(
        [*GUARD, "demo"],
        env={**os.environ, "TMPDIR": str(base), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if after in line:
                break
        process.send_signal(number)
        process.stdout.read()
        assert process.wait(60) == 130
    assert of_this(base) == []
