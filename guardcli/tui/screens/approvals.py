"""The queue of approvals: what waits for a person, with everything that is needed to decide, and the decision."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from guardcli.model.approvals import Approval, ApprovalState
from guardcli.model.errors import GuardError
from guardcli.playback.questions import left
from guardcli.playback.text import age
from guardcli.tui.screens.decide import DecideScreen, Vote
from guardcli.tui.screens.room import Room
from guardcli.tui.screens.session import SessionScreen
from guardcli.tui.texts import STATES, approval_facts, effects, line
from guardcli.tui.widgets.listing import Column, Listing

REFRESH_SECONDS = 1.0
COLUMNS = (
    Column("STATE", 9),
    Column("AGE", 4),
    Column("LEFT", 4),
    Column("WHO", 12),
    Column("EFFECTS", 14),
    Column("COMMAND", 0),
)


class ApprovalRows:
    """Approvals, those that wait first."""

    def __init__(self) -> None:
        self.shown: list[Approval] = []

    def __len__(self) -> int:
        return len(self.shown)

    def key(self, place: int) -> str:
        """Return the approval's identifier."""
        return self.shown[place].id

    def cells(self, place: int) -> Sequence[Text | str]:
        """Return what a line shows of an approval."""
        one, at = self.shown[place], time.time()
        return (
            Text(one.state.value, STATES.get(one.state, "dim")),
            age(at - one.created),
            left(one, at),
            line(one.requester),
            effects(one.effects),
            line(one.command),
        )


class ApprovalsScreen(Room):
    """What waits, and what was decided."""

    tab = "approvals"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "vote(True)", "Approve"),
        Binding("d", "vote(False)", "Deny"),
        Binding("w", "waiting", "Only waiting"),
        Binding("s", "session", "Its session"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.rows = ApprovalRows()
        self._known: list[Approval] = []
        self._only = False

    def body(self) -> ComposeResult:
        """Give the queue, and below it the one under the cursor."""
        yield Listing(COLUMNS, self.rows, id="queue")
        with VerticalScroll(id="details"):
            yield Static("nothing waits for an answer", id="approval")

    def on_mount(self) -> None:
        """Look at once, and then every second."""
        self.query_one(Listing).focus()
        self._refresh()
        self.set_interval(REFRESH_SECONDS, self._refresh)

    def _refresh(self) -> None:
        if self.is_current:
            self.in_thread(self._fetch, "approvals")

    def _fetch(self, wanted: Callable[[], bool]) -> None:
        found = self.source.insist(self.source.approvals, wanted)
        if found is not None:
            self.later(lambda: self._took(found))

    def _took(self, found: list[Approval]) -> None:
        self._known = found
        self.guard.waits(sum(one.state is ApprovalState.PENDING for one in found))
        self._changed()

    def _changed(self) -> None:
        shown = [one for one in self._known if one.state is ApprovalState.PENDING or not self._only]
        self.rows.shown = shown
        self.query_one(Listing).changed()
        self._describe()

    @on(Listing.Moved)
    def _describe(self) -> None:
        chosen = self._chosen()
        text = approval_facts(chosen, time.time()) if chosen else Text("nothing waits for an answer", "dim")
        self.query_one("#approval", Static).update(text)

    def _chosen(self) -> Approval | None:
        place = self.query_one(Listing).place
        return self.rows.shown[place] if place >= 0 else None

    @on(Listing.Selected)
    def _selected(self) -> None:
        self.query_one("#details").focus()

    def action_waiting(self) -> None:
        """Show those alone that wait, or all again."""
        self._only = not self._only
        self._changed()

    def action_vote(self, approve: bool) -> None:
        """Ask for a reason, then vote."""
        chosen = self._chosen()
        if chosen is None or chosen.state is not ApprovalState.PENDING:
            self.notify("this one does not wait for an answer", severity="warning")
            return
        self.app.push_screen(DecideScreen(chosen, approve), self._vote)

    def _vote(self, vote: Vote | None) -> None:
        if vote is not None:
            self.in_thread(lambda _: self._send(vote), "vote")

    def _send(self, vote: Vote) -> None:
        try:
            after = self.source.decide(vote.approval, vote.approve, vote.reason)
        except GuardError as error:
            words, severity = str(error), "error"
            self.later(lambda: self.notify(line(words).plain, severity=severity, markup=False))  # type: ignore[arg-type]
            return
        words = "counted; more reviewers are needed" if after.state is ApprovalState.PENDING else after.state.value
        self.later(lambda: self.notify(f"{vote.approval[:8]}: {words}", markup=False))
        self.later(self._refresh)

    def action_session(self) -> None:
        """Open the session that asks."""
        chosen = self._chosen()
        if chosen is not None:
            self.in_thread(lambda wanted: self._find(chosen.session, wanted), "session")

    def _find(self, session: str, wanted: Callable[[], bool]) -> None:
        try:
            found = self.source.insist(lambda: self.source.client.session(session), wanted)
        except GuardError as error:
            words = line(error).plain
            self.later(lambda: self.notify(words, severity="error", markup=False))
            return
        if found is not None:
            self.later(lambda: self.app.push_screen(SessionScreen(found)))
