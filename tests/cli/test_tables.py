"""Recorded text is shown on one line, aligned, and without any effect."""

from __future__ import annotations

import io
import sys

import pytest

from guardcli.cli.tables import echo_table, paint
from guardcli.playback.text import width


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
