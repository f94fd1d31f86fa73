"""Writes a terminal's screen as text that draws it again on an empty one of the same size. Pure."""

from __future__ import annotations

from guardcli.playback.terminal import PLAIN, Style, Terminal

_NAMES = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
_BRIGHT = {"bfightmagenta": 5, **{f"bright{name}": number for number, name in enumerate(_NAMES)}, "brightyellow": 3}


def dump(terminal: Terminal) -> str:
    """Return text and control sequences (ECMA-48) that draw the screen, and put the cursor where it is."""
    parts = ["\x1b[0m\x1b[2J\x1b[?7l"]
    for number, row in enumerate(terminal.rows(), 1):
        if not row:
            continue
        parts.append(f"\x1b[{number};1H")
        parts += [f"\x1b[{_codes(style)}m{text}" for text, style in _trimmed(row)]
    parts.append("\x1b[0m\x1b[?7h")
    cursor = terminal.cursor
    parts.append("\x1b[?25l" if cursor is None else f"\x1b[{cursor[1] + 1};{cursor[0] + 1}H")
    return "".join(parts)


def _trimmed(row: list[tuple[str, Style]]) -> list[tuple[str, Style]]:
    """Return the row without plain blanks at its end."""
    text, style = row[-1]
    return [*row[:-1], (text.rstrip(), style)] if style == PLAIN else row


def _codes(style: Style) -> str:
    codes = ["0"]
    flags = ((style.bold, "1"), (style.italic, "3"), (style.underline, "4"), (style.reverse, "7"), (style.strike, "9"))
    codes += [code for flag, code in flags if flag]
    codes += _colour(style.foreground, 30) + _colour(style.background, 40)
    return ";".join(codes)


def _colour(name: str, base: int) -> list[str]:
    if name == "default":
        return []
    if name in _NAMES:
        return [str(base + _NAMES.index(name))]
    if name in _BRIGHT:
        return [str(base + 60 + _BRIGHT[name])]
    return [str(base + 8), "2", *(str(int(name[place : place + 2], 16)) for place in (0, 2, 4))]
