"""Asks for the reason of a vote, showing once more what it is about."""

from __future__ import annotations

import time
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from guardcli.model.approvals import Approval
from guardcli.tui.texts import approval_facts


class Vote(NamedTuple):
    """A yes or no, and why."""

    approval: str
    approve: bool
    reason: str


class DecideScreen(ModalScreen[Vote | None]):
    """Gives a vote, or None where the reviewer thought better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Back")]

    def __init__(self, approval: Approval, approve: bool) -> None:
        super().__init__()
        self._approval = approval
        self._approve = approve

    def compose(self) -> ComposeResult:
        """Give the facts, the reason, and the buttons."""
        word, colour = ("Approve", "green") if self._approve else ("Deny", "red")
        with Vertical(id="decide"):
            yield Static(Text(f"{word}: exactly this, once" if self._approve else word, f"bold {colour}"))
            with VerticalScroll(id="decide-facts"):
                yield Static(approval_facts(self._approval, time.time()))
            yield Input(placeholder="why; shown to the agent and kept", id="reason", max_length=4000)
            with Horizontal(id="decide-buttons"):
                yield Button(f"{word} (Enter)", variant="success" if self._approve else "error", id="yes", compact=True)
                yield Button("Back (Esc)", id="back", compact=True)

    def on_mount(self) -> None:
        """Begin with the reason."""
        reason = self.query_one(Input)
        reason.cursor_blink = False
        reason.focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def _vote(self) -> None:
        self.dismiss(Vote(self._approval.id, self._approve, self.query_one(Input).value.strip()))

    @on(Button.Pressed, "#back")
    def action_cancel(self) -> None:
        """Decide nothing."""
        self.dismiss(None)
