"""What every screen shares: the tabs above, what can be done below, word of an API that is away, threads that end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer, Static
from textual.worker import get_current_worker

from guardcli.tui.source import Link, Source
from guardcli.tui.widgets.banner import Banner

TABS = (
    ("sessions", "Sessions"),
    ("approvals", "Approvals"),
    ("search", "Search"),
    ("policy", "Policy"),
    ("health", "Health"),
)


class Desk(Protocol):
    """What the program offers its screens."""

    source: Source
    link: Link
    policy: str
    waiting: int

    def waits(self, count: int) -> None:
        """Hear that so many requests wait."""


class Room(Screen[None]):
    """A screen with its place among the tabs (`tab`), whose content `body` gives."""

    tab = ""

    @property
    def guard(self) -> Desk:
        """The program."""
        return cast("Desk", self.app)

    @property
    def source(self) -> Source:
        """What is asked for everything."""
        return self.guard.source

    def compose(self) -> ComposeResult:
        """Give the frame and the content."""
        yield Static(self._tabs(), id="tabs")
        yield Banner(id="banner")
        yield from self.body()
        yield Footer(compact=True)

    def body(self) -> ComposeResult:
        """Give the content."""
        yield from ()

    def on_screen_resume(self) -> None:
        """Show how it stands now."""
        self.stands()

    def stands(self) -> None:
        """Show whether the API answers, and how many requests wait."""
        if not self.is_mounted:
            return
        self.query_one("#banner", Banner).tell(self.guard.link)
        self.query_one("#tabs", Static).update(self._tabs())

    def _tabs(self) -> Text:
        shown = Text().append(" guard ", "bold reverse")
        for number, (name, title) in enumerate(TABS, 1):
            waiting = f" ({self.guard.waiting})" if name == "approvals" and self.guard.waiting else ""
            style = "bold underline" if name == self.tab else "bold yellow" if waiting else ""
            shown.append("  ").append(f"{number} ", "dim").append(title + waiting, style)
        return shown

    def in_thread(self, work: Callable[[Callable[[], bool]], None], group: str = "default") -> None:
        """Run `work` in a thread, one for each `group`; it is told whether it is still wanted."""

        def run() -> None:
            worker = get_current_worker()
            work(lambda: not worker.is_cancelled and self.app.is_running)

        self.run_worker(run, thread=True, exclusive=True, group=group, exit_on_error=True)

    def later(self, callback: Callable[[], object]) -> None:
        """Have `callback` run in the event loop; from any thread, and without waiting for it."""
        if self.app.is_running and self.is_attached:
            self.app.call_later(callback)
