"""A stream that is not plain text as a whole, where a policy asks: UTF-16 and UTF-32, and gzip streams within it.

Rules:
- UTF-16 or UTF-32, told by its mark or by zeros among its first bytes, is masked as UTF-8 and encoded again.
- A gzip stream (RFC 1952) is held back and inflated; one with a secret gives way to a label. One of more than `HELD`
  bytes, or with more inside than can be judged, gives way to it unseen, to its last byte.
- Everything else is masked as it is.
"""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable, Collection, Mapping

from guardcli.masking.encoded.decoding import INFLATED
from guardcli.masking.encoded.wrapped import Wrapped
from guardcli.masking.stream import MaskStream
from guardcli.model.masking import Encoding

HELD = 1 << 20
"""Compressed bytes that are held back at the most."""

STREAMED = frozenset({Encoding.UTF16, Encoding.UTF32, Encoding.GZIP})
"""What is unwrapped here, and not value by value."""

_GZIP = b"\x1f\x8b\x08"
_LABEL = b"[GZIP]"
_PIECE = 1 << 16
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le", Encoding.UTF32),
    (codecs.BOM_UTF32_BE, "utf-32-be", Encoding.UTF32),
    (codecs.BOM_UTF16_LE, "utf-16-le", Encoding.UTF16),
    (codecs.BOM_UTF16_BE, "utf-16-be", Encoding.UTF16),
)
_DECIDES = 8
"""Bytes from which on zeros tell an encoding that has no mark."""


class Transcoded:
    """Masks one stream with `stream`, unwrapping it first. The same calls as `MaskStream`, the same promises."""

    def __init__(
        self, stream: MaskStream | Wrapped, encodings: Collection[Encoding], holds: Callable[[bytes], bool]
    ) -> None:
        """`holds` tells whether a text holds a secret; `encodings` is what the policy has unwrapped."""
        self._stream = stream
        self._encodings = frozenset(encodings)
        self._holds = holds
        self._codec = "" if self._encodings & {Encoding.UTF16, Encoding.UTF32} else "plain"
        self._decoder: codecs.IncrementalDecoder | None = None
        self._encoder: codecs.IncrementalDecoder | None = None
        self._waiting = b""
        self._gzip: _Gzip | None = None
        self._found = 0

    @property
    def held(self) -> int:
        """Bytes held back now."""
        return len(self._waiting) + (self._gzip.held if self._gzip is not None else 0) + self._stream.held

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector fired so far."""
        return {**self._stream.findings, **({"encoded": self._found} if self._found else {})}

    def hush(self) -> None:
        """Tell the observer of nothing more."""
        self._stream.hush()

    def feed(self, data: bytes) -> bytes:
        """Take more of the stream; return what may be let out now."""
        if not self._codec:
            self._waiting += data
            if len(self._waiting) < _DECIDES:
                return b""
            data, self._waiting = self._waiting, b""
            self._decide(data)
        if self._decoder is not None:
            return self._encoded(self._stream.feed(self._decoder.decode(data).encode("utf-8", "surrogatepass")))
        return self._plain(data) if Encoding.GZIP in self._encodings else self._stream.feed(data)

    def idle(self) -> bytes:
        """Return what may be let out because nothing came for a while."""
        if self._waiting and not self._codec and not self._waiting.startswith((b"\xff", b"\xfe", b"\0")):
            data, self._waiting = self._waiting, b""
            self._codec = "plain" if b"\0" not in data else ""
            if self._codec:
                return self.feed(data)
            self._waiting = data
        return self._encoded(self._stream.idle())

    def finish(self) -> bytes:
        """Return the rest: the stream has ended."""
        out = b""
        data, self._waiting = self._waiting, b""
        if data:
            if not self._codec:
                self._decide(data)
            if self._decoder is not None:
                out += self._encoded(self._stream.feed(self._decoder.decode(data).encode("utf-8", "surrogatepass")))
            else:
                out += self._stream.feed(data)
        rest = b""
        if self._decoder is not None:
            rest = self._decoder.getstate()[0]
        if self._gzip is not None:
            out += self._judged(self._gzip)
            self._gzip = None
        return out + self._encoded(self._stream.finish()) + rest

    def _decide(self, data: bytes) -> None:
        """Settle how the stream is encoded, by its first bytes."""
        self._codec = _codec(data, self._encodings)
        if self._codec != "plain":
            self._decoder = codecs.getincrementaldecoder(self._codec)("surrogatepass")
            self._encoder = codecs.getincrementaldecoder("utf-8")("surrogatepass")

    def _encoded(self, out: bytes) -> bytes:
        if self._encoder is None:
            return out
        return self._encoder.decode(out).encode(self._codec, "surrogatepass")

    def _plain(self, data: bytes) -> bytes:
        """Mask text, and judge gzip streams within it as a whole."""
        out: list[bytes] = []
        data, self._waiting = self._waiting + data, b""
        while data:
            if self._gzip is None:
                place = data.find(_GZIP)
                if place < 0:
                    keep = next((size for size in (2, 1) if data.endswith(_GZIP[:size])), 0)
                    data, self._waiting = data[: len(data) - keep], data[len(data) - keep :]
                    out.append(self._stream.feed(data))
                    break
                out += [self._stream.feed(data[:place]), self._stream.finish()]
                self._gzip = _Gzip()
                data = data[place:]
            data = self._gzip.feed(data)
            if self._gzip.ended:
                out.append(self._judged(self._gzip))
                self._gzip = None
        return b"".join(out)

    def _judged(self, stream: _Gzip) -> bytes:
        """Return what takes the place of a gzip stream: itself, or a label."""
        if stream.broken and not stream.too_much:
            return self._stream.feed(stream.raw) + self._stream.finish()
        if not stream.too_much and not self._holds(stream.plain):
            return stream.raw
        self._found += 1
        return _LABEL


class _Gzip:
    """One gzip stream: what came of it, and what is inside, both bounded."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(31)
        self.raw = b""
        self.plain = b""
        self.too_much = self.ended = self.broken = False

    @property
    def held(self) -> int:
        """Bytes held back."""
        return len(self.raw)

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the stream; return those behind its end."""
        rest = data
        while rest and not self.ended:
            piece, rest = rest[:_PIECE], rest[_PIECE:]
            try:
                rest = self._take(piece) + rest
            except zlib.error:
                self.raw += piece if not self.too_much else b""
                self.broken = self.ended = True
        return rest

    def _take(self, piece: bytes) -> bytes:
        self.raw += piece
        left = piece
        while left and not self._inflater.eof:
            inflated = self._inflater.decompress(left, _PIECE)
            left = self._inflater.unconsumed_tail
            self.plain += inflated if not self.too_much else b""
            if len(self.plain) > INFLATED or len(self.raw) > HELD:
                self.too_much, self.plain, self.raw = True, b"", b""
        if not self._inflater.eof:
            return b""
        self.ended = True
        unused = self._inflater.unused_data
        self.raw = self.raw[: len(self.raw) - len(unused)] if unused else self.raw
        return unused


def _codec(data: bytes, encodings: Collection[Encoding]) -> str:
    """Return the codec of a stream that begins with `data`."""
    for mark, codec, encoding in _MARKS:
        if data.startswith(mark) and encoding in encodings:
            return codec
    head = data[: len(data) // 4 * 4][:64]
    zeros = [head[place::4].count(0) * 4 for place in range(4)]
    size = len(head)
    if size >= _DECIDES:
        if Encoding.UTF32 in encodings and zeros[0] == 0 and min(zeros[1:]) == size:
            return "utf-32-le"
        if Encoding.UTF32 in encodings and zeros[3] == 0 and min(zeros[:3]) == size:
            return "utf-32-be"
        if Encoding.UTF16 in encodings and zeros[0] == zeros[2] == 0 and min(zeros[1], zeros[3]) == size:
            return "utf-16-le"
        if Encoding.UTF16 in encodings and zeros[1] == zeros[3] == 0 and min(zeros[0], zeros[2]) == size:
            return "utf-16-be"
    return "plain"
