"""Recorded text without any effect on a terminal; how wide it is; ages and moments for people."""

from __future__ import annotations

import datetime
import unicodedata


def inert(text: object) -> str:
    """Return recorded text as one line without any effect on a terminal.

    Control characters, escape sequences' beginnings among them, are shown as escapes, and so are those that turn
    the direction of writing or hide.
    """
    shown = str(text)
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(character if shows(character) else _escape(character) for character in shown)


def inert_block(text: str) -> str:
    """Return recorded text of many lines without any effect on a terminal but the line's end."""
    return "\n".join(inert(line) for line in text.split("\n"))


def shows(character: str) -> bool:
    """Tell whether a character is only seen: no control, no format, no separator but the blank."""
    return character == " " or unicodedata.category(character)[0] not in "CZ"


def _escape(character: str) -> str:
    known = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return known.get(character) or character.encode("unicode_escape").decode("ascii")


def width(text: str) -> int:
    """Return how many columns `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def age(seconds: float) -> str:
    """Return a stretch of time in its largest unit: ``42s``, ``7m``, ``3h``, ``12d``."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"


def clock(seconds: float) -> str:
    """Return a moment, in seconds since the epoch, in the user's time zone."""
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
