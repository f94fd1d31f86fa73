"""A whole guard in a directory of its own: settings, state, API, tools, policy; gone after the test."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import inside
import pytest
import warm
from integration.guarded import PASSWORD, Database
from integration.guarded import POLICY as GATEWAY_POLICY
from integration.servers import postgres

from guardcli.client import embedded

ASKING = ("approvals", "audit", "sessions")
"""Commands that ask the API for something and print it."""

PROBE = '#!/bin/sh\nexec "$@"\n'

POLICY = """
version: 1
name: test
tools:
  probe: {patterns: [{match: ".*", effects: [read], action: run}]}
  quiet: {patterns: [{match: ".*", effects: [read], action: run}]}
  gate: {patterns: [{match: ".*", effects: [write], action: run}]}
  shut: {patterns: [{match: ".*", effects: [delete], action: run}]}
rules:
  - {id: probe-runs, match: {tool: probe}, decision: allow}
  - {id: probe-runs-however-long, match: {tool: probe, complete: false}, decision: allow}
  - {id: quiet-runs, match: {tool: quiet}, decision: allow, record: command}
  - {id: gate-asks, match: {tool: gate}, decision: approve}
  - {id: shut-never, match: {tool: shut}, decision: deny, message: Never in a test.}
mask:
  - {detect: [email, aws_key, password], with: redact}
"""


class Sandbox:
    """Runs guard apart from the user's own. ``probe``, ``gate``, ``shut`` and ``quiet`` run what they are given."""

    cold = False
    """Whether sessions are started by a Python of their own, as users start them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin = root / "bin"
        self.policy = root / "policy.yaml"
        self._used = 0
        (root / "state").mkdir(mode=0o700)
        (root / "state" / "cache").symlink_to(os.environ["GUARD_TEST_PATTERNS"])
        self.reset()

    def reset(self) -> None:
        """Begin anew with settings, tools and an empty directory to work in; what was recorded stays."""
        for path in self.root.iterdir():
            if path.name not in ("state", "run", "config"):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        # A directory of its own for each test: a yes holds for the directory, and none is to be left from another.
        self._used += 1
        self.work = self.root / f"work{self._used}"
        for directory in (self.bin, self.work):
            directory.mkdir()
        for tool in ("probe", "gate", "shut", "quiet"):
            self.tool(tool, PROBE)
        self.policy.write_text(POLICY)
        self.env = {
            **os.environ,
            "HOME": str(self.root),
            "PATH": f"{self.bin}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "GUARD_STATE_DIR": str(self.root / "state"),
            "GUARD_RUNTIME_DIR": str(self.root / "run"),
            "GUARD_CONFIG_DIR": str(self.root / "config"),
            "GUARD_POLICY": str(self.policy),
        }

    def tool(self, name: str, text: str) -> Path:
        """Put an executable script onto the PATH behind the shims."""
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def guard(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a guard command to its end; one that only asks the API runs in this process, as tests ask often."""
        if arguments[0] in ASKING and not options:
            return inside.guard(*arguments, env=self.env, cwd=self.work)
        options = {"env": self.env, "cwd": self.work, "text": True, "capture_output": True, "timeout": 600, **options}
        if self.cold:
            return subprocess.run([sys.executable, "-m", "guardcli", *arguments], **options)
        self.begin()
        return warm.run(arguments, **options)

    def run(self, *agent: str, options: Sequence[str] = (), **keywords: Any) -> subprocess.CompletedProcess[str]:
        """Run an agent under guard to its end."""
        return self.guard("run", *options, "--", *agent, **keywords)

    def script(self, text: str, **keywords: Any) -> subprocess.CompletedProcess[str]:
        """Run a shell script as the agent."""
        return self.run("sh", "-c", text, **keywords)

    def python(self, text: str, **keywords: Any) -> subprocess.CompletedProcess[str]:
        """Run a Python program as the agent."""
        path = self.root / "agent.py"
        path.write_text(text)
        return self.run(sys.executable, str(path), **keywords)

    def start(self, *agent: str, options: Sequence[str] = (), **keywords: Any) -> subprocess.Popen[str]:
        """Start an agent under guard."""
        keywords = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **keywords}
        command = ["run", *options, "--", *agent]
        if self.cold:
            return subprocess.Popen(
                [sys.executable, "-m", "guardcli", *command], env=self.env, cwd=self.work, **keywords
            )
        self.begin()
        return warm.Guard(command, env=self.env, cwd=self.work, **keywords)

    def begin(self) -> None:
        """Start the embedded API where none has run yet, before a session starts one from cold."""
        if not (self.root / "run").exists():
            with mock.patch.object(embedded, "_spawn_detached", warm.detached):
                self.guard("sessions", "list")

    def json(self, *arguments: str) -> list[Any]:
        """Run a guard command and return the JSON that it prints, a value a line."""
        answer = self.guard(*arguments, "--json")
        assert answer.returncode == 0, answer.stderr
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def sessions(self) -> list[dict[str, Any]]:
        """Return the sessions that the API knows, newest first."""
        return self.json("sessions", "list")

    def events(self, session: str | None = None, type: str | None = None) -> list[dict[str, Any]]:
        """Return the events of a session, by default the newest one."""
        identifier = session or self.sessions()[0]["id"]
        found = self.json("sessions", "show", identifier)
        return [event for event in found if type is None or event["type"] == type]

    def verify(self) -> None:
        """Assert that every chain is whole."""
        answer = self.guard("audit", "verify")
        assert answer.returncode == 0, answer.stdout + answer.stderr

    def api_pid(self) -> int | None:
        """Return the pid of the embedded API, None when it does not run."""
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self.root / "run" / "api.sock"))
                return int(struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])
        except OSError:
            return None

    def stop_api(self, number: int = signal.SIGTERM) -> None:
        """End the embedded API and wait until it is gone."""
        pid = self.api_pid()
        if pid is None:
            return
        os.kill(pid, number)
        until = time.monotonic() + 60
        while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
            time.sleep(0.01)


def _made() -> Iterator[Sandbox]:
    root = Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))  # short, for the sockets in it
    made = Sandbox(root)
    try:
        yield made
    finally:
        made.stop_api()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A guard of the test's own."""
    yield from _made()


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests to which it matters what a process is started with: its limits, its environment, its memory."""
    monkeypatch.setattr(Sandbox, "cold", True)


@pytest.fixture(scope="session")
def _shared() -> Iterator[Sandbox]:
    for made in _made():
        made.guard("sessions", "list")  # its API is started as a user's
        yield made


@pytest.fixture
def shared_sandbox(_shared: Sandbox) -> Sandbox:
    """A guard whose API and record other tests have used before: quicker, for tests that do not look at those."""
    _shared.reset()
    return _shared


def wait_for(condition: Any, seconds: float = 120.0) -> Any:
    """Return what `condition` gives as soon as that is true; fail when it never is."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("waited in vain")


@pytest.fixture(name="wait_for")
def wait_for_fixture() -> Any:
    """`wait_for`, for tests that import nothing."""
    return wait_for


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    """A PostgreSQL server that lets nobody in without a password."""
    with postgres() as env:
        yield Database(env)


@pytest.fixture
def guarded(shared_sandbox: Sandbox, database: Database) -> Callable[..., Sandbox]:
    """Return a function that puts the policy for that server in place: ``guarded(expose=…, options=…)``."""

    return partial(_behind, shared_sandbox, database)


@pytest.fixture
def guarded_alone(sandbox: Sandbox, database: Database) -> Sandbox:
    """The same with a guard of the test's own, for those that look at all that waits or was recorded."""
    return _behind(sandbox, database)


def _behind(
    sandbox: Sandbox, database: Database, expose: str = "DATABASE_URL", options: str = "{user: reporting}"
) -> Sandbox:
    file = sandbox.root / "password"
    file.write_text(PASSWORD + "\n")
    file.chmod(0o600)
    sandbox.policy.write_text(GATEWAY_POLICY.format(host=database.host, file=file, expose=expose, options=options))
    for name in [name for name in sandbox.env if name.startswith("PG")]:
        del sandbox.env[name]
    return sandbox
