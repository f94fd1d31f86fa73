"""What the compiled core says of identifiers is what python-stdnum does, but where it leaves the answer open."""

from __future__ import annotations

import random
import re
from re import _parser as parser  # type: ignore[attr-defined]

from masking.test_scanner_triggers import example

from guardcli.masking.compiled.native import library
from guardcli.masking.detectors.national_id import NationalId, is_valid

NO, YES, PERHAPS = 0, 1, 2
RESIDENT = next(n for n, one in enumerate(NationalId.finders) if b"resident" in one.value)
OF_ANYBODY = next(n for n, one in enumerate(NationalId.finders) if b"(?:national" in one.value)


def answer(value: bytes, number: int) -> int:
    return int(library().guard_identifier(value, len(value), number))


def agrees(value: bytes, number: int) -> bool:
    """Tell whether the answer is that of python-stdnum, or open."""
    said = answer(value, number)
    return said == PERHAPS or (said == YES) == is_valid(value, number)


def groups(value: bytes) -> bytes:
    return value[value.rindex(b"(?<![0-9A-Za-z])(") + 17 : -len(rb")(?![\w-])")]


def test_identifiers_are_those_that_python_stdnum_knows() -> None:
    dice, sure = random.Random(7), 0
    for number, finder in enumerate(NationalId.finders):
        shape = groups(finder.value)
        parsed, plain = parser.parse(shape), re.compile(shape)
        made = [one for _ in range(500) if plain.fullmatch(one := example(parsed, dice))]
        declined = [one for one in made if answer(one, number) == NO]
        taken = [one for one in made if answer(one, number) != NO]
        for value in (*declined[:20], *taken[:12]):
            assert agrees(value, number), (value, number)
        sure += sum(answer(one, number) == YES for one in taken[:12])
    assert sure > 150


def test_behind_words_for_any_country_no_identifier_is_declined() -> None:
    dice, found = random.Random(8), 0
    for number, finder in enumerate(NationalId.finders):
        shape = groups(finder.value)
        parsed = parser.parse(shape)
        made = [one for _ in range(300) if answer(one := example(parsed, dice), number) != NO]
        for value in [one for one in made if re.fullmatch(rb"[0-9A-Z][0-9A-Z.-]{7,17}[0-9A-Z]", one)][:10]:
            found += is_valid(value, OF_ANYBODY)
            assert agrees(value, OF_ANYBODY), value
    assert found > 40


def test_what_the_tables_of_python_stdnum_do_not_know_is_an_identifier() -> None:
    assert is_valid(b"37745919491231002X", RESIDENT) and not is_valid(b"110105194912310021", RESIDENT)
