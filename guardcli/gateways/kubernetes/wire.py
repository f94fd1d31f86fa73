"""One HTTP/1.1 connection (RFC 9112), over h11: what goes out is built from what was understood, never copied."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import h11

HEAD_MAX = 64 << 10
"""Bytes of a request line with its fields, or of the head of a chunk."""
PIECE = 64 << 10
EARLY_MAX = 256 << 10
"""What a peer may send before it is asked to."""
WRITE_HIGH = 256 << 10
CLOSE_SECONDS = 2.0
"""How long the other side may take to agree to the end of TLS."""
PARTING_SECONDS = 1.0
"""How long a peer that was answered before it had said all may take to go; what it sends meanwhile is dropped."""

Event = h11.Request | h11.InformationalResponse | h11.Response | h11.Data | h11.EndOfMessage | h11.ConnectionClosed


class Wire:
    """A connection with its state. Raises h11.RemoteProtocolError for what breaks the protocol, OSError for a lost
    connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, role: type[h11.CLIENT] | type[h11.SERVER]
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.state = h11.Connection(role, max_incomplete_event_size=HEAD_MAX)
        self._early = bytearray()
        self._watch: asyncio.Task[None] | None = None
        writer.transport.set_write_buffer_limits(high=WRITE_HIGH)

    async def next(self) -> Event | type[h11.PAUSED]:
        """Return the next event; `h11.PAUSED` where the peer waits for an answer.

        Raises EOFError where the connection ends before a message does.
        """
        self._take_early()
        ended = False
        while True:
            try:
                event = self.state.next_event()
            except h11.RemoteProtocolError:
                if ended:
                    raise EOFError("the connection was closed") from None
                raise
            if event is not h11.NEED_DATA:
                return event  # type: ignore[return-value]
            data = await self.reader.read(PIECE)
            self.state.receive_data(data)
            ended = not data

    async def send(self, event: h11.Event) -> None:
        """Send an event, and wait until there is room for more."""
        data = self.state.send(event)
        if data:
            await self.write(data)

    async def write(self, data: bytes) -> None:
        """Send bytes as they are, and wait until there is room for more."""
        self.writer.write(data)
        await self.writer.drain()

    def watch(self) -> asyncio.Task[None]:
        """Return what is done when the peer has hung up; what it sends meanwhile is kept for later, within a bound.

        It is cancelled by who takes the connection over, see `take_over`.
        """
        self._watch = asyncio.ensure_future(self._gone())
        return self._watch

    async def take_over(self) -> None:
        """End a `watch` that is under way: from now on somebody else reads."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.wait((watch,))

    async def _gone(self) -> None:
        while len(self._early) < EARLY_MAX:
            try:
                data = await self.reader.read(PIECE)
            except OSError:
                return
            if not data:
                return
            self._early += data

    def rest(self) -> bytes:
        """Return what came behind the last message, once the connection speaks another protocol."""
        self._take_early()
        return bytes(self.state.trailing_data[0])

    def _take_early(self) -> None:
        if self._early:
            self.state.receive_data(bytes(self._early))
            self._early.clear()

    def drop(self) -> None:
        """End the connection at once: nothing is under way on it, or nothing that anybody waits for."""
        self.writer.transport.abort()

    async def heard_out(self) -> None:
        """Drop what the peer still sends until it goes, for a while.

        A close with something unread would break the connection, and the answer be lost to the peer (RFC 9112, 9.6).
        """
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(PARTING_SECONDS):
                while await self.reader.read(PIECE):
                    pass

    async def closed(self) -> None:
        """End the connection, and return once it is."""
        self.writer.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.writer.wait_closed()
        except (OSError, TimeoutError):
            self.drop()
