"""Shows the screen of a `Terminal`: characters and colours, nothing of what a program asked its terminal to do."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style as Look
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from guardcli.playback.terminal import PLAIN, Row, Style, Terminal

COLOURS = {
    "brown": "yellow",
    "brightblack": "bright_black",
    "brightred": "bright_red",
    "brightgreen": "bright_green",
    "brightbrown": "bright_yellow",
    "brightyellow": "bright_yellow",
    "brightblue": "bright_blue",
    "brightmagenta": "bright_magenta",
    "bfightmagenta": "bright_magenta",
    "brightcyan": "bright_cyan",
    "brightwhite": "bright_white",
}
"""The emulation's names for colours, one of them misspelt there, and rich's."""


def look(style: Style) -> Look:
    """Return a style as rich has it."""
    return Look(
        color=_colour(style.foreground),
        bgcolor=_colour(style.background),
        bold=style.bold,
        italic=style.italic,
        underline=style.underline,
        strike=style.strike,
        reverse=style.reverse,
    )


def _colour(name: str) -> str | None:
    if name == "default":
        return None
    if len(name) == 6 and all(digit in "0123456789abcdefABCDEF" for digit in name):
        return f"#{name}"
    return COLOURS.get(name, name)


class TerminalView(ScrollView, can_focus=True):
    """A terminal of any size in whatever room there is; it scrolls where that is too small."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: list[Row] = []
        self._cursor: tuple[int, int] | None = None
        self._looks: dict[Style, Look] = {PLAIN: Look()}
        self._columns = 80

    def show(self, terminal: Terminal) -> None:
        """Show the screen as it is now."""
        self._rows, self._cursor = terminal.rows(), terminal.cursor
        self._columns, height = terminal.size
        self.virtual_size = Size(self._columns, height)
        if self._cursor is not None and self._cursor[1] >= round(self.scroll_y) + self.size.height:
            self.scroll_to(y=self._cursor[1] - self.size.height + 1, animate=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return line `y` of what is seen."""
        left, top = round(self.scroll_x), round(self.scroll_y)
        number = top + y
        runs = self._rows[number] if number < len(self._rows) else []
        segments = [Segment(text, self._look(style)) for text, style in runs]
        strip = Strip(segments).extend_cell_length(self._columns)
        if self._cursor is not None and self._cursor[1] == number:
            strip = _with_cursor(strip, self._cursor[0])
        return strip.crop_extend(left, left + self.size.width, self.rich_style).apply_style(self.rich_style)

    def _look(self, style: Style) -> Look:
        if style not in self._looks:
            self._looks[style] = look(style)
        return self._looks[style]


def _with_cursor(strip: Strip, column: int) -> Strip:
    before, at, after = strip.crop(0, column), strip.crop(column, column + 1), strip.crop(column + 1)
    turned = [Segment(segment.text or " ", (segment.style or Look()) + Look(reverse=True)) for segment in at]
    return Strip([*before, *turned, *after])
