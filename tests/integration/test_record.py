"""What is recorded: masked, in order, whole; and what happens when it cannot be."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress

import pytest


def test_the_record_of_a_call_is_complete_and_in_order(sandbox):
    sandbox.script("probe sh -c 'echo bob@corp.io; exit 3'; shut x")
    events = sandbox.events()
    assert [event["sequence"] for event in events] == list(range(len(events)))
    first = list(dict.fromkeys(event["type"] for event in events if event["call"] == 1))
    assert sorted(first) == ["ended", "judged", "masked", "output", "started"]
    assert first[:2] == ["judged", "started"] and first[-1] == "ended"
    second = [event for event in events if event["call"] == 2]
    assert second[0]["data"]["verdict"] == "deny" and second[0]["data"]["rule"] == "shut-never"
    assert "started" not in [event["type"] for event in second]
    assert events[0]["type"] == "opened" and events[-1]["type"] == "closed"
    ended = next(event for event in events if event["type"] == "ended")
    assert ended["data"]["status"] == 3
    assert ended["data"]["streams"]["stdout"]["bytes"] == len("[EMAIL]\n")
    sandbox.verify()


def test_the_replay_shows_what_the_agent_saw(sandbox):
    sandbox.script("probe printf 'one\\ntwo\\n'; shut now")
    identifier = sandbox.sessions()[0]["id"]
    shown = sandbox.guard("sessions", "replay", "--no-wait", identifier).stdout
    assert "$ probe printf" in shown and "one\r\ntwo" in shown.replace("\n", "\r\n").replace("\r\r", "\r")
    assert "denied by rule shut-never" in shown


def test_nothing_is_left_in_the_spool_or_the_runtime_directory(sandbox):
    sandbox.script("probe true")
    assert list((sandbox.root / "state" / "spool").iterdir()) == []
    assert list((sandbox.root / "run" / "s").iterdir()) == []


def test_a_spool_that_cannot_be_made_stops_the_session(sandbox):
    (sandbox.root / "state" / "spool").write_text("in the way")
    done = sandbox.script("echo agent ran")
    assert done.returncode == 69
    assert "agent ran" not in done.stdout and "nothing runs unrecorded" in done.stderr


@pytest.fixture
def full_disk(sandbox):
    """Put the spool onto a file system of its own, a small one, and give a function that fills it."""
    spool = sandbox.root / "state" / "spool"
    spool.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k,mode=700", "none", str(spool)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting is not permitted here")

    def fill() -> None:
        filler = os.open(spool / "filler", os.O_WRONLY | os.O_CREAT)
        for size in (4096, 1):
            with suppress(OSError):
                while True:
                    os.write(filler, b"x" * size)
        os.close(filler)

    try:
        yield fill
    finally:
        subprocess.run(["umount", "-l", str(spool)], check=False)


def test_on_a_full_disk_nothing_runs_unrecorded(sandbox, full_disk, wait_for):
    """What still fits into a half-filled block of the record may run, for then it is recorded."""
    script = """
probe echo before
touch ready; while [ ! -e full ]; do sleep 0.05; done
for i in 1 2 3 4 5 6 7 8 9; do probe touch ran$i; done; echo $?
touch wait; while [ ! -e room ]; do sleep 0.05; done
probe echo after
"""
    process = sandbox.start("sh", "-c", script)
    wait_for((sandbox.work / "ready").exists)
    full_disk()
    (sandbox.work / "full").touch()
    wait_for((sandbox.work / "wait").exists)
    (sandbox.root / "state" / "spool" / "filler").unlink()
    (sandbox.work / "room").touch()
    out, err = process.communicate(timeout=600)
    assert out == "before\n69\nafter\n", err
    assert "No space left" in err
    ran = {path.name for path in sandbox.work.glob("ran*")}
    assert len(ran) < 9
    started = {event["call"] for event in sandbox.events(type="started")}
    commands = {e["data"]["command"] for e in sandbox.events(type="judged") if e["call"] in started}
    assert {f"probe touch {name}" for name in ran} <= commands
    sandbox.verify()


def test_a_disk_that_fills_while_a_tool_prints_ends_the_tool(sandbox, full_disk):
    done = sandbox.script("probe sh -c 'yes 0123456789 | head -c 5000000; touch finished'; echo $?", timeout=600)
    assert done.stdout.splitlines()[-1] == "69", done.stderr
    assert not (sandbox.work / "finished").exists()


def test_with_the_api_gone_what_needs_no_person_is_still_recorded(sandbox):
    script = "probe echo one; touch ready; while [ ! -e gone ]; do sleep 0.05; done; probe echo two"
    process = sandbox.start("sh", "-c", script)
    while not (sandbox.work / "ready").exists():
        time.sleep(0.02)
    sandbox.stop_api(signal.SIGKILL)
    (sandbox.work / "gone").touch()
    out, err = process.communicate(timeout=600)
    assert out == "one\ntwo\n", err
    sandbox.script("true")
    commands = [e["data"]["command"] for s in sandbox.sessions() for e in sandbox.events(s["id"], "judged")]
    assert sorted(commands) == ["probe echo one", "probe echo two"]
    sandbox.verify()


def test_an_api_that_cannot_be_reached_stops_the_session(sandbox):
    sandbox.env["GUARD_API"] = f"unix://{sandbox.root}/nobody.sock"
    done = sandbox.script("echo agent ran")
    assert done.returncode == 69 and "agent ran" not in done.stdout


def test_a_policy_with_faults_stops_the_session(sandbox):
    sandbox.policy.write_text("version: 1\nname: broken\nrules:\n  - {id: x, match: {tol: psql}, decision: allow}\n")
    done = sandbox.script("echo agent ran")
    assert done.returncode == 78 and "agent ran" not in done.stdout
    assert "policy.yaml:4" in done.stderr


def test_output_that_cannot_be_delivered_is_no_success(sandbox):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    done = sandbox.script("probe echo lost > /dev/full; echo $?")
    assert done.stdout == "74\n"
    assert "could not be delivered" in done.stderr
