"""Finds the API that guard brings along, or starts it: one for each user, on a unix socket, kept for the next run.

Whoever finds nobody answering takes a lock, looks again, and starts ``guard api serve`` in a session of its own,
forked twice, so that it hangs below nobody: the processes of an agent are never its ancestors. Call this before
PR_SET_CHILD_SUBREAPER is set, which would make it a descendant all the same.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
import sys
import time
from pathlib import Path
from urllib.parse import quote

from guardcli.client.dumps import forbid_dumps
from guardcli.model.errors import UnavailableError

START_SECONDS = 20.0
"""How long a start may take on a machine that is busy; one that fails is seen at once."""

IDLE_SECONDS = 900.0

LOG_BYTES = 1 << 20
"""A log that is longer is begun anew when the API starts."""

PATH_BYTES = 100
"""A unix socket's path holds 107 bytes; the server binds under a name a little longer first."""


def ensure_embedded(
    runtime_dir: Path, database: Path, state_dir: Path, *, idle: float = IDLE_SECONDS, socket_path: Path | None = None
) -> str:
    """Return the URL of the embedded API, which answers; start it where nobody does.

    It stops by itself after `idle` seconds without a request or a live session. Raises UnavailableError.
    """
    path = socket_path or runtime_dir / "api.sock"
    url = "unix://" + quote(str(path))
    if _answers(path):
        return url
    if len(os.fsencode(path)) > PATH_BYTES:
        raise UnavailableError(f"{path} is too long for a socket", hint="set GUARD_RUNTIME_DIR to a short path")
    log = state_dir / "api.log"
    try:
        lock = os.open(runtime_dir / "api.start.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UnavailableError(f"cannot write to {runtime_dir}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _answers(path):
            _start(path, database, log, idle)
    finally:
        os.close(lock)
    return url


def embedded_pid(runtime_dir: Path) -> int | None:
    """Return the process of the embedded API, None where none accepts.

    One that was started again in the middle of a session hangs below that session's `guard run`, which must not
    take it for something that the agent left behind.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(runtime_dir / "api.sock"))
            raw = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII"))
        except OSError:
            return None
    return int(struct.unpack("iII", raw)[0]) or None


def _answers(path: Path) -> bool:
    """Tell whether a server accepts at `path`. One that is there but slow counts."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(START_SECONDS)
        try:
            probe.connect(str(path))
        except OSError as error:
            return error.errno == errno.EAGAIN
    return True


def _start(path: Path, database: Path, log: Path, idle: float) -> None:
    """Start the server and wait until it answers. Raises UnavailableError with the last line of its log."""
    command = [sys.executable, "-m", "guardcli", "api", "serve", "--uds", str(path)]
    command += ["--database", str(database), "--idle", str(idle)]
    try:
        watch = _spawn_detached(command, log)
    except OSError as error:
        raise UnavailableError(f"cannot start the API: {error}", hint=f"see {log}") from error
    end = time.monotonic() + START_SECONDS
    try:
        while not _answers(path):
            if time.monotonic() > end:
                raise UnavailableError("the API did not start in time", hint=_last_line(log))
            if _has_ended(watch):
                raise UnavailableError("the API ended as soon as it was started", hint=_last_line(log))
            time.sleep(0.01)
    finally:
        os.close(watch)


def _spawn_detached(command: list[str], log: Path) -> int:
    """Run `command` as nobody's child; return the end of a pipe that closes when it ends.

    Between fork and exec only system calls happen: other threads may have held locks.
    """
    too_long = log.exists() and log.stat().st_size > LOG_BYTES
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if too_long else os.O_APPEND)
    written = os.open(log, flags, 0o600)
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    watch, held = os.pipe()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("GUARD_") or name == "GUARD_CONFIG_DIR"
    }
    environment["PYTHONSAFEPATH"] = "1"
    try:
        child = os.fork()
        if child == 0:
            _become(command, environment, null, written, held)
        os.waitpid(child, 0)
    finally:
        for descriptor in (written, null, held):
            os.close(descriptor)
    return watch


def _become(command: list[str], environment: dict[str, str], null: int, log: int, held: int) -> None:
    """In the child: fork once more, leave everything of the caller's behind, and become the server."""
    try:
        os.setsid()
        forbid_dumps()
        if os.fork():
            os._exit(0)
        os.chdir("/")
        os.umask(0o077)
        wanted = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10) for descriptor in (null, log, log, held)]
        for place, descriptor in enumerate(wanted):
            os.dup2(descriptor, place)
        os.closerange(len(wanted), os.sysconf("SC_OPEN_MAX"))
        os.execve(command[0], command, environment)  # noqa: S606 - no shell is wanted
    finally:
        os._exit(127)  # nothing of the caller's may run twice


def _has_ended(watch: int) -> bool:
    os.set_blocking(watch, False)
    try:
        return os.read(watch, 1) == b""
    except BlockingIOError:
        return False


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return f"see {log}"
    return f"its log ends with: {lines[-1]}" if lines else f"{log} is empty"
