"""A reviewer at a real terminal: sees a live session, answers what it waits for, watches it go on."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


class Tmux:
    """One terminal of 110 × 32 in a tmux server of its own."""

    def __init__(self, sandbox) -> None:
        self._socket = str(Path(sandbox.root) / "tmux.sock")
        self._env = {**sandbox.env, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self._env.pop("TMUX", None)

    def __call__(self, *arguments: str) -> str:
        command = ["tmux", "-S", self._socket, "-f", "/dev/null", *arguments]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=600, check=False).stdout

    def start(self, command: list[str]) -> None:
        self("new-session", "-d", "-x", "110", "-y", "32", shlex.join(command))

    def keys(self, *keys: str) -> None:
        self("send-keys", *keys)

    def screen(self) -> str:
        return self("capture-pane", "-p")

    def until(self, true: Callable[[str], bool]) -> str:
        end = time.monotonic() + 120
        while not true(shown := self.screen()):
            assert time.monotonic() < end, f"it did not happen in time:\n{shown}"
            time.sleep(0.1)
        return shown


@pytest.fixture
def tmux(sandbox) -> Iterator[Tmux]:
    made = Tmux(sandbox)
    yield made
    made("kill-server")


AGENT = """
psql -XAtq "$DATABASE_URL" -c "UPDATE letters SET sent = true WHERE id = 3"; probe echo changed $?
psql -XAtq "$DATABASE_URL" -c 'DELETE FROM letters'; probe echo told $?
sleep 3
"""
LETTERS = """
CREATE TABLE letters AS SELECT n AS id, false AS sent FROM generate_series(1, 40) AS n;
ALTER TABLE letters ADD PRIMARY KEY (id);
ANALYZE letters;
"""
ASKING = """
  - {id: changes-ask, match: {tool: psql, effects: [write, delete]}, decision: approve}
  - {id: probes, match: {tool: probe}, decision: allow}
tools: {probe: {patterns: [{match: ".*", effects: [read], action: run}]}}
"""


@pytest.fixture
def asking(guarded_alone, database) -> Iterator[Any]:
    """A session's surroundings in which changes of a table, and nothing else, wait for a person."""
    sandbox = guarded_alone
    text = sandbox.policy.read_text()
    sandbox.policy.write_text(text[: text.index("  - {id: writes")].rstrip() + ASKING)
    database.sql(LETTERS)
    yield sandbox
    database.sql("DROP TABLE letters")


def test_a_reviewer_approves_and_denies_statements_and_watches_them(asking, database, tmux: Tmux) -> None:
    sent = "SELECT count(*) FILTER (WHERE sent) || ' of ' || count(*) FROM letters"
    agent = asking.start("sh", "-c", AGENT)
    try:
        tmux.start([sys.executable, "-m", "guardcli", "tui"])
        tmux.until(lambda shown: "Approvals (1)" in shown and "live" in shown and "orders-db" in shown)
        tmux.keys("2", "w")
        shown = tmux.until(lambda shown: "changes-ask" in shown and "UPDATE letters" in shown)
        assert "update of public.letters: about 1 row of 40" in shown
        assert database.sql(sent) == "0 of 40\n"
        tmux.keys("a")
        tmux.until(lambda shown: "exactly this, once" in shown)
        tmux.keys("f", "i", "n", "e", "Enter")
        shown = tmux.until(lambda shown: "DELETE FROM letters" in shown and "rows of 40" in shown)
        assert "delete from public.letters: about 40 rows of 40" in shown
        assert database.sql(sent) == "1 of 40\n"
        tmux.keys("d")
        tmux.until(lambda shown: "Deny (Enter)" in shown)
        tmux.keys("n", "e", "v", "e", "r", "Enter")
        tmux.until(lambda shown: "Approvals (" not in shown)
        tmux.keys("1")
        tmux.until(lambda shown: "STATE" in shown and "CALLS" in shown)
        tmux.keys("Enter")
        tmux.until(lambda shown: "judged" in shown)
        tmux.keys("o")
        tmux.until(lambda shown: "consumed by" in shown and "denied by" in shown and ": never" in shown)
        tmux.keys("t")
        tmux.until(lambda shown: "changed 0" in shown and "never" in shown and "told 1" in shown)
        tmux.keys("C-q")
        tmux.until(lambda shown: "told 1" not in shown)
    finally:
        agent.terminate()
        said = agent.communicate(timeout=600)
    assert "changed 0\ntold 1\n" in said[0]
    assert "never" in said[1]
    assert [one["reason"] for one in asking.json("approvals", "list", "--all")][:2] == ["never", "fine"]
    assert database.sql(sent) == "1 of 40\n"


def test_without_a_terminal_it_says_what_to_do(shared_sandbox) -> None:
    answer = shared_sandbox.guard("tui", stdin=subprocess.DEVNULL)
    assert answer.returncode == 78
    assert "guard sessions" in answer.stderr
