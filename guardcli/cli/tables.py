"""Aligned columns and colours for people: colours only on a terminal, and never with NO_COLOR."""

from __future__ import annotations

import datetime
import os
import sys
import unicodedata
from collections.abc import Sequence

import click


def echo_table(head: Sequence[str], rows: Sequence[Sequence[str]], colours: Sequence[str] = ()) -> None:
    """Print `rows` below `head`, their text made inert; `colours` has that of each row's first column."""
    shown = [[inert(cell) for cell in row] for row in rows]
    widths = [max(width(row[place]) for row in [list(head), *shown]) for place in range(len(head))]
    echo(_line(head, widths), bold=True)
    for place, row in enumerate(shown):
        line = _line(row, widths)
        first = width(row[0])
        colour = colours[place] if place < len(colours) else ""
        echo(paint(line[:first], colour) + line[first:])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell + " " * (space - width(cell)) for cell, space in zip(cells, widths, strict=True)]
    return "  ".join(padded).rstrip()


def width(text: str) -> int:
    """Return how many columns `text` takes on a terminal."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def coloured() -> bool:
    """Tell whether stdout shows colours."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(text: str, colour: str = "", bold: bool = False) -> str:
    """Return `text` in `colour`, unchanged where colours are not shown."""
    if not coloured() or not (colour or bold):
        return text
    return click.style(text, fg=colour or None, bold=bold or None)


def echo(text: str, bold: bool = False) -> None:
    """Print a line that was made inert before."""
    click.echo(paint(text, bold=bold))


def inert(text: object) -> str:
    """Return recorded text as one line without any effect on a terminal.

    Control characters, escape sequences' beginnings among them, are shown as escapes, and so are those that turn
    the direction of writing or hide.
    """
    return "".join(character if _shows(character) else _escape(character) for character in str(text))


def inert_block(text: str) -> str:
    """Return recorded text of many lines without any effect on a terminal but the line's end."""
    return "\n".join(inert(line) for line in text.split("\n"))


def _shows(character: str) -> bool:
    return character == " " or unicodedata.category(character)[0] not in "CZ"


def _escape(character: str) -> str:
    known = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return known.get(character) or character.encode("unicode_escape").decode("ascii")


def age(seconds: float) -> str:
    """Return a stretch of time in its largest unit: ``42s``, ``7m``, ``3h``, ``12d``."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"


def clock(seconds: float) -> str:
    """Return a moment in the user's time zone."""
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
