"""What a line announces is found on the lines behind it, as by the model, however they follow on each other."""

from __future__ import annotations

import os
import random
import re
from re import _parser as parser  # type: ignore[attr-defined]

import pytest
from masking.followers.announced_model import announced
from masking.test_scanner_triggers import example

from guardcli.masking.compiled.native import Spans
from guardcli.masking.followers.announced import ANNOUNCED, Announced
from guardcli.masking.scanner import Scanner
from guardcli.masking.spans import LONG_LINE

DETECTOR = Announced("named_value", "PASSWORD")
ENDS = [parser.parse(one) for one in DETECTOR.ends]
VALUES = [parser.parse(part) for one in ANNOUNCED for part in (one.value, one.last)]
CHOSEN = (
    b"hunter2secret|Tr0ub4dor|changeme|${X}|<password>|s3cr3t-Value!|12345678|abcdefgh|correct horse|abcd-1234-ef56|"
    b"0b5a7a0e-6a1c-4d5e-8f90-123456789abc|true|password|/etc/x|a|"
).split(b"|")
WORD = re.compile(rb"[A-Za-z0-9_-]{3,}")


def found(text: bytes, pieces: int = 1) -> list[tuple[int, int]]:
    """Return what the detector finds, the text's lines in so many pieces."""
    lines, spans, place = re.findall(rb"[^\n]*\n|[^\n]+", text), Spans.room(0), 0
    begun = DETECTOR.begin(text, 0)
    follower = begun[1] if begun is not None else None
    for number in range(pieces):
        end = len(b"".join(lines[: len(lines) * (number + 1) // pieces]))
        if follower is None and (begun := DETECTOR.begin(text, place)) is not None:
            follower = begun[1]
        place, follower = follower.walk(text[:end], place, 0, spans)  # type: ignore[union-attr]
    return sorted({(one.start, one.end) for one in spans})


def line(dice: random.Random) -> bytes:
    """Return a line that announces something, or one that may hold it."""
    if dice.random() < 0.4:
        made = example(dice.choice(ENDS), dice)
    else:
        made = example(dice.choice(VALUES), dice)
        words = list(WORD.finditer(made))
        if words and dice.random() < 0.6:
            made = made[: words[-1].start()] + dice.choice(CHOSEN) + made[words[-1].end() :]
    return made.replace(b"\n", b"") + dice.choice((b"\n", b"\n", b"\n", b"\r\n", b" \n"))


@pytest.mark.parametrize("seed", range(4))
def test_what_lines_announce_is_what_the_model_finds_whatever_is_looked_at_together(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(int(os.environ.get("GUARD_TEST_EXAMPLES", "25"))):
        text = b"".join(line(dice) for _ in range(dice.randrange(2, 24)))
        text = text[:-1] if dice.random() < 0.2 else text
        wanted = announced(text)
        assert found(text) == wanted, text
        assert found(text, 3) == wanted, text


def test_each_end_of_a_line_holds_a_word_that_the_first_pass_looks_for() -> None:
    dice, scanner = random.Random(1), Scanner(DETECTOR.triggers)
    for one in ENDS:
        for _ in range(20):
            assert scanner.scan(example(one, dice))


def test_of_a_line_that_is_too_long_the_head_is_judged_and_the_end_announces() -> None:
    long = b'"password"]=>\nstring(9) "' + b"a7" * LONG_LINE + b'"\n'
    follower = DETECTOR.begin(long, 0)[1]  # type: ignore[index]
    spans = Spans.room(0)
    place, follower = follower.walk(long, 0, 0, spans)  # type: ignore[attr-defined]
    assert (place, spans.count) == (14, 0)
    assert [one.end for one in follower.line(long, place, place + LONG_LINE, True)[0]] == [place + LONG_LINE]
    text = b"x" * 2 * LONG_LINE + b" requirepass\n" + b"x" * 2 * LONG_LINE + b"\nmasterauth\nhunter2secret\n"
    assert found(text) == [(len(text) - 14, len(text) - 1)]
