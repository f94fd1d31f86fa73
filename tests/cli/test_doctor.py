"""The doctor sees guard in the path where it is, and says so where it is not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

GUARD = [sys.executable, "-m", "guardcli"]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A short directory for guard's own things; its API is ended with it."""
    directory = Path(tempfile.mkdtemp(prefix="guard-doctor-"))
    (directory / "state").mkdir(mode=0o700)
    (directory / "state" / "cache").symlink_to(os.environ["GUARD_TEST_PATTERNS"])
    yield directory
    end_api(directory)
    shutil.rmtree(directory)


def end_api(directory: Path) -> None:
    """End the API that serves below `directory`, by its number."""
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if os.fsencode(directory / "run" / "api.sock") in command:
            os.kill(int(entry.name), signal.SIGTERM)


def environment(place: Path, **more: str) -> dict[str, str]:
    own = {"GUARD_CONFIG_DIR": "config", "GUARD_STATE_DIR": "state", "GUARD_RUNTIME_DIR": "run"}
    return {**os.environ, **{name: str(place / part) for name, part in own.items()}, **more}


def run(place: Path, command: Sequence[str], **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environment(place, **env), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600
    )


def wrong(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Return the checks that failed: name to what to do."""
    form = json.loads(done.stdout)
    failed = {check["name"]: check["todo"] for check in form["checks"] if not check["ok"]}
    assert form["ok"] is (not failed)
    assert done.returncode == (1 if failed else 0)
    return failed


def test_outside_a_session_everything_is_tried_in_a_throw_away_one(place: Path) -> None:
    done = run(place, [*GUARD, "doctor"])
    assert done.returncode == 0, done.stdout + done.stderr
    names = [line.split()[1] for line in done.stdout.splitlines()]
    expected = [
        "versions",
        "shim",
        "api",
        "clock",
        "policy",
        "tools",
        "isolation",
        "session",
        "path",
        "broker",
        "denial",
    ]
    assert [name for name in names if name not in ("level", "credential")] == expected
    assert "level" in names
    assert not [line for line in done.stdout.splitlines() if line.startswith("FAIL")]


def test_inside_a_sandbox_each_part_of_it_is_held_against_the_kernel(place: Path) -> None:
    done = run(place, [*GUARD, "run", "--isolate", "--", *GUARD, "doctor", "--inside", "--json"])
    assert wrong(done) == {}, done.stderr
    found = {check["name"]: check["detail"] for check in json.loads(done.stdout)["checks"]}
    assert found["level"] == "isolated, network shared"
    assert {"kernel", "real tools", "abstract", "dumps"} <= found.keys()


def test_a_credential_in_reach_is_named_with_what_to_do_and_never_shown(place: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name, text in ((".pgpass", "h:1:d:u:hunter2secret"), ("app/.env", "URL=postgres://u:hunter2secret@h/d")):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    command = [*GUARD, "run", "--", *GUARD, "doctor", "--inside"]
    env = environment(place, HOME=str(home), MY_API_TOKEN="hunter2secret")
    done = subprocess.run(command, env=env, cwd=home / "app", capture_output=True, text=True, timeout=600)
    notes = "".join(line for line in done.stdout.splitlines(keepends=True) if line.startswith("note  credential"))
    assert all(name in notes for name in (".pgpass", "app/.env", "MY_API_TOKEN")), done.stdout
    assert "hunter2secret" not in done.stdout + done.stderr
    command.insert(command.index("run") + 1, "--isolate")
    inside = subprocess.run(command, env=env, cwd=home / "app", capture_output=True, text=True, timeout=600).stdout
    assert ".pgpass" not in inside and "MY_API_TOKEN" not in inside and "app/.env" in inside


def test_what_lies_in_the_present_directory_is_not_imported(place: Path, tmp_path: Path) -> None:
    (tmp_path / "guardcli").mkdir()
    for name in ("guardcli/__init__.py", "json.py", "click.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from the present directory')\n")
    program = Path(sys.executable).parent / "guard"
    env = environment(place)
    done = subprocess.run([program, "doctor"], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def test_inside_a_session_that_session_is_checked(place: Path) -> None:
    done = run(place, [*GUARD, "run", "--", *GUARD, "doctor", "--json"])
    assert wrong(done) == {}
    assert "session" not in [check["name"] for check in json.loads(done.stdout)["checks"]]


def test_a_path_that_leads_past_the_shims_is_found(place: Path) -> None:
    path = os.environ["PATH"]
    done = run(place, [*GUARD, "run", "--", "env", f"PATH={path}", *GUARD, "doctor", "--json"])
    assert wrong(done).keys() == {"path", "denial"}


def test_a_broker_that_is_gone_is_found(place: Path, tmp_path: Path) -> None:
    done = run(place, [*GUARD, "doctor", "--json"], GUARD_SESSION="gone", GUARD_SOCKET=str(tmp_path / "broker.sock"))
    assert {"path", "broker"} <= wrong(done).keys()


def test_a_policy_that_denies_nothing_is_found(place: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "version: 1\nname: lax\nrules: [{id: all, match: {tool: [psql, git, kubectl, ssh]}, decision: allow}]\n"
    )
    done = run(place, [*GUARD, "doctor", "--json"], GUARD_POLICY=str(policy))
    assert wrong(done).keys() == {"denial"}


def test_a_policy_with_faults_is_said_and_the_other_checks_still_run(place: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nname: broken\nrulez: []\n")
    done = run(place, [*GUARD, "doctor", "--json"], GUARD_POLICY=str(policy))
    assert wrong(done).keys() == {"policy"}
    assert "api" in [check["name"] for check in json.loads(done.stdout)["checks"]]


def test_an_api_out_of_reach_is_said(place: Path) -> None:
    done = run(place, [*GUARD, "doctor", "--json"], GUARD_API="http://127.0.0.1:1")
    assert {"api", "session"} == wrong(done).keys()


@pytest.mark.parametrize("as_json", [True, False])
def test_what_is_wrong_comes_with_what_to_do(place: Path, as_json: bool) -> None:
    done = run(place, [*GUARD, "doctor", "--inside", *(["--json"] if as_json else [])], GUARD_SOCKET="")
    assert done.returncode == 1
    if as_json:
        assert all(todo for todo in wrong(done).values())
    else:
        assert "FAIL  path" in done.stdout
        assert "guard run -- AGENT" in done.stdout
