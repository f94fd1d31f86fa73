"""Finds what begins with one of some words, wherever it stands: all finders of that way in one reading of the text.

Their triggers are reported once a text, so that a text full of such secrets costs no call back for each. A word is the
longest row of bytes, without regard to case, that an expression must begin with; the automaton of all words is that of
Aho and Corasick, and ``native/beginnings.c`` reads the text with it.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from struct import Struct
from typing import Any

from guardcli.masking.compiled.automata import LOWER, UPPER, taken
from guardcli.masking.compiled.finders import Finder, entry, packed
from guardcli.masking.compiled.native import Spans, beginnings

_LONGEST = 8
_MOST = 64
_CHOICE = 8
"""Bytes of a word that count, words of an expression, and bytes that may stand at one place: what has more is cut."""
_NONE = 0xFFFF
_BEGINNING = Struct("<HH")
_PACKED = Struct("<QQQQII")
_SINGLE = (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN)
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)
_NOTHING = (codes.ASSERT, codes.ASSERT_NOT, codes.AT)


class Words(frozenset[tuple[bytes, bool]]):
    """Words that a text may begin with; what follows counts too where one is open."""

    def then(self, others: Words) -> Words:
        """Return what begins with these where `others` follow."""
        joined = {(word, False) for word, opened in self if not opened}
        for word in (word for word, opened in self if opened):
            joined |= {((word + more)[:_LONGEST], goes_on and len(word + more) < _LONGEST) for more, goes_on in others}
        return Words(joined) if len(joined) <= _MOST else self.closed()

    def closed(self) -> Words:
        """Return these where anything may follow."""
        return Words((word, False) for word, _ in self)


_EMPTY = Words({(b"", True)})


def words(expression: bytes) -> frozenset[bytes]:
    """Return the words, in small letters, with one of which every match of `expression` begins.

    Raises ValueError where a match may begin with anything.
    """
    parsed = parser.parse(expression)
    found = {word for word, _ in _words(parsed, parsed.state.flags)}
    if b"" in found:
        raise ValueError(f"{expression!r} may begin with anything")
    return frozenset(one for one in found if not any(one.startswith(other) for other in found - {one}))


def _words(items: Any, flags: int) -> Words:
    found = _EMPTY
    for code, value in items:
        if code not in _NOTHING:
            found = found.then(_words_of(code, value, flags))
    return found


def _words_of(code: Any, value: Any, flags: int) -> Words:
    if code in _SINGLE:
        members = taken(code, value, flags)
        folded = members & ~UPPER | (members & UPPER) << 32
        if folded.bit_count() > _CHOICE:
            return _EMPTY.closed()
        return Words((bytes([byte]), True) for byte in range(256) if folded >> byte & 1)
    if code is codes.SUBPATTERN:
        _, more, less, inner = value
        return _words(inner, (flags | more) & ~less)
    if code is codes.BRANCH:
        return Words(frozenset().union(*(_words(branch, flags) for branch in value[1])))
    if code in _REPEATS:
        low, high, inner = value
        if (low, high) == (0, 1):
            return Words(_words(inner, flags) | _EMPTY)
        found = _EMPTY
        for _ in range(min(low, _LONGEST)):
            found = found.then(_words(inner, flags))
        return found if low == high else found.closed()
    raise ValueError(f"no word begins with {code}")


class Automaton:
    """The automaton of Aho and Corasick over words without regard to case, with who looks where each one ends."""

    def __init__(self, finders: Sequence[Finder]) -> None:
        edges: list[dict[int, int]] = [{}]
        ends: list[list[tuple[int, int]]] = [[]]
        for number, finder in enumerate(finders):
            for word in sorted(words(finder.value)):
                state = 0
                for byte in word:
                    if byte not in edges[state]:
                        edges[state][byte] = len(edges)
                        edges.append({})
                        ends.append([])
                    state = edges[state][byte]
                ends[state].append((number, len(word)))
        signs = sorted({byte for row in edges for byte in row})
        self._arrange(*_closed(edges, ends, signs), signs)

    def _arrange(self, rows: list[list[int]], ends: list[list[tuple[int, int]]], signs: list[int]) -> None:
        """Put the states at which a word ends behind the others, and write all down as the library reads it."""
        order = sorted(range(len(rows)), key=lambda state: (bool(ends[state]), state))
        place = {state: number for number, state in enumerate(order)}
        width = len(signs) + 2
        classes = bytearray(256)
        for number, sign in enumerate(signs, 1):
            classes[sign] = number
            if LOWER >> sign & 1:
                classes[sign - 32] = number
        self.classes, self.rows = bytes(classes), array("I")
        self.ends: list[tuple[int, int]] = []
        for state in order:
            self.rows.extend([0, *(place[to] * width for to in rows[state]), len(self.ends)])
            self.ends += [*ends[state], (_NONE, 0)] if ends[state] else []
        self.accepting = sum(not one for one in ends) * width
        self.width = width - 1
        self._kept = (_memory(classes), _memory(bytearray().join(_BEGINNING.pack(*one) for one in self.ends)))

    def addresses(self) -> tuple[int, int, int]:
        """Return where its classes are, its rows, and its ends."""
        return ctypes.addressof(self._kept[0]), self.rows.buffer_info()[0], ctypes.addressof(self._kept[1])


def _closed(
    edges: list[dict[int, int]], ends: list[list[tuple[int, int]]], signs: list[int]
) -> tuple[list[list[int]], list[list[tuple[int, int]]]]:
    """Return where each state goes by each sign, also where no word goes on there, and all words that end at it."""
    rows: list[list[int]] = [[] for _ in edges]
    rows[0] = [edges[0].get(sign, 0) for sign in signs]
    waiting = [(state, 0) for state in edges[0].values()]
    for state, shorter in waiting:
        ends[state] = ends[state] + ends[shorter]
        rows[state] = [edges[state].get(sign, rows[shorter][number]) for number, sign in enumerate(signs)]
        waiting += [(to, rows[shorter][signs.index(sign)]) for sign, to in edges[state].items()]
    return rows, ends


class Beginnings:
    """The finders of one plan that look where a word begins, each compiled when its trigger is first seen."""

    def __init__(self, finders: Mapping[int, tuple[int, Finder]]) -> None:
        """`finders` has the rank and the finder of each trigger's number."""
        chosen = list(dict.fromkeys(finders.values()))
        self._numbers = {trigger: chosen.index(one) for trigger, one in finders.items()}
        self._chosen = chosen

    def __and__(self, fired: Iterable[int]) -> frozenset[int]:
        """Return which of the finders' numbers have triggers among `fired`."""
        return frozenset(self._numbers[trigger] for trigger in self._numbers.keys() & fired)

    def find(self, text: bytes, start: int, base: int, end: int, fired: Collection[int]) -> tuple[Spans, Spans]:
        """Return what the finders of the numbers `fired` find in `text[start:end]` and begins from `base` on, and the
        forms of which their detectors must be asked.
        """
        automaton = _automaton(tuple(finder for _, finder in self._chosen))
        made = {number: packed(self._chosen[number][1]) for number in fired}
        entries = bytearray().join(
            entry(made[number].address if number in made else 0, rank) for number, (rank, _) in enumerate(self._chosen)
        )
        kept = _memory(entries)
        known = _PACKED.pack(*automaton.addresses(), ctypes.addressof(kept), automaton.accepting, automaton.width)
        return beginnings(text, start, base, end, known)


@cache
def _automaton(finders: Sequence[Finder]) -> Automaton:
    return Automaton(finders)


def _memory(data: bytearray) -> ctypes.Array[ctypes.c_char]:
    return (ctypes.c_char * len(data)).from_buffer(data)
