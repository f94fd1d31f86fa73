"""Files as a call sees them, and opening one that the agent named, without being led to something of the broker's own.

``/proc/self/fd/7`` and ``/dev/fd/7`` mean the broker's descriptor when the broker opens them, and the tool's when the
tool does. openat2(2) with RESOLVE_NO_MAGICLINKS refuses such links wherever they stand in a path, and files of
``/proc`` itself tell of whoever reads them, so these are refused as well.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import IO, Any, Protocol

SYS_OPENAT2 = 437
"""The number is the same on every architecture (the kernel's unified table)."""
AT_FDCWD = -100
RESOLVE_NO_MAGICLINKS = 0x02
OPEN_HOW = struct.Struct("QQQ")

_libc = ctypes.CDLL(None, use_errno=True)


def open_regular(path: str) -> int:
    """Return a descriptor to read the regular file at `path`. Raises OSError for another, ValueError for a NUL."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    if not stat.S_ISREG(os.stat(path).st_mode):  # opening a device may do something
        raise OSError(errno.EINVAL, "not a regular file")
    how = OPEN_HOW.pack(flags, 0, RESOLVE_NO_MAGICLINKS)
    fd = _libc.syscall(SYS_OPENAT2, AT_FDCWD, os.fsencode(path), how, OPEN_HOW.size)
    if fd < 0:
        code = ctypes.get_errno()
        leads_away = code == errno.ELOOP
        raise OSError(code, "it leads to a descriptor of another process" if leads_away else os.strerror(code))
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_dev == os.stat("/proc").st_dev:
        os.close(fd)
        raise OSError(errno.EINVAL, "not a file of a disk")
    return int(fd)


class GitProcess(Protocol):
    """A git that was asked something: what `subprocess.Popen` has. Leaving its context waits for nobody's pipes."""

    @property
    def stdout(self) -> IO[bytes] | None:
        """What it prints."""
        ...

    @property
    def stderr(self) -> IO[bytes] | None:
        """What it complains of."""
        ...

    def wait(self, timeout: float) -> int:
        """Return its status, negative for a signal. Raises subprocess.TimeoutExpired."""
        ...

    def kill(self) -> None:
        """End it where it still runs."""
        ...

    def __enter__(self) -> object:
        """Begin to use it."""
        ...

    def __exit__(self, *exception: Any) -> None:
        """Close its pipes."""
        ...


class Files(Protocol):
    """The files that a call sees. Every method raises OSError, or ValueError for a path with a NUL."""

    def open_regular(self, path: str) -> int:
        """Return a descriptor to read the regular file at `path`."""
        ...

    def names_in(self, path: str, most: int) -> Sequence[str]:
        """Return the names in the directory at `path`, no more than `most` of them."""
        ...

    def lstat(self, path: str) -> os.stat_result:
        """Return what is known of `path` itself, a link not followed."""
        ...

    def start_git(
        self, program: str | int, cwd: str, words: Sequence[str], env: Mapping[str, str], stdin: int
    ) -> GitProcess:
        """Start git in `cwd`: `program` is its path, or its descriptor; `words` begin with its name."""
        ...


class HostFiles:
    """The files of the machine: those of an agent that is not isolated."""

    def open_regular(self, path: str) -> int:
        """Return a descriptor to read the regular file at `path`."""
        return open_regular(path)

    def names_in(self, path: str, most: int) -> Sequence[str]:
        """Return the names in the directory at `path`, no more than `most` of them."""
        with os.scandir(path) as entries:
            return first_names(entries, most)

    def lstat(self, path: str) -> os.stat_result:
        """Return what is known of `path` itself."""
        return os.lstat(path)

    def start_git(
        self, program: str | int, cwd: str, words: Sequence[str], env: Mapping[str, str], stdin: int
    ) -> GitProcess:
        """Start git in `cwd`."""
        return piped(words, env, stdin, program=str(program), cwd=cwd)


def piped(
    words: Sequence[str],
    env: Mapping[str, str],
    stdin: int,
    *,
    program: str | None = None,
    cwd: str = "/",
    inherited: tuple[int, ...] = (),
) -> subprocess.Popen[bytes]:
    """Start `words` with pipes for what is printed; `inherited` are descriptors that are kept. Raises OSError."""
    return subprocess.Popen(
        words,
        executable=program,
        cwd=cwd,
        pass_fds=inherited,
        env=env,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def first_names(entries: Iterator[os.DirEntry[str]], most: int) -> Sequence[str]:
    """Return the names of the first `most` of `entries`."""
    return [entry.name for entry in islice(entries, most)]
