"""How long `guard run -- true` takes: with the embedded API up, without it, and the very first time.

``python bench/startup.py [ROUNDS]``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from shutil import rmtree

from stage import Stage, Table, interleave, machine, median, p99, spawned

ROUNDS = 12


def measure(rounds: int = ROUNDS) -> Table:
    """Run everything and return the table."""
    before = machine()
    with Stage() as stage:
        run = [sys.executable, "-m", "guardcli", "run", "--", "true"]

        def timed(argv: list[str]) -> float:
            return spawned(argv, stage.env)

        def down() -> float:
            stage.stop_api()
            return timed(run)

        def first() -> float:
            stage.stop_api()
            for directory in ("state", "run"):
                rmtree(Path(stage.root / directory), ignore_errors=True)
            return timed(run)

        begun = time.monotonic()
        cases = {
            "the interpreter alone": (1, lambda: timed([sys.executable, "-c", "pass"])),
            "with the API up": (1, lambda: timed(run)),
            "with the API down": (2, down),
            "the very first time": (4, first),
        }
        seconds = interleave(cases, rounds)
    rows = [[name, str(len(each)), f"{median(each):.0f}", f"{p99(each):.0f}"] for name, each in seconds.items()]
    notes = [
        f"`python bench/startup.py {rounds}` on {before}. From start to end of `guard run -- true` under the default "
        f"policy: record opened, agent run, record shipped. The very first time the API makes its database, and the "
        f"patterns of the masks are compiled. {time.monotonic() - begun:.0f} s in all, in turn."
    ]
    return Table("Start of a session", notes, ["ms", "runs", "median", "p99"], rows)


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS).markdown())
