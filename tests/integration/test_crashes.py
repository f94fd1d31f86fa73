"""kill -9 of every part at random moments: nothing runs unrecorded, nothing is left, nothing acknowledged is lost."""

from __future__ import annotations

import os
import random
import re
import resource
import shlex
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("cold")

ROUNDS = int(os.environ.get("GUARD_TEST_CRASHES", "2"))
"""Rounds for each victim; scripts/soak makes it many."""

SEED = int(os.environ.get("GUARD_TEST_SEED", "0")) or random.randrange(1 << 30)

AGENT = """
n=0
while [ $n -lt 400 ]; do n=$((n+1)); probe sh -c "echo $n >> ledger; echo out $n" >/dev/null 2>&1; done
"""


def processes(sandbox) -> dict[int, str]:
    """Return pid → command line of every process of this sandbox."""
    mark = f"GUARD_STATE_DIR={sandbox.root}/".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if mark in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (
                        (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    )
    return found


def children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def victim_of(kind: str, sandbox, front: int) -> int | None:
    """Return the process to kill, None where there is none at this moment."""
    found = processes(sandbox)
    below = children(front)
    broker = [pid for pid in below if "guardcli run" in found.get(pid, "")]
    agent = [pid for pid in below if pid not in broker]
    shims = [pid for parent in agent for pid in children(parent)]
    tools = [pid for parent in shims for pid in children(parent)]
    choice = {"broker": broker, "agent": agent, "shim": shims, "tool": tools, "front": [front]}
    if kind == "api":
        return sandbox.api_pid()
    return choice[kind][0] if choice[kind] else None


@pytest.mark.parametrize("kind", ["broker", "api", "shim", "tool", "agent", "front"])
def test_killed_at_a_random_moment(sandbox, kind, wait_for):
    chance = random.Random(f"{SEED} {kind}")
    for number in range(ROUNDS):
        ledger = sandbox.work / "ledger"
        ledger.unlink(missing_ok=True)
        process = sandbox.start("sh", "-c", AGENT)
        wait_for(lambda ledger=ledger, process=process: ledger.exists() or process.poll() is not None)
        time.sleep(chance.uniform(0, 0.6))
        pid = None
        until = time.monotonic() + 10
        while pid is None and process.poll() is None and time.monotonic() < until:
            pid = victim_of(kind, sandbox, process.pid)
        shipped = sum(int(path.read_text()) for path in (sandbox.root / "state" / "spool").glob("*/shipped"))
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if kind in ("shim", "tool", "api"):
            time.sleep(0.5)
            process.terminate()
        process.communicate(timeout=600)

        def only_the_api() -> bool:
            left = processes(sandbox)
            left.pop(sandbox.api_pid() or 0, None)
            return not left

        wait_for(only_the_api)
        again = sandbox.script("probe echo works")
        assert again.stdout == "works\n", f"round {number}, seed {SEED}: {again.stderr}"
        wait_for(lambda: not list((sandbox.root / "state" / "spool").iterdir()))
        session = next(s for s in sandbox.sessions() if "ledger" in " ".join(s["command"]))
        events = sandbox.events(session["id"])
        assert len(events) >= shipped
        started = {event["call"] for event in events if event["type"] == "started"}
        recorded = {
            int(re.search(r"echo (\d+)", event["data"]["command"])[1])
            for event in events
            if event["type"] == "judged" and event["call"] in started
        }
        ran = {int(line) for line in ledger.read_text().split()}
        assert ran <= recorded, f"round {number}, seed {SEED}: ran unrecorded {sorted(ran - recorded)}"
        sandbox.verify()


@pytest.mark.parametrize(
    ("kind", "number"),
    [("broker", signal.SIGABRT), ("broker", signal.SIGSEGV), ("api", signal.SIGABRT), ("front", signal.SIGABRT)],
)
def test_a_crash_with_a_secret_in_hand_leaves_it_nowhere(sandbox, kind, number, wait_for):
    secret = "hunter2crash" + os.urandom(4).hex()
    spelled = secret.replace("hunter", r"\150unter")
    program = f"printf 'first line\npassword={spelled}\nexport TOKEN={spelled}'; touch printed; exec sleep 60"
    cores = resource.getrlimit(resource.RLIMIT_CORE)
    if kind != "front":  # which holds no output, and whose limits are the agent's
        resource.setrlimit(resource.RLIMIT_CORE, (cores[1], cores[1]))
    try:
        process = sandbox.start("sh", "-c", f"probe sh -c {shlex.quote(program)}")
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, cores)
    printed = sandbox.work / "printed"
    with process:
        try:
            wait_for(lambda: printed.exists() or process.poll() is not None)
            shown = process.stdout.readline()
            pid = victim_of(kind, sandbox, process.pid)
            assert pid is not None
            os.kill(pid, number)
            if kind == "api":
                process.terminate()
            shown += process.stdout.read() + process.stderr.read()
            process.wait(60)
        finally:
            process.kill()
    assert "first line" in shown and secret not in shown
    assert sandbox.script("probe echo works").stdout == "works\n"
    sandbox.stop_api()
    kept = [path for path in sandbox.root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert any(path.is_relative_to(sandbox.root / "state") for path in kept)
    for path in kept:
        assert secret.encode() not in path.read_bytes(), path
