"""A sieve never misses a place where the expression itself matches."""

from __future__ import annotations

import random
import re

import pytest

from guardcli.masking.compiled.finders import Way
from guardcli.masking.detectors import REGISTRY
from guardcli.masking.sieve import Sieve, without_looking_around

PARTS = [part for kind in REGISTRY.values() for part in kind.parts()]
HEADS = sorted({one.head for part in PARTS for one in part.finders if one.way is Way.FORM})
PIECES = (
    b"password", b"Secret", b"api_key", b"token", b"pass", b"=", b": ", b" ", b"\t", b"\x0b", b"\n",
    b'"', b"'", b"<", b">", b"name",    b"value",b"value=",
    b"is", b" was ", b" set to ", b"->", b"curl ", b"-u", b"-p", b"login", b"mysql ", b"(", b",", b"{", b"ENV ",
    b"identified by ", b"x", b"A", b"7", b"_", b"-", b".", b"/", b"\xe9", b"\\",
)  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "left"),
    [
        (rb"(?<![\w)])a(?=b)c(?!d(e)[)])", rb"ac"),
        (rb"(?i:a|b)(?P<n>c)", rb"(?i:a|b)(?P<n>c)"),
        (rb"[\s(?=]\s\(?=\Z", rb"[\s\v(?=][\s\v]\(?="),
        (rb"[]\]]x[^]]", rb"[]\]]x[^]]"),
    ],
)
def test_only_looking_around_is_left_out(expression: bytes, left: bytes) -> None:
    assert without_looking_around(expression) == left


@pytest.mark.parametrize("head", HEADS, ids=range(len(HEADS)))
def test_a_sieve_finds_every_place_that_python_finds(head: bytes) -> None:
    sieve, plain, dice = Sieve(head), re.compile(head), random.Random(3)
    for _ in range(300):
        text = b"".join(dice.choices(PIECES, k=dice.randrange(25)))
        low = dice.randrange(len(text) + 1)
        found = plain.search(text, low)
        if found is not None:
            assert low <= sieve.search(text, low, len(text)) <= found.start(), text
