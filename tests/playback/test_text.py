"""Recorded text is only ever seen."""

from __future__ import annotations

import pytest

from guardcli.playback.text import age, inert, inert_block, lookalikes

INERT = [
    ("plain é 漢字 😀", "plain é 漢字 😀"),
    ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
    ("\x1b]52;c;ZXZpbA==\x07", "\\x1b]52;c;ZXZpbA==\\x07"),
    ("two\nlines\r\tand", "two\\nlines\\r\\tand"),
    ("\x9b31m", "\\x9b31m"),
    ("a\u202eb\u200bc\u2028d", "a\\u202eb\\u200bc\\u2028d"),
    ("\udcff", "\\udcff"),
    ("\ue000", "\\ue000"),
]


@pytest.mark.parametrize(("text", "shown"), INERT)
def test_nothing_recorded_acts_on_a_terminal(text: str, shown: str) -> None:
    assert inert(text) == shown
    assert inert_block(text + "\n" + text) == inert_block(text) + "\n" + inert_block(text)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-1, "0s"), (0.9, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (7200, "2h"), (200000, "2d")],
)
def test_stretches_of_time_are_short(seconds: float, shown: str) -> None:
    assert age(seconds) == shown


@pytest.mark.parametrize(
    "hidden", ["\u3164", "\u115f", "\uffa0", "\u2800", "\u034f", "\ufe00", "\U000e0101", "\u180b", "\u200b"]
)
def test_what_has_no_ink_is_shown_as_its_code(hidden: str) -> None:
    assert inert(f"DROP{hidden}TABLE") == f"DROP{hidden.encode('unicode_escape').decode()}TABLE"


@pytest.mark.parametrize(
    "text", ["Zoë naïve Straße", "заказы", "SELECT 'привет' FROM orders", "価格 price 名前", "e\u0301"]
)
def test_other_languages_are_shown_as_they_are(text: str) -> None:
    assert inert(text) == text
    assert lookalikes(text) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("UPDATE ord\u0435rs SET a = 1", ["ord\u0435rs (with cyrillic small letter ie)"]),
        ("rm \u03bfld; ls", ["\u03bfld (with greek small letter omicron)"]),
        ("p\uff53ql", ["p\uff53ql (with fullwidth latin small letter s)"]),
    ],
)
def test_words_of_letters_that_look_alike_are_named(text: str, named: list[str]) -> None:
    assert lookalikes(text) == named
