"""What the compiled core says of accounts and addresses is what their check sums say; python-stdnum knows no others."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from masking.compiled import finders_model as model
from stdnum import bitcoin, iban

from guardcli.masking.compiled.native import Question, judge

ADDRESSES = (
    "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
    "1111111111111111111114oLvT2",
    "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
    "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9",
    "TJRyWwFs9wTFGZg3JbrVriFbNfCug5tDeC",
    "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
    "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
    "bc1sw50qgdz25j",
    "0x52908400098527886E0F7030069857D2E4169EE7",
)
WRONG = (
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",  # the check sum of the other version
    "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
    "bc1qr508d6qejxtdg4y5r3zarvaryv98gj9p",  # 16 bytes, of the first version
    "bc1pw5dgrnzv",  # one byte
    "ltc1fVk8xTs5wBXq",
    "1BoatSLRHtKNngkdXEeobR76b53LETtpyU",
    "0x0000000000000000000000000000000000000000",
)
ACCOUNTS = (
    "NO9386011117947", "DE89370400440532013000", "gb82west12345698765432", "MT84MALT011000012345MTLCAST001S",
    "FR1420041010050500013M02606", "ES9121000418450200051332", "RU0304452522540817810538091310419",
    "CR05015202001026284066", "HN88CABF00000000000250005469", "XK051212012345678906",
    "LC55HEMM000100010012001200023015",
)  # fmt: skip


def changed(values: tuple[str, ...], dice: random.Random) -> Iterator[str]:
    """Yield `values`, and each with a sign that is another, gone, or there twice."""
    for value in values:
        yield value
        for _ in range(100):
            place, sign = dice.randrange(1, len(value)), dice.choice(value)
            middle = dice.choice((sign, "", value[place] * 2, value[place].upper(), value[place].lower()))
            yield value[:place] + middle + value[place + 1 :]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_right_address_is_one(address: str) -> None:
    assert judge(address.encode(), Question.ADDRESS)


@pytest.mark.parametrize("address", WRONG)
def test_a_wrong_address_is_none(address: str) -> None:
    assert not judge(address.encode(), Question.ADDRESS)


def test_changed_addresses_are_those_that_the_model_knows() -> None:
    right = 0
    for address in changed(ADDRESSES[:-1], random.Random(1)):
        said = judge(address.encode(), Question.ADDRESS)
        right += said
        assert said == model.is_address(address.encode()), address
        if address[:1] in "13" or address[:4] in ("bc1q", "BC1Q"):
            assert said == bitcoin.is_valid(address), address
    assert right > len(ADDRESSES)


def test_changed_accounts_are_those_that_the_model_knows_and_all_that_python_stdnum_does() -> None:
    right = known = 0
    for account in changed(ACCOUNTS, random.Random(2)):
        said = judge(account.encode(), Question.ACCOUNT)
        right += said
        known += iban.is_valid(account)
        assert said == model.is_account(account.encode()), account
        assert said or not iban.is_valid(account), account
    assert right >= known > len(ACCOUNTS) // 2


def test_the_countries_lengths_are_those_of_python_stdnum() -> None:
    for country in (
        first + second for first in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for second in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    ):
        for length in range(15, 34) if model.account_length(country) else (15, 22, 28):
            rest = "0" * (length - 4)
            number = f"{country}{iban.calc_check_digits(f'{country}xx{rest}')}{rest}"
            assert judge(number.encode(), Question.ACCOUNT) == model.is_account(number.encode()), number
