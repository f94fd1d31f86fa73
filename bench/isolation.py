"""What isolation costs: the start of a session, a guarded call, and a build that calls git very often.

``python bench/isolation.py [ROUNDS] [CALLS]``: 1,000 calls take two minutes, 5,000 (``12 5000``) seven. Inside and
outside are measured in turn.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from stage import Stage, Table, interleave, machine, median, p99, spawned

ROUNDS = 12
CALLS = 1000
BUILD = """
import os, subprocess, sys, time
def git(*words): subprocess.run(["git", *words], check=True, stdout=subprocess.DEVNULL)
os.makedirs("tree", exist_ok=True); os.chdir("tree")
git("init", "-q")
began = time.perf_counter()
for number in range(int(sys.argv[1])):
    git("rev-parse", "--git-dir")
    for _ in range(3): compile(open(subprocess.__file__).read(), "x", "exec")  # what a build does between its calls
print(time.perf_counter() - began)
"""
CALL = """
import subprocess, time
took = []
for _ in range(200):
    began = time.perf_counter()
    subprocess.run(["git", "--version"], stdout=subprocess.DEVNULL)
    took.append(time.perf_counter() - began)
print(*took)
"""


def measure(rounds: int = ROUNDS, calls: int = CALLS) -> Table:
    """Run everything and return the table."""
    before, begun = machine(), time.monotonic()
    with Stage() as stage:
        (stage.root / "project").mkdir()
        for name, text in (("build.py", BUILD), ("call.py", CALL)):
            (stage.root / "project" / name).write_text(text)
        run = [sys.executable, "-m", "guardcli", "run"]
        starts = interleave(
            {
                name: (1, lambda option=option: spawned([*run, option, "--", "true"], stage.env))
                for name, option in (("outside", "--isolate=off"), ("inside", "--isolate=require"))
            },
            rounds,
        )
        stage.env["GUARD_BENCH"] = "1"
        took = {name: _calls(stage, option) for name, option in (("outside", "off"), ("inside", "require"))}
        builds = {name: _build(stage, option, calls) for name, option in BUILDS}
    rows = [
        *(
            [f"guard run -- true, {name}", str(rounds), f"{median(all_):.1f}", f"{p99(all_):.1f}"]
            for name, all_ in starts.items()
        ),
        *(
            [f"git --version under guard, {name}", "200", f"{median(all_):.2f}", f"{p99(all_):.2f}"]
            for name, all_ in took.items()
        ),
        *([f"a build with {calls} calls of git, {name}", "1", f"{1000 * one:.0f}", ""] for name, one in builds.items()),
    ]
    notes = [
        f"`python bench/isolation.py {rounds} {calls}` on {before}; {time.monotonic() - begun:.0f} s in all. "
        f"The start adds {median(starts['inside']) - median(starts['outside']):.0f} ms (at most 150 are wanted), "
        f"a call {median(took['inside']) - median(took['outside']):.2f} ms (at most 1); the build takes "
        f"{builds['inside'] / builds['bare']:.2f}× of bare (at most 1.5×)."
    ]
    return Table("Isolation", notes, ["ms", "runs", "median", "p99"], rows)


BUILDS = (("bare", ""), ("outside", "off"), ("inside", "require"))


def _agent(stage: Stage, option: str, *words: str) -> str:
    import subprocess

    agent = [sys.executable, *words]
    command = [sys.executable, "-m", "guardcli", "run", f"--isolate={option}", "--", *agent] if option else agent
    return subprocess.run(
        command, env=stage.env, cwd=stage.root / "project", check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def _calls(stage: Stage, option: str) -> Sequence[float]:
    return [float(word) for word in _agent(stage, option, "call.py").split()]


def _build(stage: Stage, option: str, calls: int) -> float:
    return float(_agent(stage, option, "build.py", str(calls)))


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    print(measure(*numbers).markdown())
