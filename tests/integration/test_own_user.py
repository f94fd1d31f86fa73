"""``guard run --as-user``: root begins it, and the agent, which is a user of its own, cannot reach what is guard's."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.other_users import AGENT, GUARD, Machine, can_be_had

pytestmark = [
    pytest.mark.skipif(bool(can_be_had()), reason=can_be_had() or "-"),
    pytest.mark.xdist_group("own user"),
]
POLICY = """
version: 1
name: own-user
rules:
  - {id: no-version, match: {tool: git, argv: "version"}, decision: deny}
  - {id: no-push, match: {tool: git, action: push}, decision: deny}
  - {id: git, match: {tool: git}, decision: allow}
  - {id: no-drops, match: {tool: psql, effects: [delete, define]}, decision: deny}
  - {id: psql, match: {tool: psql, complete: true}, decision: allow}
"""
AGENT_PROGRAM = r'''
import ctypes, glob, json, os, socket, subprocess, sys

FOUND = {}
place = os.environ["GUARD_SOCKET"].removesuffix("/broker.sock")
guards = sys.argv[1]


def sh(text, **options):
    done = subprocess.run(text, shell=True, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    return done.returncode, done.stdout + done.stderr


def refused(work):
    try:
        return f"no: {work()!r}"
    except OSError as error:
        return type(error).__name__


def say(path, data=b""):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        client.sendall(data)
        client.settimeout(60)
        return client.recv(100)


status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
FOUND["who"] = [status[name].split() for name in ("Uid", "Gid", "Groups", "CapPrm", "CapEff", "NoNewPrivs", "Seccomp")]
FOUND["home"] = [os.environ["HOME"], os.environ["USER"], [name for name in os.environ if "TOKEN" in name]]
FOUND["become root"] = [refused(lambda: os.setuid(0)), refused(lambda: os.setresuid(-1, int(sys.argv[2]), -1))]
FOUND["real tools"] = {
    path: [refused(lambda: subprocess.run([path, "--version"])), refused(lambda: open(path, "rb").read(4))]
    for path in map(os.path.realpath, ("/usr/bin/git", "/usr/bin/ssh", *glob.glob("/usr/lib/postgresql/*/bin/psql")))
}
FOUND["denied"] = sh("git version")
FOUND["git"] = sh("""set -e
git init -q r; cd r; git config user.name a; git config user.email a@example.org
echo one > f; git add f; git commit -qm one; git clone -q . ../c; git -C ../c log --format=%s
git rebase -q --root; git gc -q; git submodule status; git stash list; stat -c %u .git/HEAD""")
FOUND["hook"] = sh("""cd r; printf '#!/bin/sh\ngit version || echo hook $? > told\n' > .git/hooks/pre-commit
chmod +x .git/hooks/pre-commit; echo two > f; git commit -qam two; cat told""")
FOUND["push"] = sh("git -C r push ../c HEAD:x")
with open("drop.sql", "w") as file:
    file.write("DROP TABLE x;")
os.chmod("drop.sql", 0o600)
FOUND["own file"] = sh("psql -h /nonexistent -f drop.sql")
FOUND["guard's file"] = sh(f"psql -h /nonexistent -f {guards}/policy.yaml")
FOUND["doctor"] = sh(f"GUARD_RUNTIME_DIR=$HOME/run {sys.executable} -P -m guardcli doctor --json")
FOUND["terminal"] = sh("script -qec 'git -C r log --format=%s; tty' /dev/null")
FOUND["files"] = {
    name: refused(lambda: os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(4))
    for name, path in (
        ("state", f"{guards}/.local/state/guard"), ("runtime", f"{guards}/run"), ("policy", f"{guards}/policy.yaml"),
        ("spool", f"{guards}/.local/state/guard/spool"), ("log", f"{place}/broker.log"), ("session", place),
        ("sessions", os.path.dirname(place)), ("shim", f"{place}/bin/guard-shim"), ("home", guards),
    )
}
FOUND["written"] = [
    refused(lambda: open(f"{place}/{name}", "w")) for name in ("x", "bin/x", "c/x", "bin/guard-shim")
] + [refused(lambda: os.unlink(os.environ["GUARD_SOCKET"])), refused(lambda: os.rename(f"{place}/bin", f"{place}/b"))]
FOUND["linked"] = refused(lambda: os.link(f"{place}/bin/guard-shim", "shim"))
FOUND["api"] = refused(lambda: say(f"{guards}/run/api.sock", b"GET / HTTP/1.0\r\n\r\n"))
FOUND["no key"] = refused(lambda: say(os.environ["GUARD_SOCKET"], b"GARD\1\0\1\0\x10\0\0\0" + b"\0" * 16))


def command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as line:
            return line.read()
    except OSError:
        return b""


theirs = [
    int(name) for name in os.listdir("/proc")
    if name.isdigit() and b"guardcli" in (line := command(name)) and guards.encode() in line
]
FOUND["processes"] = {
    str(pid): [refused(lambda: os.kill(pid, 9)), refused(lambda: open(f"/proc/{pid}/environ", "rb").read(1)),
               refused(lambda: open(f"/proc/{pid}/mem", "rb").read(1)), refused(lambda: os.listdir(f"/proc/{pid}/fd"))]
    for pid in [os.getppid(), *theirs]
}
FOUND["rights"] = {
    str(pid): [
        line.split()[1:] for line in open(f"/proc/{pid}/status") if line.startswith(("Uid:", "Gid:", "CapPrm", "CapEff"))
    ]
    for pid in [os.getppid(), *theirs]
}
tool = subprocess.Popen(["git", "-C", "r", "cat-file", "--batch"], stdin=-1, stdout=-1)
tool.stdin.write(b"HEAD\n"); tool.stdin.flush(); tool.stdout.readline()
below = [int(pid) for pid in open(f"/proc/{tool.pid}/task/{tool.pid}/children").read().split()]
FOUND["tool"] = {
    name: [refused(lambda: open(f"/proc/{pid}/exe", "rb").read(4)), refused(lambda: open(f"/proc/{pid}/mem", "rb").read(1)),
           refused(lambda: os.listdir(f"/proc/{pid}/fd"))]
    for name, pid in (("shim", tool.pid), ("git", below[0]))
}
tool.stdin.close(); tool.wait(); tool.stdout.close()
subprocess.Popen(["setsid", "sh", "-c", "sleep 300; touch outlived"])
print("FOUND " + json.dumps(FOUND), flush=True)
print(os.environ["GUARD_SOCKET"], flush=True)
sys.stdin.read()
'''


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    root = Path(tempfile.mkdtemp(prefix="gu", dir="/tmp"))
    made = Machine(root, POLICY)
    yield made
    made.close()
    shutil.rmtree(root)
    assert not os.path.exists(f"/tmp/guard-{GUARD}"), "an API made a directory that it was not told of"


@pytest.fixture(scope="module")
def found(machine: Machine) -> dict[str, object]:
    """What one agent came to, and what another user than it hears from its broker."""
    program = machine.root / "agent.py"
    program.write_text(AGENT_PROGRAM)
    process = machine.start(sys.executable, str(program), str(machine.guards), str(GUARD))
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    said = process.stdout.readline()
    answer = b""
    if said.startswith("FOUND "):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(process.stdout.readline().strip())
            client.settimeout(60)
            answer = client.recv(100)
    output, complaint = process.communicate(timeout=600)
    assert said.startswith("FOUND "), said + output + complaint
    return {**json.loads(said.removeprefix("FOUND ")), "root": answer, "status": process.returncode, "end": complaint}


def test_the_agent_is_its_own_user_and_gains_nothing_more(found) -> None:
    user = [str(AGENT)] * 4
    nothing = ["0000000000000000"]
    assert found["who"] == [user, user, [str(AGENT)], nothing, nothing, ["1"], ["2"]]
    assert found["home"][1:] == ["agent", []]
    assert found["become root"] == ["PermissionError", "PermissionError"]


def test_the_real_tools_can_be_neither_run_nor_read(found) -> None:
    assert len(found["real tools"]) >= 3
    assert set(map(tuple, found["real tools"].values())) == {("PermissionError", "PermissionError")}


def test_calls_are_judged_and_the_work_is_the_agents_own(found) -> None:
    status, said = found["denied"]
    assert status == 77 and "denied by rule no-version" in said
    status, said = found["git"]
    assert (status, said.split()) == (0, ["one", str(AGENT)]), said
    assert found["push"][0] == 77


def test_what_git_starts_by_itself_is_told_from_a_hook(found) -> None:
    assert found["hook"][1].startswith("hook 77\n"), found["hook"]


def test_files_are_judged_with_the_agents_rights_and_no_others(found) -> None:
    status, said = found["own file"]
    assert status == 77 and "no-drops" in said
    status, said = found["guard's file"]
    assert status in (75, 77) and "version: 1" not in said, said


def test_a_tool_has_a_terminal(found) -> None:
    assert "one" in found["terminal"][1] and "/dev/pts/" in found["terminal"][1], found["terminal"]


def test_what_is_guards_is_closed(found) -> None:
    assert set(found["files"].values()) == {"PermissionError"}, found["files"]
    assert set(found["written"]) == {"PermissionError"}, found["written"]
    assert (found["linked"], found["api"]) == ("PermissionError", "PermissionError")


def test_the_broker_serves_the_agents_user_alone_and_its_shim_alone(found) -> None:
    assert found["no key"] in ("no: b''", "ConnectionResetError")
    assert found["root"] == b""


def test_guards_processes_and_running_tools_are_closed_to_signals_and_eyes(found) -> None:
    assert len(found["processes"]) >= 3
    assert set(map(tuple, found["processes"].values())) == {("PermissionError",) * 4}, found["processes"]
    assert set(map(tuple, found["tool"].values())) == {("PermissionError",) * 3}, found["tool"]


def test_the_doctor_says_which_wall_there_is(found) -> None:
    lines = [line for line in found["doctor"][1].splitlines() if line.startswith("{")]
    assert lines, found["doctor"]
    said = {one["name"]: (one["ok"], one["detail"]) for one in json.loads(lines[0])["checks"]}
    assert said["level"][1].startswith("a user of its own"), found["doctor"]
    assert said["kernel"][0] and said["real tools"] == (True, "out of reach: this user may neither run nor read them")
    assert said["denial"][0]


def test_no_process_of_guards_keeps_a_right_of_roots(found) -> None:
    broker, keeper = [str(GUARD)] * 4, [str(GUARD), str(AGENT), str(GUARD), str(AGENT)]
    none = ["0000000000000000"]
    kinds = [user for user, group, permitted, effective in found["rights"].values() if user == group]
    assert len(kinds) == len(found["rights"]) and broker in kinds and keeper in kinds, found["rights"]
    assert all(user in (broker, keeper) for user in kinds), found["rights"]
    assert all(rights[2:] == [none, none] for rights in found["rights"].values()), found["rights"]


def test_nothing_outlives_the_session(found) -> None:
    assert found["status"] == 0
    assert "left behind" in found["end"]


def test_the_record_is_whole_and_the_guards(machine: Machine, found) -> None:
    verified = machine.guard("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert (machine.guards / ".local" / "state" / "guard" / "guard.db").stat().st_uid == GUARD


def test_an_agent_that_could_use_the_real_tools_is_not_begun(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    root = Path(tempfile.mkdtemp(prefix="gu", dir="/tmp"))
    done = Machine(root, POLICY, closed=False).run("touch", "begun")
    begun = (root / "agent" / "project" / "begun").exists()
    shutil.rmtree(root)
    assert done.returncode == 78
    assert "can use the real tools by itself" in done.stderr and "guard shims protect" in done.stderr
    assert not begun


def test_a_place_that_the_agent_could_take_away_is_refused(machine: Machine) -> None:
    common = machine.root / "common"
    (common / "state").mkdir(parents=True)
    os.chown(common / "state", GUARD, GUARD)
    common.chmod(0o777)
    machine.env["GUARD_STATE_DIR"] = str(common / "state")
    try:
        done = machine.run("true")
        common.chmod(0o1777)
        sticky = machine.run("true")
    finally:
        del machine.env["GUARD_STATE_DIR"]
    assert done.returncode == 78 and "could put something else" in done.stderr, done.stderr
    assert sticky.returncode == 0, sticky.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--as-user", "guard"), "cannot be the user guard"),
        (("--as-user", "root"), "cannot be the user root"),
        (("--as-user", "nobody-here"), "no user 'nobody-here'"),
        (("--broker-user", "root"), "the broker cannot be root"),
        (("--isolate",), "not with --isolate"),
    ],
)
def test_users_that_are_not_apart_are_refused(machine: Machine, options: tuple[str, ...], said: str) -> None:
    done = machine.run("true", options=options)
    assert done.returncode in (2, 78)
    assert said in done.stderr
