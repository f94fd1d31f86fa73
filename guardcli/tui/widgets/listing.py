"""A table of any length of which only the lines that are seen are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Protocol

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip


class Column(NamedTuple):
    """A title, and how many cells wide; 0 takes what is left. In a narrower list than `least` it is left out."""

    title: str
    width: int
    least: int = 0


class Rows(Protocol):
    """What a listing shows."""

    def __len__(self) -> int:
        """Return how many there are."""

    def key(self, place: int) -> str:
        """Return what names the row, so that the cursor stays with it when rows come before it."""

    def cells(self, place: int) -> Sequence[Text | str]:
        """Return the row's cells, inert."""


class Listing(ScrollView, can_focus=True):
    """Shows rows below a head that stays; a cursor, mouse and keys move over them."""

    DEFAULT_CSS = """
    Listing { height: 1fr; overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"listing--head", "listing--cursor", "listing--row"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("home,g", "move_to(0)", "First", show=False),
        Binding("end,G", "move_to(-1)", "Last", show=False),
        Binding("enter", "select", "Open"),
    ]

    class Moved(Message):
        """The cursor stands on another row; `key` is empty where there is none."""

        def __init__(self, listing: Listing, place: int, key: str) -> None:
            super().__init__()
            self.listing, self.place, self.key = listing, place, key

        @property
        def control(self) -> Listing:
            """The listing."""
            return self.listing

    class Selected(Moved):
        """The row under the cursor is to be opened."""

    def __init__(self, columns: Sequence[Column], rows: Rows, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._rows = rows
        self._cursor = 0
        self._key = ""
        self.follow = False
        """Whether the cursor stays at the end as rows are added."""

    @property
    def place(self) -> int:
        """The row under the cursor, from 0; -1 where there is none."""
        return self._cursor if len(self._rows) else -1

    @property
    def key(self) -> str:
        """The name of the row under the cursor."""
        return self._rows.key(self._cursor) if 0 <= self._cursor < len(self._rows) else ""

    def changed(self) -> None:
        """Show the rows as they are now; the cursor stays with its row."""
        count = len(self._rows)
        if self.follow:
            self._cursor = max(0, count - 1)
        elif self._key and self.key != self._key:
            near = range(max(0, self._cursor - 600), min(count, self._cursor + 600))
            self._cursor = next((place for place in near if self._rows.key(place) == self._key), self._cursor)
        self._cursor = min(self._cursor, max(0, count - 1))
        self.virtual_size = Size(self.size.width, count + 1)
        self._show_cursor()
        self._tell()
        self.refresh()

    def on_mount(self) -> None:
        """Show what there is."""
        self.changed()

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in sight."""
        self.virtual_size = Size(event.size.width, len(self._rows) + 1)
        self._show_cursor()

    def action_move(self, by: int) -> None:
        """Move the cursor by so many rows."""
        self._move(self._cursor + by)

    def action_move_page(self, by: int) -> None:
        """Move the cursor by so many screens."""
        self._move(self._cursor + by * max(1, self.size.height - 2))

    def action_move_to(self, place: int) -> None:
        """Move the cursor to a row; -1 is the last."""
        self._move(len(self._rows) - 1 if place < 0 else place)

    def action_select(self) -> None:
        """Open the row under the cursor."""
        if self.key:
            self.post_message(self.Selected(self, self._cursor, self.key))

    def _move(self, place: int) -> None:
        self._cursor = min(max(0, place), max(0, len(self._rows) - 1))
        self._show_cursor()
        self._tell()
        self.refresh()

    def _tell(self) -> None:
        if self.key != self._key:
            self._key = self.key
            self.post_message(self.Moved(self, self.place, self._key))

    def _show_cursor(self) -> None:
        height = max(1, self.size.height - 1)
        top = round(self.scroll_y)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False)

    def on_click(self, event: events.Click) -> None:
        """Move to the row under the mouse; a second click opens it."""
        place = round(self.scroll_y) + event.y - 1
        if event.y < 1 or place >= len(self._rows):
            return
        again = place == self._cursor
        self._move(place)
        if again or event.chain > 1:
            self.action_select()

    def render_line(self, y: int) -> Strip:
        """Return line `y` of what is seen."""
        width = self.size.width
        if y == 0:
            return self._line([column.title for column in self._columns], self._style("listing--head"), width)
        place = round(self.scroll_y) + y - 1
        if place >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        base = self._style("listing--cursor" if place == self._cursor and self.has_focus else "listing--row")
        if place == self._cursor and not self.has_focus:
            base += Style(bold=True, underline=True)
        return self._line(self._rows.cells(place), base, width)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name)

    def _line(self, cells: Sequence[Text | str], base: Style, width: int) -> Strip:
        seen = [pair for pair in zip(self._columns, cells, strict=False) if width >= pair[0].least]
        fixed = sum(column.width + 1 for column, _ in seen if column.width)
        line = Text(style=base)
        for column, cell in seen:
            text = cell.copy() if isinstance(cell, Text) else Text(cell)
            text.truncate(column.width or max(8, width - fixed), overflow="ellipsis", pad=True)
            line.append_text(text).append(" ")
        line.truncate(width, pad=True)
        segments = [segment for segment in line.render(self.app.console) if segment.text]
        return Strip(Segment.adjust_line_length(segments, width, base), width).apply_style(base)

    def refresh_row(self, place: int) -> None:
        """Draw one row anew."""
        self.refresh(Region(0, place + 1 - round(self.scroll_y), self.size.width, 1))
