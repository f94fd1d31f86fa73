"""Writing to the agent's own descriptors without blocking the broker and without changing them.

O_NONBLOCK belongs to the open file description, which the agent shares (open(2)): setting it would break the
agent's own writes. So pipes and terminals are opened anew through /proc/self/fd, sockets are written with
MSG_DONTWAIT, and files, which never wait for a reader, are written as they are. What is none of these, an eventfd
that is full for one, may block whoever writes it: each gets a thread of its own.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from concurrent.futures import ThreadPoolExecutor

from guardcli.broker.reopening import reopened
from guardcli.broker.waiting import writable

MEMORY_DEVICES = ((1, 3), (1, 5), (1, 7))
"""null, zero and full, by number: they may lie anywhere (Documentation/admin-guide/devices.txt of Linux)."""


class Sink:
    """One of the agent's output descriptors. It owns `fd` and closes it."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._own = fd
        self._socket: socket.socket | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._open = False
        self.failure: OSError | None = None
        """What went wrong when it was not simply the reader that left: the disk is full, for one."""

    def _prepare(self) -> None:
        """Find out how to write without blocking; only when there is something to write, which often never comes."""
        fd = self._fd
        status = os.fstat(fd)
        mode = status.st_mode
        if stat.S_ISSOCK(mode):
            self._socket = socket.socket(fileno=os.dup(fd))
        elif stat.S_ISFIFO(mode) or (stat.S_ISCHR(mode) and os.isatty(fd)):
            try:
                self._own = reopened(fd, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                self._thread = ThreadPoolExecutor(1)
        elif not (stat.S_ISREG(mode) or _is_memory_device(status)):
            self._thread = ThreadPoolExecutor(1)
        self._open = True

    async def write(self, data: bytes) -> bool:
        """Write all of `data`; False when that cannot be done any more."""
        view = memoryview(data)
        while view:
            try:
                if not self._open:
                    self._prepare()
                if self._thread is not None:
                    loop = asyncio.get_running_loop()
                    written = await loop.run_in_executor(self._thread, os.write, self._fd, view)
                else:
                    written = self._write_now(view)
            except (BlockingIOError, InterruptedError):
                await writable(self._own)
                continue
            except (BrokenPipeError, ConnectionError):
                return False
            except OSError as error:
                self.failure = error
                return False
            view = view[written:]
        return True

    def close(self) -> None:
        """Close every descriptor of it."""
        if self._thread is not None:
            self._thread.shutdown(wait=False)
        if self._socket is not None:
            # A socket object must not change the agent's description: detach, then close the duplicate.
            os.close(self._socket.detach())
        if self._own != self._fd:
            os.close(self._own)
        os.close(self._fd)

    def _write_now(self, view: memoryview) -> int:
        if self._socket is not None:
            return self._socket.send(view, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        return os.write(self._own, view)


def _is_memory_device(status: os.stat_result) -> bool:
    """Tell whether it is one of ``/dev/null``, ``/dev/zero`` and ``/dev/full``: no write to them ever waits."""
    return stat.S_ISCHR(status.st_mode) and (os.major(status.st_rdev), os.minor(status.st_rdev)) in MEMORY_DEVICES


def same_description(first: int, second: int) -> bool:
    """Tell whether two descriptors lead to the same pipe, file or terminal, as after ``2>&1``."""
    a, b = os.fstat(first), os.fstat(second)
    return (a.st_dev, a.st_ino, a.st_rdev, a.st_mode) == (b.st_dev, b.st_ino, b.st_rdev, b.st_mode)
