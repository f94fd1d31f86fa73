"""One shim's connection: frames and descriptors over a unix socket."""

from __future__ import annotations

import array
import os
import socket
import stat
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hmac import compare_digest

from guardcli.broker import protocol
from guardcli.broker.protocol import CallFrame, Proof, ProtocolError, ShimFrame
from guardcli.broker.waiting import readable, writable

PEERCRED = struct.Struct("3i")
READ_SIZE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Peer:
    """Who connected, as the kernel says (SO_PEERCRED, unix(7))."""

    pid: int
    uid: int


def peer_of(connection: socket.socket) -> Peer:
    """Return the process at the other end."""
    pid, uid, _ = PEERCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEERCRED.size))
    return Peer(pid, uid)


class ShimConnection:
    """Reads the frames of one shim and answers it. Descriptors that came belong to the connection until taken."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._socket = connection
        self._received = bytearray()
        self._fds: list[int] = []
        self.peer = peer_of(connection)

    async def receive(self) -> ShimFrame | None:
        """Return the next frame, None at the end. Raises ProtocolError for what is none."""
        header = await self._exactly(protocol.HEADER.size)
        if header is None:
            return None
        kind, length = protocol.read_header(header)
        body = await self._exactly(length)
        if body is None:
            raise ProtocolError("the connection ended within a frame")
        return protocol.read_body(kind, body)

    async def receive_call(self, key: bytes = b"") -> CallFrame | None:
        """Return the first frame, which is a CALL with as many descriptors as it says. Raises ProtocolError.

        Where the session has a `key`, a PROOF of it must come before.
        """
        frame = await self.receive()
        if frame is None:
            return None
        if key:
            if not isinstance(frame, Proof) or not compare_digest(frame.key, key):
                raise ProtocolError("a caller that is not this session's shim")
            frame = await self.receive()
        if not isinstance(frame, CallFrame):
            raise ProtocolError("a connection that does not begin with CALL")
        if len(self._fds) != len(frame.open) + frame.has_directory:
            raise ProtocolError("another number of descriptors than announced")
        return frame

    async def gone(self) -> None:
        """Return when the shim hangs up, or breaks the rule that it says nothing before it is answered."""
        await readable(self._socket.fileno())

    def leads_here(self, fd: int) -> bool:
        """Tell whether `fd` is a shim's end of a connection: kept here, it would never be seen to end."""
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return False
        with socket.socket(fileno=os.dup(fd)) as other, suppress(OSError):
            return (
                other.family == socket.AF_UNIX
                and bool(name := self._socket.getsockname())
                and other.getpeername() == name
            )
        return False

    def hang_up(self) -> None:
        """End the connection, so that whoever waits for a frame sees its end; `close` is still to come."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def take_fds(self) -> list[int]:
        """Hand over the descriptors that came so far; the caller closes them."""
        taken, self._fds = self._fds, []
        return taken

    async def send(self, data: bytes, fds: Sequence[int] = ()) -> bool:
        """Send a whole frame, `fds` with its first byte; False when the shim is gone."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        view = memoryview(data)
        while view:
            try:
                sent = self._socket.sendmsg([view], rights, socket.MSG_NOSIGNAL)
            except (BlockingIOError, InterruptedError):
                await writable(self._socket.fileno())
                continue
            except OSError:
                return False
            view, rights = view[sent:], []
        return True

    def close(self) -> None:
        """Close the connection and the descriptors that nobody took."""
        for fd in self.take_fds():
            os.close(fd)
        self._socket.close()

    async def _exactly(self, length: int) -> bytes | None:
        """Return `length` bytes, or None when the connection ended before the first of them."""
        while len(self._received) < length:
            if not await self._read():
                if self._received:
                    raise ProtocolError("the connection ended within a frame")
                return None
        taken = bytes(self._received[:length])
        del self._received[:length]
        return taken

    async def _read(self) -> bool:
        while True:
            try:
                data, control, flags, _ = self._socket.recvmsg(
                    READ_SIZE,
                    socket.CMSG_SPACE(protocol.CALL_FDS_MAX * array.array("i").itemsize),
                    socket.MSG_CMSG_CLOEXEC,
                )
            except (BlockingIOError, InterruptedError):
                await readable(self._socket.fileno())
                continue
            except OSError:
                return False
            self._keep(control)
            if flags & socket.MSG_CTRUNC or len(self._fds) > protocol.CALL_FDS_MAX:
                raise ProtocolError("too many descriptors")
            self._received += data
            return bool(data)

    def _keep(self, control: Sequence[tuple[int, int, bytes]]) -> None:
        for level, kind, data in control:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds = array.array("i")
                fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
                self._fds += fds


class Silent:
    """Bounds how many connections may say nothing: beyond `most`, the one that has been silent longest is ended.

    A shim speaks at once, so the bound is met only by who holds connections for their own sake.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._connections: dict[ShimConnection, None] = {}

    @contextmanager
    def counting(self, connection: ShimConnection) -> Iterator[None]:
        """Count `connection` for as long as the block runs."""
        self._connections[connection] = None
        if len(self._connections) > self._most:
            oldest = next(iter(self._connections))
            del self._connections[oldest]
            oldest.hang_up()
        try:
            yield
        finally:
            self._connections.pop(connection, None)
