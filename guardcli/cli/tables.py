"""Aligned columns and colours for people: colours only on a terminal, and never with NO_COLOR."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from guardcli.playback.text import inert, width


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
