"""Recorded text is only ever seen."""

from __future__ import annotations

import pytest

from guardcli.playback.text import age, inert, inert_block

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
