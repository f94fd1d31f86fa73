"""Asking about files, and asking git, as the agent sees them: in its mount namespace, not in the broker's.

What an isolated agent names by a path means something else outside: ``/tmp/x.sql`` is a file of its own there, and
``~/.pgpass`` is not there at all. A broker that looked such paths up for itself would judge another file than the tool
reads, and would hand over what is hidden. Paths are resolved below the agent's root, links included (openat2(2),
RESOLVE_IN_ROOT).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import stat
import struct
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

SYS_OPENAT2 = 437
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_IN_ROOT = 0x10
OPEN_HOW = struct.Struct("QQQ")
NS_GET_USERNS = 0xB701
"""ioctl_ns(2)."""
NOT_OF_A_DISK = frozenset({0x9FA0, 0x62656572})
"""Magic numbers of proc and sysfs (statfs(2))."""

_libc = ctypes.CDLL(None, use_errno=True)


class AgentFiles:
    """The files of an isolated agent. It owns the descriptors of the root and of the two namespaces."""

    def __init__(self, root: int, mounts: int, enter: Path) -> None:
        """`root` and `mounts` are what guard-enter handed over, `enter` is that program outside. Raises OSError."""
        self._root = root
        self._mounts = mounts
        self._user = fcntl.ioctl(mounts, NS_GET_USERNS)
        self._enter = enter

    def open_regular(self, path: str) -> int:
        """Return a descriptor to read the regular file at `path`. Raises OSError for another, ValueError for a NUL."""
        look = self._open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(look).st_mode):  # opening a device, or a pipe, may do something
                raise OSError(errno.EINVAL, "not a regular file")
            if _file_system(look) in NOT_OF_A_DISK:
                raise OSError(errno.EINVAL, "not a file of a disk")
            return os.open(f"/proc/self/fd/{look}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        finally:
            os.close(look)

    def names_in(self, path: str, most: int) -> Sequence[str]:
        """Return the names in the directory at `path`, no more than `most` of them. Raises OSError."""
        fd = self._open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            with os.scandir(fd) as entries:
                return [entry.name for entry in islice(entries, most)]
        finally:
            os.close(fd)

    def lstat(self, path: str) -> os.stat_result:
        """Return what is known of `path` itself, a link not followed. Raises OSError."""
        fd = self._open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)

    def join(self, program: int, cwd: str, words: Sequence[str]) -> tuple[list[str], tuple[int, ...]]:
        """Return the command that runs the descriptor `program` in the agent's files, and what it has to inherit."""
        ours = (self._mounts, self._user, program)
        return [str(self._enter), "join", *map(str, ours), cwd, "--", *words], ours

    def close(self) -> None:
        """Close the descriptors."""
        for fd in (self._root, self._mounts, self._user):
            os.close(fd)

    def _open(self, path: str, flags: int) -> int:
        if "\0" in path:
            raise ValueError("a path with a NUL")
        how = OPEN_HOW.pack(flags, 0, RESOLVE_NO_MAGICLINKS | RESOLVE_IN_ROOT)
        fd = _libc.syscall(SYS_OPENAT2, self._root, os.fsencode(path), how, OPEN_HOW.size)
        if fd < 0:
            code = ctypes.get_errno()
            said = "it leads to a descriptor of a process" if code == errno.ELOOP else os.strerror(code)
            raise OSError(code, said)
        return int(fd)


def _file_system(fd: int) -> int:
    """Return the magic number of the file system that `fd` is on: the first word of struct statfs."""
    buffer = ctypes.create_string_buffer(256)
    if _libc.fstatfs(fd, buffer) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return ctypes.c_long.from_buffer(buffer).value
