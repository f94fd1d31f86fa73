"""Lets recorded output reach a person's terminal without letting it act on that terminal. Pure.

What passes: text, line ends, tabs, backspace, and the control sequences (ECMA-48) that colour text, move the cursor,
erase, scroll, and switch the alternate screen, the cursor and line wrap. What is dropped: every string (OSC, DCS, APC,
PM, SOS: titles, the clipboard, hyperlinks, images), every question that a terminal answers into its input (device
attributes, status reports, window reports), every mode of keyboard and mouse, resets, and the C1 controls. An
unfinished sequence at the border of two pieces is held back. `ending` puts the terminal right again.
"""

from __future__ import annotations

import re

HOLD_MAX = 4096
"""Characters of an unfinished sequence that are held back; a longer one is dropped, and what follows is text."""

_ESCAPE = "\x1b"

_STRING = re.compile(r"\x1b[\]PX^_](?:[^\x07\x1b\x18\x1a]|\x1b(?!\\))*(?:\x07|\x1b\\|[\x18\x1a])", re.DOTALL)
_CONTROL = re.compile(r"\x1b\[([0-9:;<=>?]*)([ -/]*)([@-~])")
_SHORT = re.compile(r"\x1b([ -/]*)([0-~])")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-9:;<=>?]*[ -/]*|[ -/]*|[\]PX^_].*)\Z", re.DOTALL)
_DROPPED = re.compile(
    r"[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)

_FINALS = frozenset("ABCDEFGHJKLMPSTX@`adefmr")
"""Cursor movement, erasing, insertion and deletion, scrolling, colour."""

_PRIVATE_MODES = frozenset({"7", "25", "47", "1047", "1048", "1049"})
_SHORT_FINALS = frozenset("78MDE")
_NUMBER_MAX = 9999

RESET = "\x1b[0m\x1b(B\x1b[r\x1b[?7h\x1b[?25h"
"""Plain text, the usual characters, the whole screen to scroll, wrap, a cursor."""

LEAVE = "\x1b[?1049l"


class TerminalFilter:
    """Filters one stream of text, piece by piece."""

    def __init__(self) -> None:
        self._held = ""
        self._alternate = False
        self._touched = False

    def feed(self, text: str) -> str:
        """Return what of `text`, after what was held back, may reach a terminal."""
        text, self._held = self._held + text, ""
        shown: list[str] = []
        place = 0
        while (start := text.find(_ESCAPE, place)) >= 0:
            shown.append(_plain(text[place:start]))
            place, passed = self._sequence(text, start)
            if place < 0:
                self._held = text[start:] if len(text) - start <= HOLD_MAX else ""
                return "".join(shown)
            self._touched = self._touched or bool(passed)
            shown.append(passed)
        shown.append(_plain(text[place:]))
        return "".join(shown)

    def _sequence(self, text: str, start: int) -> tuple[int, str]:
        """Return where the sequence at `start` ends and what of it passes; -1 where it is not finished."""
        if found := _STRING.match(text, start):
            return found.end(), ""
        if found := _CONTROL.match(text, start):
            return found.end(), self._control(found)
        if _UNFINISHED.match(text, start):
            return -1, ""
        if found := _SHORT.match(text, start):
            return found.end(), _short(found)
        return start + 1, ""

    def _control(self, found: re.Match[str]) -> str:
        parameters, between, final = found.groups()
        if between:
            return ""
        if parameters.startswith("?") and final in "hl":
            modes = [mode for mode in parameters[1:].split(";") if mode in _PRIVATE_MODES]
            if any(mode.startswith(("47", "104")) for mode in modes):
                self._alternate = final == "h"
            return f"\x1b[?{';'.join(modes)}{final}" if modes else ""
        numbers = re.split("[;:]", parameters)
        if final not in _FINALS or not all(_is_number(number) for number in numbers):
            return ""
        return found.group()

    def ending(self) -> str:
        """Return what leaves the terminal as it was, nothing where no sequence passed; forget what is held back."""
        ending = (LEAVE if self._alternate else "") + (RESET if self._touched else "")
        self._held, self._alternate, self._touched = "", False, False
        return ending


def _plain(text: str) -> str:
    return _DROPPED.sub("", text)


def _is_number(text: str) -> bool:
    return text == "" or (text.isascii() and text.isdigit() and len(text) <= 4 and int(text) <= _NUMBER_MAX)


def _short(found: re.Match[str]) -> str:
    between, final = found.groups()
    if between == "(" and final in "0B":
        return found.group()
    return found.group() if not between and final in _SHORT_FINALS else ""
