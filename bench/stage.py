"""What every measurement shares: a guard in a directory of its own, interleaved timing, tables."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Table:
    """One result: a title, what it says of itself, a header and rows of cells."""

    title: str
    notes: Sequence[str]
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """Return it as Markdown."""
        lines = [f"## {self.title}", "", *self.notes, ""]
        lines += [_line(self.header), _line(["---"] + ["---:"] * (len(self.header) - 1))]
        return "\n".join([*lines, *map(_line, self.rows), ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


class Stage:
    """A guard apart from the user's own; a context manager that ends its API and removes its directory."""

    def __init__(self, policy: str = "pack:default") -> None:
        self.root = Path(tempfile.mkdtemp(prefix="gb", dir="/tmp"))
        self.bin = self.root / "bin"
        self.bin.mkdir()
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GUARD_")},
            "HOME": str(self.root),
            "PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
            "GUARD_STATE_DIR": str(self.root / "state"),
            "GUARD_RUNTIME_DIR": str(self.root / "run"),
            "GUARD_ISOLATE": "off",
            "GUARD_CONFIG_DIR": str(self.root / "config"),
            "GUARD_POLICY": policy,
        }

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_api()
        shutil.rmtree(self.root, ignore_errors=True)

    def tool(self, name: str, text: str) -> None:
        """Put an executable script onto the PATH behind the shims."""
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def run(self, *agent: str) -> str:
        """Run an agent under guard and return what it printed. Raises CalledProcessError."""
        command = [sys.executable, "-m", "guardcli", "run", "--", *agent]
        return subprocess.run(
            command,
            env=self.env,
            cwd=self.root,
            check=True,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        ).stdout

    def stop_api(self) -> None:
        """End the embedded API and wait until it is gone."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.root / "run" / "api.sock"))
            except OSError:
                return
            pid, _, _ = struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
            time.sleep(0.01)


def spawned(argv: Sequence[str], env: Mapping[str, str], stdin: bytes = b"") -> float:
    """Run a program, read its output from a pipe to the end, and return the seconds from start to exit."""
    reader, writer = os.pipe()
    source = os.memfd_create("input")
    os.write(source, stdin)
    os.lseek(source, 0, os.SEEK_SET)
    actions = [(os.POSIX_SPAWN_DUP2, source, 0), (os.POSIX_SPAWN_DUP2, writer, 1), (os.POSIX_SPAWN_DUP2, writer, 2)]
    began = time.perf_counter()
    pid = os.posix_spawnp(argv[0], list(argv), dict(env), file_actions=actions)
    os.close(writer)
    while os.read(reader, 65536):
        pass
    os.waitpid(pid, 0)
    took = time.perf_counter() - began
    os.close(reader)
    os.close(source)
    return took


def interleave(cases: Mapping[str, tuple[int, Callable[[], float]]], rounds: int) -> dict[str, list[float]]:
    """Run the cases in turn, so that what disturbs the machine disturbs all; a case takes part in every n-th round."""
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for _, case in cases.values():
        case()
    for number in range(rounds):
        for name, (every, case) in cases.items():
            if number % every == 0:
                seconds[name].append(case())
    return seconds


def median(seconds: Sequence[float]) -> float:
    """Return the median in milliseconds."""
    return statistics.median(seconds) * 1000


def p99(seconds: Sequence[float]) -> float:
    """Return the 99th percentile in milliseconds; of fewer than 100 values the largest."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000


def machine() -> str:
    """Describe the machine in general terms, with how busy it is at the moment."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    cores = len(os.sched_getaffinity(0))
    kernel = ".".join(platform.release().split(".")[:2])
    return f"{cores} cores ({platform.machine()}), Linux {kernel}, Python {platform.python_version()}, load {load}"
