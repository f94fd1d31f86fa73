"""Search over all sessions: by words, and by what an event was, such as ``verdict:deny``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from guardcli.client.api import SessionInfo
from guardcli.client.search import Hit, SearchFilters
from guardcli.model.errors import GuardError
from guardcli.tui.screens.call import CallScreen
from guardcli.tui.screens.room import Room
from guardcli.tui.screens.session import SessionScreen, seconds_between
from guardcli.tui.texts import VERDICTS, block, line
from guardcli.tui.widgets.listing import Column, Listing

PAGE = 100
KEYS = frozenset(SearchFilters.__annotations__) - {"limit", "after", "since", "until"}
HINT = "words of commands and output; tool:psql effect:delete verdict:deny rule:… table:… host:… detector:… identity:…"
COLUMNS = (Column("TIME", 19), Column("WHO", 14), Column("CALL", 5), Column("WHAT", 9), Column("", 0))


def parsed(text: str) -> tuple[str, SearchFilters]:
    """Return the words of a search, and its filters: what is written as ``key:value`` for a known key."""
    words, filters = [], {}
    for part in text.split():
        key, colon, value = part.partition(":")
        if colon and value and key in KEYS:
            filters[key] = value
        else:
            words.append(part)
    return " ".join(words), cast(SearchFilters, filters)


class HitRows:
    """What was found, newest first."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []

    def __len__(self) -> int:
        return len(self.hits)

    def key(self, place: int) -> str:
        """Return what names the event."""
        return f"{self.hits[place].session}/{self.hits[place].sequence}"

    def cells(self, place: int) -> Sequence[Text | str]:
        """Return what a line shows of a hit."""
        one = self.hits[place]
        what = Text(one.type, VERDICTS.get(one.verdict, ""))
        said = line(one.command, "bold").append("  ").append_text(line(one.excerpt, "dim"))
        return one.time[:19].replace("T", " "), line(one.identity), f"#{one.call}" if one.call else "", what, said


class SearchScreen(Room):
    """The question above, what was found below."""

    tab = "search"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "ask", "Search"),
        Binding("s", "session", "Its session"),
        Binding("m", "more", "More"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.rows = HitRows()
        self._asked = ""
        self._next = ""

    def body(self) -> ComposeResult:
        """Give the question and the answers."""
        yield Input(placeholder=HINT, id="query")
        yield Listing(COLUMNS, self.rows, id="hits")
        yield Static("", id="count")

    def on_mount(self) -> None:
        """Begin with the question."""
        self.query_one(Input).focus()

    def action_ask(self) -> None:
        """Type what to look for."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _ask(self, event: Input.Submitted) -> None:
        self._asked, self._next = event.value.strip(), ""
        self.rows.hits = []
        self.query_one(Listing).focus()
        self._fetch()

    def action_more(self) -> None:
        """Fetch the next page."""
        if self._next:
            self._fetch()

    def _fetch(self) -> None:
        self._count("searching …")
        words, filters = parsed(self._asked)
        after = self._next
        self.in_thread(lambda wanted: self._search(words, filters, after, wanted), "search")

    def _search(self, words: str, filters: SearchFilters, after: str, wanted: Callable[[], bool]) -> None:
        asked: SearchFilters = {**filters, "limit": PAGE, "after": after}
        try:
            page = self.source.insist(lambda: self.source.client.search(words, **asked), wanted)
        except GuardError as error:
            said = str(error)
            self.later(lambda: self.query_one("#count", Static).update(block(said, "red")))
            return
        if page is not None:
            self.later(lambda: self._took(list(page.hits), page.next))

    def _took(self, hits: list[Hit], following: str) -> None:
        self.rows.hits += hits
        self._next = following
        self.query_one(Listing).changed()
        self._count(f"{len(self.rows):,} found" + (", m for more" if following else ""))

    def _count(self, words: str) -> None:
        self.query_one("#count", Static).update(words)

    @on(Listing.Selected)
    def _open(self, event: Listing.Selected) -> None:
        hit = self.rows.hits[event.place]
        self._with_session(hit, lambda session: self._show(session, hit))

    def _show(self, session: SessionInfo, hit: Hit) -> None:
        if not hit.call:
            self.app.push_screen(SessionScreen(session))
            return
        began = self.source.client.events_page(session.id, 0, limit=1).events
        moment = seconds_between(began[0].time, hit.time) if began else 0.0
        self.app.push_screen(CallScreen(session, hit.call, moment))

    def action_session(self) -> None:
        """Open the session of what is under the cursor."""
        place = self.query_one(Listing).place
        if place >= 0:
            hit = self.rows.hits[place]
            self._with_session(hit, lambda session: self.app.push_screen(SessionScreen(session)))

    def _with_session(self, hit: Hit, act: Callable[[SessionInfo], object]) -> None:
        def find(wanted: Callable[[], bool]) -> None:
            try:
                found = self.source.insist(lambda: self.source.client.session(hit.session), wanted)
            except GuardError as error:
                said = line(error).plain
                self.later(lambda: self.notify(said, severity="error", markup=False))
                return
            if found is not None:
                self.later(lambda: act(found))

        self.in_thread(find, "open")
