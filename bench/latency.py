"""Added latency of one call: bare, under guard, and as peers do it; all in turn, within one live session.

``python bench/latency.py [ROUNDS]``. The peers: script(1), asciinema, and cc-safety-net, a hook in Node that judges a
command before an agent runs it (it is installed from npm into the measurement's own directory).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from stage import Stage, Table, interleave, machine, median, p99, spawned

ROUNDS = 200
SLOW = 4
"""Peers that take long are measured in every fourth round."""
PEER = "cc-safety-net@2.4.5"
TOOLS = {
    "git": ["--version"],
    "psql": ["--version"],
    "ssh": ["-V"],
    "kubectl": ["version", "--client"],
}
DENIED = ["git", "push", "--force", "origin", "main"]


def install_peer(root: Path) -> str | None:
    """Install the hook; return its program, None where there is no npm or no registry."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return None
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(root), PEER]
    if subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        return None
    return str(root / "node_modules" / "cc-safety-net" / "dist" / "bin" / "cc-safety-net.js")


def question(command: list[str]) -> bytes:
    """Return what an agent asks the peer's hook about a command."""
    form = {
        "session_id": "bench",
        "cwd": os.getcwd(),
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": " ".join(command)},
    }
    return json.dumps(form).encode()


def inside(rounds: int, peer: str) -> None:
    """Be the agent: measure, and print the seconds as JSON."""
    env = dict(os.environ)
    cases: dict[str, tuple[int, Callable[[], float]]] = {}

    def case(name: str, argv: list[str], every: int = 1, stdin: bytes = b"") -> None:
        cases[name] = (every, lambda: spawned(argv, env, stdin))

    for tool, arguments in TOOLS.items():
        real = shutil.which(tool, path="/usr/local/bin:/usr/bin:/bin")
        if real is not None:
            every = 1 if tool == "git" else SLOW
            case(f"{tool} bare", [real, *arguments], every)
            case(f"{tool} guard", [tool, *arguments], every)
            if tool == "git":
                case("git script", ["script", "-qec", f"{real} --version", "/dev/null"])
                if shutil.which("asciinema"):
                    cast = ["asciinema", "rec", "-q", "--overwrite", "-c", f"{real} --version", "bench.cast"]
                    case("git asciinema", cast, SLOW)
    case("denied guard", DENIED)
    if peer:
        hook = ["node", peer, "hook", "--claude-code"]
        case("git hook", hook, SLOW, question(["git", "--version"]))
        case("denied hook", hook, SLOW, question(DENIED))
    print(json.dumps(interleave(cases, rounds)))


def row(name: str, seconds: list[float], bare: list[float] | None, guard: float) -> list[str]:
    """Return one row. What is added is compared with the median of the bare tool, and in multiples of guard's."""
    base = median(bare) if bare else 0.0
    added = median(seconds) - base
    times = f"{added / guard:.1f}×" if guard > 0 else "–"
    return [
        name,
        str(len(seconds)),
        f"{median(seconds):.2f}",
        f"{p99(seconds):.2f}",
        f"{added:.2f}",
        f"{p99(seconds) - base:.2f}",
        times,
    ]


def measure(rounds: int = ROUNDS) -> Table:
    """Run everything and return the table."""
    before = machine()
    with Stage() as stage:
        peer = install_peer(stage.root / "peer") or ""
        out = stage.run(sys.executable, str(Path(__file__).resolve()), "--inside", str(rounds), peer)
    seconds: dict[str, list[float]] = json.loads(out.splitlines()[-1])
    guard = median(seconds["git guard"]) - median(seconds["git bare"])
    labels = {
        "git script": "git --version under `script -qec`",
        "git asciinema": "git --version under `asciinema rec -c`",
        "git hook": f"{PEER} judges git --version (runs nothing)",
        "denied guard": "guard denies git push --force",
        "denied hook": f"{PEER} judges git push --force (runs nothing)",
    }
    rows = []
    for tool, arguments in TOOLS.items():
        if f"{tool} bare" in seconds:
            bare, command = seconds[f"{tool} bare"], " ".join([tool, *arguments])
            rows.append([command, str(len(bare)), f"{median(bare):.2f}", f"{p99(bare):.2f}", "–", "–", "–"])
            rows.append(row(f"{command} under guard", seconds[f"{tool} guard"], bare, guard))
    for key, label in labels.items():
        if key in seconds:
            judged_alone = key.startswith("denied") or key.endswith("hook")
            rows.append(row(label, seconds[key], None if judged_alone else seconds["git bare"], guard))
    header = ["ms", "calls", "median", "p99", "added, median", "added, p99", "added, × guard's for git"]
    notes = [
        f"`python bench/latency.py {rounds}` on {before}. All in turn in one live session under the default policy: "
        "judged, masked, recorded. What is added is against the median of the bare tool; a hook runs nothing itself, "
        "so all its time is added."
    ]
    return Table("Added latency of a call", notes, header, rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(int(sys.argv[2]), sys.argv[3])
    else:
        print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS).markdown())
