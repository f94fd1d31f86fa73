"""Many calls at once, many in a row, and much output: nothing grows, nothing is lost."""

from __future__ import annotations

import hashlib
import os
import re

import pytest

pytestmark = pytest.mark.usefixtures("cold")

IN_A_ROW = int(os.environ.get("GUARD_TEST_CALLS", "600"))
AT_ONCE = int(os.environ.get("GUARD_TEST_AT_ONCE", "200"))
MEGABYTES = int(os.environ.get("GUARD_TEST_MEGABYTES", "24"))
"""scripts/soak makes these large."""

SNAPSHOT = """
import os, sys
front = int(sys.argv[1])
broker = next(int(p) for p in open(f"/proc/{front}/task/{front}/children").read().split() if b"guardcli" in open(f"/proc/{p}/cmdline", "rb").read())
rss = next(int(l.split()[1]) for l in open(f"/proc/{broker}/status") if l.startswith("VmRSS"))
children = len(open(f"/proc/{broker}/task/{broker}/children").read().split())
state = os.environ["GUARD_STATE_DIR"]
files = sum(len(names) for place, _, names in os.walk(state) if "recordings" not in place) + sum(len(names) for _, _, names in os.walk(os.environ["GUARD_RUNTIME_DIR"]))
print("snapshot", len(os.listdir(f"/proc/{broker}/fd")), children, files, rss, flush=True)
"""


def test_calls_in_a_row_leave_nothing_behind(sandbox):
    (sandbox.root / "snapshot.py").write_text(SNAPSHOT)
    look = f"python3 -S {sandbox.root}/snapshot.py $PPID"
    rounds = f"n=0; while [ $n -lt {IN_A_ROW} ]; do n=$((n+1)); probe true; done"
    warm = "n=0; while [ $n -lt 100 ]; do n=$((n+1)); probe true; done"
    done = sandbox.script(f"{warm}; sleep 1; {look}; {rounds}; sleep 1; {look}", timeout=1200)
    before, after = (
        [int(n) for n in line.split()[1:]] for line in done.stdout.splitlines() if line.startswith("snapshot")
    )
    assert after[0] <= before[0] + 2, "descriptors"
    assert after[1] <= before[1], "processes"
    assert after[2] <= before[2] + 2, "files"
    assert after[3] <= before[3] + 8 * 1024 + IN_A_ROW, "memory, in KiB"


def test_calls_at_once_all_arrive(sandbox):
    program = f"""
import subprocess
calls = [subprocess.Popen(["probe", "sh", "-c", f"echo {{n}}; echo e{{n}} >&2; exit {{n % 256}}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for n in range({AT_ONCE})]
wrong = [n for n, call in enumerate(calls) if call.communicate() != (f"{{n}}\\n", f"e{{n}}\\n") or call.returncode != n % 256]
print("wrong", wrong)
"""
    done = sandbox.python(program)
    assert done.stdout == "wrong []\n", done.stderr[-2000:]
    assert sandbox.sessions()[0]["counts"]["calls"] == AT_ONCE
    sandbox.verify()


def test_random_bytes_arrive_exactly(sandbox):
    path = sandbox.root / "random"
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(MEGABYTES):
            piece = os.urandom(1 << 20)
            digest.update(piece)
            file.write(piece)
    done = sandbox.script(f"probe sh -c 'cat {path}; echo apart >&2' 2>err | sha256sum; cat err", timeout=600)
    assert done.stdout.split() == [digest.hexdigest(), "-", "apart"]


def test_a_tool_that_prints_without_end_costs_no_memory(sandbox):
    (sandbox.root / "snapshot.py").write_text(SNAPSHOT)
    script = f"""
probe true; python3 -S {sandbox.root}/snapshot.py $PPID
probe sh -c 'yes some ordinary text of a line | head -c {MEGABYTES << 20}' | tail -c 1 >/dev/null
python3 -S {sandbox.root}/snapshot.py $PPID
"""
    done = sandbox.script(script, timeout=900)
    before, after = (int(n) for n in re.findall(r"snapshot \d+ \d+ \d+ (\d+)", done.stdout))
    assert after <= before + 40 * 1024, "memory, in KiB"


def test_a_slow_reader_does_not_hold_up_the_others(sandbox):
    slow = "probe sh -c 'yes | head -c 3000000' | (until [ -e others ]; do sleep 0.02; done; wc -c)"
    script = f"{slow} & for i in 1 2 3; do probe echo $i; done; touch others; wait"
    assert sandbox.script(script).stdout.split() == ["1", "2", "3", "3000000"]


def test_the_bare_tools_status_is_kept_under_load(sandbox):
    done = sandbox.script("seq 40 | xargs -P 8 -I{} sh -c 'probe sh -c \"exit {}\"; [ $? = {} ] || echo wrong {}'")
    assert (done.stdout, done.returncode) == ("", 0)


def test_a_text_that_its_parser_would_read_for_ever_holds_nothing_up(shared_sandbox):
    shared_sandbox.policy.write_text(
        "version: 1\nname: test\nextends: [pack:default]\n"
        "tools: {probe: {patterns: [{match: '.*', effects: [read], action: run}]}}\n"
        "rules:\n  - {id: probe-runs, match: {tool: probe}, decision: allow}\n"
        "  - {id: conceded, match: {tool: ssh, complete: false}, decision: deny}\n"
    )
    endless = "x . ( x a! a. | x a! a | a a a a . | x a" + "| x . | x a! a a a | x . | x a" * 30 + "$(a a)]=a | x a! a"
    script = f"for i in 1 2 3; do (ssh h '{endless}'; echo status $?) & done; probe echo there; wait; probe echo here"
    done = shared_sandbox.script(script)
    assert sorted(done.stdout.split("\n")) == ["", "here", "status 77", "status 77", "status 77", "there"], done.stderr
