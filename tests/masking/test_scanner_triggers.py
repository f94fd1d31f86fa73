"""The first pass reports every place that its expressions match: the engine is held against Python's own."""

from __future__ import annotations

import os
import random
import re
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from guardcli.masking.detectors import REGISTRY
from guardcli.masking.forms.tokens import TokenDetector
from guardcli.masking.scanner import Scanner

KINDS = [part for kind in REGISTRY.values() for part in kind.parts()]
EXPRESSIONS = [trigger for kind in KINDS for trigger in kind.triggers]
FRAGMENTS = b"password|token|=|\n|-|--|'|\"|:|data|key|secret|abc|12|cookie|://|@|bearer|pass|.| |\t".split(b"|")
CATEGORIES = {codes.CATEGORY_SPACE: b" \t\n", codes.CATEGORY_WORD: b"abz09_", codes.CATEGORY_DIGIT: b"059"}
CATEGORIES[codes.CATEGORY_NOT_SPACE] = b"aZ0-."
CATEGORIES[codes.CATEGORY_NOT_WORD] = b" -(\n"


def members(items: Any) -> list[int]:
    """Return bytes that a character class takes."""
    taken: set[int] = set()
    for code, value in items:
        if code is codes.LITERAL:
            taken.add(value)
        elif code is codes.RANGE:
            taken |= set(range(value[0], value[1] + 1))
        elif code is codes.CATEGORY:
            taken |= set(CATEGORIES[value])
    negated = items[0][0] is codes.NEGATE
    return sorted(set(range(33, 127)) - taken if negated else taken)


def example(pattern: Any, dice: random.Random) -> bytes:
    """Return a text that the parsed `pattern` matches."""
    out = b""
    for code, value in pattern:
        if code is codes.LITERAL:
            out += bytes([value])
        elif code is codes.IN:
            out += bytes([dice.choice(members(value))])
        elif code is codes.MAX_REPEAT:
            low, high, inner = value
            out += b"".join(example(inner, dice) for _ in range(dice.randint(low, min(high, low + 6))))
        elif code is codes.SUBPATTERN:
            out += example(value[3], dice)
        elif code is codes.BRANCH:
            out += example(dice.choice(value[1]), dice)
        else:
            out += b"z" if code in (codes.ANY, codes.NOT_LITERAL) else b""
    return out


def test_every_match_of_a_trigger_is_reported_whatever_stands_before_it() -> None:
    dice = random.Random(5)
    scanner = Scanner(EXPRESSIONS)
    compiled = [re.compile(one) for one in EXPRESSIONS]
    parsed = [parser.parse(one) for one in EXPRESSIONS]
    for _ in range(4 * int(os.environ.get("GUARD_TEST_EXAMPLES", "100"))):
        parts = (example(dice.choice(parsed), dice) if dice.random() < 0.4 else dice.choice(FRAGMENTS) for _ in "x" * 9)
        text = b"".join(parts)
        found = scanner.scan(text)
        hits = list(zip(found[::2], found[1::2], strict=True))
        for number, one in enumerate(compiled):
            for there in one.finditer(text):
                assert any(trigger == number and there.start() < end <= there.end() for end, trigger in hits), text


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if isinstance(kind, TokenDetector)], ids=lambda kind: kind.name
)
def test_a_token_begins_where_its_detector_says_behind_which_trigger_it_is(kind: TokenDetector) -> None:
    widths = [parser.parse(one).getwidth() for one in kind.triggers]
    assert set(kind.behind) <= {least for least, most in widths if least == most}
