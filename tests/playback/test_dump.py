"""What a dump draws is the screen that it was made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.playback.dump import dump
from guardcli.playback.terminal import Terminal

BITS = [
    "text", "\r\n", "\x1b[31m", "\x1b[1;4;44m", "\x1b[0m", "\x1b[38;2;1;2;3m", "\x1b[48;5;200m", "\x1b[97m",
    "\x1b[105m", "\x1b[3;5H", "\x1b[2J", "\x1b[K", "漢字", "é", "x" * 45, "\x1b[?25l", "\x1b[7;9m", "\x1b[3m",
]  # fmt: skip


@given(st.lists(st.sampled_from(BITS), max_size=60).map("".join))
def test_a_screen_is_drawn_again(text: str) -> None:
    first, again = Terminal(40, 8), Terminal(40, 8)
    first.feed(text)
    again.feed(dump(first))
    assert again.text() == first.text()
    assert again.cursor == first.cursor
    for one, other in zip(first.rows(), again.rows(), strict=True):
        assert looks(one) == looks(other)


def looks(row):
    """Return each character that can be seen with its style; unseen blanks at the end have none that counts."""
    cells = [(character, style) for text, style in row for character in text]
    while cells and cells[-1][0] == " " and cells[-1][1].background == "default" and not cells[-1][1].reverse:
        if cells[-1][1].underline or cells[-1][1].strike:
            break
        cells.pop()
    return cells


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (500, 200)])
def test_any_size_can_be_drawn(size: tuple[int, int]) -> None:
    first, again = Terminal(*size), Terminal(*size)
    first.feed("ab\r\ncd" * 50)
    again.feed(dump(first))
    assert again.text() == first.text()
