"""`guard evidence`, on a real API: what was recorded is counted, sealed, and checked without the API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import inside
import pytest

from guardcli.client.api import ApiClient
from guardcli.client.embedded import embedded_pid, ensure_embedded
from guardcli.model.events import GENESIS, EventType, chained

EVIL = "<script>alert(1)</script>\x1b[2J\u202e"

CONTROLS = (
    "AC-2 AC-3 AC-6 AC-17 AU-2 AU-3 AU-6 AU-9 AU-10 AU-11 AU-12 IA-2 IA-4 IA-5 IA-9 SC-8 SC-13 SC-28 RA-3 RA-5 SI-4"
)

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("house")


@pytest.fixture(scope="module")
def guard(place: Path) -> Iterator[Run]:
    for name in ("state", "runtime", "config"):
        (place / name).mkdir(mode=0o700)
    client = ApiClient(ensure_embedded(place / "runtime", place / "state" / "guard.db", place / "state"))
    for session, began in (("session-0001", time.time()), ("session-old0", 1000.0)):
        own = client.with_token(client.create_session({"id": session, "identity": EVIL, "host": "h", "started": began}))
        last = GENESIS
        for number, verdict in enumerate(("allow", "deny", "deny")):
            data = {"verdict": verdict, "command": "x"}
            event = chained(session, number, "2026-01-01T00:00:00.000000Z", EventType.JUDGED, number + 1, data, last)
            own.append_events(session, [(event, None)])
            last = event.hash
        approval = own.request_approval(session, os.urandom(32).hex(), command=EVIL)
        client.decide_approval(approval.id, True, reason=EVIL)
        own.consume_approval(approval.id, approval.digest)
        own.close()
    settings = {f"GUARD_{name}_DIR": str(place / name.lower()) for name in ("STATE", "RUNTIME", "CONFIG")}

    def run(
        *arguments: str, group: tuple[str, ...] = ("evidence",), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return inside.guard(*group, *arguments, env={**os.environ, **settings, **environment})

    yield run
    client.close()
    pid = embedded_pid(place / "runtime")
    assert pid is not None
    os.kill(pid, signal.SIGTERM)


def test_an_export_counts_maps_and_holds(guard: Run, place: Path) -> None:
    told = guard("export", "--from", "1h", "--to", "2090-01-01", "-o", str(place / "out"))
    assert told.returncode == 0, told.stderr
    evidence = json.loads((place / "out" / "evidence.json").read_text())
    facts = evidence["facts"]
    assert (facts["sessions"], facts["calls"], facts["allowed"], facts["denied"]) == (1, 3, 1, 2)
    assert evidence["verification"]["whole"] and evidence["faults"] == []
    assert [one["id"] for one in evidence["controls"]] == CONTROLS.split()
    assert all(one["shows"] and one["guard_cannot_show"] for one in evidence["controls"])
    steps = [[step["action"] for step in one["acts"]] for one in evidence["approvals"]]
    assert len(steps) == 2
    for one in steps:
        assert one[0] == "approval-requested" and one[-1] == "approval-consumed" and "approval-approved" in one
    shown = (place / "out" / "evidence.html").read_text()
    assert "<script" not in shown and "\x1b" not in shown and "AU-10" in shown
    assert 'name="viewport"' in shown and "@media print" in shown and "&lt;script&gt;" in shown, "the reasons"
    assert facts["approvals_approved"] == facts["approvals_used"] == facts["votes"] == 2
    assert not any(one["begins_earlier"] for one in evidence["approvals"])
    assert all(step["hash"] in shown for one in evidence["approvals"] for step in one["acts"])
    counted = {name for one in evidence["controls"] for name in one["counts"]}
    assert set(facts) <= counted, "what is counted bears on a control"
    key = told.stdout.split()[-1]
    away = {"GUARD_API": "http://127.0.0.1:9"}
    checked = guard("verify", str(place / "out"), "--key", key, **away)
    assert checked.returncode == 0 and "whole" in checked.stdout, checked.stderr
    wrong = guard("verify", str(place / "out"), "--key", "0" * 64, **away)
    assert wrong.returncode == 1 and "another key" in wrong.stdout
    again = guard("export", "--from", "1h", "--to", "2090-01-01", "-o", str(place / "out"))
    assert again.returncode != 0 and "exists already" in again.stderr
    content = (place / "out" / "evidence.json").read_text()
    (place / "out" / "evidence.json").write_text(content.replace('"denied":2', '"denied":0'))
    assert content.count('"denied":2')
    harmed = guard("verify", str(place / "out"), "--key", key)
    assert harmed.returncode == 1 and "evidence.json was changed" in harmed.stdout


def test_an_empty_span_is_no_failure_and_a_turned_one_is(guard: Run, place: Path) -> None:
    told = guard("export", "--from", "2001-01-01", "--to", "2001-02-01", "-o", str(place / "none"))
    assert told.returncode == 0, told.stderr
    assert json.loads((place / "none" / "evidence.json").read_text())["facts"]["sessions"] == 0
    turned = guard("export", "--from", "2001-02-01", "--to", "2001-01-01", "-o", str(place / "turned"))
    assert turned.returncode != 0 and not (place / "turned").exists()


def test_events_go_out_as_lines_of_ocsf(guard: Run) -> None:
    told = guard("--from", "2025-12-31T00:00Z", "--to", "2090-01-01", group=("audit", "export"))
    assert told.returncode == 0, told.stderr
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    uids = [line["metadata"]["uid"] for line in lines]
    acts = [uid for uid in uids if uid.startswith("trail/")]
    assert acts == [f"trail/{number}" for number in range(len(acts))] and len(acts) > 2
    assert [uid for uid in uids if not uid.startswith(("trail/", "head/"))] == [
        f"{session}/{number}" for session in ("session-0001", "session-old0") for number in range(3)
    ]
    assert {line["class_uid"] for line in lines} == {6003} and "\x1b" not in told.stdout
    none = guard("--from", "2025-12-30T00:00Z", "--to", "2025-12-31T00:00Z", group=("audit", "export"))
    assert (none.returncode, none.stdout) == (0, "")


def test_one_file_is_made_and_signed_by_the_api(guard: Run, place: Path) -> None:
    path = place / "quarter.zip"
    told = guard("export", "--from", "1h", "--to", "2090-01-01", "-o", str(path))
    assert told.returncode == 0, told.stderr
    database = ("--database", str(place / "state" / "guard.db"))
    listed = json.loads(guard("list", "--json", *database, group=("api", "keys")).stdout)
    key = told.stdout.split()[-1]
    assert key.startswith(listed["keys"][0]["id"])
    assert guard("verify", str(path), "--key", key).returncode == 0
    other = guard("verify", str(path), "--key", "0" * 64)
    assert (other.returncode, "another key" in other.stdout) == (1, True)
    with zipfile.ZipFile(path) as bundle:
        evidence = json.loads(bundle.read("evidence.json"))
    assert (evidence["facts"]["sessions"], evidence["facts"]["denied"]) == (1, 2)
    assert all(one["guard_cannot_show"] for one in evidence["controls"])
    assert guard("export", "--from", "1h", "--to", "2090-01-01", "-o", str(path)).returncode == 1
