"""What the compiled core finds around triggers is what a model in Python finds, and its programs match as `re` does."""

from __future__ import annotations

import random
import re
from array import array
from functools import cache
from re import _parser as parser  # type: ignore[attr-defined]

import pytest
from masking.compiled import finders_model as model
from masking.test_scanner_triggers import example

from guardcli.masking.compiled.finders import Finder, Table, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import STEPS_A_BYTE, Question, find, library
from guardcli.masking.compiled.programs import program
from guardcli.masking.detector import Detector
from guardcli.masking.detectors import REGISTRY
from guardcli.masking.forms.tails import Tail
from guardcli.masking.overlong import BOUND, reach, rest_of
from guardcli.masking.scanner import Scanner

ALL = [part for kind in REGISTRY.values() for part in kind.parts() if part.finders]
FINDERS = list(dict.fromkeys(finder for part in ALL for finder in part.finders))
PARTS = [(part, around) for part in ALL if (around := [one for one in part.finders if one.way is not Way.BEGINNING])]
"""The detectors with finders that look around triggers, and these."""
EXPRESSIONS = list(
    dict.fromkeys(
        one
        for finder in FINDERS
        for one in (finder.head, finder.value, finder.judge.wants, finder.judge.declines, finder.against, finder.lead)
        if one
    )
)
PIECES = (
    b"password", b"=", b"\n", b" ", b"\t", b"-", b"--", b"'", b'"', b":", b"data", b"secret", b"://", b"@", b"\\", b"%",
    b"(", b")", b",", b"curl ", b"-u ", b"login ", b"Tr0ub4dor+3", b"changeme", b"$X", b"<x>", b"{{", b"\xe9", b"7",
    b"\r\n", b"x" * 120, b"z" * 390, b"Basic YTpiYmJiYmI=", b"EXAMPLE",
)  # fmt: skip
MATCH, WHOLE, SEARCH = 0, 1, 2
SEARCHED = {finder.value if finder.way is Way.SHAPE else finder.lead or finder.head for finder in FINDERS}
TRIGGERS = list(dict.fromkeys(trigger for part, _ in PARTS for trigger in part.triggers))


@cache
def scanner() -> Scanner:
    """Compiled for those who run these tests, not for all who gather them."""
    return Scanner(TRIGGERS)


def changed(one: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(one) + 1)
    return one[:place] + dice.choice(PIECES[:18]) + one[place + dice.randrange(2) :]


def ran(expression: bytes, text: bytes, start: int, how: int) -> tuple[int, ...] | None:
    """Return where the core's match is, and its last group."""
    places = array("Q", bytes(32))
    outcome = library().guard_program(
        program(expression).buffer_info()[0], text, len(text), start, how, places.buffer_info()[0]
    )
    assert outcome < 2
    return tuple(places) if outcome else None


def texts(finder: Finder, others: list[bytes], dice: random.Random) -> bytes:
    """Return what `finder` finds, whole, changed or cut, among what may stand around it."""
    whole = [parser.parse(one) for one in (finder.lead, finder.head, finder.value)]
    parts = []
    for _ in range(dice.randrange(1, 7)):
        one = dice.random()
        if one < 0.6:
            made = b"".join(example(part, dice)[:600] for part in whole)
            parts.append(changed(made, dice) if dice.random() < 0.3 else made)
        else:
            parts.append(dice.choice(others) if one < 0.7 else dice.choice(PIECES))
    return b"".join(parts) * dice.choice([1, 1, 1, 3])


def test_no_whole_of_a_shape_takes_a_newline_as_it_is_looked_for_on_one_line() -> None:
    wholes = [finder.value for finder in FINDERS if finder.way is Way.SHAPE]
    assert len(wholes) > 30
    for whole in wholes:
        text = example(parser.parse(whole), random.Random(7))
        for place in range(len(text)):
            found = re.compile(whole).match(text[:place] + b"\n" + text[place + 1 :])
            assert found is None or b"\n" not in found[0]


def test_a_program_matches_as_python_does() -> None:
    dice, matches = random.Random(11), 0
    parsed = [(one, re.compile(one), parser.parse(one)) for one in EXPRESSIONS]
    for expression, plain, whole in parsed:
        for _ in range(12):
            made = example(whole, dice)[:300]
            text = dice.choice(PIECES) + (changed(made, dice) if dice.random() < 0.4 else made) + dice.choice(PIECES)
            ways = ((MATCH, plain.match), (WHOLE, plain.fullmatch), (SEARCH, plain.search))
            for how, match in ways if expression in SEARCHED else ways[:2]:
                start = dice.randrange(min(len(text), 24) + 1)
                wanted = match(text, start)
                spans = None if wanted is None else (*wanted.span(), *wanted.span(wanted.lastindex or 0))
                assert ran(expression, text, start, how) == spans, (expression, text, start, how)
                matches += wanted is not None
    assert matches > 1000


@pytest.mark.parametrize("expression", [rb"(a)\1", rb"(?:a?)*", rb"(?:(?:(?:ab)*c)*d)*", rb"a$", rb"(?<=a|bc)d"])
def test_what_no_program_says_is_refused(expression: bytes) -> None:
    with pytest.raises((ValueError, re.error)):
        program(expression)


def native(table: Table, text: bytes, ends: list[int], steps: int = 1 << 20) -> list[tuple[int, int]]:
    hits = array("I", [word for end in ends for word in (end, 0)])
    return [span[:2] for span in find(text, 0, len(text), hits, table.entries, steps)[0]]


def modelled(finder: Finder, text: bytes, ends: list[int]) -> list[tuple[int, int]]:
    if finder.lead:
        return list(model.led(finder, text))
    found, done, heads = [], 0, model.Heads()
    for at in ends:
        one = model.find(finder, text, at, heads) if at > done else None
        if one is not None and one[1] > one[0]:
            start, done = one
            if done - start >= BOUND:
                done = reach(text, done, rest_of(text, start, done))
            found.append((start, done))
    return found


def triggered(part: Detector, finder: Finder, text: bytes) -> set[int]:
    """Return where triggers of `finder` end."""
    wanted = {TRIGGERS.index(one) for one, other in zip(part.triggers, part.finders, strict=False) if other == finder}
    hits = scanner().scan(text)
    return {end for end, number in zip(hits[::2], hits[1::2], strict=True) if number in wanted}


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_found_is_what_the_model_finds(seed: int) -> None:
    dice, found = random.Random(seed), 0
    others = [example(parser.parse(finder.value), dice)[:200] for finder in dice.sample(FINDERS, 30)]
    for part, around in PARTS:
        for finder in around if len(around) < 9 else dice.sample(around, 9):
            table = Table([(0, finder)])
            table.compile([0])
            for _ in range(8):
                text = texts(finder, others, dice)
                ends = sorted({*dice.sample(range(len(text) + 1), min(len(text), 12)), *triggered(part, finder, text)})
                ends = ends[:1] if finder.lead else ends
                assert native(table, text, ends) == modelled(finder, text, ends), (finder, text, ends)
                found += len(native(table, text, ends))
    assert found > 900


def test_a_value_longer_than_its_form_looks_goes_on_to_its_end() -> None:
    part = next(part for part, _ in PARTS if part.tails == (Tail.SAID,))
    table, text = Table([(0, part.finders[0])]), b"the password is: " + b"aB3" * 4000 + b" and\n"
    table.compile([0])
    assert native(table, text, [18]) == [(17, 12017)]


_SETS = (
    b"set zplain-text-password 'B]{H'/z%e3%F3%F9%F59=%Bb=9z%cEb9~set zplain-text-password  +8pJMset "
    b"zplain-text-password-value t3secretset zplain-text-password 'LO'"
) + b" " * 24
_LOGINS = b'_./sqlldr "target\t9_$aaab/z\\az;,rman\t"target\t $99/?(sqlldr "userid=z/^tFt5%b\t90$#90z/Re' % (
    b"x" * 120 + b"expdp"
)
DISPUTED = (
    (b"plain-text-password(?:-value)?", _SETS * 3),
    (b"sqlplus", _LOGINS * 3),
    (b"\\.docker(?:config", b".dockercfg: 'eyZQOsFznfFSxe48==' .dockercfg: 'eyZQOsFznfFSxe=='"),
)


@pytest.mark.parametrize(("part", "text"), DISPUTED, ids=range(len(DISPUTED)))
def test_neither_what_was_read_before_nor_a_border_of_what_is_read_together_decides(part: bytes, text: bytes) -> None:
    finder = next(one for one in FINDERS if part in one.head + one.value + one.lead)
    table = Table([(0, finder)])
    table.compile([0])
    wanted = [modelled(finder, text, [at]) for at in range(len(text) + 1)]
    dice = random.Random(5)
    assert any(wanted)
    assert [native(table, text, [at]) for at in range(len(text) + 1)] == wanted
    for _ in range(60):
        ends = sorted(dice.sample(range(len(text) + 1), 12))[: 1 if finder.lead else 12]
        assert native(table, text, ends) == modelled(finder, text, ends), ends


def test_a_head_within_one_whose_value_is_none_is_found() -> None:
    for ahead, lead in ((0, b""), (24, b""), (24, b"run ")):
        finder = Finder(Way.FORM, rb"([A-Z]\w+)", Judge(Question.ANY), rb"\bset \w{1,9} ", ahead, lead=lead)
        table = Table([(0, finder)])
        table.compile([0])
        for text in (b"run set set abc Xyz", b"run set set set abc Xyz", b"run " + b"set set " * 40 + b"abc Xyz"):
            at = [text.index(b"X") + (0 if ahead else 1)]
            assert native(table, text, at) == modelled(finder, text, at) == [(len(text) - 3, len(text))], (ahead, text)


def test_a_line_that_takes_too_many_steps_is_masked_as_a_whole_and_no_other() -> None:
    finder = Finder(Way.FORM, rb"((?:[a-z]|%(?!2)){1,200})!", Judge(Question.ANY), rb":")
    table, slow = Table([(0, finder)]), b"a:" + b"b%c" * 300
    table.compile([0])
    text = b"x:good!\n" + slow + b"\ny:fine!\n"
    ends = [3, *range(20, 500), len(text) - 5]
    assert native(table, text, ends, STEPS_A_BYTE) == [(2, 6), (8, 8 + len(slow)), (len(text) - 6, len(text) - 2)]
