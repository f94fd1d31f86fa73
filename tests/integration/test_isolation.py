"""`guard run --isolate` end to end: what goes on as outside, what is gone, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import site
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from integration.servers import postgres, sshd

import guardcli

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")

POLICY = """
version: 1
name: work
rules:
  - {id: git, match: {tool: git}, decision: allow}
  - {id: ssh-for-git, match: {tool: ssh, parent: git}, decision: allow}
  - {id: ssh, match: {tool: [ssh, scp, sftp]}, unless: {parent: git}, decision: allow}
  - {id: ssh-however, match: {tool: [ssh, scp], complete: false}, decision: allow}
  - {id: reads, match: {tool: psql, effects: [read, session]}, decision: allow}
  - {id: writes, match: {tool: psql, effects: [write, define]}, decision: allow}
  - {id: drops, match: {tool: psql, effects: [delete]}, decision: deny, message: Never here.}
  - {id: kubectl, match: {tool: kubectl}, decision: allow}
isolation:
  show: [SHOWN]
  environment: {keep: ["PG*", "GIT_*", LANG]}
"""

PYTHON_PROJECT = r"""
set -e
mkdir -p app && cd app
printf 'def double(x):\n    return 2 * x\n' > lib.py
printf 'import unittest\nfrom lib import double\nclass T(unittest.TestCase):\n    def test(self): self.assertEqual(double(2), 4)\n' > test_lib.py
python3 -m unittest -q 2>&1 | tail -1
printf '[build-system]\nrequires=["setuptools"]\nbuild-backend="setuptools.build_meta"\n[project]\nname="lib"\nversion="1"\n[tool.setuptools]\npy-modules=["lib"]\n' > pyproject.toml
PYTHON -m pip wheel -q --no-build-isolation --no-deps -w dist . && ls dist
"""

NODE_PROJECT = r"""
set -e
mkdir -p web && cd web
printf '{"name":"web","version":"1.0.0","scripts":{"test":"node --test"}}' > package.json
printf 'exports.double = x => 2 * x;\n' > lib.js
printf 'const t = require("node:test"), a = require("node:assert"); t("doubles", () => a.equal(require("./lib").double(2), 4));\n' > lib.test.js
npm test 2>&1 | grep -E '^. (pass|fail)'
npm pack 2>/dev/null
"""

GIT_WORK = r"""
set -e
export GIT_AUTHOR_DATE=2024-01-01T00:00:00Z GIT_COMMITTER_DATE=2024-01-01T00:00:00Z
git init -q -b main one; cd one
git config user.name a; git config user.email a@example.org
echo x > a; git add a; git commit -q -m first; git checkout -q -b side; echo y >> a; git commit -q -am second
git checkout -q main; git merge -q --no-ff -m merged side; git rebase -q HEAD~1; git stash list; git gc -q
cd ..; git clone -q one two; cd two; git log --format=%s; git -c protocol.file.allow=always submodule -q add "$(cd ../one && pwd)" sub; git status --short
"""


@contextmanager
def plain_server() -> Iterator[int]:
    """Listen on the loopback, and answer each connection's first bytes with what it was sent."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(b"echo " + connection.recv(100))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def isolated(sandbox, text: str, *options: str, **keywords):
    """Run a shell's text in a sandbox."""
    return sandbox.run("bash", "-c", text, options=["--isolate=require", *options], **keywords)


def work(sandbox, *shown: str) -> None:
    """Let the policy be the one of a person at work."""
    sandbox.policy.write_text(POLICY.replace("SHOWN", ", ".join(f'"{path}"' for path in shown) or '"/nonexistent"'))


NETWORKS = ("shared", "proxy", "none")
PARTS = [PYTHON_PROJECT.replace("PYTHON", sys.executable), GIT_WORK, *([NODE_PROJECT] if shutil.which("npm") else [])]
WHOLE = "set -e\n" + "\n".join(f"({part})" for part in PARTS)


@pytest.mark.parametrize("network", NETWORKS)
def test_work_goes_on_as_outside(shared_sandbox, outside: list[str], network: str) -> None:
    work(shared_sandbox)
    inside = isolated(shared_sandbox, WHOLE, "--network", network, cwd=_fresh(shared_sandbox), timeout=600)
    assert inside.returncode == 0, inside.stderr
    assert inside.stdout.splitlines() == outside


@pytest.fixture(scope="module", name="outside")
def outside_fixture(tmp_path_factory) -> list[str]:
    """What the same work says outside."""
    done = subprocess.run(["bash", "-c", WHOLE], cwd=tmp_path_factory.mktemp("work"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 6
    return done.stdout.splitlines()


def _fresh(sandbox) -> Path:
    shutil.rmtree(sandbox.work, ignore_errors=True)
    sandbox.work.mkdir()
    return sandbox.work


@pytest.mark.parametrize("network", NETWORKS)
def test_psql_reaches_a_server_whose_socket_is_shown(shared_sandbox, network: str) -> None:
    with postgres() as server:
        os.chmod(server["PGHOST"], 0o755)  # root has no rights of its own inside
        work(shared_sandbox, server["PGHOST"])
        call = "psql -XAt -c 'create table t(a int)' -c 'insert into t values (1)' -c 'select a from t'; psql -c 'drop table t'; echo $?"
        done = isolated(shared_sandbox, call, "--network", network, env={**shared_sandbox.env, **server})
    assert done.stdout == "CREATE TABLE\nINSERT 0 1\n1\n77\n", done.stderr
    assert done.stderr.count("\n") == done.stderr.count("guard: ")


def test_git_and_scp_over_ssh_reach_a_real_server(shared_sandbox, tmp_path) -> None:
    with sshd(tmp_path) as server:
        work(shared_sandbox, str(tmp_path))
        subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "bare.git")], check=True)
        options = f"-i {tmp_path}/user -o UserKnownHostsFile={tmp_path}/known -o BatchMode=yes"
        text = f"""
            git -c init.defaultBranch=main clone -q 127.0.0.1:{tmp_path}/bare.git c 2>/dev/null; cd c
            git config user.name a; git config user.email a@example.org; git commit -q --allow-empty -m x
            git push -q origin HEAD:main && git fetch -q && git log origin/main --format=%s
            echo sent > file; scp -O -q -P {server["port"]} {options} file 127.0.0.1:{tmp_path}/copied && echo copied
            ssh -p {server["port"]} {options} 127.0.0.1 echo over
        """
        env = {**shared_sandbox.env, "GIT_SSH_COMMAND": f"ssh -p {server['port']} {options}"}
        done = isolated(shared_sandbox, text, "--approval-wait", "0", env=env)
        assert done.stdout == "x\ncopied\nover\n", done.stderr
        assert (tmp_path / "copied").read_text() == "sent\n"
    rules = [event["data"]["rule"] for event in shared_sandbox.events(type="judged")]
    assert "part-of-a-call" in rules


@pytest.mark.parametrize(
    ("text", "status"), [("exit 7", 7), ("true", 0), ("kill -TERM $$", 143), ("exec /nonexistent/program", 127)]
)
def test_the_agents_status_is_handed_on(shared_sandbox, text: str, status: int) -> None:
    assert isolated(shared_sandbox, text).returncode == status


def test_an_agent_that_cannot_be_found_is_127(shared_sandbox) -> None:
    done = shared_sandbox.run("no-such-agent", options=["--isolate=require"])
    assert (done.returncode, "guard: no-such-agent: No such file" in done.stderr) == (127, True)


def test_term_reaches_the_agent_which_may_end_in_its_own_way(shared_sandbox, wait_for) -> None:
    begun = shared_sandbox.work / "begun"
    text = f"trap 'echo ending; exit 3' TERM; touch {begun}; while :; do sleep 0.05; done"
    process = shared_sandbox.start("bash", "-c", text, options=["--isolate=require"])
    wait_for(begun.exists)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=600)
    assert (process.returncode, said) == (3, "ending\n")


def test_killing_guard_ends_everything_inside(shared_sandbox, wait_for) -> None:
    mark = shared_sandbox.work / "alive"
    process = shared_sandbox.start(
        "bash", "-c", f"while :; do date +%N > {mark}; sleep 0.05; done", options=["--isolate=require"]
    )
    wait_for(mark.exists)
    process.kill()
    process.communicate()

    def still() -> bool:
        before = mark.read_text()
        threading.Event().wait(0.5)
        return mark.read_text() == before

    wait_for(still)


def test_a_call_inside_is_judged_masked_and_recorded(sandbox) -> None:
    done = isolated(
        sandbox,
        "probe echo ann@example.com; shut echo x; echo $?; cat /dev/null | probe cat; gate",
        "--approval-wait",
        "0",
    )
    assert done.stdout == "[EMAIL]\n77\n"
    assert done.returncode == 75
    assert [event["data"]["rule"] for event in sandbox.events(type="judged")] == [
        "probe-runs",
        "shut-never",
        "probe-runs",
        "gate-asks",
    ]
    sandbox.verify()


def test_a_terminal_inside_is_one(shared_sandbox) -> None:
    command = f"{sys.executable} -m guardcli run --isolate -- bash -c 'test -t 1 && probe bash -c \"test -t 1 && echo is one\"'"
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"],
        env=shared_sandbox.env,
        cwd=shared_sandbox.work,
        capture_output=True,
        text=True,
    )
    assert "is one" in done.stdout


def test_files_are_judged_as_the_agent_sees_them(shared_sandbox) -> None:
    name = f"guard-isolation-{os.getpid()}.sql"
    outside = Path("/tmp", name)
    outside.write_text("drop table t")
    try:
        with postgres() as server:
            os.chmod(server["PGHOST"], 0o755)
            work(shared_sandbox, server["PGHOST"])
            text = f"echo 'select 5' > /tmp/{name}; psql -XAtf /tmp/{name}; cd /tmp; git init -q r; cd r; git config alias.st status; git st --short; echo $?"
            done = isolated(shared_sandbox, text, env={**shared_sandbox.env, **server})
    finally:
        outside.unlink()
    assert done.stdout == "5\n0\n", done.stderr


def test_the_environment_is_the_listed_one(shared_sandbox) -> None:
    env = {**shared_sandbox.env, "PGPASSWORD": "x", "AWS_SECRET_ACCESS_KEY": "x", "LC_ALL": "C", "GUARD_TOKEN": "x"}
    names = {line.partition("=")[0] for line in isolated(shared_sandbox, "env", env=env).stdout.splitlines()}
    assert {"LC_ALL", "PATH", "HOME", "GUARD_SESSION", "GUARD_SOCKET"} <= names
    assert not names & {"PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "GUARD_TOKEN", "GUARD_STATE_DIR", "GUARD_POLICY"}


def test_the_proxy_reaches_named_hosts_only_and_everything_is_recorded(sandbox) -> None:
    with plain_server() as port:
        sandbox.policy.write_text(
            sandbox.policy.read_text() + f'isolation: {{network: proxy, hosts: ["127.0.0.1:{port}"]}}\n'
        )
        (sandbox.work / "ask.py").write_text(
            "import socket, sys\n"
            "for target in sys.argv[1:]:\n"
            "    s = socket.create_connection(('127.0.0.1', 3128)); s.sendall(f'CONNECT {target} HTTP/1.1\\r\\n\\r\\n'.encode())\n"
            "    said = s.recv(400).decode(); print(said.split()[1])\n"
            "    if ' 200 ' in said: s.sendall(b'hello'); print(s.recv(100).decode())\n"
        )
        direct = f"(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null || echo closed"
        call = f"{direct}; python3 ask.py 127.0.0.1:{port} 127.0.0.1:1 example.org:443"
        done = isolated(sandbox, call)
    assert done.stdout == "closed\n200\necho hello\n403\n403\n", done.stderr
    judged = [(event["data"]["command"], event["data"]["verdict"]) for event in sandbox.events(type="judged")]
    assert judged == [
        (f"CONNECT 127.0.0.1:{port}", "allow"),
        ("CONNECT 127.0.0.1:1", "deny"),
        ("CONNECT example.org:443", "deny"),
    ]
    (ended,) = [event["data"] for event in sandbox.events(type="ended")]
    assert (ended["sent"], ended["received"]) == (5, 10)


def test_where_bubblewrap_is_not_there_it_is_said_or_refused(shared_sandbox) -> None:
    env = {**shared_sandbox.env, "PATH": str(shared_sandbox.bin)}
    agent = ["/bin/echo", "ran"]
    auto = shared_sandbox.run(*agent, options=["--isolate=auto"], env=env)
    assert (auto.returncode, auto.stdout) == (0, "ran\n")
    assert auto.stderr.startswith("guard: not isolated") and auto.stderr.count("\n") == 1
    required = shared_sandbox.run(*agent, options=["--isolate"], env=env)
    assert (required.returncode, required.stdout) == (69, "")
    assert "bubblewrap is not installed" in required.stderr
    wrong = shared_sandbox.run(*agent, env={**env, "GUARD_ISOLATE": "maybe"})
    assert wrong.returncode == 78


def test_the_home_is_no_project(shared_sandbox) -> None:
    done = isolated(shared_sandbox, f"ls {shared_sandbox.root} | grep -c policy; pwd", cwd=shared_sandbox.root)
    assert done.stdout.splitlines()[0] == "0"
    assert "is no project" in done.stderr


def test_an_unprivileged_user_is_isolated_as_well(sandbox) -> None:
    if os.getuid():
        pytest.skip("the other tests do so already")
    for path in (sandbox.root, *sandbox.root.rglob("*")):
        os.chown(path, 65534, 65534)
    packages = os.pathsep.join([str(Path(guardcli.__file__).parents[1]), *site.getsitepackages()])
    env = {**sandbox.env, "PYTHONPATH": packages}
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env"]
    for python in (sys.executable, "/usr/bin/python3"):
        if (
            subprocess.run([*become, python, "-m", "guardcli", "--version"], env=env, capture_output=True).returncode
            == 0
        ):
            break
    else:
        pytest.skip("no Python here that another user can run guard with")
    text = "id -u; /usr/bin/git --version; probe echo ran; cat /usr/bin/git 2>&1 >/dev/null | wc -l; touch made; shut; echo $?"
    command = [*become, python, "-m", "guardcli", "run", "--isolate", "--approval-wait", "0", "--", "bash", "-c", text]
    done = subprocess.run(command, env=env, cwd=sandbox.work, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["65534", "ran", "1", "77"], done.stderr
    sandbox.stop_api()


def test_what_a_session_says_of_itself_is_json_inside_too(shared_sandbox) -> None:
    done = shared_sandbox.run(
        sys.executable,
        "-m",
        "guardcli",
        "doctor",
        "--inside",
        "--json",
        options=["--isolate", "--network", "none", "--approval-wait", "0"],
    )
    form = json.loads(done.stdout)
    assert {check["name"]: check["detail"] for check in form["checks"]}["level"] == "isolated, network none", (
        done.stderr
    )
