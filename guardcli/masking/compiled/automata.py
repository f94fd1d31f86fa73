"""Compiles regular expressions on bytes to deterministic automata, which the compiled core runs.

What an automaton cannot say is refused: looking around, references back, anchors. Whether a repetition is greedy makes
no difference to what is matched as a whole. This module imports nothing of guard: the core's build runs it too.
"""

from __future__ import annotations

from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

ALL = (1 << 256) - 1
IGNORECASE = 2
DOTALL = 16


def members(low: int, high: int) -> int:
    """Return the set of the bytes from `low` to `high`."""
    return (1 << (high + 1)) - (1 << low)


DIGITS = members(48, 57)
UPPER, LOWER = members(65, 90), members(97, 122)
WORDS = DIGITS | UPPER | LOWER | 1 << 95
SPACES = members(9, 13) | 1 << 32
CATEGORIES = {
    codes.CATEGORY_DIGIT: DIGITS,
    codes.CATEGORY_NOT_DIGIT: ALL & ~DIGITS,
    codes.CATEGORY_SPACE: SPACES,
    codes.CATEGORY_NOT_SPACE: ALL & ~SPACES,
    codes.CATEGORY_WORD: WORDS,
    codes.CATEGORY_NOT_WORD: ALL & ~WORDS,
}


class Automaton(NamedTuple):
    """Rows of next states by class of byte. State 0 is dead; those from `accepting` on accept."""

    classes: bytes
    rows: list[list[int]]
    start: int
    accepting: int

    def fullmatch(self, text: bytes) -> bool:
        """Tell whether the whole of `text` matches; what the native core does."""
        state = self.start
        for byte in text:
            state = self.rows[state][self.classes[byte]]
        return state >= self.accepting


class _Network:
    """A network of states with empty and labelled edges (Thompson's construction)."""

    def __init__(self, backward: bool, most: int) -> None:
        self.empty: list[list[int]] = []
        self.edges: list[list[tuple[int, int]]] = []
        self._backward = backward
        self._most = most

    def state(self) -> int:
        if len(self.empty) == self._most:
            raise ValueError("too large an expression")
        self.empty.append([])
        self.edges.append([])
        return len(self.empty) - 1

    def add(self, items: Any, flags: int, start: int) -> int:
        """Append what the parsed `items` match behind `start`; return the state behind them."""
        for code, value in reversed(items) if self._backward else items:
            start = self._one(code, value, flags, start)
        return start

    def _one(self, code: Any, value: Any, flags: int, start: int) -> int:
        if code in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN):
            end = self.state()
            self.edges[start].append((taken(code, value, flags), end))
            return end
        if code is codes.SUBPATTERN:
            _, more, less, inner = value
            return self.add(inner, (flags | more) & ~less, start)
        if code is codes.BRANCH:
            end = self.state()
            for branch in value[1]:
                first = self.state()
                self.empty[start].append(first)
                self.empty[self.add(branch, flags, first)].append(end)
            return end
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            return self._repeat(value, flags, start)
        raise ValueError(f"no automaton has {code}")

    def _repeat(self, value: Any, flags: int, start: int) -> int:
        low, high, inner = value
        for _ in range(low):
            start = self.add(inner, flags, start)
        end = self.state()
        if high is codes.MAXREPEAT:
            loop = self.state()
            self.empty[start].append(loop)
            self.empty[self.add(inner, flags, loop)].append(loop)
            self.empty[loop].append(end)
            return end
        self.empty[start].append(end)
        for _ in range(high - low):
            first = self.state()
            self.empty[start].append(first)
            start = self.add(inner, flags, first)
            self.empty[start].append(end)
        return end


def taken(code: Any, value: Any, flags: int) -> int:
    """Return the set of bytes that one item of a parsed expression takes, a bit each."""
    if code is codes.ANY:
        return ALL if flags & DOTALL else ALL & ~(1 << 10)
    if code is codes.IN:
        inverse = value[0][0] is codes.NEGATE
        found = 0
        for kind, one in value[inverse:]:
            if kind is codes.LITERAL:
                found |= 1 << one
            elif kind is codes.RANGE:
                found |= members(*one)
            else:
                found |= CATEGORIES[one]
    else:
        inverse, found = code is codes.NOT_LITERAL, 1 << value
    if flags & IGNORECASE:
        found |= (found & UPPER) << 32 | (found & LOWER) >> 32
    return ALL & ~found if inverse else found


def compile_bytes(expression: bytes, backward: bool = False) -> Automaton:
    """Return the least automaton that accepts what `expression` matches as a whole; `backward` reads it from its end.

    Raises ValueError for what an automaton cannot say.
    """
    classes, rows, accepts = _compiled(expression, backward, 1 << 20)
    return _arranged(classes, *_minimal(rows, accepts))


def compile_quickly(expression: bytes, most: int) -> Automaton:
    """Return some automaton of `expression`, with at most so many states. Raises ValueError where it needs more."""
    return _arranged(*_compiled(expression, False, most))


def _compiled(expression: bytes, backward: bool, most: int) -> tuple[bytes, list[list[int]], list[bool]]:
    parsed = parser.parse(expression)
    network = _Network(backward, 16 * most)
    start = network.state()
    last = network.add(parsed, parsed.state.flags, start)
    classes, examples = _classes({taken for edges in network.edges for taken, _ in edges})
    return classes, *_determined(network, start, last, examples, most)


def _classes(sets: set[int]) -> tuple[bytes, list[int]]:
    """Number the classes of bytes that no set tells apart; return each byte's, and a byte of each."""
    known: dict[tuple[bool, ...], int] = {}
    ordered = sorted(sets)
    examples = []
    classes = bytearray(256)
    for byte in range(256):
        kind = tuple(bool(one >> byte & 1) for one in ordered)
        if kind not in known:
            known[kind] = len(known)
            examples.append(byte)
        classes[byte] = known[kind]
    return bytes(classes), examples


def _determined(
    network: _Network, start: int, last: int, examples: list[int], most: int
) -> tuple[list[list[int]], list[bool]]:
    """Return the rows of the automaton over sets of states, and which accept; 0 is dead and 1 the first."""

    def closure(states: set[int]) -> frozenset[int]:
        left = list(states)
        while left:
            for other in network.empty[left.pop()]:
                if other not in states:
                    states.add(other)
                    left.append(other)
        return frozenset(one for one in states if network.edges[one] or one == last)

    first = closure({start})
    numbers: dict[frozenset[int], int] = {frozenset(): 0, first: 1}
    rows: list[list[int]] = [[0] * len(examples)]
    left = [first]
    for states in left:
        if len(numbers) > most:
            raise ValueError("too many states")
        edges = [edge for one in states for edge in network.edges[one]]
        row = []
        for byte in examples:
            reached = closure({to for taken, to in edges if taken >> byte & 1})
            if reached not in numbers:
                numbers[reached] = len(numbers)
                left.append(reached)
            row.append(numbers[reached])
        rows.append(row)
    return rows, [last in states for states in numbers]


def _minimal(rows: list[list[int]], accepts: list[bool]) -> tuple[list[list[int]], list[bool]]:
    """Merge states that no text tells apart (Moore); 0 stays dead and 1 the first."""
    groups = [int(one) for one in accepts]
    count = len(set(groups))
    while True:
        known: dict[tuple[int, ...], int] = {}
        groups = [
            known.setdefault((groups[state], *[groups[to] for to in row]), len(known)) for state, row in enumerate(rows)
        ]
        if len(known) == count:
            break
        count = len(known)
    if groups[0] == groups[1]:
        raise ValueError("an expression that matches nothing")
    member = {group: state for state, group in reversed(list(enumerate(groups)))}
    merged = [member[group] for group in range(count)]
    return [[groups[to] for to in rows[state]] for state in merged], [accepts[state] for state in merged]


def _arranged(classes: bytes, rows: list[list[int]], accepts: list[bool]) -> Automaton:
    """Put the states that accept at the end."""
    order = sorted(range(len(rows)), key=lambda one: (one != 0, accepts[one], one))
    place = {state: number for number, state in enumerate(order)}
    made = [[place[to] for to in rows[state]] for state in order]
    return Automaton(classes, made, place[1], next(place[one] for one in order if accepts[one]))
