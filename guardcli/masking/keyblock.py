"""Follows the body of an armoured private key from its BEGIN marker over the lines up to its END marker."""

from __future__ import annotations

import re
from collections.abc import Sequence

from guardcli.masking.followers import Follower, Gone

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
_BLANK = re.compile(rb"[ \t\r|+>]*")
_START_LINE = re.compile(rb"(?:\\[nr]|[ \t\r|+\"',;])*\n")
_MAX_LINES = 2048


def begins_body(text: bytes, at: int) -> int:
    """Return where the line after the marker that ends at `at` begins, or -1 when the marker does not end its line."""
    rest = _START_LINE.match(text, at, at + 256)
    return rest.end() if rest is not None else -1


class KeyBlock:
    """State inside a key: whether its label was shown, and how many lines more it may have. Immutable."""

    __slots__ = ("_lines", "_shown")

    def __init__(self, shown: bool = False, lines: int = _MAX_LINES) -> None:
        self._shown = shown
        self._lines = lines

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one line: what looks like key material goes, anything else ends the block."""
        if self._lines == 0 or END.search(text, start, end):
            return (), None
        if _BLANK.fullmatch(text, start, end):
            return (), KeyBlock(self._shown, self._lines - 1)
        found = _MATERIAL.fullmatch(text, start, end)
        if found is None:
            return (), None
        body_start, body_end = found.span("body")
        after = KeyBlock(True, self._lines - 1)
        alone = not found["before"].strip() and not found["after"].strip()
        if self._shown and alone:
            return (Gone(start, min(end + 1, len(text)), True),), after
        return (Gone(body_start, body_end, self._shown),), after
