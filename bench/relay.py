"""Throughput of a relayed tool, beside `cat` through a pipe: with and without masking, text and binary.

``python bench/relay.py [MEGABYTES]``.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from stage import Stage, Table, machine

MEGABYTES = 512
ROUNDS = 3
PIECE = 1 << 20
LINE = b"INFO 2024-11-21 08:45:11 request served path=/api/v1/orders status=200 duration=12ms bytes=5120\n"
MAIL = b"INFO 2024-11-21 08:45:11 request from alice.smith@example.com served by node 12 status=200 12ms\n"
CALLS = {
    "cat through a pipe": ["/bin/cat", "clean"],
    "clean text, command recorded, output not": ["quiet", "clean"],
    "clean text, unmasked": ["plain", "clean"],
    "clean text, masked": ["masked", "clean"],
    "an e-mail in 20 lines, masked": ["masked", "dirty"],
    "random bytes, unmasked": ["plain", "random"],
    "random bytes, masked": ["masked", "random"],
}
"""What runs, by what the table calls it."""
POLICY = """
version: 1
name: bench
tools:
  plain: {patterns: [{match: ".*", effects: [read], action: run}]}
  masked: {patterns: [{match: ".*", effects: [read], action: run}]}
  quiet: {patterns: [{match: ".*", effects: [read], action: run}]}
rules:
  - {id: quiet, match: {tool: quiet}, decision: allow, record: command}
  - {id: all, match: {tool: [plain, masked, git, ssh]}, decision: allow}
  - {id: all-conceded, match: {tool: [git, ssh], complete: false}, decision: allow}
mask:
  - {detect: [aws_key, jwt, private_key, password, connection_uri, email, credit_card], with: redact, tools: [masked]}
"""
STAND_IN = '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n'
"""A stand-in for ssh that runs what git asks for on this side, so that no server or cipher is measured."""


def poured(argv: list[str]) -> float:
    """Run a program, read all that it prints, and return megabytes a second."""
    buffer = bytearray(PIECE)
    total = 0
    began = time.perf_counter()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, bufsize=0, pipesize=PIECE) as process:
        assert process.stdout is not None
        while count := process.stdout.readinto(buffer):  # type: ignore[attr-defined]  # unbuffered, so a FileIO
            total += count
    took = time.perf_counter() - began
    if process.returncode or not total:
        raise SystemExit(f"{argv} ended with {process.returncode}")
    return total / took / 1e6


def cloned(git: str, number: int, megabytes: int) -> float:
    """Clone a repository of random bytes and return megabytes a second."""
    began = time.perf_counter()
    command = [git, "clone", "-q", "--bare", f"ssh://box{os.getcwd()}/source", f"copy{number}.git"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return megabytes / (time.perf_counter() - began)


def inside(megabytes: int) -> None:
    """Be the agent: measure in turn, and print the rates as JSON."""
    rates: dict[str, list[float]] = {name: [] for name in CALLS}
    clones: dict[str, list[float]] = {"git clone of random bytes over ssh": [], "the same under guard": []}
    bare = {**os.environ, "PATH": os.environ["BARE_PATH"]}
    for number in range(ROUNDS):
        for name, argv in CALLS.items():
            rates[name].append(poured(argv))
        os.environ["PATH"], guarded = bare["PATH"], os.environ["PATH"]
        clones["git clone of random bytes over ssh"].append(cloned("git", 2 * number, megabytes // 4))
        os.environ["PATH"] = guarded
        clones["the same under guard"].append(cloned("git", 2 * number + 1, megabytes // 4))
    print(json.dumps({**rates, **clones}))


def prepare(stage: Stage, megabytes: int) -> None:
    """Write the files, the tools and the repository."""
    for name, unit in (("clean", LINE), ("dirty", LINE * 19 + MAIL)):
        block = unit * (PIECE // len(unit))
        with (stage.root / name).open("wb") as file:
            for _ in range(megabytes * 1_000_000 // len(block)):
                file.write(block)
    with (stage.root / "random").open("wb") as file:
        for _ in range(megabytes // 4):
            file.write(os.urandom(1_000_000))
    for tool in ("plain", "masked", "quiet"):
        stage.tool(tool, '#!/bin/sh\nexec cat "$@"\n')
    stage.tool("ssh", STAND_IN)
    config = "[user]\nname = A\nemail = a@example.com\n[core]\ncompression = 0\n[init]\ndefaultBranch = main\n"
    (stage.root / ".gitconfig").write_text(config)
    make = (
        "git init -q work; cd work; cp ../random .; git add random; git commit -qm one; git clone -q --bare . ../source"
    )
    subprocess.run(["sh", "-ec", make], env=stage.env, cwd=stage.root, check=True)
    stage.env["BARE_PATH"] = stage.env["PATH"]


def measure(megabytes: int = MEGABYTES) -> Table:
    """Run everything and return the table."""
    before = machine()
    with Stage() as stage:
        policy = stage.root / "policy.yaml"
        policy.write_text(POLICY)
        stage.env["GUARD_POLICY"] = str(policy)
        prepare(stage, megabytes)
        out = stage.run(sys.executable, str(Path(__file__).resolve()), "--inside", str(megabytes))
    rates: dict[str, list[float]] = json.loads(out.splitlines()[-1])
    rows = []
    base = 0.0
    for name, values in rates.items():
        middle = statistics.median(values)
        if name in ("cat through a pipe", "git clone of random bytes over ssh"):
            base = middle
        rows.append([name, f"{middle:.0f}", f"{max(values):.0f}", f"{middle / base * 100:.0f} %"])
    notes = [
        f"`python bench/relay.py {megabytes}` on {before}. Wall-clock time from start to the last byte, the tool, the "
        f"broker and the reader sharing the cores; median and best of {ROUNDS}, all in turn in one session. "
        f"{megabytes} MB of text, {megabytes // 4} MB of random bytes."
    ]
    return Table("Throughput of what a tool prints", notes, ["MB/s", "median", "best", "of bare"], rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(int(sys.argv[2]))
    else:
        print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES).markdown())
