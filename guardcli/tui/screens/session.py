"""One session: its facts, and its timeline as it grows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from guardcli.client.api import SessionInfo
from guardcli.model.events import EventType
from guardcli.playback import timeline
from guardcli.tui.screens.call import CallScreen
from guardcli.tui.screens.replay import ReplayScreen
from guardcli.tui.screens.room import Room
from guardcli.tui.source import Row, row
from guardcli.tui.texts import line, session_facts
from guardcli.tui.widgets.listing import Column, Listing

SHOW_SECONDS = 0.2
"""How often rows that arrived are brought onto the screen."""

COLUMNS = (Column("TIME", 12), Column("CALL", 5), Column("WHAT", 9), Column("", 0))
HIDDEN = {kind.value for kind in timeline.HIDDEN}
NOTEWORTHY = {EventType.ASKED.value, EventType.DECIDED.value, EventType.MASKED.value, EventType.FAILED.value}


class TimelineRows:
    """Events of a session in their order; a filter leaves out what has not all its words."""

    def __init__(self) -> None:
        self.known: list[Row] = []
        self.shown: list[Row] = []
        self._words: tuple[str, ...] = ()
        self._only = False

    def __len__(self) -> int:
        return len(self.shown)

    def key(self, place: int) -> str:
        """Return the event's sequence."""
        return str(self.shown[place].sequence)

    def take(self, rows: Sequence[Row]) -> None:
        """Add rows at the end."""
        self.known.extend(rows)
        self.shown.extend(one for one in rows if self._fits(one))

    def filter(self, words: Sequence[str], only: bool) -> None:
        """Show what has all the words; with `only`, just what was denied, asked, masked, or failed."""
        self._words, self._only = tuple(word.lower() for word in words), only
        self.shown = [one for one in self.known if self._fits(one)]

    def _fits(self, one: Row) -> bool:
        if self._only and one.word not in NOTEWORTHY and one.verdict not in ("deny", "approve"):
            return False
        text = f"{one.word} {one.sentence}".lower()
        return all(word in text for word in self._words)

    def cells(self, place: int) -> Sequence[Text | str]:
        """Return what a line shows of an event."""
        one = self.shown[place]
        call = f"#{one.call}" if one.call else ""
        return one.time[11:23], f"{call:>5}", Text(one.word, one.colour), line(one.sentence)


class SessionScreen(Room):
    """A session's timeline."""

    tab = "sessions"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "app.pop_screen", "Back"),
        Binding("r", "replay", "Replay"),
        Binding("t", "tail", "Live tail"),
        Binding("slash", "filter", "Filter"),
        Binding("o", "only", "Denied, asked, masked"),
        Binding("f", "follow", "Follow"),
    ]

    def __init__(self, session: SessionInfo) -> None:
        super().__init__()
        self.session = session
        self.rows = TimelineRows()
        self._arrived: list[Row] = []
        self._only = False
        self._complete = False

    def body(self) -> ComposeResult:
        """Give the facts, the filter and the timeline."""
        yield Static(session_facts(self.session), id="facts")
        yield Input(placeholder="filter: words of what happened", id="filter")
        yield Listing(COLUMNS, self.rows, id="timeline")
        yield Static("", id="count")

    def on_mount(self) -> None:
        """Begin to fetch; rows that arrive are shown a few times a second."""
        self.query_one(Listing).focus()
        self.in_thread(self._fetch, "events")
        self.set_interval(SHOW_SECONDS, self._show_arrived)

    def _fetch(self, wanted: Callable[[], bool]) -> None:
        for events in self.source.tail(self.session.id, wanted):
            self._arrived.extend(row(event) for event in events if event.type.value not in HIDDEN)
            if not events:
                self._complete = True
                found = self.source.insist(lambda: self.source.client.session(self.session.id), wanted)
                if found is not None:
                    self.later(lambda found=found: self._became(found))  # type: ignore[misc]

    def _became(self, session: SessionInfo) -> None:
        self.session = session
        self.query_one("#facts", Static).update(session_facts(session))

    def _show_arrived(self) -> None:
        arrived, self._arrived = self._arrived, []
        if arrived:
            self.rows.take(arrived)
            self._changed()
        if self.session.state == "live":
            self.query_one("#facts", Static).update(session_facts(self.session))
        self._count()

    def _changed(self) -> None:
        self.query_one(Listing).changed()
        self._count()

    def _count(self) -> None:
        state = "" if self._complete else f", fetching of {self.session.events:,}"
        following = ", following" if self.query_one(Listing).follow else ""
        self.query_one("#count", Static).update(
            f"{len(self.rows):,} shown of {len(self.rows.known):,}{state}{following}"
        )

    @on(Listing.Selected)
    def _open(self, event: Listing.Selected) -> None:
        chosen = self.rows.shown[event.place]
        if chosen.call:
            self.app.push_screen(CallScreen(self.session, chosen.call, self.moment(chosen)))

    def moment(self, chosen: Row) -> float:
        """Return how many seconds into the session an event happened."""
        began = self.rows.known[0].time if self.rows.known else chosen.time
        return seconds_between(began, chosen.time)

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        self.rows.filter(event.value.split(), self._only)
        self._changed()

    @on(Input.Submitted, "#filter")
    def _filtered(self) -> None:
        self.query_one(Listing).focus()

    def action_filter(self) -> None:
        """Type what to look for."""
        self.query_one(Input).focus()

    def action_only(self) -> None:
        """Show just what was denied, asked, masked or failed, or everything again."""
        self._only = not self._only
        self.rows.filter(self.query_one(Input).value.split(), self._only)
        self._changed()

    def action_follow(self) -> None:
        """Stay at the end as the session goes on, or no longer."""
        listing = self.query_one(Listing)
        listing.follow = not listing.follow
        self._changed()

    def action_replay(self) -> None:
        """Replay from where the cursor is."""
        place = self.query_one(Listing).place
        start = self.moment(self.rows.shown[place]) if place > 0 else 0.0
        self.app.push_screen(ReplayScreen(self.session, start, self.marks()))

    def action_tail(self) -> None:
        """Watch the terminal as the session goes on."""
        self.app.push_screen(ReplayScreen(self.session, time.time() - self.session.started, self.marks(), tail=True))

    def marks(self) -> list[tuple[float, str, str]]:
        """Return moment, kind and colour of what a reviewer wants to jump to."""
        return [
            (self.moment(one), one.verdict or one.word, one.colour)
            for one in self.rows.known
            if one.verdict in ("deny", "approve") or one.word in NOTEWORTHY
        ]


def seconds_between(first: str, second: str) -> float:
    """Return the seconds from one RFC 3339 moment to another."""
    return max(0.0, (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds())
