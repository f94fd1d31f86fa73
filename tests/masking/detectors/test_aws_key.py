"""Key ids go by prefix and length, secret keys by the name beside them; Amazon's own examples are declined."""

from __future__ import annotations

from collections.abc import Callable

import pytest

SECRET = "Zk8vQ+/a" * 5
CASES = [
    "⟦AKIAQ3EGPLKJH2M5N6B7⟧",
    "id=⟦ASIAQ3EGPLKJH2M5N6B7⟧;",
    "AKIAIOSFODNN7EXAMPLE AKIAXXXXXXXXXXXXXXXX",
    "AKIAQ3EGPLKJH2M5N6B7X",
    "XAKIAQ3EGPLKJH2M5N6B7",
    "akiaq3egplkjh2m5n6b7",
    f"aws_secret_access_key = ⟦{SECRET}⟧",
    f'"SecretAccessKey": "⟦{SECRET}⟧",',
    f"AWS_SECRET_ACCESS_KEY=⟦{SECRET}⟧",
    f"|  SecretAccessKey  |  ⟦{SECRET}⟧  |",
    f"AWS Secret Access Key [None]: ⟦{SECRET}⟧",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    f"⟦AKIAQ3EGPLKJH2M5N6B7⟧\t2025-03-02\t⟦{SECRET}⟧\tActive",
    f"⟦AKIAQ3EGPLKJH2M5N6B7⟧ {SECRET}abcd",
    f"checksum = {SECRET}",
    f"aws_secret_access_key = {SECRET}abcd",
]


@pytest.mark.parametrize("marked", CASES)
def test_aws_key(check: Callable[[str, str], None], marked: str) -> None:
    check("aws_key", marked)
