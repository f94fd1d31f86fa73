"""Compiles regular expressions on bytes to programs, which ``native/programs.c`` runs as Python would match them.

A program is a row of numbers: operations, the sets of bytes that they take, and for each choice tables that tell by
the next two bytes which branches are worth a try. What can only match as long as it can be is not tried shorter. What
no detector needs is refused: references back, and repeating what may match nothing.
"""

from __future__ import annotations

from array import array
from enum import IntEnum
from functools import cache
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from guardcli.masking.compiled.automata import ALL, taken

MULTILINE = 8
END = 1 << 256
"""What stands in a set for the end of the text."""

SURE = 1 << 257
"""Stands in a set where all that follows may be nothing at all: a match is sure."""

ANYWHERE = ALL | END
ALONE, CERTAIN = 1, 2
"""Of a repetition: nothing that it takes may follow it; a match is sure behind it."""

COUNTERS = 2
"""Repetitions of more than a byte that may stand in each other."""

BRANCHES = 64
_SINGLE = (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN)
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)
_ASSERTS = (codes.ASSERT, codes.ASSERT_NOT)
_MOST = (1 << 32) - 1


class Code(IntEnum):
    """Operations, as in ``native/programs.c``."""

    MATCH = 0
    SET = 1
    RUN = 2
    LAZY_RUN = 3
    BRANCH = 4
    JUMP = 5
    START = 6
    LOOP = 7
    OPEN = 8
    CLOSE = 9
    LOOK = 10
    BEHIND = 11
    BOUNDARY = 12
    LINE = 13
    BEGIN = 14
    FINISH = 15
    SETS = 16
    UNITS = 17


_PLACES = {
    codes.AT_BOUNDARY: Code.BOUNDARY,
    codes.AT_BEGINNING_STRING: Code.BEGIN,
    codes.AT_END_STRING: Code.FINISH,
}


@cache
def program(expression: bytes) -> array[int]:
    """Return the program of `expression`, which begins with where the set of its first bytes stands.

    Raises ValueError for what a program cannot say.
    """
    parsed = parser.parse(expression)
    return _Writer().written(parsed, parsed.state.flags)


def first(items: Any, flags: int, follow: int) -> int:
    """Return with which bytes `items` and what may follow them can begin: all those, and perhaps more."""
    for item in reversed(items):
        follow = _first_of(item, flags, follow)
    return follow


def _first_of(item: tuple[Any, Any], flags: int, follow: int) -> int:
    code, value = item
    if code in _SINGLE:
        return taken(code, value, flags)
    if code is codes.SUBPATTERN:
        _, more, less, inner = value
        return first(inner, (flags | more) & ~less, follow)
    if code is codes.BRANCH:
        found = 0
        for branch in value[1]:
            found |= first(branch, flags, follow)
        return found
    if code in _REPEATS:
        low, _, inner = value
        return first(inner, flags, follow) | (0 if low else follow)
    return follow & _allowed(code, value, flags)


def _allowed(code: Any, value: Any, flags: int) -> int:
    """Return which bytes may stand behind an assertion: all those, and perhaps more."""
    if code is codes.ASSERT and value[0] > 0:
        return first(value[1], flags, ANYWHERE)
    if code is codes.ASSERT_NOT and value[0] > 0 and (single := _single(value[1], flags)) is not None:
        return ANYWHERE & ~single
    return END if code is codes.AT and value is codes.AT_END_STRING else ANYWHERE


def _second(items: Any, flags: int, follow: int) -> int:
    """Return which bytes may be the second of `items` and what may follow them: all those, and perhaps more."""
    if not items:
        return ANYWHERE
    code, value = items[0]
    if code in _SINGLE:
        return first(items[1:], flags, follow) & ANYWHERE
    if code is codes.SUBPATTERN and len(items) == 1:
        return _second(value[3], (flags | value[1]) & ~value[2], follow)
    return ANYWHERE


def _bound(members: int, follow: int) -> int:
    """Return what is known of a repetition that begins with `members` where `follow` may stand behind it."""
    return ALONE * (not members & follow & ALL) + CERTAIN * bool(follow & SURE)


class _Writer:
    """A program that is being written."""

    def __init__(self) -> None:
        self._words: list[int] = [0]
        self._sets: dict[int, list[int]] = {}
        self._tables: dict[tuple[int, ...], list[int]] = {}
        self._depth = 0

    def written(self, items: Any, flags: int) -> array[int]:
        """Return the program for all of an expression."""
        self._refer(first(items, flags, ANYWHERE), 0)
        self._sequence(items, flags, ANYWHERE | SURE)
        self._words.append(Code.MATCH)
        for members, places in self._sets.items():
            self._place(places, [members >> 32 * word & 0xFFFFFFFF for word in range(9)])
        for masks, places in self._tables.items():
            self._place(places, [half for mask in masks for half in (mask & 0xFFFFFFFF, mask >> 32)])
        return array("I", self._words)

    def _place(self, places: list[int], data: list[int]) -> None:
        for place in places:
            self._words[place] = len(self._words)
        self._words += data

    def _refer(self, members: int, place: int = -1) -> None:
        """Have the word at `place`, or one more, say where the set of `members` stands."""
        if place < 0:
            place = len(self._words)
            self._words.append(0)
        self._sets.setdefault(members & ANYWHERE, []).append(place)

    def _sequence(self, items: Any, flags: int, follow: int) -> None:
        follows = [follow]
        for item in reversed(items):
            follows.append(_first_of(item, flags, follows[-1]))
        singles: list[int] = []
        for item, after in zip(items, reversed(follows[:-1]), strict=True):
            if item[0] in _SINGLE:
                singles.append(taken(item[0], item[1], flags))
                continue
            self._sets_in_a_row(singles)
            self._one(item[0], item[1], flags, after)
        self._sets_in_a_row(singles)

    def _sets_in_a_row(self, singles: list[int]) -> None:
        """Write that a byte of each of `singles` comes, and forget them."""
        self._words += [Code.SETS, len(singles)] if len(singles) > 1 else [Code.SET] * len(singles)
        for one in singles:
            self._refer(one)
        singles.clear()

    def _one(self, code: Any, value: Any, flags: int, follow: int) -> None:
        if code is codes.SUBPATTERN:
            group, more, less, inner = value
            self._words += [Code.OPEN] if group is not None else []
            self._sequence(inner, (flags | more) & ~less, follow)
            self._words += [Code.CLOSE] if group is not None else []
        elif code is codes.BRANCH:
            self._branches(value[1], flags, follow)
        elif code in _REPEATS:
            self._repeat(value, code is codes.MIN_REPEAT, flags, follow)
        elif code in _ASSERTS:
            self._look(value[0], value[1], code is codes.ASSERT_NOT, flags)
        elif code is codes.AT and value is codes.AT_BEGINNING:
            self._words.append(Code.LINE if flags & MULTILINE else Code.BEGIN)
        elif code is codes.AT and value in _PLACES:
            self._words.append(_PLACES[value])
        else:
            raise ValueError(f"no program has {code}")

    def _branches(self, branches: Any, flags: int, follow: int) -> None:
        """Write a choice between `branches`, an empty one among them perhaps."""
        if len(branches) > BRANCHES:
            raise ValueError("too many branches")
        firsts = [first(branch, flags, follow) for branch in branches]
        self._words.append(Code.BRANCH)
        self._choose(firsts)
        self._choose([_second(branch, flags, follow) for branch in branches])
        begin = len(self._words)
        self._words += [0] * len(branches)
        ends = []
        for number, branch in enumerate(branches):
            self._words[begin + number] = len(self._words)
            self._sequence(branch, flags, follow)
            self._words += [Code.JUMP, 0]
            ends.append(len(self._words) - 1)
        for end in ends:
            self._words[end] = len(self._words)

    def _choose(self, members: list[int]) -> None:
        """Say where the table stands that has a bit for each branch to which a byte belongs."""
        masks = tuple(sum((one >> byte & 1) << number for number, one in enumerate(members)) for byte in range(257))
        self._tables.setdefault(masks, []).append(len(self._words))
        self._words.append(0)

    def _repeat(self, value: Any, lazy: bool, flags: int, follow: int) -> None:
        low, high, inner = value
        high = _MOST if high is codes.MAXREPEAT else int(high)
        single = _single(inner, flags)
        if single is not None:
            bound = _bound(single, follow)
            self._words.append(Code.LAZY_RUN if lazy and not bound & ALONE else Code.RUN)
            self._refer(single)
            self._words += [low, high]
            self._refer(follow)
            self._words.append(bound)
        elif (low, high) == (0, 1):
            self._branches([(), inner] if lazy else [inner, ()], flags, follow)
        else:
            self._loop(low, high, inner, lazy, flags, follow)

    def _loop(self, low: int, high: int, inner: Any, lazy: bool, flags: int, follow: int) -> None:
        if inner.getwidth()[0] == 0 or self._depth == COUNTERS:
            raise ValueError("what may be nothing is repeated, or repetitions stand too deep in each other")
        again = first(inner, flags, ANYWHERE)
        after, units = 0, None if lazy else _units(inner, flags)
        if units is not None and (bound := _bound(again, follow)):
            self._words += [Code.UNITS, low, high, bound, 0]
            after = len(self._words) - 1
            for one in (*units, follow):
                self._refer(one)
        self._words += [Code.START, self._depth]
        head = len(self._words)
        self._words += [Code.LOOP, self._depth, low, high, 2 * lazy + bool(follow & SURE), 0]
        self._refer(again)
        self._refer(follow)
        self._depth += 1
        self._sequence(inner, flags, (again | follow) & ~SURE)
        self._depth -= 1
        self._words += [Code.JUMP, head]
        self._words[head + 5] = len(self._words)
        if after:
            self._words[after] = len(self._words)

    def _look(self, direction: int, inner: Any, negative: bool, flags: int) -> None:
        low, high = inner.getwidth()
        single = _single(inner, flags)
        if direction < 0 and single is not None:
            self._words += [Code.BEHIND, negative]
            self._refer(single)
            return
        if direction < 0 and low != high:
            raise ValueError("looking behind has one width")
        self._words += [Code.LOOK, negative, low if direction < 0 else 0, 0]
        after = len(self._words) - 1
        self._sequence(inner, flags, ANYWHERE)
        self._words.append(Code.MATCH)
        self._words[after] = len(self._words)


def _single(items: Any, flags: int) -> int | None:
    """Return the set of bytes that `items` are one of, None where they are more."""
    if len(items) != 1:
        return None
    code, value = items[0]
    if code is codes.SUBPATTERN and value[0] is None:
        return _single(value[3], (flags | value[1]) & ~value[2])
    return taken(code, value, flags) if code in _SINGLE else None


def _units(items: Any, flags: int) -> tuple[int, int, int] | None:
    """Return the sets of `items` that are a byte of the first, or else one of the second and one of the third."""
    if len(items) != 1 or items[0][0] is not codes.BRANCH or len(items[0][1][1]) != 2:
        return None
    plain, pair = items[0][1][1]
    one, escape, escaped = _single(plain, flags), _single(pair[:1], flags), _single(pair[1:], flags)
    if one is None or escape is None or escaped is None or one & escape:
        return None
    return one, escape, escaped
