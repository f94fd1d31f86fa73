"""``guard api encryption``: rotate, seal anew, killed at any moment, and retire what nothing needs any more."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from inside import guard

from guardcli.api.store import Store
from guardcli.api.store.appended import Appended
from guardcli.api.store.database import open_database, prepare
from guardcli.api.store.verification import verify
from guardcli.model.events import GENESIS, EventType, chained

ID = "session-0001"


def run(database: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return guard("api", "encryption", *arguments, "--database", database)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with a recording of thirty objects beside it."""
    path = tmp_path / "guard.db"
    engine = open_database(f"sqlite:///{path}")
    prepare(engine)
    store = Store.over(engine)
    store.sessions.open({"id": ID, "identity": "agent@test", "started": 1000.0}, "local:tester")
    previous, offset = GENESIS, 0
    for number in range(30):
        content = f"{number}\n".encode() * 50
        data = {"offset": offset, "length": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        event = chained(ID, number, "2026-01-01T00:00:00.000000Z", EventType.OUTPUT, 0, data, previous)
        store.events.append(ID, [Appended(event, content)], "local:tester")
        previous, offset = event.hash, offset + len(content)
    engine.dispose()
    return path


def faults(database: Path) -> list[object]:
    engine = open_database(f"sqlite:///{database}")
    found = verify(Store.over(engine)).faults
    engine.dispose()
    return list(found)


def identities(database: Path) -> list[tuple[str, int]]:
    form = json.loads(run(database, "list", "--json").stdout)
    return [(one["state"], one["blocks"]) for one in form["identities"]]


def test_an_identity_is_rotated_recordings_sealed_anew_and_the_old_one_retired(database: Path) -> None:
    assert identities(database) == [("present", 30)]
    old = run(database, "list").stdout.split()[3]
    rotated = run(database, "rotate")
    assert rotated.returncode == 0, rotated.stderr
    assert "back it up" in rotated.stdout
    assert identities(database) == [("present", 0), ("old", 30)]
    early = run(database, "retire", old)
    assert (early.returncode, "30 blocks" in early.stderr) == (1, True)
    assert run(database, "rewrap").stdout.startswith("30 of 30")
    away = run(database, "retire", old)
    assert away.returncode == 1 and "may come back with a spool" in away.stderr and "--force" in away.stderr
    assert [state for state, _ in identities(database)] == ["present", "old"]
    assert run(database, "retire", old, "--force").returncode == 0
    assert identities(database) == [("present", 30)]
    assert "AGE-SECRET" not in rotated.stdout + run(database, "list").stdout
    assert faults(database) == []


KILLED = """
import os, signal, sys
from guardcli.api.archive.objects import Objects
from guardcli.api.store import rewrapping
from guardcli.cli.main import main
left = int(sys.argv.pop(1))
def counted(act):
    def dies(*arguments, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return act(*arguments, **named)
    return dies
Objects.put, Objects.delete = counted(Objects.put), counted(Objects.delete)
rewrapping.writing, rewrapping.let_go = counted(rewrapping.writing), counted(rewrapping.let_go)
sys.exit(main())
"""


def test_killed_at_any_step_it_loses_nothing_and_goes_on(database: Path, tmp_path: Path) -> None:
    """kill -9 before the commit and within it, and before the old object goes."""
    run(database, "rotate")
    command = ["api", "encryption", "rewrap", "--database", str(database)]
    for left in (1, 2, 3, 9):
        done = subprocess.run([sys.executable, "-c", KILLED, str(left), *command], capture_output=True, check=False)
        assert done.returncode == -9, done.stderr
        assert faults(database) == []
    assert run(database, "rewrap").returncode == 0
    assert identities(database) == [("present", 30), ("old", 0)]
    assert faults(database) == []
    left_over = len([path for path in (tmp_path / "recordings").rglob("*") if path.is_file()]) - 30
    assert 0 <= left_over <= 4
