"""Recorded text is shown on one line, aligned, and without any effect."""

from __future__ import annotations

import io
import sys

import pytest

from guardcli.cli.tables import age, echo_table, inert, inert_block, paint, width

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


def test_columns_are_aligned_whatever_their_characters(capsys: pytest.CaptureFixture[str]) -> None:
    echo_table(("ID", "NAME", "WHAT"), [("1", "漢字", "x"), ("22", "é", "y\x1b[2J")])
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["ID  NAME  WHAT", "1   漢字  x", "22  é     y\\x1b[2J"]
    assert {width(line[: line.index(word)]) for line, word in zip(lines, ("WHAT", "x", "y"), strict=True)} == {10}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("terminal", "no_colour", "coloured"),
    [(True, "", True), (True, "1", False), (False, "", False), (False, "1", False)],
)
def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, no_colour: str, coloured: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_colour)
    monkeypatch.setattr(sys, "stdout", Terminal() if terminal else io.StringIO())
    assert ("\x1b" in paint("x", "red")) is coloured


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-1, "0s"), (0.9, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (7200, "2h"), (200000, "2d")],
)
def test_stretches_of_time_are_short(seconds: float, shown: str) -> None:
    assert age(seconds) == shown
