"""A reviewer at a real terminal: sees a live session, answers what it waits for, watches it go on."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


class Tmux:
    """One terminal of 100 × 30 in a tmux server of its own."""

    def __init__(self, sandbox) -> None:
        self._socket = str(Path(sandbox.root) / "tmux.sock")
        self._env = {**sandbox.env, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self._env.pop("TMUX", None)

    def __call__(self, *arguments: str) -> str:
        command = ["tmux", "-S", self._socket, "-f", "/dev/null", *arguments]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=90, check=False).stdout

    def start(self, command: list[str]) -> None:
        self("new-session", "-d", "-x", "100", "-y", "30", shlex.join(command))

    def keys(self, *keys: str) -> None:
        self("send-keys", *keys)

    def screen(self) -> str:
        return self("capture-pane", "-p")

    def until(self, true: Callable[[str], bool]) -> str:
        end = time.monotonic() + 60
        while not true(shown := self.screen()):
            assert time.monotonic() < end, f"it did not happen in time:\n{shown}"
            time.sleep(0.1)
        return shown


@pytest.fixture
def tmux(sandbox) -> Iterator[Tmux]:
    made = Tmux(sandbox)
    yield made
    made("kill-server")


def test_a_reviewer_sees_approves_and_watches_a_live_session(sandbox, tmux: Tmux) -> None:
    agent = sandbox.start(
        "sh", "-c", 'echo at work; gate sh -c "echo changed > made; echo it is done"; probe echo over; sleep 3'
    )
    try:
        tmux.start([sys.executable, "-m", "guardcli", "tui"])
        tmux.until(lambda shown: "Approvals (1)" in shown and "live" in shown)
        tmux.keys("2")
        shown = tmux.until(lambda shown: "gate-asks" in shown)
        assert "it is done" in shown
        assert not (sandbox.work / "made").exists()
        tmux.keys("a")
        tmux.until(lambda shown: "exactly this, once" in shown)
        tmux.keys("f", "i", "n", "e", "Enter")
        tmux.until(lambda shown: "consumed" in shown or "approved" in shown)
        tmux.keys("1")
        tmux.until(lambda shown: "STATE" in shown and "CALLS" in shown)
        tmux.keys("Enter")
        tmux.until(lambda shown: "gate" in shown and "decided" in shown)
        tmux.keys("t")
        tmux.until(lambda shown: "it is done" in shown and "over" in shown)
        assert agent.wait(60) == 0
        assert (sandbox.work / "made").read_text() == "changed\n"
        tmux.keys("C-q")
        tmux.until(lambda shown: "it is done" not in shown)
    finally:
        agent.kill()
        agent.communicate(timeout=90)
    assert [one["reason"] for one in sandbox.json("approvals", "list", "--all")] == ["fine"]


def test_without_a_terminal_it_says_what_to_do(sandbox) -> None:
    answer = sandbox.guard("tui", stdin=subprocess.DEVNULL)
    assert answer.returncode == 78
    assert "guard sessions" in answer.stderr
