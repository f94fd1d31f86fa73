"""Memory of one session's broker: at its start, and after many calls of each tool.

``python bench/memory.py [CALLS]``.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

from stage import Stage, Table, machine, spawned

CALLS = 1000
TOOLS = {"git": ["--version"], "ssh": ["-V"], "psql": ["--version"], "kubectl": ["version", "--client"]}
SETTLE_SECONDS = 1.0


def broker_of(front: int) -> int:
    """Return the broker: the child of `guard run` that is guard as well."""
    for child in Path(f"/proc/{front}/task/{front}/children").read_text().split():
        if b"guardcli" in Path(f"/proc/{child}/cmdline").read_bytes():
            return int(child)
    raise SystemExit("no broker was found")


def memory(pid: int) -> tuple[float, float]:
    """Return what is resident, and what of it is its own share (PSS), in MB."""
    fields = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, value = line.partition(":")
        fields[name] = int(value.split()[0]) * 1024 / 1e6
    return fields["Rss"], fields["Pss"]


def inside(calls: int) -> None:
    """Be the agent: call, look at the broker after each tool, and print what was seen as JSON."""
    broker, env = broker_of(os.getppid()), dict(os.environ)
    seen = [("at the start", *memory(broker))]
    for tool, arguments in TOOLS.items():
        if shutil.which(tool) is None:
            continue
        for _ in range(calls):
            spawned([tool, *arguments], env)
        time.sleep(SETTLE_SECONDS)
        seen.append((f"after {calls} calls of {tool}", *memory(broker)))
    print(json.dumps(seen))


def measure(calls: int = CALLS) -> Table:
    """Run everything and return the table."""
    before = machine()
    with Stage() as stage:
        out = stage.run(sys.executable, str(Path(__file__).resolve()), "--inside", str(calls))
    rows = [[name, f"{rss:.0f}", f"{pss:.0f}"] for name, rss, pss in json.loads(out.splitlines()[-1])]
    notes = [
        f"`python bench/memory.py {calls}` on {before}. One session under the default policy, the tools in turn. "
        "The share counts pages that `guard run` has as well by half."
    ]
    return Table("Memory of a session's broker", notes, ["MB", "resident", "its share"], rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(int(sys.argv[2]))
    else:
        print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else CALLS).markdown())
