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

Where the agent is a user of its own (`Reader`), it may enter the directory and use the sockets through its group; bin/
then has a directory ``.git-core`` beside, which is git's exec path with the shim in the place of guarded programs.

A copy rather than a link to the installed shim, because the shim looks for its broker from where its program lies.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from guardcli.broker.shim_binary import enter_binary, shim_binary
from guardcli.isolation.keyed import INSIDE, OWN_USER, lay_keyed_shim
from guardcli.model.errors import UnavailableError

NAMES = ".names"
GIT_CORE = ".git-core"
HELPERS, HELPER = ".lent", "git-credential-guard"
CALLS = "c"
"""Short, since paths of sockets are."""
SOCKET_PATH_MAX = 100
"""sun_path holds 107 bytes and a NUL (unix(7))."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Another user than guard's, who is to reach a session's sockets: its group. `git_core` has, by name, where a
    program of git's exec path leads to; empty for what the shim stands for. `elsewhere` says that the agent sees other
    files than guard, so that those programs are copied for it."""

    gid: int
    git_core: Mapping[str, str]
    elsewhere: bool = False


FOR_READERS = 0o640
"""The mode of a file that the agent reads. The broker's umask takes the group's part where both are one user."""


def make_directory(directory: Path) -> None:
    """Make `directory` and those above it below the session's, for the agent to enter. Raises OSError."""
    for above in (directory.parent, directory):
        above.mkdir(mode=0o710, exist_ok=True)


class SessionPlace:
    """Creates the directory; `remove` takes it away."""

    def __init__(
        self, root: Path, session: str, tools: Sequence[str], key: bytes = b"", reader: Reader | None = None
    ) -> None:
        """`root` is the runtime directory, `tools` the names of the shims. Raises UnavailableError.

        With a `key` the session's shim holds that, and can be run and not read. With a `reader`, who must be a group
        of this process's at that moment, all that is made in the directory later is that group's.
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
            self._make(root, reader)
            self._lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if key:
                way = INSIDE if reader is None else OWN_USER
                lay_keyed_shim(shim_binary(), self.shims / "guard-shim", key, way)
                shutil.copy(enter_binary(), self.shims / "guard-enter")
                (self.shims / "guard-enter").chmod(0o755)
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
            if reader is not None:
                self._lay_git_core(reader)
        except OSError as error:
            raise UnavailableError(f"{self.directory} cannot be set up: {error.strerror}") from error

    def _make(self, root: Path, reader: Reader | None) -> None:
        if reader is None:
            self.shims.mkdir(mode=0o700, parents=True)
            (self.directory / CALLS).mkdir(mode=0o700)
            return
        before = os.umask(0o027)
        try:
            (root / "s").mkdir(exist_ok=True)
            (root / "s").chmod(0o711)
            self.directory.mkdir()
            os.chown(self.directory, -1, reader.gid)
            self.directory.chmod(0o2710)
            self.shims.mkdir()
            (self.directory / CALLS).mkdir(mode=0o710)
        finally:
            os.umask(before)

    def _lay_git_core(self, reader: Reader) -> None:
        core = self.shims / GIT_CORE
        core.mkdir()
        for name, real in reader.git_core.items():
            if not reader.elsewhere or not real:
                (core / name).symlink_to(real or "../guard-shim")
            elif os.path.isdir(real):
                shutil.copytree(real, core / name)
            else:
                shutil.copy(real, core / name)

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
