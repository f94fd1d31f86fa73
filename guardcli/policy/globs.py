"""Globs in linear time: ``*`` stands for any text, ``**`` for any number of parts.

No regular expression is built, so no pattern can make the match slow: the fixed pieces between two stars are
looked for from left to right, and the earliest place of each is always as good as a later one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_PRODUCT = 1 << 20
"""Steps that `overlaps` may take."""

_ANY = "\0"
"""Stands in `covers` for a text that is not known; no pattern holds it."""
_WITHIN, _EVERYTHING = "<within>", "<everything>"
_STARS = {"*": _WITHIN, "**": _EVERYTHING}


class Glob:
    """A pattern over one text; ``*`` stands for any characters, ``/`` included. Everything else is literal."""

    __slots__ = ("_first", "_last", "_middle", "_shortest", "pattern")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        pieces = pattern.split("*")
        self._first = pieces[0]
        self._last = pieces[-1] if len(pieces) > 1 else None
        self._middle = tuple(piece for piece in pieces[1:-1] if piece)
        self._shortest = sum(map(len, pieces))

    @property
    def literal(self) -> bool:
        """Whether the pattern has no star."""
        return self._last is None

    def matches(self, text: str) -> bool:
        """Return whether the whole of `text` fits."""
        if self._last is None:
            return text == self.pattern
        if len(text) < self._shortest or not text.startswith(self._first) or not text.endswith(self._last):
            return False
        place, end = len(self._first), len(text) - len(self._last)
        for piece in self._middle:
            found = text.find(piece, place, end)
            if found < 0:
                return False
            place = found + len(piece)
        return True

    def __repr__(self) -> str:
        return f"Glob({self.pattern!r})"


class PathGlob:
    """A pattern over parts joined by ``/``: ``*`` stays within its part, a part ``**`` is any number of parts.

    The pattern ``*`` alone matches everything, as its writer means it to.
    """

    __slots__ = ("_segments", "pattern")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        segments: list[list[Glob]] = [[]]
        for part in ["**"] if pattern == "*" else pattern.split("/"):
            if part == "**":
                segments.append([])
            else:
                segments[-1].append(Glob(part))
        self._segments = tuple(tuple(segment) for segment in segments)

    def matches(self, parts: Sequence[str], *, lenient: bool = False) -> bool:
        """Return whether the whole of `parts` fits; `lenient`, a part that is empty fits everything."""
        first, rest = self._segments[0], self._segments[1:]
        if not rest:
            return len(parts) == len(first) and _fits(first, parts, 0, lenient)
        last = rest[-1]
        if len(parts) < len(first) + len(last) or not _fits(first, parts, 0, lenient):
            return False
        place, end = len(first), len(parts) - len(last)
        if not _fits(last, parts, end, lenient):
            return False
        for segment in rest[:-1]:
            while place + len(segment) <= end and not _fits(segment, parts, place, lenient):
                place += 1
            if place + len(segment) > end:
                return False
            place += len(segment)
        return True

    def __repr__(self) -> str:
        return f"PathGlob({self.pattern!r})"


def _fits(globs: Sequence[Glob], parts: Sequence[str], place: int, lenient: bool) -> bool:
    for index, glob in enumerate(globs, place):
        part = parts[index]
        if not (glob.matches(part) or (lenient and not part)):
            return False
    return True


def overlaps(pattern: str, given: str) -> bool:
    """Return whether some text fits both the path glob `pattern` and `given`, whose stars stand for any text.

    Takes the product of the lengths; texts too long for that may overlap.
    """
    left, right = _tokens(pattern), [_EVERYTHING if sign == "*" else sign for sign in given]
    if len(left) * len(right) > MAX_PRODUCT:
        return True
    waiting, seen = [(0, 0)], {(0, 0)}
    while waiting:
        one, other = waiting.pop()
        if one == len(left) and other == len(right):
            return True
        first = left[one] if one < len(left) else ""
        second = right[other] if other < len(right) else ""
        steps = []
        if first in (_WITHIN, _EVERYTHING):
            steps.append((one + 1, other))
            if len(second) == 1 and (first == _EVERYTHING or second != "/"):
                steps.append((one, other + 1))
        if second == _EVERYTHING:
            steps.append((one, other + 1))
            if len(first) == 1:
                steps.append((one + 1, other))
        if len(first) == 1 and first == second:
            steps.append((one + 1, other + 1))
        waiting += [step for step in steps if step not in seen]
        seen.update(steps)
    return False


def _tokens(pattern: str) -> list[str]:
    if pattern == "*":
        return [_EVERYTHING]
    return [sign if sign not in ("*", "**") else _STARS[sign] for sign in re.findall(r"\*\*|.", pattern, re.DOTALL)]


def covers(general: str, special: str) -> bool:
    """Return whether every text that the glob `special` matches is surely matched by the glob `general`.

    A star of `special` is read as a character that only a star of `general` can match, which is exact for
    what is answered with yes; some true covers are answered with no.
    """
    return general == special or Glob(general).matches(special.replace("*", _ANY))


def path_covers(general: str, special: str) -> bool:
    """Return whether everything that the path glob `special` matches is surely matched by `general`."""
    if general == special:
        return True
    wide = PathGlob(general)
    parts = ["**"] if special == "*" else special.split("/")
    for repeated in range(general.count("/") + 3):
        sample = [piece for part in parts for piece in ([_ANY] * repeated if part == "**" else [part])]
        if not wide.matches([piece.replace("*", _ANY) for piece in sample]):
            return False
        if "**" not in parts:
            break
    return True
