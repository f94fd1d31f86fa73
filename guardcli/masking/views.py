"""Terminal output as a reader sees it: the text without its escape sequences, and where each byte came from.

ECMA-48 control sequences, and the strings of OSC, DCS, SOS, PM and APC. Two views are looked at, because an
escape sequence may hide a secret in two ways: by standing inside it (both views leave colours out, `JOINED`
leaves cursor movement out too), or by carrying it (`SHOWN` keeps the text of control strings, apart from what
is around).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable

SEQUENCE = re.compile(
    rb"\x1b(?:"
    rb"\[[0-?]*[ -/]*(?:[@-~]|\Z)?"
    rb"|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\|\Z)?"
    rb"|[ -/]*[0-Z\\`a-~]?"
    rb")|\x08"
)
"""One escape sequence, one that the end cuts off included, or a backspace."""

_COLOUR = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[mKhlnc]|[ -/]+[0-~])\Z")
_STRING = re.compile(rb"\x1b[\]PX^_]([^\x07\x1b]*)")
CUT_OFF = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\n]*\x1b?|[ -/]*)\Z")
"""A sequence at the end whose final byte or terminator is still to come."""


class View:
    """A text derived from `raw`, with the map back."""

    def __init__(self, raw: bytes, joined: bool) -> None:
        """Leave out all sequences (`joined`), or show strings and put a blank for what moves the cursor."""
        self._source = raw
        self._shown: Callable[[re.Match[bytes]], bytes] = _nothing if joined else _separated
        self._seen: list[int] = []
        self._raw: list[int] = []
        self.text = SEQUENCE.sub(b"" if joined else _separated, raw)

    def _map(self) -> None:
        """Note where each piece of the view begins, here and in the raw text."""
        length = place = 0
        for sequence in SEQUENCE.finditer(self._source):
            start, end = sequence.span()
            shown = self._shown(sequence)
            for size, origin in ((start - place, place), (len(shown), start)):
                if size:
                    self._seen.append(length)
                    self._raw.append(origin)
                    length += size
            place = end
        self._seen.append(length)
        self._raw.append(place)

    def origin(self, place: int) -> int:
        """Return where the byte at `place` of the view stands in the raw text."""
        if not self._seen:
            self._map()
        index = bisect_right(self._seen, place) - 1
        return self._raw[index] + place - self._seen[index]

    def place(self, origin: int) -> int:
        """Return where a raw offset outside of any sequence falls in the view."""
        if not self._seen:
            self._map()
        index = bisect_right(self._raw, origin) - 1
        return self._seen[index] + origin - self._raw[index] if index >= 0 else 0


def _nothing(_sequence: re.Match[bytes]) -> bytes:
    return b""


def _separated(sequence: re.Match[bytes]) -> bytes:
    """Return nothing for a colour, the text of a control string between separators, a blank for what moves.

    Never longer than the sequence, and each byte of a string stays at its distance from the sequence's start.
    """
    if _COLOUR.match(sequence[0]):
        return b""
    string = _STRING.match(sequence[0])
    if string is None or not string[1]:
        return b" "
    return b"\0\0" + string[1] + (b"\0" if string.end() < len(sequence[0]) else b"")
