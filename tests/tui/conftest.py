"""A real API with sessions of known content, and the program that looks at it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual._context import visible_screen_stack
from textual.pilot import Pilot

from guardcli.client.api import ApiClient
from guardcli.client.embedded import embedded_pid, ensure_embedded
from guardcli.model.events import GENESIS, Event, EventType, chained
from guardcli.tui.app import GuardApp

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Story:
    """Tells the API of one session, event by event."""

    def __init__(self, client: ApiClient, id: str, **facts: object) -> None:
        self.id = id
        self.began = BEGAN
        self._facts = {
            "id": id,
            "identity": "agent@ci",
            "groups": ["agents"],
            "command": ["claude", "--task", "tidy up"],
            "cwd": "/srv/orders",
            "host": "build-7",
            "policy": "pack:default",
            "policy_digest": "5a56a7ffb3b3" + "0" * 52,
            "started": BEGAN.timestamp(),
            **facts,
        }
        self.client = client.with_token(client.create_session(self._facts))
        self._batch: list[tuple[Event, bytes | None]] = []
        self._sequence, self._previous, self._recorded = 0, GENESIS, 0
        self.event(EventType.OPENED, {**self._facts, "started": str(BEGAN)})
        self.record(0, {"version": 2, "width": 80, "height": 24})

    def event(
        self, type: EventType, data: dict[str, Any], call: int = 0, at: float = 0.0, content: bytes | None = None
    ) -> None:
        moment = (self.began + timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        event = chained(self.id, self._sequence, moment, type, call, data, self._previous)
        self._sequence, self._previous = self._sequence + 1, event.hash
        self._batch.append((event, content))

    def record(self, call: int, *lines: object, at: float = 0.0) -> None:
        content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        data = {"offset": self._recorded, "length": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        self._recorded += len(content)
        self.event(EventType.OUTPUT, data, call, at, content)

    def call(self, number: int, command: str, verdict: str, at: float, output: str = "", **more: Any) -> None:
        operation = {
            "tool": command.split()[0],
            "action": "delete" if verdict == "deny" else "read",
            "effects": ["delete"] if verdict == "deny" else ["read"],
            "targets": ["table:public/orders"],
            "complete": True,
            "reason": "",
        }
        data = {"tool": command.split()[0], "command": command, "cwd": "/srv/orders", "verdict": verdict}
        data |= {"rule": f"rule-{verdict}", "message": "As agreed.", "operations": [operation], **more}
        self.event(EventType.JUDGED, data, number, at)
        shown = f"$ {command}\r\n" + (output or f"output of call {number}\r\n")
        self.record(number, [at, "o", shown], at=at)
        if verdict == "allow":
            self.event(EventType.ENDED, {"status": 0, "seconds": 0.25, "streams": {}}, number, at + 0.25)

    def send(self) -> None:
        for start in range(0, len(self._batch), 500):
            self.client.append_events(self.id, self._batch[start : start + 500])
        self._batch = []

    def close(self, at: float = 60.0) -> None:
        self.event(EventType.CLOSED, {"status": 0, "calls": 3}, at=at)
        self.send()
        self.client.close()


class Stage:
    """The API's directories, and a client of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / "state" / "guard.db"
        for name in ("state", "run"):
            (root / name).mkdir(mode=0o700)
        self.start()

    def start(self) -> None:
        url = ensure_embedded(self.root / "run", self.database, self.root / "state", idle=3600)
        self.client = ApiClient(url)

    def stop(self) -> None:
        self.client.close()
        pid = embedded_pid(self.root / "run")
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + 60
        while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
            time.sleep(0.01)

    def story(self, id: str, **facts: object) -> Story:
        return Story(self.client, id, **facts)

    def settle_times(self) -> None:
        """Let everything have ended a minute after it began, as far as the API's own clock was written down."""
        with sqlite3.connect(self.database, timeout=600) as connection:
            connection.execute("UPDATE sessions SET closed = started + 60, seen = started + 60 WHERE closed > 0")

    def app(self, watch: bool = True) -> GuardApp:
        return GuardApp(self.client, "pack:default", watch=watch)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    root = Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))  # short, for the sockets in it
    made = Stage(root)
    yield made
    made.stop()
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def told(stage: Stage) -> Stage:
    """A stage with one session of everything that a reviewer wants to see."""
    story = stage.story("session-told-1")
    story.call(1, "git status", "allow", 1.0)
    story.call(2, "psql -c 'SELECT email FROM customers WHERE id = 7'", "allow", 5.0, "\x1b[32m[EMAIL]\x1b[0m\r\n")
    story.event(EventType.MASKED, {"findings": {"email": 3}, "stream": "stdout"}, 2, 5.1)
    story.call(3, "psql -c 'DROP TABLE orders'", "deny", 30.0, "guard: denied by rule rule-deny\r\n")
    story.close()
    stage.settle_times()
    return stage


Until = Callable[[Pilot[None], Callable[[], bool]], Awaitable[None]]


@pytest.fixture
def until() -> Until:
    """Wait until something is so on the screen; what does not become so in time is a failure."""

    async def wait(pilot: Pilot[None], true: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not true():
            assert time.monotonic() < end, "it did not happen in time:\n" + "\n".join(lines(pilot.app))
            await pilot.pause(0.02)

    return wait


def lines(app: Any) -> list[str]:
    """Return what the screen shows, as text, those below a question too."""
    visible_screen_stack.set(app._background_screens)  # what is drawn without it is kept, and is blank there
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


@pytest.fixture
def seen() -> Callable[[Any], str]:
    return lambda app: "\n".join(lines(app))
