"""Base64 and hexadecimal digits over several lines (RFC 2045, RFC 7468, ``xxd -p``), where a policy asks.

Rules:
- A line that is nothing but 16 and more characters of base64, indented or quoted perhaps, is held back while such lines
  follow; then what they hold together is looked into, and each line with a part of a secret gives way.
- Of a block of more than `HELD` bytes the first half is let out when the whole has been judged.
- Everything else is masked as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from guardcli.masking.stream import MaskStream
from guardcli.model.masking import Encoding

HELD = 1 << 17
"""Bytes that are held back at the most, far more than the longest secret takes in base64."""

JOINED = frozenset({Encoding.BASE64, Encoding.HEX})
"""What is put together again from its lines here."""

_LINE = re.compile(rb"[ \t>|\"'#*]{0,80}[A-Za-z0-9+/_-]{16,4096}={0,2}[ \t\"',;\\]{0,8}\r?\n")
_BEGUN = re.compile(rb"[ \t>|\"'#*]{0,80}[A-Za-z0-9+/_-]{0,4096}={0,2}[ \t\"',;\\]{0,8}\r?")
_LAST = re.compile(rb"[ \t>|\"'#*]{0,80}[A-Za-z0-9+/_-]{1,15}={0,2}[ \t\"',;\\]{0,8}\r?\n")
"""The last line of a block, which is shorter, and fills the groups of four."""
_LABEL = b"[ENCODED]"

Judge = Callable[[bytes], Sequence[tuple[int, int]]]
"""Returns start and end of each encoded secret in a text."""


class Wrapped:
    """Masks one stream with `stream`, judging base64 over lines first. The same calls as `MaskStream`."""

    def __init__(self, stream: MaskStream | Wrapped, judge: Judge) -> None:
        self._stream = stream
        self._judge = judge
        self._rest = b""
        self._lines: list[bytes] = []
        self._size = 0
        self._hidden = False
        self._found = 0
        self._begins = True

    @property
    def held(self) -> int:
        """Bytes held back now."""
        return len(self._rest) + self._size + self._stream.held

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector fired so far."""
        counts = dict(self._stream.findings)
        if self._found:
            counts["encoded"] = counts.get("encoded", 0) + self._found
        return counts

    def hush(self) -> None:
        """Tell the observer of nothing more."""
        self._stream.hush()

    def feed(self, data: bytes) -> bytes:
        """Take more of the stream; return what may be let out now."""
        data, self._rest = self._rest + data, b""
        out: list[bytes] = []
        place = passed = 0
        while (newline := data.find(b"\n", place)) >= 0:
            line = data[place : newline + 1]
            if self._begins and _LINE.fullmatch(line):
                out.append(self._stream.feed(data[passed:place]))
                self._lines.append(line)
                self._size += len(line)
                passed = newline + 1
                if self._size > HELD:
                    out.append(self._settle(len(self._lines) // 2))
            elif self._lines:
                if self._is_last(line):
                    self._lines.append(line)
                    passed = newline + 1
                out.append(self._settle(0))
            place, self._begins = newline + 1, True
        tail = data[place:]
        if tail and self._begins and _BEGUN.fullmatch(tail) and len(tail) <= 4096:
            out.append(self._stream.feed(data[passed:place]))
            self._rest = tail
        else:
            if tail and self._lines:
                out.append(self._settle(0))
            out.append(self._stream.feed(data[passed:]))
            self._begins = self._begins and not tail
        return b"".join(out)

    def idle(self) -> bytes:
        """Return what may be let out because nothing came for a while; a block is held on."""
        out = b""
        if self._rest and not self._lines:
            out = self._stream.feed(self._rest)
            self._rest, self._begins = b"", False
        return out + self._stream.idle()

    def finish(self) -> bytes:
        """Return the rest: the stream has ended."""
        if self._rest and self._begins and _LINE.fullmatch(self._rest + b"\n"):
            self._lines.append(self._rest)
            self._rest = b""
        out = self._settle(0)
        rest, self._rest, self._begins = self._rest, b"", True
        return out + self._stream.feed(rest) + self._stream.finish()

    def _is_last(self, line: bytes) -> bool:
        """Tell whether a short line ends the block: with it the digits come in whole groups."""
        found = _LAST.fullmatch(line)
        return found is not None and sum(len(_digits(one)) for one in (*self._lines, line)) % 4 == 0

    def _settle(self, keep: int) -> bytes:
        """Judge the block, let out its lines but the last `keep`, and hold those on."""
        lines = self._lines
        hits = self._hits(lines) if len(lines) > 1 else frozenset()
        out: list[bytes] = []
        for index, line in enumerate(lines[: len(lines) - keep]):
            if index not in hits:
                out.append(line)
            elif not self._hidden:
                out.append(line[: len(line) - len(line.lstrip(b" \t>|#*"))] + _LABEL + b"\n")
                self._found += 1
            self._hidden = index in hits
        self._hidden = self._hidden and keep > 0
        self._lines = lines[len(lines) - keep :]
        self._size = sum(len(line) for line in self._lines)
        return self._stream.feed(b"".join(out))

    def _hits(self, lines: Sequence[bytes]) -> frozenset[int]:
        """Return which lines hold a part of a secret."""
        joined, ends = bytearray(), []
        for line in lines:
            joined += _digits(line)
            ends.append(len(joined))
        spans = self._judge(bytes(joined))
        starts = [0, *ends[:-1]]
        return frozenset(
            index
            for index, (low, high) in enumerate(zip(starts, ends, strict=True))
            if any(start < high and low < end for start, end in spans)
        )


def _digits(line: bytes) -> bytes:
    """Return the characters of base64 of a line."""
    return line.strip(b" \t>|\"'#*,;\\\r\n")
