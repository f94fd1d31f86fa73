"""A terminal's screen that a recording writes to: what a program wrote is interpreted here and nowhere else. Pure.

pyte keeps the screen (ECMA-48, and what xterm adds that programs use); on top of it come the alternate screen
(xterm's private modes 47, 1047 and 1049), bounds, and a quick way through long stretches of plain text: of text that
only goes down, the last lines alone can be seen, so what scrolls away is not drawn at all, and the screen comes out
the same.
"""

from __future__ import annotations

import copy
import re
from typing import Any, NamedTuple

import pyte
from pyte.charsets import LAT1_MAP
from pyte.modes import DECAWM, IRM
from pyte.screens import Char, Cursor

from guardcli.playback.asciicast import within
from guardcli.playback.text import shows

LOOKS_MAX = 256
"""Looks whose cells are kept."""

SKIM_FROM = 4096
"""Characters; shorter pieces are drawn whole."""

_SIMPLE = re.compile(
    r"(?:[^\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]++"
    r"|\x1b\[[0-9;]*[mK]|\x1b\[\?(?:1|7|25|2004)[hl]|\x1b\][^\x00-\x1f\x7f-\x9f]*+(?:\x07|\x1b\\))*+"
)
"""Text, CR, LF, tabs, backspaces, colours, erasing in the line, modes that draw nothing, titles."""
_STATE = re.compile(r"\x1b\[(?:[0-9;]*m|\?(?:1|7|25|2004)[hl])")
_SCREENS = frozenset({47, 1047, 1049})


class Style(NamedTuple):
    """How characters look. A colour is ``default``, one of the eight names, ``bright…``, or six hexadecimal digits."""

    foreground: str = "default"
    background: str = "default"
    bold: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    reverse: bool = False


PLAIN = Style()
Row = list[tuple[str, Style]]
"""A line of the screen, as runs of one style."""


class _Saved(NamedTuple):
    """One screen: its rows, its cursor, its margins."""

    rows: tuple[tuple[int, tuple[Char | None, ...]], ...]
    cursor: tuple[int, int, Char, bool]
    margins: Any


class Snapshot(NamedTuple):
    """All that a terminal is; `Terminal.restore` takes it back. Holds the rows, so it is some kilobytes."""

    size: tuple[int, int]
    screen: _Saved
    other: _Saved | None
    mode: frozenset[int]
    charsets: tuple[Any, ...]
    tabstops: frozenset[int]
    savepoints: tuple[Any, ...]
    width_before: int | None


class _Cells(dict[str, Char]):
    """The cell of each character in one look, made once."""

    def __init__(self, look: Char) -> None:
        super().__init__()
        self._look = look

    def __missing__(self, character: str) -> Char:
        """Make the cell of a character."""
        cell = self[character] = self._look._replace(data=character)
        return cell


class _Screen(pyte.Screen):
    """pyte's screen with the alternate one, and a quick way to draw what is plain: ASCII, one column a character."""

    def __init__(self, columns: int, lines: int) -> None:
        self.other: _Saved | None = None
        self._cells: dict[Char, _Cells] = {}
        super().__init__(columns, lines)

    def reset(self) -> None:
        """Begin anew, on the main screen."""
        self.other = None
        super().reset()

    def draw(self, data: str) -> None:
        """Write characters at the cursor, as pyte does one by one."""
        charset = self.g1_charset if self.charset else self.g0_charset
        plain = data.isascii() and data.isprintable()
        if not plain or charset is not LAT1_MAP or IRM in self.mode or self.cursor.x > self.columns:
            super().draw(data)
            return
        cells, cursor, place = self._cells_of(self.cursor.attrs), self.cursor, 0
        while place < len(data):
            if cursor.x == self.columns and DECAWM in self.mode:
                self.carriage_return()
                self.linefeed()
            elif cursor.x == self.columns:
                cursor.x -= 1
            piece = data[place : place + self.columns - cursor.x]
            end = cursor.x + len(piece)
            self.buffer[cursor.y].update(zip(range(cursor.x, end), map(cells.__getitem__, piece), strict=True))
            cursor.x, place = end, place + len(piece)

    def _cells_of(self, look: Char) -> _Cells:
        found = self._cells.get(look)
        if found is None:
            if len(self._cells) >= LOOKS_MAX:
                self._cells.clear()
            found = self._cells[look] = _Cells(look)
        return found

    def set_mode(self, *modes: int, **options: Any) -> None:
        """Set modes; the alternate screen is entered empty."""
        super().set_mode(*modes, **options)
        if options.get("private") and _SCREENS & set(modes) and self.other is None:
            self.other = self.saved()
            self.erase_in_display(2)

    def reset_mode(self, *modes: int, **options: Any) -> None:
        """Reset modes; from the alternate screen back to what was there before."""
        super().reset_mode(*modes, **options)
        if options.get("private") and _SCREENS & set(modes) and self.other is not None:
            self.load(self.other)
            self.other = None

    def insert_lines(self, count: int | None = None) -> None:
        """Insert lines; those that were never written to move as well."""
        self._touch()
        super().insert_lines(count)

    def delete_lines(self, count: int | None = None) -> None:
        """Delete lines; those that were never written to move as well."""
        self._touch()
        super().delete_lines(count)

    def _touch(self) -> None:
        """Make every line exist: pyte leaves what stands where a missing one should go."""
        for number in range(self.lines):
            self.buffer[number]

    def report_device_attributes(self, mode: int = 0, **options: Any) -> None:
        """Answer nothing: there is nobody to read it."""

    def report_device_status(self, mode: int, **options: Any) -> None:
        """Answer nothing."""

    def saved(self) -> _Saved:
        """Return what is on the screen."""
        rows = []
        for number, row in self.buffer.items():
            if row and number < self.lines:
                last = max(row)
                rows.append((number, tuple(row.get(column) for column in range(min(last + 1, self.columns)))))
        cursor = self.cursor
        return _Saved(tuple(rows), (cursor.x, cursor.y, cursor.attrs, bool(cursor.hidden)), self.margins)

    def load(self, saved: _Saved) -> None:
        """Put back what `saved` returned."""
        self.buffer.clear()
        for number, characters in saved.rows:
            row = self.buffer[number]
            for column, character in enumerate(characters):
                if character is not None:
                    row[column] = character
        x, y, attributes, hidden = saved.cursor
        self.cursor = Cursor(min(x, self.columns), min(y, self.lines - 1), attributes)
        self.cursor.hidden = hidden
        self.margins = saved.margins


class _Stream(pyte.Stream):
    """pyte's parser, which goes on after what it can make no sense of."""

    def feed(self, data: str) -> None:
        """Write `data`. A sequence that leads into a fault of the emulation is passed over, and nothing else."""
        place = 0
        while place < len(data):
            if self._taking_plain_text and (found := self._text_pattern.match(data, place)):
                place = found.end()
                self._draw(found.group())
                continue
            try:
                self._taking_plain_text = self._send_to_parser(data[place])
            except Exception:  # the parser has begun anew by itself
                self._taking_plain_text = True
            place += 1

    def _draw(self, text: str) -> None:
        if self.listener is not None:
            self.listener.draw(text)

    @property
    def between_sequences(self) -> bool:
        """Whether what was written so far ends with no unfinished sequence."""
        return bool(self._taking_plain_text)


class Terminal:
    """A screen of `columns` × `rows` that text is written to, piece by piece."""

    def __init__(self, columns: int, rows: int) -> None:
        columns, rows = within(columns, rows)
        self._screen = _Screen(columns, rows)
        self._stream = _Stream(self._screen)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._screen.columns, self._screen.lines

    @property
    def cursor(self) -> tuple[int, int] | None:
        """Column and row of the cursor from 0, None while it is hidden."""
        cursor = self._screen.cursor
        return None if cursor.hidden else (min(cursor.x, self._screen.columns - 1), cursor.y)

    @property
    def between_sequences(self) -> bool:
        """Whether what was written so far ends with no unfinished sequence."""
        return self._stream.between_sequences

    def resize(self, columns: int, rows: int) -> None:
        """Change the size, within `SIZE_MAX`."""
        columns, rows = within(columns, rows)
        self._screen.resize(rows, columns)

    def feed(self, text: str) -> None:
        """Write `text`. What the emulation cannot make sense of is passed over, never an error."""
        if len(text) >= SKIM_FROM:
            text = self._skimmed(text)
        self._stream.feed(text)

    def _skimmed(self, text: str) -> str:
        """Return what of `text` has to be drawn for the screen to come out the same.

        Where a stretch only goes down, and longer than the screen is high, its beginning scrolls away.
        """
        screen = self._screen
        found = _SIMPLE.match(text)
        end = found.end() if found else 0
        margins = screen.margins
        whole = margins is None or (margins.top == 0 and margins.bottom == screen.lines - 1)
        if not whole or not self._stream.between_sequences:
            return text
        cut = end
        for _ in range(screen.lines + 1):
            cut = text.rfind("\r\n", 0, cut)
            if cut < 0:
                return text
        cut += 2
        if text.count("\n", 0, cut) < screen.lines:
            return text
        for state in _last_states(text, cut):
            self._stream.feed(state)
        attributes = screen.cursor.attrs
        screen.buffer.clear()
        screen.cursor.x, screen.cursor.y, screen.cursor.attrs = 0, screen.lines - 1, attributes
        return text[cut:]

    def rows(self) -> list[Row]:
        """Return every line of the screen; characters that would act on a real terminal are blanks there."""
        return [self._row(number) for number in range(self._screen.lines)]

    def _row(self, number: int) -> Row:
        row = self._screen.buffer.get(number)
        if not row:
            return []
        runs: Row = []
        held: list[str] = []
        style = PLAIN
        for column in range(self._screen.columns):
            character = row[column]
            look = Style(*character[1:8])
            if look != style and held:
                runs.append(("".join(held), style))
                held = []
            style = look
            held.append(_visible(character.data))
        runs.append(("".join(held), style))
        return runs

    def text(self) -> list[str]:
        """Return the lines of the screen without their looks and without blanks at their ends."""
        return ["".join(text for text, _ in row).rstrip() for row in self.rows()]

    def snapshot(self) -> Snapshot:
        """Return all of it, to begin here again."""
        screen = self._screen
        charsets = (screen.charset, screen.g0_charset, screen.g1_charset)
        return Snapshot(
            self.size,
            screen.saved(),
            screen.other,
            frozenset(screen.mode),
            charsets,
            frozenset(screen.tabstops),
            copy.deepcopy(tuple(screen.savepoints)),
            screen.saved_columns,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was; a sequence that was not finished is forgotten."""
        columns, rows = snapshot.size
        screen = _Screen(columns, rows)
        screen.load(snapshot.screen)
        screen.other = snapshot.other
        screen.mode = set(snapshot.mode)
        screen.charset, screen.g0_charset, screen.g1_charset = snapshot.charsets
        screen.tabstops = set(snapshot.tabstops)
        screen.savepoints = list(copy.deepcopy(snapshot.savepoints))
        screen.saved_columns = snapshot.width_before
        self._screen = screen
        self._stream = _Stream(screen)


def _last_states(text: str, end: int) -> list[str]:
    """Return the sequences before `end` that still count there: from the last reset of colours on, and all modes."""
    found = _STATE.findall(text, 0, end)
    reset = max((place for place, state in enumerate(found) if state in ("\x1b[m", "\x1b[0m")), default=0)
    return [state for place, state in enumerate(found) if place >= reset or state[2] == "?"]


def _visible(data: str) -> str:
    """Return the content of a cell: empty for the second half of a wide character, a blank for what cannot be seen."""
    if data.isascii() and data.isprintable():
        return data
    if not data:
        return ""
    return data if all(shows(character) or _joins(character) for character in data) else " "


def _joins(character: str) -> bool:
    """Tell whether a character belongs to the one before it: joiners of emoji, variation selectors."""
    return character in "\u200d\ufe0e\ufe0f"
