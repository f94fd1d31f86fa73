"""The private runtime directory of one session: its socket and its shims.

::

    bin/guard-shim     a copy of the shim; it finds the socket beside its own directory
    bin/psql, …        links to it, one a tool
    bin/guard-enter    the first program inside the sandbox, where the session is isolated
    bin/.names/psql, … links to a program that can be read, for tools that look for their own file
    empty              a file with nothing in it, which stands for what is hidden inside
    bin/.lent/…        a link to the shim under the name of git's credential helper: on no PATH
    c/                 sockets of calls that are lent something, one a call
    broker.sock        where the shims call
    broker.log         what the broker has to say of itself
    lock               held (flock) while the session lives

A copy rather than a link to the installed shim, because the shim looks for its broker from where its program lies.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from guardcli.broker.shim_binary import enter_binary, shim_binary
from guardcli.isolation.keyed import lay_keyed_shim
from guardcli.model.errors import UnavailableError

NAMES = ".names"
HELPERS, HELPER = ".lent", "git-credential-guard"
CALLS = "c"
"""Short, since paths of sockets are."""
SOCKET_PATH_MAX = 100
"""sun_path holds 107 bytes and a NUL (unix(7))."""


class SessionPlace:
    """Creates the directory; `remove` takes it away."""

    def __init__(self, root: Path, session: str, tools: Sequence[str], key: bytes = b"") -> None:
        """`root` is the runtime directory, `tools` the names of the shims. Raises UnavailableError.

        With a `key` the session is isolated: its shim holds that, and can be run and not read.
        """
        self.directory = root / "s" / session
        self.shims = self.directory / "bin"
        self.socket = self.directory / "broker.sock"
        self.log = self.directory / "broker.log"
        self.empty = self.directory / "empty"
        if len(os.fsencode(self.socket)) > SOCKET_PATH_MAX:
            raise UnavailableError(
                f"{self.socket} is too long for a socket", hint="set GUARD_RUNTIME_DIR to a short path"
            )
        try:
            self.shims.mkdir(mode=0o700, parents=True)
            (self.directory / CALLS).mkdir(mode=0o700)
            self._lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if key:
                lay_keyed_shim(shim_binary(), self.shims / "guard-shim", key)
                shutil.copy(enter_binary(), self.shims / "guard-enter")
                self.empty.touch(mode=0o444)
                (self.shims / NAMES).mkdir()
                for tool in tools:
                    (self.shims / NAMES / tool).symlink_to("../guard-enter")
            else:
                shutil.copy(shim_binary(), self.shims / "guard-shim")
            for tool in tools:
                (self.shims / tool).symlink_to("guard-shim")
            (self.shims / HELPERS).mkdir()
            (self.shims / HELPERS / HELPER).symlink_to("../guard-shim")
        except OSError as error:
            raise UnavailableError(f"{self.directory} cannot be set up: {error.strerror}") from error

    def remove(self) -> None:
        """Remove the directory, once."""
        if self._lock >= 0:
            shutil.rmtree(self.directory, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1


def runtime_root(preferred: Path, fallback: Path) -> Path:
    """Return `preferred`, or `fallback` where nothing may be executed in the former (mount(8), noexec)."""
    return fallback if os.statvfs(preferred).f_flag & os.ST_NOEXEC else preferred


def remove_stale(root: Path) -> None:
    """Remove what sessions left whose broker was killed."""
    for directory in (root / "s").glob("*"):
        try:
            lock = os.open(directory / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(lock)
