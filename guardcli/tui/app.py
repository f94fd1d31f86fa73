"""The program: its tabs, its keys, its link to the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from guardcli.client.api import ApiClient
from guardcli.model.approvals import ApprovalState
from guardcli.model.errors import GuardError
from guardcli.tui.screens.approvals import ApprovalsScreen
from guardcli.tui.screens.health import HealthScreen
from guardcli.tui.screens.policy import PolicyScreen
from guardcli.tui.screens.room import Room
from guardcli.tui.screens.search import SearchScreen
from guardcli.tui.screens.sessions import SessionsScreen
from guardcli.tui.source import Link, Source

WATCH_SECONDS = 2.0
"""How often it is looked whether anything waits for an answer, whatever screen is shown."""


class GuardApp(App[None]):
    """``guard tui``. `client` speaks to the API as the reviewer; `policy` is what the settings name.

    Without `watch` the number of requests that wait is known only from the queue itself.
    """

    TITLE = "guard"
    CSS_PATH = "styles.tcss"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "sessions": SessionsScreen,
        "approvals": ApprovalsScreen,
        "search": SearchScreen,
        "policy": PolicyScreen,
        "health": HealthScreen,
    }
    DEFAULT_MODE = "sessions"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "switch_mode('sessions')", "Sessions", show=False),
        Binding("2", "switch_mode('approvals')", "Approvals", show=False),
        Binding("3", "switch_mode('search')", "Search", show=False),
        Binding("4", "switch_mode('policy')", "Policy", show=False),
        Binding("5", "switch_mode('health')", "Health", show=False),
        Binding("ctrl+q", "quit", "Quit"),
    ]

    def __init__(self, client: ApiClient, policy: str, watch: bool = True) -> None:
        super().__init__()
        self.link = Link(True, "")
        self.source = Source(client, self._linked)
        self.policy = policy
        self.waiting = 0
        self._watch = watch

    def on_mount(self) -> None:
        """Look for requests now and then."""
        if self._watch:
            self._look()
            self.set_interval(WATCH_SECONDS, self._look)

    def on_unmount(self) -> None:
        """Let every thread go."""
        self.source.close()

    def _linked(self, link: Link) -> None:
        """Hear, from any thread, that the API went away or came back."""
        if self.is_running:
            self.call_later(self._show_link, link)

    def _show_link(self, link: Link) -> None:
        self.link = link
        if isinstance(self.screen, Room):
            self.screen.stands()

    def _look(self) -> None:
        self.run_worker(self._count, thread=True, exclusive=True, group="watch", exit_on_error=False)

    def _count(self) -> None:
        try:
            found = self.source.ask(lambda: self.source.client.list_approvals(ApprovalState.PENDING, limit=500))
        except GuardError:
            return  # the banner says so
        if self.is_running:
            self.call_later(self.waits, len(found))

    def waits(self, count: int) -> None:
        """Show that so many requests wait; ring where there are more than before."""
        if count > self.waiting:
            self.bell()
            if not isinstance(self.screen, ApprovalsScreen):
                self.notify(f"{count} waiting for an answer: press 2", severity="warning")
        if count != self.waiting:
            self.waiting = count
            if isinstance(self.screen, Room):
                self.screen.stands()
