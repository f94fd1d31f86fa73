"""``guard api``: tokens are made on the machine that has the database; wrong calls are said."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from inside import guard

from guardcli.api.store import Store
from guardcli.api.store.database import open_database
from guardcli.signing import KeySet


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return guard("api", *arguments)


def test_a_token_is_made_listed_and_revoked(tmp_path: Path) -> None:
    database = ("--database", str(tmp_path / "guard.db"))
    made = run("token", "create", "--role", "approver", "--name", "bob", "--group", "dba", "--days", "1", *database)
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    assert token.startswith("guard-service.")
    listed = json.loads(run("token", "list", "--json", *database).stdout)
    assert (listed["name"], listed["role"], listed["groups"]) == ("bob", "approver", ["dba"])
    assert token.rpartition(".")[2] not in json.dumps(listed)
    again = run("token", "create", "--role", "admin", "--name", "bob", *database)
    assert (again.returncode, again.stderr[:7]) == (1, "guard: ")
    assert run("token", "revoke", listed["id"], *database).returncode == 0
    assert "revoked" in run("token", "list", *database).stdout
    assert run("token", "revoke", "nope", *database).returncode == 1


def test_keys_are_listed_and_rotated_where_they_lie(tmp_path: Path) -> None:
    database = ("--database", str(tmp_path / "guard.db"))
    first = KeySet.parse(json.loads(run("keys", "list", "--json", *database).stdout))
    rotated = run("keys", "rotate", *database)
    assert rotated.returncode == 0, rotated.stderr
    second = KeySet.parse(json.loads(run("keys", "list", "--json", *database).stdout)).grown_from(first)
    assert second.current.fingerprint in rotated.stdout and len(second.links) == 2
    shown = run("keys", "list", *database).stdout
    assert all(link.key.fingerprint in shown for link in second.links)
    trail = Store.over(open_database(f"sqlite:///{tmp_path / 'guard.db'}")).trail.latest()
    assert [(one.action, one.subject) for one in trail] == [("key-rotated", second.current.id)]
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == [f"{second.current.id}.key", "keys.json"]


def test_migrate_says_what_it_did(tmp_path: Path) -> None:
    database = ("--database", str(tmp_path / "guard.db"))
    assert "created" in run("migrate", *database).stdout
    assert "current" in run("migrate", *database).stdout


def test_what_is_told_its_database_makes_no_directory_besides(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path / "home"), "GUARD_RUNTIME_DIR": str(tmp_path / "run")}
    done = guard("api", "migrate", "--database", tmp_path / "guard.db", env=env)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"guard.db", "guard.db-wal", "guard.db-shm"}


WRONG = [
    (("serve",), 2),
    (("serve", "--uds", "/tmp/x", "--port", "1"), 2),
    (("serve", "--port", "70000"), 2),
    (("migrate", "--database", "nonsense://x"), 78),
    (("migrate", "--database", "/none/guard.db"), 69),
    (("token", "create", "--role", "king", "--name", "x"), 2),
]


@pytest.mark.parametrize(("arguments", "status"), WRONG)
def test_a_wrong_call_is_said(arguments: tuple[str, ...], status: int) -> None:
    told = run(*arguments)
    assert told.returncode == status
    assert told.stderr and "Traceback" not in told.stderr
