"""Handing the tool the very bytes that were judged: sealed copies, and standard input put back together."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from guardcli.broker.reopening import reopened
from guardcli.broker.waiting import readable, writable

SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
PIECE = 64 * 1024
ITS_OWN = 0o600
"""The mode of a file that holds a key: some tools take no other."""


def sealed(content: bytes, mode: int | None = None) -> int:
    """Return a descriptor at the start of an immutable copy of `content` (memfd_create(2), fcntl(2) on seals)."""
    fd = os.memfd_create("guard", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        os.lseek(fd, 0, os.SEEK_SET)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
        if mode is not None:
            os.fchmod(fd, mode)
    except BaseException:
        os.close(fd)
        raise
    return fd


class CallFiles:
    """Immutable copies that processes without the tool's descriptors read: files in a directory that is shown read-only
    inside a sandbox. Outside there is none that the agent could not write to."""

    def __init__(self, directory: Path, shown: str) -> None:
        """`directory` is guard's own, `shown` what a tool sees as it."""
        self._directory = directory
        self._shown = shown

    def lay(self, content: bytes) -> tuple[Path, str]:
        """Return a new file that holds `content`, and the path by which a tool reads it. Raises OSError."""
        path = self._directory / secrets.token_hex(8)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o440)
        with os.fdopen(fd, "wb") as file:
            file.write(content)
        return path, f"{self._shown}/{path.name}"


class Source:
    """The agent's standard input, read without blocking the broker and without changing it. It owns `fd`.

    That it is ready does not mean that a read returns: another process that shares it may be faster. So pipes are
    opened anew, sockets read with MSG_DONTWAIT, and what is neither, and no file, from a thread.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._own = fd
        self._socket: socket.socket | None = None
        self._thread: ThreadPoolExecutor | None = None
        mode = os.fstat(fd).st_mode
        if stat.S_ISSOCK(mode):
            self._socket = socket.socket(fileno=os.dup(fd))
        elif stat.S_ISFIFO(mode):
            try:
                self._own = reopened(fd, os.O_RDONLY | os.O_NONBLOCK)
            except OSError:
                self._thread = ThreadPoolExecutor(1)
        elif not stat.S_ISREG(mode):
            self._thread = ThreadPoolExecutor(1)

    async def read(self) -> bytes:
        """Return what comes next, nothing at the end. Raises OSError."""
        while True:
            try:
                if self._thread is not None:
                    return await asyncio.get_running_loop().run_in_executor(self._thread, os.read, self._fd, PIECE)
                if self._socket is not None:
                    return self._socket.recv(PIECE, socket.MSG_DONTWAIT)
                return os.read(self._own, PIECE)
            except (BlockingIOError, InterruptedError):
                await readable(self._own)

    def close(self) -> None:
        """Close every descriptor of it."""
        if self._thread is not None:
            self._thread.shutdown(wait=False)
        if self._socket is not None:
            os.close(self._socket.detach())
        if self._own != self._fd:
            os.close(self._own)
        os.close(self._fd)


class Feed:
    """Standard input put together again: what was read of it for the judgement, then the rest. It owns both ends."""

    def __init__(self, prefix: bytes, source: int, target: int) -> None:
        """`source` is the agent's standard input, `target` the writing end of a pipe to the tool."""
        self._prefix = prefix
        self._source = Source(source)
        self._target = target

    async def run(self) -> None:
        """Move everything until the end of the source, or until the tool reads no more; then close both ends."""
        try:
            os.set_blocking(self._target, False)
            data = self._prefix
            while data:
                await self._write(data)
                data = await self._source.read()
        except OSError:
            pass  # the tool has closed its input, or there is no reading on: it sees the end
        finally:
            self.close()

    def close(self) -> None:
        """Close both ends, once."""
        if self._target >= 0:
            self._source.close()
            os.close(self._target)
            self._target = -1

    async def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._target, view) :]
            except BlockingIOError:
                await writable(self._target)
