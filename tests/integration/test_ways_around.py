"""Every way around guard that docs/threat-model.md lists for a session without isolation, tried by an agent.

The first part holds what stops the agent. The second part holds what does not: those tests state a limitation, so
that the page stays true. One that fails there is good news; move it up, and mend the page.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

SHUT = "Never in a test"

LAX = """
version: 1
name: lax
tools:
  shut: {patterns: [{match: ".*", effects: [read], action: run}]}
  gate: {patterns: [{match: ".*", effects: [read], action: run}]}
rules: [{id: all, match: {tool: [shut, gate]}, decision: allow}]
"""

ASK = 'gate echo ran 2>said; id=$(grep -o "approvals* [0-9a-f]\\{8,\\}" said | head -1 | cut -d" " -f2); '
"""Shell: make the call that asks, and keep the id of its approval in $id."""

DENIED = (
    "shut echo out",
    "sh -c 'shut echo out'",
    "nohup setsid shut echo out",
    "GUARD_SOCKET=/nonexistent shut echo out",
    "env -u GUARD_SOCKET -u GUARD_SESSION shut echo out",
    "GUARD_POLICY=lax.yaml shut echo out",
    "bash -c 'exec -a probe shut echo out'",
    "mkdir b; cp $(dirname $(command -v shut))/guard-shim b/shut; b/shut echo out",
    "guard run --policy lax.yaml -- shut echo out",
    'python3 -c \'import os; os.execlp("shut", "probe", "echo", "out")\'',
    "xargs -a /dev/null shut echo out",
    "find . -maxdepth 0 -exec shut echo out ';'",
    "cp lax.yaml $GUARD_POLICY; shut echo out",
)

REFUSED = (
    "guard approvals approve $id",
    "setsid guard approvals approve $id",
    "(setsid sh -c 'sleep 0.2; guard approvals approve '$id &); sleep 3",
    "env -u GUARD_SESSION -u GUARD_SOCKET guard approvals approve $id",
    "guard run -- guard approvals approve $id",
)

OPEN = (
    "{bin}/shut echo out",
    "PATH={bin}:$PATH shut echo out",
    "cp {bin}/shut other; ./other echo out",
    'python3 -c \'import subprocess; subprocess.run(["{bin}/shut", "echo", "out"])\'',
    "rm $(command -v shut); shut echo out",
)


def ask_and(sandbox, rest: str):
    """Run an agent that asks for an approval, does `rest`, and makes the same call again."""
    return sandbox.run("sh", "-c", f"{ASK}{rest}; gate echo ran", options=["--approval-wait", "0"])


def each(sandbox, calls: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Run an agent that makes each call in turn; return every call with what it printed to stdout and stderr."""
    lines = [f"( {call} ) >{number}.out 2>{number}.err" for number, call in enumerate(calls)]
    assert sandbox.script("\n".join([*lines, "exit 0"])).returncode == 0
    work = sandbox.work
    return [(call, (work / f"{n}.out").read_text(), (work / f"{n}.err").read_text()) for n, call in enumerate(calls)]


def listed(sandbox, *arguments: str) -> list[dict]:
    """Return what a command of guard lists, one JSON object a line."""
    done = sandbox.guard(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


# What stops the agent.


def test_a_denied_call_is_denied_however_it_is_made(sandbox) -> None:
    (sandbox.work / "lax.yaml").write_text(LAX)
    ran = [(call, out, err) for call, out, err in each(sandbox, DENIED) if out or (SHUT not in err and "69" not in err)]
    assert ran == []


def test_no_process_of_the_session_can_approve(sandbox) -> None:
    ways = "; ".join(f"( {way} ) 2>>refused" for way in REFUSED)
    done = ask_and(sandbox, ways)
    assert done.stdout == ""
    assert done.returncode == 75
    lines = (sandbox.work / "refused").read_text().splitlines()
    assert sum("inside a session" in line or "may not" in line for line in lines) == len(REFUSED)


def test_a_yes_counts_once_and_only_for_the_same_bytes(sandbox) -> None:
    assert ask_and(sandbox, "true").returncode == 75
    (asked,) = listed(sandbox, "approvals", "list")
    assert sandbox.guard("approvals", "approve", asked["id"]).returncode == 0
    done = sandbox.run("sh", "-c", "gate echo ran more; gate echo ran; gate echo ran", options=["--approval-wait", "0"])
    assert done.stdout == "ran\n"
    assert done.returncode == 75


def test_killing_the_broker_ends_the_agent_and_what_it_runs(sandbox) -> None:
    agent = """
import os, signal, time
above = os.getppid()
children = open(f"/proc/{above}/task/{above}/children").read().split()
(broker,) = [int(pid) for pid in children if int(pid) != os.getpid()]
os.kill(broker, signal.SIGKILL)
time.sleep(30)
open("survived", "w").close()
"""
    done = sandbox.python(agent)
    assert done.returncode == 69
    assert not (sandbox.work / "survived").exists()


def test_what_the_agent_leaves_running_ends_with_the_session(sandbox) -> None:
    done = sandbox.script("(setsid sh -c 'sleep 300' &); sleep 0.3; echo $(pgrep -s 0 -x sh)")
    assert done.returncode == 0
    assert "ended" in done.stderr


def test_a_recording_that_was_changed_is_found(sandbox) -> None:
    assert sandbox.script("probe echo all is well").returncode == 0
    sandbox.verify()
    sandbox.stop_api()
    change = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]);"
        "changed = db.execute(\"update events set data = replace(data, 'all is well', 'all was well')\").rowcount;"
        "assert changed; db.commit()"
    )
    subprocess.run([sys.executable, "-c", change, sandbox.root / "state" / "guard.db"], check=True)
    done = sandbox.guard("audit", "verify")
    assert done.returncode == 1
    assert "does not match its hash" in done.stdout + done.stderr


# What does not stop the agent, as long as it runs as the same user and without isolation.


def test_open_the_real_tool_is_there_for_who_looks_for_it(sandbox) -> None:
    for call, out, err in each(sandbox, tuple(call.replace("{bin}", str(sandbox.bin)) for call in OPEN)):
        assert (out, err) == ("out\n", ""), call
    (session,) = listed(sandbox, "sessions", "list")
    assert not session["counts"].get("calls")


def test_open_a_process_that_is_not_of_the_session_can_be_made_to_approve(sandbox) -> None:
    tmux = shutil.which("tmux")
    if tmux is None:
        pytest.skip("needs tmux")
    server = [tmux, "-S", str(sandbox.root / "tmux")]
    subprocess.run([*server, "new-session", "-d"], env=sandbox.env, check=True)
    try:
        done = ask_and(sandbox, f'{" ".join(server)} run-shell "guard approvals approve $id"')
    finally:
        subprocess.run([*server, "kill-server"], env=sandbox.env, check=True)
    assert done.stdout == "ran\n"


def test_open_the_embedded_api_keeps_its_database_where_the_same_user_can_write(sandbox) -> None:
    change = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]);"
        "db.execute('update approvals set state = ?', ['approved']); db.commit()"
    )
    (sandbox.work / "change.py").write_text(change)
    done = ask_and(sandbox, "python3 change.py $GUARD_STATE_DIR/guard.db")
    assert done.stdout == "ran\n"


def test_open_a_value_that_the_tool_itself_transforms_is_not_recognised(sandbox) -> None:
    ways = [f"probe sh -c 'echo ann@example.com | {change}'" for change in ("rev", "base64", "od -An -c")]
    for _, out, err in each(sandbox, tuple(ways)):
        assert (bool(out), err) == (True, "")
        assert "EMAIL" not in out
    assert sandbox.script("probe echo ann@example.com").stdout == "[EMAIL]\n"


def test_open_what_the_agent_itself_prints_is_neither_masked_nor_recorded(sandbox) -> None:
    done = sandbox.script("echo ann@example.com; probe echo seen")
    assert "ann@example.com" in done.stdout
    recording = sandbox.guard("sessions", "replay", "last").stdout
    assert "seen" in recording
    assert "ann@" not in recording
