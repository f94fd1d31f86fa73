"""The password file is read as libpq reads it."""

from __future__ import annotations

import pytest

from guardcli.inspectors.psql.passfile import password_for

WANTED = ("db", "5432", "orders", "me")


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("db:5432:orders:me:secret", "secret"),
        ("*:*:*:*:secret", "secret"),
        ("# db:5432:orders:me:no\ndb:5432:orders:me:secret\n", "secret"),
        ("other:*:*:*:no\ndb:*:*:*:yes\n*:*:*:*:late", "yes"),
        ("db:5432:orders:me:with:colons", "with:colons"),
        (r"db:5432:orders:me:back\\slash", "back\\slash"),
        (r"db:5432:or\:ders:me:secret", None),
        ("db:5432:orders:you:secret", None),
        ("db:5432:orders:me", None),
        ("", None),
        ("\n\n", None),
    ],
)
def test_the_first_line_that_fits_counts(text: str, password: str | None) -> None:
    assert password_for(text, *WANTED) == password


def test_an_escaped_colon_is_one_of_a_name() -> None:
    assert password_for(r"\:\:1:5432:a\:b:me:x", "::1", "5432", "a:b", "me") == "x"
