"""Sessions, those that run and those that are over; found as one types."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from guardcli.client.api import SessionInfo
from guardcli.playback.commands import agent, resources
from guardcli.playback.text import age, clock
from guardcli.tui.screens.room import Room
from guardcli.tui.screens.session import SessionScreen
from guardcli.tui.texts import SESSION_STATES, line
from guardcli.tui.widgets.listing import Column, Listing

REFRESH_SECONDS = 2.0
PAGE = 500
AHEAD = 200
"""So many rows before the end of what is known, the next page is fetched."""

COLUMNS = (
    Column("STATE", 6),
    Column("BEGAN", 16, least=110),
    Column("TOOK", 5),
    Column("WHO", 14),
    Column("RESOURCE", 14, least=90),
    Column("CALLS", 6),
    Column("DENIED", 6),
    Column("ASKED", 5),
    Column("MASKED", 6),
    Column("AGENT", 0),
)


class SessionRows:
    """Sessions, newest first, those alone that every word of the filter is found in."""

    def __init__(self) -> None:
        self.known: dict[str, SessionInfo] = {}
        self.shown: list[SessionInfo] = []
        self._words: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.shown)

    def key(self, place: int) -> str:
        """Return the session's identifier."""
        return self.shown[place].id

    def take(self, sessions: Sequence[SessionInfo]) -> None:
        """Add sessions, or what became of them."""
        fresh = [one for one in sessions if one.id not in self.known]
        self.known.update((one.id, one) for one in sessions)
        if not fresh:
            self.shown = [self.known[one.id] for one in self.shown]
            return
        if self.shown and fresh[0].started <= self.shown[-1].started:
            self.shown = [self.known[one.id] for one in self.shown] + [one for one in fresh if self._fits(one)]
            return
        self.filter(self._words)

    def filter(self, words: Sequence[str]) -> None:
        """Show those alone that have all the words somewhere."""
        self._words = tuple(word.lower() for word in words)
        ordered = sorted(self.known.values(), key=lambda one: (-one.started, one.id))
        self.shown = [one for one in ordered if self._fits(one)]

    def _fits(self, session: SessionInfo) -> bool:
        if not self._words:
            return True
        parts = (
            session.id,
            session.identity,
            session.host,
            session.cwd,
            session.policy,
            session.state,
            resources(session.counts),
            *session.command,
        )
        text = " ".join(parts).lower()
        return all(word in text for word in self._words)

    def cells(self, place: int) -> Sequence[Text | str]:
        """Return what a line shows of a session."""
        one = self.shown[place]
        count = one.counts.get
        denied, asked, masked = count("deny", 0), count("asked", 0), count("masked", 0)
        return (
            Text(one.state, SESSION_STATES.get(one.state, "dim")),
            clock(one.started)[:16],
            age((one.closed or time.time()) - one.started),
            line(one.identity),
            line(resources(one.counts)),
            f"{count('calls', 0):>5}",
            Text(f"{denied:>5}", "red" if denied else "dim"),
            Text(f"{asked:>4}", "yellow" if asked else "dim"),
            Text(f"{masked:>5}", "magenta" if masked else "dim"),
            line(agent(one.command)),
        )


class SessionsScreen(Room):
    """The first screen."""

    tab = "sessions"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter"),
        Binding("l", "live", "Only live"),
        Binding("escape", "all", "Show all", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.rows = SessionRows()
        self._more = True
        self._fetching = False

    def body(self) -> ComposeResult:
        """Give the filter, the list, and a line that counts."""
        yield Input(
            placeholder="filter: words of command, identity, resource, host, directory, policy, state", id="filter"
        )
        yield Listing(COLUMNS, self.rows, id="sessions")
        yield Static("", id="count")

    def on_mount(self) -> None:
        """Fetch the first page, then look for what is new from time to time."""
        self._pages = self.source.sessions()
        self.query_one("#sessions").focus()
        self._fetch_more()
        self.set_interval(REFRESH_SECONDS, self._refresh)

    def _refresh(self) -> None:
        if self.is_current:
            self.in_thread(self._fetch_new, "new")

    def _fetch_new(self, wanted: Callable[[], bool]) -> None:
        found = self.source.insist(lambda: list(self.source.client.sessions(limit=50)), wanted)
        if found is not None:
            self.later(lambda: self._took(found))

    def _fetch_more(self) -> None:
        if self._more and not self._fetching:
            self._fetching = True
            self.in_thread(self._fetch_page, "more")

    def _fetch_page(self, wanted: Callable[[], bool]) -> None:
        page = self.source.insist(lambda: list(islice(self._pages, PAGE)), wanted)
        if page is not None:
            self.later(lambda: self._took(page, last=len(page) < PAGE))

    def _took(self, sessions: list[SessionInfo], last: bool | None = None) -> None:
        if last is not None:
            self._fetching, self._more = False, not last
        self.rows.take(sessions)
        self._changed()

    def _changed(self) -> None:
        listing = self.query_one(Listing)
        listing.changed()
        more = " and more" if self._more else ""
        self.query_one("#count", Static).update(f"{len(self.rows):,} shown of {len(self.rows.known):,}{more}")
        if listing.place >= len(self.rows) - AHEAD or len(self.rows) < listing.size.height:
            self._fetch_more()

    @on(Listing.Moved)
    def _moved(self, event: Listing.Moved) -> None:
        if event.place >= len(self.rows) - AHEAD:
            self._fetch_more()

    @on(Listing.Selected)
    def _open(self, event: Listing.Selected) -> None:
        self.app.push_screen(SessionScreen(self.rows.known[event.key]))

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        self.rows.filter(event.value.split())
        self._changed()

    @on(Input.Submitted, "#filter")
    def _filtered(self) -> None:
        self.query_one(Listing).focus()

    def action_filter(self) -> None:
        """Type what to look for."""
        self.query_one(Input).focus()

    def action_live(self) -> None:
        """Show those alone that run, or all again."""
        field = self.query_one(Input)
        field.value = "" if field.value == "live" else "live"

    def action_all(self) -> None:
        """Show all."""
        self.query_one(Input).value = ""
        self.query_one(Listing).focus()
