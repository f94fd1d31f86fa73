"""What is said of ten digits is what `phonenumbers` says of them."""

from __future__ import annotations

import random

import phonenumbers

from guardcli.masking.american import DIGITS, is_american
from guardcli.masking.detectors.phone import _is_number


def known(text: str) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.parse(text, "US"))


def test_every_beginning_is_judged_as_the_library_judges_it() -> None:
    """All area codes, each before an exchange that is usual, one that is not, and some by chance."""
    dice = random.Random(1)
    for area in range(200, 1000):
        for exchange in ("212", "555", "011", "976", f"{dice.randrange(1000):03}"):
            digits = f"{area}{exchange}{dice.randrange(10_000):04}"
            assert is_american(digits) == known(digits), digits


def test_numbers_that_the_library_gives_as_examples_are_known() -> None:
    """Of every region of the plan and every kind of number, and with a digit of them changed."""
    dice = random.Random(2)
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1]:
        for kind in range(11):
            found = phonenumbers.example_number_for_type(region, kind)
            digits = phonenumbers.national_significant_number(found) if found is not None else ""
            if len(digits) != DIGITS:
                continue
            changed = [*digits]
            changed[dice.randrange(1, 10)] = str(dice.randrange(10))  # no plan's number begins with 0 or 1
            for one in (digits, "".join(changed)):
                assert is_american(one) == known(one), (region, one)


def test_digits_of_another_number_are_none_of_the_plan() -> None:
    dice = random.Random(3)
    for length in (7, 8, 9, 11, 12, 13):
        for first in "23456789":
            digits = first + "".join(dice.choices("0123456789", k=length - 1))
            assert _is_number(digits.encode(), "US") == known(digits), digits
    assert _is_number(b"310-1234", "US")


def test_how_it_is_written_does_not_count() -> None:
    for digits in ("2125550123", "2015550123", "9005550123", "5005550123", "9992345678", "2122345678"):
        for form in ("({}) {}-{}", "({}){}.{}", "{}.{}.{}", "{}-{}-{}", "{}{}{}"):
            text = form.format(digits[:3], digits[3:6], digits[6:])
            assert _is_number(text.encode(), "US") == known(text), text
