"""How far a value goes on that is longer than its detector looks: nothing of it may come out bare.

Where it ends is told by what stands before it: a quoted value ends at its quote, one with blanks at the end of its
line, any other at the next blank or quote. Rather too much is masked than a byte too little.
"""

from __future__ import annotations

import re

BOUND = 8000
"""A finding of so many bytes may be one whose detector looked no further."""

LINE = 2
"""The rest that ends with its line."""

BRACE = 6
"""The rest that ends with the last quote before a closing brace."""

_RESTS = (
    re.compile(rb""),
    re.compile(rb"[^\s\"'<>\0]*"),
    re.compile(rb"[^\n]*"),
    re.compile(rb"(?:[^\"\\\n]|\\[^\n])*"),
    re.compile(rb"(?:[^'\\\n]|\\[^\n])*"),
    re.compile(rb"(?:[^\"\\\n]|\\[^\"\n])*"),
    re.compile(rb"(?:[^\"\\}\n]|\\?\"(?![ \t]{0,8}\})|\\(?!\"))*"),
)
_WORD, _DOUBLE, _SINGLE, _ESCAPED = 1, 3, 4, 5
_UNDECIDED = re.compile(rb"\\?\"?[ \t]{0,8}\Z")


def rest_of(text: bytes, start: int, end: int) -> int:
    """Return which rest follows the value `text[start:end]`, as a number for `reach`; never 0."""
    before = text[start - 1 : start] if start else b""
    if before == b'"':
        return _ESCAPED if text[start - 2 : start - 1] == b"\\" else _DOUBLE
    if before == b"'":
        return _SINGLE
    return LINE if b" " in text[start:end] or b"\t" in text[start:end] else _WORD


def reach(text: bytes, place: int, rest: int) -> int:
    """Return where the rest that goes on at `place` ends, or the end of `text`."""
    found = _RESTS[rest].match(text, place)
    end = found.end() if found is not None else place
    return len(text) if text[end:] == b"\\" else end


def undecided(text: bytes, rest: int) -> int:
    """Return how many bytes at the end of `text` mean something only with those that come next."""
    if rest < _DOUBLE:
        return 0
    found = _UNDECIDED.search(text, max(0, len(text) - 10))
    return len(text) - found.start() if rest == BRACE and found is not None else _odd(text)


def _odd(text: bytes) -> int:
    """Return 1 if `text` ends with an odd number of backslashes, else 0."""
    return (len(text) - len(text.rstrip(b"\\"))) % 2
