"""Masks stdout and stderr of an exec or attach over WebSocket (v5.channel.k8s.io and v4).

Each message begins with the number of its channel: 0 stdin, 1 stdout, 2 stderr, 3 how it ended, 4 the terminal's size,
and 255 (v5) which channel is closed (k8s.io/apimachinery, pkg/util/remotecommand). A channel is a stream of bytes, so
that a message may go on as several. What a mask still holds back goes before the message that ends a stream.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from guardcli.gateways.kubernetes.bodies import Body
from guardcli.gateways.kubernetes.codec.websocket import BINARY, CLOSE, TEXT, FrameError, FrameReader, Piece, frame

STDOUT, STDERR, ERROR, CLOSING = 1, 2, 3, 255
OTHER_MAX = 1 << 20
"""The longest message of another channel, which is kept whole."""
PROTOCOLS = frozenset({"v5.channel.k8s.io", "v4.channel.k8s.io"})
"""What is read here; older ones have no message for how a command ended, and base64 ones hide the text."""


class Channels:
    """What a server sends on one connection: bytes in, masked bytes out. Raises FrameError for what is none."""

    def __init__(self, make_text: Callable[[], Body]) -> None:
        self._reader = FrameReader()
        self._streams = {STDOUT: make_text(), STDERR: make_text()}
        self._channel = -1
        self._message = bytearray()
        self.delivered = 0

    @property
    def held(self) -> int:
        """Bytes that a silence may let go."""
        return sum(stream.held for stream in self._streams.values())

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector fired so far, on both streams."""
        counts: dict[str, int] = {}
        for stream in self._streams.values():
            for name, count in stream.findings.items():
                counts[name] = counts.get(name, 0) + count
        return counts

    def feed(self, data: bytes) -> bytes:
        """Return what may go to the client."""
        return b"".join(self._piece(piece) for piece in self._reader.feed(data))

    def idle(self) -> bytes:
        """Return what may go after a silence."""
        return b"".join(self._sent(number, stream.idle()) for number, stream in self._streams.items())

    def finish(self) -> bytes:
        """Return the rest: the server has ended the connection."""
        return b"".join(self._sent(number, stream.finish()) for number, stream in self._streams.items())

    def _piece(self, piece: Piece) -> bytes:
        if piece.opcode == CLOSE:
            return self.finish() + frame(CLOSE, piece.payload)
        if piece.opcode not in (BINARY, TEXT):
            return frame(piece.opcode, piece.payload)
        payload = piece.payload
        if piece.opens:
            self._channel = -1
        if self._channel < 0 and payload:
            self._channel, payload = payload[0], payload[1:]
        out = b""
        if self._channel in self._streams:
            out = self._sent(self._channel, self._streams[self._channel].feed(payload))
        else:
            self._message += payload
            if len(self._message) > OTHER_MAX:
                raise FrameError("a message that is too long for its channel")
            if piece.ends and self._channel >= 0:
                out = self._before(bytes(self._message)) + frame(BINARY, bytes((self._channel,)) + self._message)
                self._message.clear()
        return out

    def _before(self, message: bytes) -> bytes:
        """Return what streams hold back that are ended by a message of the channel under way."""
        if self._channel == ERROR:
            return self.finish()
        if self._channel == CLOSING and message[:1] and message[0] in self._streams:
            return self._sent(message[0], self._streams[message[0]].finish())
        return b""

    def _sent(self, channel: int, data: bytes) -> bytes:
        self.delivered += len(data)
        return frame(BINARY, bytes((channel,)) + data) if data else b""
