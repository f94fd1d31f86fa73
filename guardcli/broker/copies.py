"""Handing the tool the very bytes that were judged: sealed copies, and standard input put back together."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

from guardcli.broker.waiting import readable, writable

SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
PIECE = 64 * 1024


def sealed(content: bytes) -> int:
    """Return a descriptor at the start of an immutable copy of `content` (memfd_create(2), fcntl(2) on seals)."""
    fd = os.memfd_create("guard", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        os.lseek(fd, 0, os.SEEK_SET)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
    except BaseException:
        os.close(fd)
        raise
    return fd


async def feed(prefix: bytes, source: int, target: int) -> None:
    """Write `prefix` and then all that `source` still holds to the pipe `target`; closes both."""
    try:
        os.set_blocking(target, False)
        data = prefix
        while data:
            view = memoryview(data)
            while view:
                try:
                    view = view[os.write(target, view) :]
                except BlockingIOError:
                    await writable(target)
            data = await _read(source)
    except (BrokenPipeError, ConnectionError):
        pass
    finally:
        os.close(source)
        os.close(target)


async def _read(source: int) -> bytes:
    """Read what is there. The descriptor is the agent's and stays blocking, so it is read only when ready."""
    with suppress(PermissionError):  # a regular file is always ready, and epoll says so with EPERM
        await readable(source)
    return os.read(source, PIECE)
