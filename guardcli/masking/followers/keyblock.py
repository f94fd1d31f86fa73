"""Follows the body of an armoured private key from its BEGIN marker over the lines up to its END marker."""

from __future__ import annotations

import re
from collections.abc import Sequence

from guardcli.masking.followers.follower import Follower, Gone

BEGIN = re.compile(
    rb"-----BEGIN (?:(?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)-----"
    rb"|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"
)
END = re.compile(
    rb"-----END (?:(?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)-----|---- END SSH2"
    rb" ENCRYPTED PRIVATE KEY ----"
)

_MATERIAL = re.compile(
    rb"(?P<before>[ \t|>+\-\"']{0,200})"
    rb"(?P<body>[A-Za-z0-9+/=]{1,512}|(?:Proc-Type|DEK-Info|Version|Comment|Hash): [^\n]{0,200}?)"
    rb"(?P<after>(?:\\[nr]|[ \t\r|+\"',;])*)"
)
_LOOSE = re.compile(_MATERIAL.pattern.replace(b"{1,512}", b"{0,512}"))
_EDGES = b" \t:-)]|>"
"""What may stand at the end of a prefix."""
_NUMBERS = 4
"""By how much the number of a line may be longer than that of the marker's."""
_BLANK = re.compile(rb"[ \t\r|+>]*")
_START_LINE = re.compile(rb"(?:\\[nr]|[ \t\r|+\"',;])*\n")
_MAX_LINES = 2048


def begins_body(text: bytes, at: int) -> int:
    """Return where the line after the marker that ends at `at` begins, or -1 when the marker does not end its line."""
    rest = _START_LINE.match(text, at, at + 256)
    return rest.end() if rest is not None else -1


class KeyBlock:
    """State inside a key: whether its label was shown, how many lines more it may have, and how many bytes stood before
    its marker, as ``git blame``, ``grep -n`` and logs put something before each line. Immutable.
    """

    __slots__ = ("_lines", "_prefix", "_shown")

    def __init__(self, shown: bool = False, lines: int = _MAX_LINES, prefix: int = 0) -> None:
        self._shown = shown
        self._lines = lines
        self._prefix = prefix

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one line: what looks like key material goes, anything else ends the block."""
        if self._lines == 0 or END.search(text, start, end):
            return (), None
        if _BLANK.fullmatch(text, start, end):
            return (), KeyBlock(self._shown, self._lines - 1, self._prefix)
        found = _MATERIAL.fullmatch(text, start, end) or self._behind_prefix(text, start, end)
        if found is None:
            return (), None
        if found.start() > start and not found["body"]:
            return (), KeyBlock(self._shown, self._lines - 1, self._prefix)
        body_start, body_end = found.span("body")
        after = KeyBlock(True, self._lines - 1, self._prefix)
        alone = found.start() == start and not found["before"].strip() and not found["after"].strip()
        if self._shown and alone:
            return (Gone(start, min(end + 1, len(text)), True),), after
        return (Gone(body_start, body_end, self._shown),), after

    def _behind_prefix(self, text: bytes, start: int, end: int) -> re.Match[bytes] | None:
        """Return the material behind what stands before each line, which is as wide as before the marker, or nearly."""
        for width in range(self._prefix - _NUMBERS, self._prefix + _NUMBERS + 1) if self._prefix else ():
            place = start + width
            if start < place <= end and text[place - 1] in _EDGES and (found := _LOOSE.fullmatch(text, place, end)):
                return found
        return None
