"""One end of a connection: read message by message until both sides are logged in, then chunk by chunk.

`Wire` is an asyncio protocol. What arrives is kept, within a bound, and `exactly` and `frame` wait for it. After
`hand_over` each chunk goes to a callback at once, and nothing is kept here any more: the flow is then held back by the
owner, with `pause` and `resume`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, cast

from guardcli.gateways.postgres.codec.frames import Frame, Splitter, Wanted

KEPT_MAX = 64 * 1024
"""Bytes that are kept before they are asked for; then the peer is held back."""
WRITE_MAX = 256 * 1024
"""Bytes that wait to be written before the other side is held back."""


class ConnectionLost(Exception):
    """The peer has gone, or its connection broke."""


class Receiver(Protocol):
    """Who gets what arrives once a wire is handed over."""

    def received(self, chunk: bytes) -> None:
        """Take a chunk."""
        ...

    def lost(self, error: Exception | None) -> None:
        """The connection is gone; None for an orderly end."""
        ...

    def writable(self, can: bool) -> None:
        """Whether there is room for more to be written."""
        ...


class Wire(asyncio.Protocol):
    """One end of a connection."""

    def __init__(self, made: Callable[[Wire], None] | None = None) -> None:
        """`made` is called when the connection is there."""
        self._made = made
        self._kept = bytearray()
        self._waiting: asyncio.Future[None] | None = None
        self._receiver: Receiver | None = None
        self._error: Exception | None = None
        self._paused = False
        self._finished = False
        self.ended = False
        self.transport: asyncio.Transport

    # -- asyncio's side --

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=WRITE_MAX)
        if self._made is not None:
            self._made(self)

    def data_received(self, data: bytes) -> None:
        """Pass a chunk on, or keep it until somebody asks; drop it once this end has finished."""
        if self._finished:
            return
        if self._receiver is not None:
            self._receiver.received(data)
            return
        self._kept += data
        if len(self._kept) > KEPT_MAX:
            self.pause()
        self._wake()

    def eof_received(self) -> bool:
        """Take a half-closed connection for a closed one, as PostgreSQL does."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.ended, self._error = True, exc
        if self._receiver is not None:
            self._receiver.lost(exc)
        self._wake()

    def pause_writing(self) -> None:
        """Note that the peer reads slowly."""
        if self._receiver is not None:
            self._receiver.writable(False)

    def resume_writing(self) -> None:
        """Note that the peer has caught up."""
        if self._receiver is not None:
            self._receiver.writable(True)

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    # -- the owner's side, until it is handed over --

    async def _more(self) -> None:
        if self.ended:
            raise ConnectionLost(str(self._error or "the connection was closed"))
        self.resume()
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    async def exactly(self, count: int) -> bytes:
        """Return the next `count` bytes, `KEPT_MAX` at the most. Raises ConnectionLost."""
        while len(self._kept) < count:
            await self._more()
        found = bytes(self._kept[:count])
        del self._kept[:count]
        return found

    async def frame(self, splitter: Splitter, wanted: Wanted) -> Frame:
        """Return the next message. Raises ConnectionLost and ProtocolViolation."""
        while (piece := splitter.take(wanted)) is None:
            if not self._kept:
                await self._more()
            splitter.feed(bytes(self._kept))
            self._kept.clear()
        if not isinstance(piece, Frame):
            raise TypeError("messages are read one by one here")
        return piece

    async def gone(self) -> None:
        """Return when the peer has gone; what arrives meanwhile is kept."""
        while not self.ended:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None

    def give_back(self, data: bytes) -> None:
        """Take back what was read and belongs to what follows."""
        self._kept[:0] = data

    @property
    def kept(self) -> int:
        """How many bytes have arrived and were not asked for."""
        return len(self._kept)

    def hand_over(self, receiver: Receiver) -> None:
        """Give all that arrives from now on to `receiver`, what is kept at once."""
        self._receiver = receiver
        if self._kept:
            kept = bytes(self._kept)
            self._kept.clear()
            receiver.received(kept)
        self.resume()
        if self.ended:
            receiver.lost(self._error)

    # -- always --

    def write(self, data: bytes) -> None:
        """Send; after the end, nothing happens."""
        if not self.ended and not self._finished:
            self.transport.write(data)

    def pause(self) -> None:
        """Take nothing more from the peer."""
        if not self._paused and not self.ended:
            self._paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        """Take from the peer again."""
        if self._paused and not self.ended:
            self._paused = False
            with suppress(RuntimeError):  # it is closing
                self.transport.resume_reading()

    def finish(self) -> None:
        """Write out what waits and that it was the last; drop what the peer still sends until it has gone too.

        A close with something unread would break the connection, and what was written last be lost to the peer.
        """
        self._finished = True
        self.resume()
        if not self.ended and not self.transport.is_closing():
            (self.transport.write_eof if self.transport.can_write_eof() else self.transport.close)()

    def close(self) -> None:
        """Write out what waits, then close."""
        self.transport.close()

    def abort(self) -> None:
        """Close at once."""
        self.transport.abort()

    @property
    def tls(self) -> ssl.SSLObject | None:
        """What the ssl module knows of the connection; None without TLS."""
        return cast("ssl.SSLObject | None", self.transport.get_extra_info("ssl_object"))
