"""Policies from the centre, from publishing to a running session's next call; and what is left of them offline."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import inside
import pytest
import warm
from central_api import CentralApi, central_api, policy

from guardcli.api.permissions import Role
from guardcli.client.api import SessionInfo
from guardcli.model.events import EventType

PROBE = '#!/bin/sh\necho "probe ran $*"\n'
OFFLINE = "offline: {reads: 10m}\n"


class Machine:
    """A machine of the company's: its own directories, a tool called ``probe``, and a token of group ``agents``."""

    def __init__(self, root: Path, api: CentralApi) -> None:
        self.root, self.api = root, api
        (root / "bin").mkdir()
        (root / "bin" / "probe").write_text(PROBE)
        (root / "bin" / "probe").chmod(0o755)
        token = api.token(f"agent-{root.name}", Role.AGENT, "agents")
        names = {"GUARD_CONFIG_DIR": "config", "GUARD_STATE_DIR": "state", "GUARD_RUNTIME_DIR": "run"}
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GUARD_")},
            **{name: str(root / place) for name, place in names.items()},
            "PATH": f"{root / 'bin'}:{os.environ['PATH']}",
            "GUARD_API": api.url,
            "GUARD_TOKEN": token.reveal(),
            "GUARD_POLICY_KEYS": api.keys.public().current.fingerprint,
            "GUARD_ISOLATE": "off",
        }

    def guard(self, *arguments: str, text: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        return warm.run(arguments, capture_output=True, text=True, input=text, timeout=600, **self._how(env))

    def policy(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run ``guard policy …`` in this process."""
        return inside.guard("policy", *arguments, env={**self.env, **env})

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a command; what it has to say goes to the file ``said``, since nobody reads it meanwhile."""
        with open(self.root / "said", "w") as said:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": said}
            return warm.Guard(arguments, text=True, **pipes, **self._how({}))

    def _how(self, env: dict[str, str]) -> dict:
        return {"env": {**self.env, **env}, "cwd": self.root}

    def session(self) -> SessionInfo:
        """Return the last session that this machine's token has opened."""
        client = self.api.client(self.api._admin)
        return next(one for one in client.sessions() if one.owner == f"token:agent-{self.root.name}")

    def events(self, type: EventType) -> list[dict]:
        client = self.api.client(self.api._admin)
        return [dict(event.data) for event in client.events(self.session().id) if event.type is type]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CentralApi]:
    with central_api(tmp_path_factory.mktemp("central")) as found:
        found.publish("agents", policy("first", "allow"))
        yield found


@pytest.fixture
def root() -> Iterator[Path]:
    """A short directory: a socket's path holds few bytes."""
    with tempfile.TemporaryDirectory(prefix="guard-") as directory:
        yield Path(directory)


@pytest.fixture
def machine(api: CentralApi, root: Path) -> Iterator[Machine]:
    if api.process is None or api.process.poll() is not None:
        api.start()
    api.publish("agents", policy("first", "allow"))
    yield Machine(root, api)


def told(process: subprocess.Popen[str], words: str) -> None:
    """Have the agent do something, and let it end."""
    assert process.stdin is not None
    process.stdin.write(words + "\n")
    process.stdin.flush()


AGENT = 'while read line; do eval "$line"; echo "status $?"; done'


def until(process: subprocess.Popen[str], words: str, wanted: str) -> list[str]:
    """Have the agent do something again and again until it says `wanted`; return all that it said."""
    said: list[str] = []
    end = time.monotonic() + 60
    while not said or said[-1] != wanted:
        assert time.monotonic() < end, said
        told(process, words)
        assert process.stdout is not None
        said.append(process.stdout.readline().strip())
        if not said[-1].startswith("status"):
            said.append(process.stdout.readline().strip())
        time.sleep(0.1)
    return said


def test_a_running_session_is_judged_by_what_is_published_meanwhile(machine: Machine) -> None:
    with machine.begin("run", "--", "sh", "-c", AGENT) as process:
        until(process, "probe one", "status 0")
        version = machine.api.publish("agents", policy("second", "deny"))
        until(process, "probe two", "status 77")
        machine.api.admin().assign(version - 1, "agents", rollback=True)
        until(process, "probe three", "status 0")
        machine.api.admin().withdraw("agents")
        end = time.monotonic() + 60
        while len(machine.events(EventType.ADOPTED)) < 4 and time.monotonic() < end:
            time.sleep(0.05)
        process.communicate("")
    assert process.returncode == 0 and "denied by rule probe-second" in (machine.root / "said").read_text()
    adopted = machine.events(EventType.ADOPTED)
    assert [one["version"] for one in adopted] == [version - 1, version, version - 1, 0]
    assert [one["policy"] for one in adopted[:3]] == ["first", "second", "first"]
    assert adopted[0]["digest"] == machine.session().policy_digest
    assert all(len(str(one["digest"])) == 64 for one in adopted)
    assert machine.api.client(machine.api._admin).verify(machine.session().id).whole


def test_one_s_own_policy_makes_it_stricter_and_not_laxer(machine: Machine) -> None:
    own = machine.root / "own.yaml"
    own.write_text(policy("own", "deny"))
    assert machine.guard("run", "--policy", str(own), "--", "probe", "x").returncode == 77
    machine.api.publish("agents", policy("strict", "deny"))
    own.write_text(policy("own", "allow"))
    done = machine.guard("run", "--policy", str(own), "--", "probe", "x")
    assert done.returncode == 77 and "probe-strict" in done.stderr
    assert machine.events(EventType.ADOPTED)[0]["own"] == "own"


def test_with_the_api_away_reads_go_on_for_as_long_as_the_policy_says(machine: Machine) -> None:
    machine.api.publish("agents", policy("reads", "allow", OFFLINE))
    assert machine.guard("run", "--", "probe", "read").returncode == 0
    machine.api.stop()
    done = machine.guard("run", "--", "sh", "-c", "probe read; echo $?; probe write; echo $?")
    assert done.stdout.splitlines() == ["probe ran read", "0", "77"], done.stderr
    assert "only reads go on" in done.stderr and "guard:offline" in done.stderr
    assert list((machine.root / "state" / "spool").iterdir()), "what was recorded waits"
    cached = next(path for path in (machine.root / "state" / "central").glob("*.json") if ".keys" not in path.name)
    form = json.loads(cached.read_text())
    cached.write_text(json.dumps({**form, "wall": form["wall"] - 601}))
    late = machine.guard("run", "--", "probe", "read")
    assert late.returncode == 69 and "`offline: reads`" in late.stderr
    cached.unlink()
    never = machine.guard("run", "--", "probe", "read")
    assert never.returncode == 69 and "probe ran" not in never.stdout
    machine.api.start()
    assert machine.guard("run", "--", "probe", "again").returncode == 0
    client = machine.api.client(machine.api._admin)
    shipped = [one for one in client.sessions() if one.owner == machine.session().owner]
    assert len(shipped) == 3 and all(client.verify(one.id).whole for one in shipped)
    offline = [one for one in shipped if one.counts.get("deny")]
    assert len(offline) == 1 and offline[0].counts.get("allow") == 1


def test_a_policy_that_lets_no_reads_go_on_lets_no_session_begin(machine: Machine) -> None:
    assert machine.guard("run", "--", "probe", "read").returncode == 0
    machine.api.stop()
    done = machine.guard("run", "--", "probe", "read")
    assert (done.returncode, done.stdout) == (69, "")
    machine.api.start()


def test_a_session_that_loses_the_api_goes_on_reading_and_writes_again_when_it_is_back(machine: Machine) -> None:
    machine.api.publish("agents", policy("reads", "allow", OFFLINE))
    with machine.begin("run", "--", "sh", "-c", AGENT) as process:
        until(process, "probe write", "status 0")
        machine.api.stop()
        until(process, "probe write", "status 77")
        until(process, "probe read", "status 0")
        machine.api.start()
        until(process, "probe write", "status 0")
        process.communicate("")
    failed = machine.events(EventType.FAILED)
    assert failed and "the one before stays" in str(failed[0]["reason"])


def doctor(machine: Machine, env: dict[str, str]) -> dict[str, str]:
    """Return what the doctor says of the policy."""
    form = json.loads(machine.guard("doctor", "--json", **env).stdout)
    return next(one for one in form["checks"] if one["name"] == "policy")


def test_without_a_key_that_is_trusted_the_centre_has_no_say_and_the_doctor_says_so(machine: Machine) -> None:
    machine.api.publish("agents", policy("strict", "deny"))
    (machine.root / "own.yaml").write_text(policy("own", "allow"))
    env = {"GUARD_POLICY_KEYS": "", "GUARD_POLICY": str(machine.root / "own.yaml")}
    assert machine.guard("run", "--", "probe", "x", **env).returncode == 0
    shown = json.loads(machine.policy("show", "--effective", "--json", **env).stdout)
    assert shown["name"] == "own" and "centre" not in shown
    assert "guard login enrols" in doctor(machine, env)["todo"]
    trusting = {**env, "GUARD_POLICY_KEYS": machine.env["GUARD_POLICY_KEYS"]}
    shown = json.loads(machine.policy("show", "--effective", "--json", **trusting).stdout)
    assert (shown["name"], shown["centre"]["group"]) == ("strict", "agents")
    assert "from the centre" in machine.policy("show", **trusting).stdout
    assert machine.policy("check", "--", "probe", "x", **trusting).returncode == 4
    assert machine.policy("check", "--policy", env["GUARD_POLICY"], "--", "probe", "x", **trusting).returncode == 0
    known = doctor(machine, trusting)
    assert known["todo"] == "" and "of the centre's for agents" in known["detail"] and "stricter by" in known["detail"]
    wrong = machine.guard("run", "--", "probe", "x", **{**env, "GUARD_POLICY_KEYS": "0" * 64})
    assert wrong.returncode == 77 and "follows on no key that is trusted" in wrong.stderr
    assert machine.policy("show", GUARD_POLICY_KEYS="abc").returncode == 78


def test_logging_in_enrols_the_machine(machine: Machine) -> None:
    machine.api.publish("agents", policy("strict", "deny"))
    token, right = machine.env.pop("GUARD_TOKEN"), machine.env.pop("GUARD_POLICY_KEYS")
    refused = machine.guard("login", "--token-stdin", "--key", "0" * 64, text=token)
    assert refused.returncode == 77 and "no key that is trusted" in refused.stderr
    enrolled = machine.guard("login", "--token-stdin", "--key", right, text=token)
    assert enrolled.returncode == 0 and right in enrolled.stdout, enrolled.stderr
    done = machine.guard("run", "--", "probe", "x")
    assert done.returncode == 77 and "probe-strict" in done.stderr


def test_what_has_a_fault_or_fails_its_tests_is_not_published(machine: Machine) -> None:
    admin = {"GUARD_TOKEN": machine.api._admin.reveal()}
    before = len(machine.api.admin().history()["versions"])
    file = machine.root / "team.yaml"
    file.write_text(policy("team", "allow", "tests:\n  - {run: [probe, x], expect: deny}\n"))
    failing = machine.policy("publish", str(file), "--group", "agents", **admin)
    assert failing.returncode == 78 and "nothing was published" in failing.stderr and "team.yaml:" in failing.stderr
    file.write_text(policy("team", "allow", "nonsense: 1\n"))
    faulty = machine.policy("publish", str(file), "--group", "agents", **admin)
    assert faulty.returncode == 78 and "team.yaml:" in faulty.stderr
    file.write_text(policy("team", "allow", "tests:\n  - {run: [probe, x], expect: allow}\n"))
    assert machine.policy("publish", str(file), "--group", "agents").returncode == 77, "an agent's token"
    assert len(machine.api.admin().history()["versions"]) == before
    done = machine.policy("publish", str(file), "--group", "agents", "--comment", "why not", **admin)
    assert done.returncode == 0 and "1 tests pass" in done.stdout
    history = machine.policy("history", **admin).stdout
    assert "why not" in history and "published" in history
    found = json.loads(machine.policy("history", "--json", **admin).stdout)
    version = found["versions"][-1]["version"]
    assert machine.policy("assign", str(version), "--group", "*", **admin).returncode == 0
    assert machine.policy("rollback", str(version - 1), "--group", "agents", **admin).returncode == 0
    assert machine.policy("rollback", "9999", "--group", "agents", **admin).returncode == 1
    assert machine.policy("withdraw", "--group", "*", **admin).returncode == 0


def test_a_version_is_shown_with_its_files_and_what_it_changed(machine: Machine) -> None:
    admin = {"GUARD_TOKEN": machine.api._admin.reveal()}
    first = machine.api.publish("agents", policy("shown", "allow"))
    machine.api.publish("agents", policy("another", "allow"))
    second = machine.api.publish("agents", policy("shown", "deny"))
    files = json.loads(machine.policy("version", str(second), "--json", **admin).stdout)["files"]
    (name,) = files
    assert machine.policy("version", str(second), "--file", name, **admin).stdout == files[name]
    whole = machine.policy("version", str(second), **admin).stdout
    assert f"version {second}: shown" in whole and name in whole and "decision: deny" in whole
    missing = machine.policy("version", str(second), "--file", "none.yaml", **admin)
    assert missing.returncode == 1 and name in missing.stderr
    found = json.loads(machine.policy("diff", str(second), "--json", **admin).stdout)
    assert (found["version"], found["against"]) == (second, first)
    lines = found["files"][0]["lines"]
    assert any(one.startswith("-") and "allow" in one for one in lines)
    assert any(one.startswith("+") and "deny" in one for one in lines)
    told = machine.policy("diff", str(second), **admin).stdout
    assert f"against version {first}" in told and all(one in told for one in lines)
    assert "no file differs" in machine.policy("diff", str(second), "--against", str(second), **admin).stdout
    assert "the first of its name" in machine.policy("diff", str(first), **admin).stdout
    assert machine.policy("version", "9999", **admin).returncode == 1
    assert machine.policy("diff", str(second)).returncode == 77, "an agent's token"


def test_an_embedded_api_s_policies_hold_without_any_enrolment(root: Path, api: CentralApi) -> None:
    machine = Machine(root, api)
    for name in ("GUARD_API", "GUARD_TOKEN", "GUARD_POLICY_KEYS"):
        del machine.env[name]
    try:
        file = machine.root / "team.yaml"
        file.write_text(policy("team", "deny"))
        assert machine.guard("policy", "publish", str(file), "--group", "agents").returncode == 0
        done = machine.guard("run", "--", "probe", "x")
        assert done.returncode == 77 and "probe-team" in done.stderr
        inside = machine.guard("run", "--", sys.executable, "-m", "guardcli", "policy", "withdraw", "--group", "agents")
        assert inside.returncode == 77 and "inside a session" in inside.stderr
        assert machine.guard("policy", "withdraw", "--group", "agents").returncode == 0
        assert "probe-team" not in machine.guard("run", "--approval-wait", "0", "--", "probe", "x").stderr
    finally:
        for entry in Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            except OSError:
                continue
            if os.fsencode(machine.root / "run" / "api.sock") in command:
                os.kill(int(entry.name), signal.SIGTERM)
