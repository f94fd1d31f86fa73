"""Terminal output as a reader sees it: the text without its escape sequences, and where each byte came from.

ECMA-48 control sequences, and the strings of OSC, DCS, SOS, PM and APC. Two views are looked at, because an
escape sequence may hide a secret in two ways: by standing inside it (both views leave colours out, `JOINED`
leaves cursor movement out too), or by carrying it (`SHOWN` keeps the text of control strings, apart from what
is around).
"""

from __future__ import annotations

import re
from bisect import bisect_right

from guardcli.masking.compiled.native import view

SEQUENCE = re.compile(
    rb"\x1b(?:"
    rb"\[[0-?]*[ -/]*(?:[@-~]|\Z)?"
    rb"|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\|\Z)?"
    rb"|[ -/]*[0-Z\\`a-~]?"
    rb")|\x08"
)
"""One escape sequence, one that the end cuts off included, or a backspace."""

CUT_OFF = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\n]*\x1b?|[ -/]*)\Z")
"""A sequence at the end whose final byte or terminator is still to come."""


class View:
    """A text derived from `raw`, with the map back."""

    def __init__(self, raw: bytes, joined: bool) -> None:
        """Leave out all sequences (`joined`), or show strings and put a blank for what moves the cursor.

        What takes the place of a sequence is never longer than it, and each byte of a string stays at its distance from
        the sequence's start.
        """
        self.text, self._seen, self._raw = view(raw, joined)

    def origin(self, place: int) -> int:
        """Return where the byte at `place` of the view stands in the raw text."""
        index = bisect_right(self._seen, place) - 1
        return self._raw[index] + place - self._seen[index]

    def place(self, origin: int) -> int:
        """Return where a raw offset outside of any sequence falls in the view."""
        index = bisect_right(self._raw, origin) - 1
        return self._seen[index] + origin - self._raw[index] if index >= 0 else 0


WRAP = re.compile(rb" \r(?!\n)(?<=[^\s:] \r)")
"""What readline writes at the right border of a terminal: a blank that wraps, and back to the first column. Behind a
colon it is a prompt's.
"""


def is_wrapped(text: bytes) -> bool:
    """Tell whether a line of `text` was broken at the border of a terminal."""
    return b"\r" in text and b" \r" in text and WRAP.search(text) is not None


class Unwrapped:
    """A view without the breaks at a terminal's border, with the map back."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._seen, self._wrapped, pieces, place = [0], [0], [], 0
        for wrap in WRAP.finditer(view.text):
            pieces.append(view.text[place : wrap.start()])
            place = wrap.end()
            self._seen.append(self._seen[-1] + len(pieces[-1]))
            self._wrapped.append(place)
        self.text = b"".join([*pieces, view.text[place:]])

    def origin(self, place: int) -> int:
        """Return where the byte at `place` stands in the raw text."""
        index = bisect_right(self._seen, place) - 1
        return self._view.origin(self._wrapped[index] + place - self._seen[index])

    def place(self, origin: int) -> int:
        """Return where a raw offset outside of any sequence falls in this view."""
        seen = self._view.place(origin)
        index = bisect_right(self._wrapped, seen) - 1
        end = self._seen[index + 1] if index + 1 < len(self._seen) else len(self.text)
        return min(self._seen[index] + seen - self._wrapped[index], end)
