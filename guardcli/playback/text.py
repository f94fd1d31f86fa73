"""Recorded text without any effect on a terminal; how wide it is; ages and moments for people."""

from __future__ import annotations

import datetime
import re
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


UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and symbols without any ink (Unicode's Default_Ignorable_Code_Point, and the blank of Braille)."""

SELECTORS = (range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
"""Variation selectors: text can be hidden in a row of them."""

LATIN_LIKE = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "LISU", "COPTIC", "DESERET")
"""Scripts with letters that look like those of the Latin one (Unicode Technical Standard 39)."""

_WORD = re.compile(r"\w+")


def shows(character: str) -> bool:
    """Tell whether a character is only seen: no control, no format, no separator but the blank, and not without ink."""
    if character == " ":
        return True
    code = ord(character)
    hidden = character in UNSEEN or any(code in those for those in SELECTORS)
    return not hidden and unicodedata.category(character)[0] not in "CZ"


def lookalikes(text: str) -> list[str]:
    """Return the words of a text that mix Latin letters with letters that look like them, each with those named."""
    if text.isascii():
        return []
    found = {}
    for word in _WORD.findall(text):
        odd = [letter for letter in dict.fromkeys(word) if not letter.isascii() and _foreign(letter)]
        if odd and any(letter.isascii() and letter.isalpha() for letter in word):
            found[word] = f"{word} (with {', '.join(unicodedata.name(letter, '?').lower() for letter in odd)})"
    return list(found.values())


def _foreign(letter: str) -> bool:
    name = unicodedata.name(letter, "")
    return name.startswith((*LATIN_LIKE, "FULLWIDTH LATIN", "MATHEMATICAL"))


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
