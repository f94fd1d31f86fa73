"""Secrets go in by standard input or a terminal, and never come out again."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import inside
import pexpect
import pytest


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "GUARD_CONFIG_DIR": str(tmp_path), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


def guard(env: dict[str, str], *arguments: str, input: str = "") -> subprocess.CompletedProcess[str]:
    return inside.guard("secrets", *arguments, env=env, input=input)


def files(env: dict[str, str]) -> list[Path]:
    return [path for path in Path(env["GUARD_CONFIG_DIR"]).rglob("*") if path.is_file()]


def test_set_list_and_rm(env: dict[str, str]) -> None:
    done = guard(env, "set", "orders-db", input="hunter2 with spaces\n")
    assert done.returncode == 0, done.stderr
    assert "not encrypted" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    (kept,) = files(env)
    assert kept.read_text() == "hunter2 with spaces"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    listed = guard(env, "list", "--json")
    assert json.loads(listed.stdout) == {"name": "orders-db", "place": "file"}
    assert guard(env, "list").stdout == "orders-db\tfile\n"
    assert guard(env, "rm", "orders-db").returncode == 0
    assert files(env) == []
    missing = guard(env, "rm", "orders-db")
    assert missing.returncode == 1
    assert missing.stderr.startswith("guard: no secret is named orders-db")


def test_a_user_may_be_kept_with_it(env: dict[str, str]) -> None:
    assert guard(env, "set", "db", "--user", "ann", input="pw").returncode == 0
    assert json.loads(files(env)[0].read_text()) == {"username": "ann", "password": "pw"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("db", ""), ("db", "\n"), ("db", "a\0b"), ("../escape", "x"), ("", "x"), (".hidden", "x"), ("db", "x" * 70_000)],
)
def test_what_can_be_no_secret_or_no_name_is_refused(env: dict[str, str], name: str, value: str) -> None:
    done = guard(env, "set", name, input=value)
    assert done.returncode == 78
    assert done.stderr.startswith("guard: ")
    assert files(env) == []


def test_a_terminal_is_asked_twice_and_shows_nothing(env: dict[str, str]) -> None:
    child = pexpect.spawn(sys.executable, ["-m", "guardcli", "secrets", "set", "db"], env=env, timeout=600)
    child.expect("Secret for db: ")
    child.sendline("s3cret")
    child.expect("confirmation: ")
    child.sendline("s3cret")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert b"s3cret" not in child.before
    assert files(env)[0].read_text() == "s3cret"
