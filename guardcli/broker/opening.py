"""Opening a file that the agent named, without being led to something of the broker's own.

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
