"""The commands for people, on a real API: approvals, sessions and the audit share one, to be quick."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from inside import guard

from guardcli.client.api import ApiClient
from guardcli.client.embedded import embedded_pid, ensure_embedded
from guardcli.model.approvals import Approval, ApprovalState
from guardcli.model.events import GENESIS, EventType, chained

EVIL = "psql -c 'x' \x1b]0;owned\x07\u202e"


@dataclass
class House:
    """Directories, an embedded API, and a session in it."""

    place: Path
    client: ApiClient
    own: ApiClient
    session: str

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        settings = {f"GUARD_{name}_DIR": str(self.place / name.lower()) for name in ("STATE", "RUNTIME", "CONFIG")}
        return guard(*arguments, env={**os.environ, **settings, **environment})

    def ask(self, **changes: object) -> Approval:
        values = {"command": EVIL, "rule": "writes-ask", "message": "Writes ask.", "cwd": "/work", "effects": ["write"]}
        return self.own.request_approval(self.session, os.urandom(32).hex(), **{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    place = tmp_path_factory.mktemp("house")
    for name in ("state", "runtime", "config"):
        (place / name).mkdir(mode=0o700)
    url = ensure_embedded(place / "runtime", place / "state" / "guard.db", place / "state")
    client = ApiClient(url)
    facts = {"id": "session-0001", "identity": "agent@test", "command": ["sh", "\x1b[2J"], "started": time.time()}
    own = client.with_token(client.create_session(facts))
    yield House(place, client, own, "session-0001")
    own.close()
    client.close()
    pid = embedded_pid(place / "runtime")
    assert pid is not None
    os.kill(pid, signal.SIGTERM)


def test_a_list_shows_who_asks_for_what_and_acts_on_nothing(house: House) -> None:
    approval = house.ask(effects=["write", "delete"])
    shown = house.run("approvals", "list")
    assert shown.returncode == 0, shown.stderr
    assert "\x1b" not in shown.stdout and "\u202e" not in shown.stdout
    line = next(line for line in shown.stdout.splitlines() if line.startswith(approval.id))
    for part in ("pending", "agent@test", "writes-ask", "write,delete", "psql -c 'x' \\x1b]0;owned\\x07"):
        assert part in line
    machine = [json.loads(line) for line in house.run("approvals", "list", "--json").stdout.splitlines()]
    assert approval.id in {one["id"] for one in machine}
    house.client.decide_approval(approval.id, False)
    assert approval.id not in house.run("approvals", "list").stdout
    assert approval.id in house.run("approvals", "list", "--state", "denied").stdout
    assert approval.id in house.run("approvals", "list", "--all").stdout


def test_show_tells_all_that_is_needed_to_decide(house: House) -> None:
    approval = house.ask(
        justification="ticket 7", targets=["table:public/orders"], groups=["dba"], quorum=2, changes=f"+{EVIL}\n-old"
    )
    shown = house.run("approvals", "show", approval.id[:9]).stdout
    for part in (approval.digest, "ticket 7", "table:public/orders", "2 reviewers of dba", "writes-ask: Writes ask."):
        assert part in shown
    assert f"+{EVIL[:12]}" in shown and "\n                  -old\n" in shown
    assert "\x1b" not in shown and "\u202e" not in shown
    assert json.loads(house.run("approvals", "show", approval.id, "--json").stdout)["digest"] == approval.digest


def test_a_yes_and_a_no_with_a_reason_reach_the_agent(house: House) -> None:
    yes, no = house.ask(), house.ask()
    assert "approved" in house.run("approvals", "approve", yes.id, "--reason", "agreed").stdout
    assert house.run("approvals", "deny", no.id, "-r", "use the copy", "--json").returncode == 0
    assert (house.own.approval(yes.id).state, house.own.approval(yes.id).reason) == (ApprovalState.APPROVED, "agreed")
    assert (house.own.approval(no.id).state, house.own.approval(no.id).reason) == (ApprovalState.DENIED, "use the copy")
    again = house.run("approvals", "approve", no.id)
    assert (again.returncode, again.stderr) == (
        1,
        f"guard: approval {no.id} is denied: there is nothing left to decide\n",
    )


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_inside_a_session_nothing_is_decided(house: House, verb: str) -> None:
    approval = house.ask()
    refused = house.run("approvals", verb, approval.id, GUARD_SESSION="session-0001")
    assert refused.returncode == 77
    assert refused.stderr.startswith("guard: approvals are never decided from inside a session")
    assert house.own.approval(approval.id).state is ApprovalState.PENDING


def test_waiting_tells_the_outcome_by_its_status(house: House) -> None:
    pending, approved, denied = house.ask(), house.ask(), house.ask()
    house.client.decide_approval(approved.id, True)
    house.client.decide_approval(denied.id, False, "no\x1b[2J")
    assert house.run("approvals", "wait", approved.id).returncode == 0
    told = house.run("approvals", "wait", denied.id)
    assert (told.returncode, "\x1b" in told.stderr) == (77, False)
    assert house.run("approvals", "wait", pending.id, "--seconds", "0.1").returncode == 75
    assert pending.id in house.run("approvals", "wait", "--seconds", "5").stdout.split()


@pytest.mark.parametrize("id", ["nope", "../sessions", "", "%2e%2e"])
def test_an_approval_that_is_not_there_is_said(house: House, id: str) -> None:
    told = house.run("approvals", "show", id)
    assert told.returncode == 1
    assert told.stderr.startswith("guard: ")


@pytest.fixture(scope="module")
def recorded(house: House) -> str:
    """A closed session with a recording that would do harm."""
    id = "session-rec1"
    own = house.client.with_token(
        house.client.create_session({"id": id, "identity": "agent@test", "command": ["sh"], "started": time.time()})
    )
    batch, previous, offset = [], GENESIS, 0
    lines = [
        b'{"version": 2, "width": 80, "height": 24}\n',
        json.dumps([1.0, "o", "\x1b[32mhello\x1b[0m\x1b]52;c;ZXZpbA==\x07\x1b[6n\r\n"]).encode() + b"\n",
        json.dumps([900.0, "o", "second call\r\n"]).encode() + b"\n",
    ]
    steps: list[tuple[EventType, int, dict[str, object], bytes | None]] = [
        (EventType.OPENED, 0, {"identity": "x"}, None)
    ]
    for call, line in enumerate(lines):
        if call:
            judged: dict[str, object] = {"verdict": "deny", "command": EVIL, "rule": "no-ddl", "operations": []}
            steps.append((EventType.JUDGED, call, judged, None))
        digest = hashlib.sha256(line).hexdigest()
        steps.append((EventType.OUTPUT, call, {"offset": offset, "length": len(line), "sha256": digest}, line))
        offset += len(line)
    steps.append((EventType.MASKED, 1, {"stream": "stdout", "findings": {"email": 3, "\x1b[2J": 1}}, None))
    steps.append((EventType.CLOSED, 0, {"status": 0, "calls": 2}, None))
    for sequence, (type, call, data, content) in enumerate(steps):
        event = chained(id, sequence, "2026-01-01T10:11:12.131415Z", type, call, data, previous)
        batch.append((event, content))
        previous = event.hash
    own.append_events(id, batch)
    own.close()
    return id


def test_sessions_are_listed_and_shown_without_any_effect(house: House, recorded: str) -> None:
    listed = house.run("sessions", "list")
    assert listed.returncode == 0, listed.stderr
    assert "\x1b" not in listed.stdout
    assert recorded in listed.stdout and "closed" in listed.stdout
    shown = house.run("sessions", "show", recorded[:11])
    assert shown.returncode == 0, shown.stderr
    assert "\x1b" not in shown.stdout and "\x07" not in shown.stdout
    for part in ("10:11:12.131", "deny", "no-ddl", "email ×3", "\\x1b]0;owned", "masked 4"):
        assert part in shown.stdout
    assert "bytes of recording" not in shown.stdout
    assert "bytes of recording" in house.run("sessions", "show", recorded, "--all").stdout
    events = [json.loads(line) for line in house.run("sessions", "show", recorded, "--json").stdout.splitlines()]
    assert [event["sequence"] for event in events] == list(range(8))
    assert recorded == json.loads(house.run("sessions", "list", "--json", "--limit", "1").stdout)["id"]


def test_a_replay_passes_colours_and_nothing_that_acts(house: House, recorded: str) -> None:
    played = house.run("sessions", "replay", recorded, "--no-wait").stdout
    assert "\x1b[32mhello\x1b[0m\n" in played and "second call" in played
    assert "\x1b]" not in played and "[6n" not in played
    assert "second call" not in house.run("sessions", "replay", "last", "--call", "1", "--no-wait").stdout


def test_an_export_is_the_recording_byte_for_byte(house: House, recorded: str, tmp_path: Path) -> None:
    whole = b"".join(house.client.recording(recorded))
    assert house.run("sessions", "export", recorded).stdout.encode() == whole
    assert house.run("sessions", "export", recorded, "-o", str(tmp_path / "x.cast")).returncode == 0
    assert (tmp_path / "x.cast").read_bytes() == whole
    told = house.run("sessions", "export", recorded, "-o", str(tmp_path / "none" / "x.cast"))
    assert (told.returncode, told.stderr.startswith("guard: cannot write")) == (69, True)


def test_the_trail_says_who_decided(house: House) -> None:
    approval = house.ask()
    house.client.decide_approval(approval.id, True, "fine")
    shown = house.run("audit", "trail", approval.id).stdout
    assert "approval-approved" in shown and "fine" in shown


def test_an_api_that_is_away_is_said_with_what_to_do(house: House) -> None:
    told = house.run("sessions", "list", GUARD_API="http://127.0.0.1:1")
    assert told.returncode == 69
    assert told.stderr.startswith("guard: the API at http://127.0.0.1:1 cannot be reached")


def test_tampering_fails_the_verification_and_is_named(house: House, recorded: str) -> None:
    whole = house.run("audit", "verify")
    assert (whole.returncode, whole.stdout.startswith("whole")) == (0, True), whole.stderr
    with sqlite3.connect(house.place / "state" / "guard.db") as database:
        database.execute("UPDATE events SET data='{}' WHERE session=? AND sequence=1", (recorded,))
    database.close()
    broken = house.run("audit", "verify")
    assert broken.returncode == 1
    assert f"session {recorded}: event 1: its content does not match its hash" in broken.stdout
    report = json.loads(house.run("audit", "verify", "--json", recorded).stdout)
    assert (report["whole"], report["faults"][0]["sequence"]) == (False, 1)


@pytest.mark.parametrize("group", ["api", "approvals", "sessions", "audit"])
def test_every_command_explains_itself(house: House, group: str) -> None:
    shown = house.run(group, "--help")
    assert shown.returncode == 0
    assert len(shown.stdout.splitlines()) > 5
