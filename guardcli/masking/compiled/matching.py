"""Runs an automaton over a text, for the patterns of a policy."""

from __future__ import annotations

import ctypes
from array import array
from struct import Struct

from guardcli.masking.compiled.automata import Automaton
from guardcli.masking.compiled.native import BYTES_A_SIGN, Spans, library

_PATTERN = Struct("<QQIIQQ")
_STEPS_A_BYTE = 8
_STEPS_MAX = 1 << 16
_TOO_MANY = ctypes.c_size_t(-1).value


class Matcher:
    """Finds what an automaton matches, the longest of the leftmost, within lines. Immutable."""

    def __init__(self, automaton: Automaton, most: int) -> None:
        """After `most` matches the rest of a text counts as one. Raises ValueError for too large an automaton."""
        width = max(automaton.classes) + 1
        if len(automaton.rows) * width > _STEPS_MAX:
            raise ValueError("too many states of too many classes")
        rows = array("H", (state * width for row in automaton.rows for state in row))
        self._kept = (bytearray(automaton.classes), rows)
        self._bounds = (automaton.start * width, automaton.accepting * width)
        self._most = most

    def find(self, text: bytes, base: int, end: int, rank: int) -> Spans | None:
        """Return what matches in `text[:end]` and begins from `base` on, as of `rank`; None where that takes more than
        a few steps a byte, or a match is so long that `overlong` must judge it.
        """
        classes, rows = self._kept
        addresses = (ctypes.addressof(ctypes.c_char.from_buffer(classes)), rows.buffer_info()[0])
        pattern = _PATTERN.pack(*addresses, *self._bounds, self._most, _STEPS_A_BYTE * end + 1024)
        room = end // BYTES_A_SIGN + 8
        while True:
            found = Spans.room(room)
            found.count = library().guard_matches(text, end, base, rank, pattern, found.address(), room)
            if found.count == _TOO_MANY:
                return None
            if found.count <= room:
                return found
            room = found.count
