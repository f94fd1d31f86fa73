"""How guard itself is: whether the API answers, which one it is, whether the record is whole."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from guardcli.client.api import Verification
from guardcli.model.approvals import ApprovalState
from guardcli.model.errors import GuardError
from guardcli.playback.text import clock
from guardcli.tui.screens.room import Room
from guardcli.tui.texts import block, facts, line

REFRESH_SECONDS = 3.0


class HealthScreen(Room):
    """Facts about the API, and the verification of the record."""

    tab = "health"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("v", "verify", "Verify the record")]

    def body(self) -> ComposeResult:
        """Give the facts and the verification."""
        with VerticalScroll(id="details"):
            yield Static("", id="health")
            yield Static(Text("v verifies every chain and digest of the record", "dim"), id="verification")

    def on_mount(self) -> None:
        """Look now and then."""
        self.query_one("#details").focus()
        self._refresh()
        self.set_interval(REFRESH_SECONDS, self._refresh)

    def _refresh(self) -> None:
        if self.is_current:
            self.in_thread(self._fetch, "health")

    def _fetch(self, _wanted: Callable[[], bool]) -> None:
        began = time.monotonic()
        try:
            health = self.source.ask(self.source.client.health)
            took = time.monotonic() - began
            live = list(self.source.client.sessions(state="live", limit=500))
            waiting = self.source.client.list_approvals(ApprovalState.PENDING, limit=500)
        except GuardError as error:
            words = str(error)
            self.later(lambda: self._say(facts([("API", self.source.client.url), ("answers", line(words, "red"))])))
            return
        shown = facts(
            [
                ("API", self.source.client.url),
                ("answers", Text(f"yes, in {took * 1000:.0f} ms", "green")),
                ("version", str(health.get("version", ""))),
                ("schema", str(health.get("schema_version", ""))),
                ("its clock", clock(float(health.get("time", 0)))),
                ("live sessions", str(len(live))),
                ("waiting", f"{len(waiting)} requests"),
            ]
        )
        self.later(lambda: self._say(shown))

    def _say(self, text: Text) -> None:
        self.query_one("#health", Static).update(text)

    def action_verify(self) -> None:
        """Recompute every chain and digest."""
        self._verified(Text("verifying …", "dim"))
        self.in_thread(self._verify, "verify")

    def _verify(self, _wanted: Callable[[], bool]) -> None:
        try:
            found = self.source.verify()
        except GuardError as error:
            words = str(error)
            self.later(lambda: self._verified(block(words, "red")))
            return
        self.later(lambda: self._verified(report(found)))

    def _verified(self, text: Text) -> None:
        self.query_one("#verification", Static).update(text)


def report(found: Verification) -> Text:
    """Return what a verification found."""
    counted = f"{found.sessions:,} sessions, {found.events:,} events, {found.bytes:,} bytes of recordings"
    if found.whole:
        return Text(f"the record is whole: {counted}", "green")
    shown = Text(f"the record is NOT whole: {len(found.faults)} faults in {counted}\n", "bold red")
    for fault in found.faults[:200]:
        shown.append_text(line(f"{fault.session or 'the trail'}: {fault.message}", "red")).append("\n")
    return shown
