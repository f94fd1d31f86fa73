"""WebSocket frames (RFC 6455, 5.2), as far as a gateway needs them that reads what a server sends.

A frame is handed on piece by piece, so that memory does not grow with its length.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from collections.abc import Iterator
from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
CONTROL_MAX = 125
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class FrameError(ValueError):
    """What came is no frame that a server may send."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a frame's payload. `opens` and `ends` say that it is the first and the last of its message."""

    opcode: int
    payload: bytes
    opens: bool
    ends: bool


class FrameReader:
    """Takes the bytes that a server sends, gives the pieces of its messages; control frames come whole.

    A control frame may stand between the frames of one message, so what is known of the message is kept apart from what
    is known of the frame.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._frame: tuple[int, bool] | None = None
        self._left = 0
        self._message = CONTINUATION
        self._opens = False

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Yield what `data` completes or goes on with. Raises FrameError."""
        self._buffer += data
        while self._frame is not None or self._read_head():
            opcode, final = self._frame or (CONTINUATION, False)
            if opcode >= CLOSE:
                if len(self._buffer) < self._left:
                    return
                self._frame = None
                yield Piece(opcode, self._take(self._left), True, True)
                continue
            payload = self._take(min(self._left, len(self._buffer)))
            if not payload and self._left:
                return
            self._left -= len(payload)
            opens, kind, ends = self._opens, self._message, False
            self._opens = False
            if not self._left:
                self._frame = None
                ends = final
                self._message = CONTINUATION if final else kind
            yield Piece(kind, payload, opens, ends)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _read_head(self) -> bool:
        """Read the head of a frame; False where more bytes are needed."""
        if len(self._buffer) < 2:
            return False
        first, second = self._buffer[0], self._buffer[1]
        opcode, final, length = first & 15, bool(first & 0x80), second & 0x7F
        _check(first, second, self._message)
        size = 2 + {126: 2, 127: 8}.get(length, 0)
        if len(self._buffer) < size:
            return False
        if length > CONTROL_MAX:
            length = int.from_bytes(self._buffer[2:size], "big")
        if length >> 63:
            raise FrameError("a length with its highest bit set")
        del self._buffer[:size]
        self._frame, self._left = (opcode, final), length
        if opcode in (TEXT, BINARY):
            self._message, self._opens = opcode, True
        return True


def _check(first: int, second: int, message: int) -> None:
    """Refuse what a server may not send; `message` is the kind of the message under way, 0 for none."""
    opcode, final, length = first & 15, first & 0x80, second & 0x7F
    if first & 0x70 or second & 0x80 or opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
        raise FrameError("a frame with bits that a server does not set")
    if opcode >= CLOSE and (not final or length > CONTROL_MAX):
        raise FrameError("a control frame in parts, or too long")
    if opcode < CLOSE and (opcode == CONTINUATION) != bool(message):
        raise FrameError("a message within a message, or a part of none")


def frame(opcode: int, payload: bytes) -> bytes:
    """Return a whole message in one frame, as a server sends it: not masked."""
    length = len(payload)
    if length < 126:
        head = bytes((0x80 | opcode, length))
    elif length < 1 << 16:
        head = struct.pack(">BBH", 0x80 | opcode, 126, length)
    else:
        head = struct.pack(">BBQ", 0x80 | opcode, 127, length)
    return head + payload


def accepts(key: bytes, answer: bytes) -> bool:
    """Return whether `answer` is the ``Sec-WebSocket-Accept`` for `key` (RFC 6455, 4.2.2)."""
    wanted = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    return hmac.compare_digest(wanted, answer)
