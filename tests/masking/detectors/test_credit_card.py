"""Card numbers need an issuer, its length, the check digit, and a grouping that is printed on cards."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    "⟦4111111111111111⟧",
    "⟦4111 1111 1111 1111⟧ 12/27",
    "⟦4111-1111-1111-1111⟧",
    "visa:⟦4222222222222⟧",
    "mc ⟦5555555555554444⟧ mc2 ⟦2223003122003222⟧",
    "amex ⟦3782 822463 10005⟧ or ⟦378282246310005⟧",
    "diners ⟦3056 930902 5904⟧ discover ⟦6011111111111117⟧ jcb ⟦3530111333300000⟧",
    "unionpay ⟦6200000000000005⟧",
    '{"card":⟦4111111111111111⟧}',
    "1,⟦4111111111111111⟧,2",
    " 12 | ⟦4111111111111111⟧ | x",
    "5 4111 1111 1111 1112",
    "4111111111111112",
    "4111 1111-1111 1111",
    "41 11 11 11 11 11 11 11",
    "a4111111111111111",
    "4111111111111111b",
    "0.4111111111111111",
    "4111111111111111.25",
    "1700000000000",
    "1700000000000000",
    "1700000000000000000",
    "0000000000000000",
    "2024-01-01 10:00:00.123456",
    "9111111111111111",
]


@pytest.mark.parametrize("marked", CASES)
def test_credit_card(check: Callable[[str, str], None], marked: str) -> None:
    check("credit_card", marked)
