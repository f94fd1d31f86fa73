"""Makes lines that the detectors are about, of their own expressions: each holds another value."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import islice
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.detectors import REGISTRY
from guardcli.masking.forms.tails import Tail

LINES = 100
_SIGNS = b"abcdefghijkmnopqrstuvwxyzABCDEFGHKLMNPQRSTUVWXYZ23456789"
_KINDS = {
    codes.CATEGORY_DIGIT: b"0123456789",
    codes.CATEGORY_SPACE: b" ",
    codes.CATEGORY_WORD: _SIGNS + b"_",
    codes.CATEGORY_NOT_SPACE: bytes(range(33, 127)),
    codes.CATEGORY_NOT_WORD: b" -",
    codes.CATEGORY_NOT_DIGIT: b"abcdefXYZ",
}
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)
_TRIES = 20


def every_line(count: int) -> Iterator[tuple[str, list[bytes]]]:
    """Yield what lines are about, and so many lines, for each trigger, tail and end of a line of each detector."""
    dice = random.Random(3)
    for name, kind in REGISTRY.items():
        for part in kind.parts():
            for number, about in enumerate((*part.triggers, *part.tails, *part.ends)):
                finder = part.finders[number] if part.finders else None
                lines = _lines(about, finder, count, dice)
                if lines:
                    text = about if isinstance(about, bytes) else about.name.encode()
                    yield f"{name} {re.sub(rb'[^!-~]', b' ', text)[:38].decode()}", lines


def _lines(about: bytes | Tail, finder: Finder | None, count: int, dice: random.Random) -> list[bytes]:
    if finder is None or finder.way is not Way.FORM:
        parsed = parser.parse(about) if isinstance(about, bytes) else ()
        lines = [_made(parsed, dice).strip(b"\r\n") + b"\n" for _ in range(count)]
    else:
        made = (_formed(finder, dice) for _ in range(count * _TRIES))
        lines = list(islice(filter(None, made), count))
    return lines if any(len(line) > 1 for line in lines) else []


def _formed(finder: Finder, dice: random.Random) -> bytes:
    """Return a line of the form with a value that looks chosen, nothing where that did not come out so."""
    value = _made(parser.parse(finder.value), dice)
    found = re.compile(finder.value).match(value)
    if found is None:
        return b""
    low, high = found.span(found.lastindex or 0)
    chosen = value[:low] + bytes(dice.choices(_SIGNS, k=14)) + b"7+Q4" + value[high:]
    value = chosen if high - low < 16 and re.compile(finder.value).match(chosen) else value
    line = b"".join(_made(parser.parse(one), dice) for one in (finder.lead, finder.head)) + value
    return b"" if b"\n" in line else line + b"\n"


def _members(items: Any) -> bytes:
    taken: set[int] = set()
    for code, value in items:
        if code is codes.LITERAL:
            taken.add(value)
        elif code is codes.RANGE:
            taken |= set(range(value[0], value[1] + 1))
        elif code is codes.CATEGORY:
            taken |= set(_KINDS[value])
    members = set(range(32, 127)) - taken if items[0][0] is codes.NEGATE else taken
    return bytes(one for one in _SIGNS if one in members) or bytes(sorted(members))[:1]


def _made(items: Any, dice: random.Random) -> bytes:
    """Return a text that the parsed `items` match, but for what they look at around it."""
    out = b""
    for code, value in items:
        if code is codes.LITERAL:
            out += bytes([value])
        elif code is codes.IN:
            out += bytes([dice.choice(_members(value))])
        elif code is codes.SUBPATTERN:
            out += _made(value[3], dice)
        elif code is codes.BRANCH:
            out += _made(dice.choice(value[1]), dice)
        elif code in _REPEATS:
            low, high, inner = value
            times = min(int(high), 4) if low == 1 else low
            out += b"".join(_made(inner, dice) for _ in range(times))
        elif code in (codes.ANY, codes.NOT_LITERAL):
            out += b"x"
    return out
