"""The policy in force here: its rules, and its tests as they come out now."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from guardcli.model.errors import GuardError
from guardcli.policy import Policy, load_policy
from guardcli.tui.screens.room import Room
from guardcli.tui.texts import VERDICTS, block, line
from guardcli.tui.widgets.listing import Column, Listing

TEST_SECONDS = 300
COLUMNS = (Column("DECISION", 8), Column("RULE", 34), Column("LOOKS FOR", 0))


class RuleRows:
    """The rules in the order in which they are named."""

    def __init__(self) -> None:
        self.policy: Policy | None = None

    def __len__(self) -> int:
        return len(self.policy.rules) if self.policy else 0

    def key(self, place: int) -> str:
        """Return the rule's id."""
        return self.policy.rules[place].id if self.policy else ""

    def cells(self, place: int) -> Sequence[Text | str]:
        """Return what a line shows of a rule."""
        if self.policy is None:
            return ()
        rule = self.policy.rules[place]
        verdict = rule.verdict.value
        return Text(verdict, VERDICTS.get(verdict, "")), line(rule.id), line(looks_for(rule.match))


def looks_for(match: object) -> str:
    """Return the keys of a match that say something, as a policy would write them."""
    parts = []
    for name in getattr(type(match), "__dataclass_fields__", {}):
        value = getattr(match, name)
        if value not in (None, (), frozenset()):
            parts.append(f"{name}: {_plain(value)}")
    return ", ".join(parts)


def _plain(value: object) -> str:
    if isinstance(value, (tuple, list, set, frozenset)):
        return "[" + ", ".join(sorted(_plain(one) for one in value)) + "]"
    return str(getattr(value, "value", getattr(value, "text", value)))


class PolicyScreen(Room):
    """Rules and tests."""

    tab = "policy"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("t", "test", "Run its tests")]

    def __init__(self) -> None:
        super().__init__()
        self.rows = RuleRows()

    def body(self) -> ComposeResult:
        """Give what it is called, its rules, and a place for what is said of them."""
        yield Static("", id="facts")
        yield Listing(COLUMNS, self.rows, id="rules")
        with VerticalScroll(id="details"):
            yield Static("", id="said")

    def on_mount(self) -> None:
        """Load the policy."""
        self.query_one(Listing).focus()
        self.in_thread(self._load, "policy")

    def _load(self, _wanted: Callable[[], bool]) -> None:
        source = self.guard.policy
        try:
            policy = load_policy(source)
        except GuardError as error:
            words = str(error)
            self.later(lambda: self.query_one("#facts", Static).update(block(f"{source}: {words}", "red")))
            return
        self.later(lambda: self._show(policy))

    def _show(self, policy: Policy) -> None:
        self.rows.policy = policy
        facts = f"{policy.name}  {policy.digest[:12]}  {len(policy.rules)} rules, {len(policy.tests)} tests"
        self.query_one("#facts", Static).update(block(f"{facts}\nfrom {', '.join(policy.sources)}"))
        self.query_one(Listing).changed()

    @on(Listing.Moved)
    def _describe(self, event: Listing.Moved) -> None:
        if self.rows.policy is None or event.place < 0:
            return
        rule = self.rows.policy.rules[event.place]
        shown = Text().append(f"{rule.id}\n", "bold").append_text(block(rule.message or ""))
        shown.append("\nlooks for  ", "dim").append_text(line(looks_for(rule.match)))
        if rule.unless is not None:
            shown.append("\nunless     ", "dim").append_text(line(looks_for(rule.unless)))
        self.query_one("#said", Static).update(shown)

    def action_test(self) -> None:
        """Run the tests inside the policy."""
        self.query_one("#said", Static).update(Text("running the tests …", "dim"))
        self.in_thread(self._test, "tests")

    def _test(self, _wanted: Callable[[], bool]) -> None:
        command = [sys.executable, "-P", "-m", "guardcli", "policy", "test", "--json", self.guard.policy]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TEST_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            words = str(error)
            self.later(lambda: self.query_one("#said", Static).update(block(words, "red")))
            return
        self.later(lambda: self.query_one("#said", Static).update(outcome(done.stdout, done.stderr)))


def outcome(answer: str, complaint: str) -> Text:
    """Return what ``guard policy test --json`` says, for people: how many pass, and what is wrong with the others."""
    tests = [json.loads(text) for text in answer.splitlines() if text.startswith("{")]
    failed = [one for one in tests if not one.get("passed")]
    if not tests:
        return block(complaint or "this policy has no tests", "red" if complaint else "dim")
    shown = Text(f"{len(tests) - len(failed)} of {len(tests)} tests pass\n", "red" if failed else "green")
    for one in failed:
        shown.append_text(line(json.dumps(one, ensure_ascii=False), "red")).append("\n")
    return shown
