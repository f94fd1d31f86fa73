"""What the core says of a telephone number is what phonenumbers says, for every country; of few it says nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator

import phonenumbers
import pytest

from guardcli.masking import Masker
from guardcli.masking.compiled.native import Spans, library
from guardcli.masking.compiled.numbering import _ENOUGH, HOMES, Plans
from guardcli.masking.detectors.phone import _is_known, _is_number, _known_length
from guardcli.model.masking import MaskRule

NO, YES, PERHAPS = range(3)
FORMATS = (phonenumbers.PhoneNumberFormat.INTERNATIONAL, phonenumbers.PhoneNumberFormat.E164)


@pytest.fixture(name="plans", scope="module")
def plans_fixture() -> Plans:
    made = Plans()
    made.make(list(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
    return made


def examples(regions: frozenset[str] | tuple[str, ...]) -> Iterator[phonenumbers.PhoneNumber]:
    for region in sorted(regions):
        for kind in range(11):
            if (found := phonenumbers.example_number_for_type(region, kind)) is not None:
                yield found
    for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS:
        if (found := phonenumbers.example_number_for_non_geo_entity(code)) is not None:
            yield found


def changed(number: str, dice: random.Random) -> str:
    """Return the number with another digit, one more, one less, or another group behind it."""
    place = dice.choice([one for one, sign in enumerate(number) if sign.isdigit()])
    digit = dice.choice("0123456789")
    return dice.choice(
        (
            number[:place] + digit + number[place + 1 :],
            number[:place] + digit + number[place:],
            number[:place] + number[place + 1 :],
            f"{number} {dice.randrange(10000)}",
            number.replace(" ", " (0)", 1) if "(" not in number else number,
        )
    )


def swept(plans: Plans, numbers: list[str]) -> list[int]:
    """Return, for each number, how much of it is one, -1 where the library must be asked."""
    text, rows = b"", []
    for number in numbers:
        rows.append((len(text), len(text) + len(number), 3, False, 0))
        text += number.encode() + b"\n"
    places = Spans.of(rows)
    found = {one.start: one.end - one.start for one in plans.judge(text, 0, 3, places)}
    left = {one.start for one in places}
    return [-1 if start in left else found.get(start, 0) for start, *_ in rows]


def test_numbers_with_their_countrys_code_are_those_of_the_library(plans: Plans) -> None:
    dice = random.Random(5)
    plain = [phonenumbers.format_number(one, dice.choice(FORMATS)) for one in examples(phonenumbers.SUPPORTED_REGIONS)]
    plain += [f"+{dice.randrange(1, 999)} {dice.randrange(10 ** dice.randrange(3, 13))}" for _ in range(800)]
    numbers = [one for number in plain for one in (number, changed(number, dice)) if len(one) < 24]
    sure = [(one, says) for one, says in zip(numbers, swept(plans, numbers), strict=True) if says >= 0]
    for number, says in sure:
        assert says == _known_length(number.encode()), number
    assert len(sure) > 0.98 * len(numbers) > 2500


def test_numbers_without_one_are_those_of_some_country(plans: Plans) -> None:
    dice, sure, seen = random.Random(6), 0, 0
    for number in examples(HOMES):
        national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        code = f"00{number.country_code}{phonenumbers.national_significant_number(number)}"
        for one in (national, changed(national, dice), changed(changed(national, dice), dice), code):
            value = one.encode()
            says = library().guard_telephone(plans.address, value, len(value), False)
            seen += 1
            if says != PERHAPS:
                sure += 1
                assert says == _is_known(value), one
    assert sure > 0.95 * seen > 500


def test_numbers_of_an_american_form_are_those_of_the_north_american_plan(plans: Plans) -> None:
    dice = random.Random(7)
    for number in examples(tuple(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1])):
        digits = phonenumbers.national_significant_number(number)
        for one in (digits, changed(digits, dice), f"({digits[:3]}) {digits[3:6]}-{digits[6:]}", "1" + digits):
            says = library().guard_telephone(plans.address, one.encode(), len(one), True)
            assert says == _is_number(one.encode(), "US"), one


def test_a_plan_is_made_once_enough_numbers_were_seen() -> None:
    made = Plans()
    for count in range(_ENOUGH):
        assert swept(made, ["+49 171 5551234"]) == [-1], count
        made.asked(b"+49 171 5551234")
    assert swept(made, ["+49 171 5551234", "+49 1", "+999 12345678", "+33 6 12 34 56 78"]) == [15, 0, 0, -1]


@pytest.mark.parametrize("number", ["+4512+00512", "+4512-00512", "+123456-0123456"])
def test_a_place_is_no_number(plans: Plans, number: str) -> None:
    assert swept(plans, [number]) == [0 if "-" in number else -1] or swept(plans, [number]) == [0]


def test_masking_finds_the_same_before_and_after_the_plans_are_made() -> None:
    masker = Masker([MaskRule(detect=("phone",))], key=bytes(32))
    lines = "".join(
        f"call 0171 555{one:04}, +44 20 7946 {one:04}, (212) 555-{one:04}\n"
        f'{{"tel": "06 12 34 {one // 100:02} {one % 100:02}"}}\n'
        for one in range(1, _ENOUGH + 20)
    )
    expected = 'call [PHONE], [PHONE], [PHONE]\n{"tel": "[PHONE]"}\n' * (_ENOUGH + 19)
    for _ in range(2):
        assert "".join(masker.text(one) for one in lines.splitlines(True)) == expected
