"""``guard sidecar`` and ``guard run --sidecar``: the broker and the agent in two containers of one pod."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.git_server import GitServer, git_server, make_authority
from integration.other_users import AGENT, GUARD, can_be_had
from integration.pods import Pod

pytestmark = [
    pytest.mark.skipif(bool(can_be_had()), reason=can_be_had() or "-"),
    pytest.mark.xdist_group("own user"),
]
POLICY = """
version: 1
name: pod
resources:
  forge: {kind: git, host: 127.0.0.1, port: PORT, credential: "env:FORGE_TOKEN", options: {ca: "GUARDS/ca.pem"}}
tools:
  cloud:
    patterns: [{match: ".*", effects: [read], action: run}]
    credentials: [{env: CLOUD_KEY, from: "env:OUTER_KEY"}]
rules:
  - {id: no-version, match: {tool: git, argv: "version"}, decision: deny}
  - {id: no-push, match: {tool: git, action: push}, decision: deny}
  - {id: git, match: {tool: git}, decision: allow}
  - {id: no-drops, match: {tool: psql, effects: [delete, define]}, decision: deny}
  - {id: psql, match: {tool: psql, complete: true}, decision: allow}
  - {id: cloud, match: {tool: cloud}, decision: allow}
"""
AGENT_PROGRAM = r'''
import ctypes, json, os, signal, socket, subprocess, sys, time

FOUND = {}
shared = sys.argv[1]
place = os.environ["GUARD_SOCKET"].removesuffix("/broker.sock")
libc = ctypes.CDLL(None, use_errno=True)


def sh(text):
    done = subprocess.run(text, shell=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


def refused(work):
    try:
        return f"no: {work()!r}"
    except OSError as error:
        return type(error).__name__


def attached(pid):
    if libc.ptrace(16, pid, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
FOUND["who"] = [status[name].split() for name in ("Uid", "Gid", "Groups", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp")]
FOUND["secrets"] = [name for name in os.environ if "KEY" in name or "TOKEN" in name or "POLICY" in name]
FOUND["real tools"] = [refused(lambda: subprocess.run([path, "--version"])) for path in ("/usr/bin/git", "/usr/bin/ssh")]
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
FOUND["cloud"] = sh("cloud | grep CLOUD_KEY")
forge = f"https://127.0.0.1:{sys.argv[2]}/app.git"
FOUND["forge"] = sh(f"""git clone -q {forge} f && cd f && git config user.name a && git config user.email a@b.c
git commit -q --allow-empty -m two && git push -q origin HEAD:refs/heads/x 2>&1 | grep -o 'rule no-push'; git log --format=%s
printf 'protocol=https\nhost=127.0.0.1:{sys.argv[2]}\n\n' | GIT_TERMINAL_PROMPT=0 git credential fill 2>/dev/null; echo $?""")
FOUND["terminal"] = sh("script -qec 'git -C r log --format=%s; tty' /dev/null")
FOUND["doctor"] = sh(f"GUARD_RUNTIME_DIR=$HOME/run {sys.executable} -P -m guardcli doctor --json")
FOUND["files"] = {
    path: refused(lambda: os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(4))
    for path in (shared + "/guard", shared + "/guard/s", place, f"{place}/broker.log", f"{place}/bin/guard-shim")
}
FOUND["written"] = [
    refused(lambda: open(f"{one}/x", "w")) for one in (shared, shared + "/guard", place, f"{place}/bin", f"{place}/c")
] + [refused(lambda: os.rename(shared + "/guard", shared + "/g"))]
FOUND["door"] = os.path.exists(shared + "/guard/door.sock")


def others():
    """Return the processes of this container that are not the agent's work, and those of the other one."""
    for name in os.listdir("/proc"):
        try:
            line = open(f"/proc/{name}/cmdline").read() if name.isdigit() else ""
        except OSError:
            continue
        if "guardcli" in line and shared in line:
            yield int(name)


mine, theirs = [], []
for pid in others():
    (mine if os.stat(f"/proc/{pid}/status").st_uid in (0, os.getuid()) and
     f"Uid:\t{os.getuid()}\t" in open(f"/proc/{pid}/status").read() else theirs).append(pid)
FOUND["mine"], FOUND["theirs"] = (
    {
        str(pid): [refused(lambda: attached(pid)), refused(lambda: open(f"/proc/{pid}/environ", "rb").read(1)),
                   refused(lambda: open(f"/proc/{pid}/mem", "rb").read(1)), refused(lambda: os.listdir(f"/proc/{pid}/fd")),
                   refused(lambda: os.listdir(f"/proc/{pid}/root"))]
        for pid in pids
    }
    for pids in (mine, theirs)
)
FOUND["signalled"] = [refused(lambda: os.kill(pid, signal.SIGKILL)) for pid in theirs]
def asks_git():
    """Return the filters over the git by which guard asks about a repository; it reads a pipe, so it is there a while."""
    sh("git init -q slow; mkfifo slow/pipe; printf '[include]\npath = ../pipe\n' >> slow/.git/config")
    call = subprocess.Popen(["git", "-C", "slow", "alias"], stdout=-1, stderr=-1)
    pipe = os.open("slow/pipe", os.O_WRONLY)
    found, until = [], time.monotonic() + 60
    while not found and call.poll() is None and time.monotonic() < until:
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                if open(f"/proc/{name}/cmdline").read().startswith("git\0--no-pager\0"):
                    found.append(open(f"/proc/{name}/status").read().partition("Seccomp:\t")[2][:1])
            except OSError:
                continue
    os.close(pipe)
    call.kill()
    call.wait()
    return found or call.stderr.read().decode()


FOUND["git of guard's"] = asks_git()
subprocess.Popen(["setsid", "sh", "-c", "sleep 300; touch outlived"])
print("FOUND " + json.dumps(FOUND), flush=True)
sys.exit(7)
'''


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, GitServer]]:
    """The file of an authority, and a server of git whose certificate is by it and that wants a password."""
    directory = tmp_path_factory.mktemp("forge")
    authority, certificate = make_authority(directory)
    seed = (
        "git init -q --bare -b main app.git; git clone -q app.git seed 2>/dev/null; cd seed; git checkout -q -b main\n"
    )
    seed += "git -c user.name=a -c user.email=a@b.c commit -q --allow-empty -m seed; git push -q origin main"
    subprocess.run(["sh", "-ec", seed], cwd=directory, check=True)
    with git_server(directory, certificate) as server:
        yield authority, server


@pytest.fixture(scope="module")
def pod(forge: tuple[Path, GitServer]) -> Iterator[Pod]:
    authority, server = forge
    root = Path(tempfile.mkdtemp(prefix="gp", dir="/tmp"))
    made = Pod(root, POLICY.replace("PORT", str(server.port)).replace("GUARDS", str(root / "guard")))
    shutil.copy(authority, made.guards / "ca.pem")
    os.chown(made.guards / "ca.pem", GUARD, GUARD)
    made.brokers["FORGE_TOKEN"] = json.dumps({"username": server.user, "password": server.password})
    made.port = server.port
    yield made
    made.close()
    shutil.rmtree(root)


def ended(process: subprocess.Popen[str], seconds: int = 200) -> tuple[int, str, str]:
    output, said = process.communicate(timeout=seconds)
    return process.returncode, output, said


@pytest.fixture(scope="module")
def found(pod: Pod) -> dict[str, object]:
    """What one agent came to; the broker's container is there a little later than the agent's."""
    program = pod.home / "agent.py"
    program.write_text(AGENT_PROGRAM)
    agent = pod.agent(sys.executable, str(program), str(pod.shared), str(pod.port))
    broker = pod.sidecar()
    status, output, complaint = ended(agent)
    broker_status, _, said = ended(broker)
    assert output.startswith("FOUND "), output + complaint + said
    told = json.loads(output.removeprefix("FOUND "))
    return {**told, "status": status, "end": complaint, "broker": (broker_status, said)}


def test_the_agent_is_nobody_in_particular(found) -> None:
    user, nothing = [str(AGENT)] * 4, ["0000000000000000"]
    assert found["who"] == [user, user, [str(AGENT)], nothing, nothing, ["1"], ["2"]]
    assert found["secrets"] == []


def test_the_real_tools_are_in_the_other_container_alone(found) -> None:
    assert set(found["real tools"]) <= {"PermissionError", "FileNotFoundError"}


def test_calls_are_judged_and_the_work_is_the_agents_own(found) -> None:
    status, said = found["denied"]
    assert status == 77 and "denied by rule no-version" in said
    status, said = found["git"]
    assert (status, said.split()) == (0, ["one", str(AGENT)]), said
    assert found["push"][0] == 77
    assert "one" in found["terminal"][1] and "/dev/pts/" in found["terminal"][1], found["terminal"]


def test_what_git_starts_by_itself_is_told_from_a_hook(found) -> None:
    assert found["hook"][1].startswith("hook 77\n"), found["hook"]


def test_the_git_that_guard_asks_reaches_no_further_than_the_agent(found) -> None:
    assert found["git of guard's"] == ["2"]


def test_files_are_those_of_the_agents_container_read_with_its_rights(found) -> None:
    status, said = found["own file"]
    assert status == 77 and "no-drops" in said


def test_a_credential_is_lent_to_the_call_alone(found) -> None:
    assert found["cloud"] == [0, "CLOUD_KEY=[VALUE]\n"]


def test_git_logs_in_by_https_with_a_password_that_is_in_the_other_container(found, forge) -> None:
    _, said = found["forge"]
    assert said.split("\n") == ["rule no-push", "two", "seed", "128", ""], said
    server = forge[1]
    assert set(server.seen) == {f"{server.user}:{server.password}"}


def test_what_is_guards_is_closed(found) -> None:
    assert set(found["files"].values()) == {"PermissionError"}, found["files"]
    assert set(found["written"]) <= {"PermissionError", "OSError"}, found["written"]
    assert found["door"] is False


def test_guards_processes_in_either_container_are_closed_to_eyes_and_the_brokers_to_signals(found) -> None:
    assert len(found["mine"]) >= 2 and len(found["theirs"]) >= 2
    for pids in (found["mine"], found["theirs"]):
        assert set(map(tuple, pids.values())) == {("PermissionError",) * 5}, pids
    assert set(found["signalled"]) == {"PermissionError"}


def test_the_session_ends_as_the_agent_did_and_nothing_outlives_it(found) -> None:
    assert found["status"] == 7 and "left behind" in found["end"]
    assert found["broker"][0] == 0, found["broker"]


def test_the_record_is_whole_in_the_brokers_container(pod: Pod, found) -> None:
    words = ["audit", "verify"]
    status, output, said = ended(pod.begin("broker", GUARD, [GUARD], *words, env=pod.brokers))
    assert status == 0, output + said
    listed = ended(pod.begin("broker", GUARD, [GUARD], "sessions", "list", "--json", env=pod.brokers))[1]
    assert '"status": 7' in listed or '"exit_status": 7' in listed, listed
    assert str(pod.project) in listed


def test_a_pod_has_one_session(pod: Pod, found) -> None:
    broker = pod.sidecar()
    assert broker.stderr is not None
    line = broker.stderr.readline()
    broker.terminate()
    assert "has had its session" in line
    assert ended(broker)[0] == 0


def test_processes_that_cannot_be_told_from_each_other_are_not_served(pod: Pod, found) -> None:
    pod.another()
    agent = pod.agent("echo", "begun")
    broker_status, _, words = ended(pod.sidecar(namespaces=["--pid", "--fork", "--mount-proc"]))
    status, output, complaint = ended(agent)
    assert (status, output) == (69, "") and "shareProcessNamespace: true" in complaint, complaint
    assert broker_status == 78 and "shareProcessNamespace: true" in words


def test_an_agent_that_could_take_guards_directory_away_is_not_begun(pod: Pod) -> None:
    status, output, complaint = ended(pod.agent("echo", "begun", container="careless"))
    assert (status, output) == (78, "") and "readOnly: true" in complaint


def test_a_broker_that_can_make_nothing_for_the_agent_says_what_is_missing(pod: Pod) -> None:
    status, _, said = ended(pod.sidecar(groups=[GUARD]))
    assert status == 78 and f"fsGroup: {AGENT}" in said
