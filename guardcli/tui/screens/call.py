"""One call: what it was, why it was decided so, what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from guardcli.client.api import SessionInfo
from guardcli.model.events import Event
from guardcli.tui.screens.replay import ReplayScreen
from guardcli.tui.screens.room import Room
from guardcli.tui.texts import call_facts


class CallScreen(Room):
    """All events of a call."""

    tab = "sessions"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "app.pop_screen", "Back"),
        Binding("r", "replay", "Replay from here"),
    ]

    def __init__(self, session: SessionInfo, call: int, moment: float) -> None:
        super().__init__()
        self.session, self.call, self.moment = session, call, moment

    def body(self) -> ComposeResult:
        """Give a text that scrolls."""
        with VerticalScroll(id="details"):
            yield Static(f"call {self.call} of session {self.session.id} …", id="call")

    def on_mount(self) -> None:
        """Fetch the call."""
        self.query_one("#details").focus()
        self.in_thread(self._fetch, "call")

    def _fetch(self, wanted: Callable[[], bool]) -> None:
        found = self.source.insist(lambda: self.source.call(self.session.id, self.call), wanted)
        if found is not None:
            self.later(lambda: self._show(found))

    def _show(self, events: list[Event]) -> None:
        self.query_one("#call", Static).update(call_facts(events))

    def action_replay(self) -> None:
        """Replay from where this call began."""
        self.app.push_screen(ReplayScreen(self.session, self.moment, []))
