"""Measures masking on one core, beside `cat` and `sed -E` with patterns of the same kinds, and prints a table.

Run it as ``python bench/masking.py [MEGABYTES]``.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from guardcli.masking import DEFAULT_RULES, Masker

_CHUNK = 1 << 18
_PLAIN = b"INFO 2024-11-21 08:45:11 request served path=/api/v1/orders status=200 duration=12ms bytes=5120\n"
_MAIL = b"INFO 2024-11-21 08:45:11 request from alice.smith@example.com served by node 12 status=200 12ms\n"
_ROW = b" 1234 | Alice Smith     | alice.smith@example.com   | 4111111111111111 | Berlin      | active \n"
_ASSIGNED = b"INFO 2024-11-21 08:45:11 connecting with password=hunter2secret to node 12 status=200 12ms ok\n"
_SED = (
    r"s/[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}/[EMAIL]/g; s/[2-6][0-9]{12,18}/[CARD]/g; "
    r"s/(password|token|secret|api_key)=[^ ]+/\1=[PASSWORD]/g; s/(AKIA|ASIA)[A-Z0-9]{16}/[AWS_KEY]/g; "
    r"s/eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/[JWT]/g; s/gh[pousr]_[A-Za-z0-9]{36}/[GITHUB]/g"
)


def _cases(size: int) -> dict[str, bytes]:
    def fill(unit: bytes) -> bytes:
        return unit * (size // len(unit) + 1)

    return {
        "clean text": fill(_PLAIN),
        "one match in 20 lines": fill(_PLAIN * 19 + _MAIL),
        "every line: e-mail": fill(_MAIL),
        "every line: assignment": fill(_ASSIGNED),
        "every line: e-mail and card": fill(_ROW),
        "colours": fill(b"\x1b[1m" + _PLAIN[:-1] + b"\x1b[0m\n"),
        "random bytes": os.urandom(size),
        "hostile: a@b.c": fill(b"a@b.c"),
    }


def _rate(size: int, work: Callable[[], None]) -> float:
    """Return the best of three in MB/s of processor time, children included."""
    best = 0.0
    for _ in range(3):
        before = time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        work()
        spent = time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before
        best = max(best, size / max(spent, 1e-9) / 1e6)
    return best


def _mask(masker: Masker, data: bytes) -> None:
    stream = masker.stream()
    for place in range(0, len(data), _CHUNK):
        stream.feed(data[place : place + _CHUNK])
    stream.finish()


def _pipe(argv: list[str], path: Path) -> None:
    with path.open("rb") as source, Path(os.devnull).open("wb") as sink:
        subprocess.run(argv, stdin=source, stdout=sink, check=True, env={**os.environ, "LC_ALL": "C"})


def main() -> None:
    """Print one row a case."""
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else "16") * 1e6)
    begin = time.perf_counter()
    masker = Masker(DEFAULT_RULES, key=bytes(32))
    print(f"compiled in {time.perf_counter() - begin:.2f} s")
    print(f"{'MB/s':30} {'guard':>8} {'cat':>8} {'sed -E':>8}")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "input"
        for name, data in _cases(size).items():
            part = data if name.startswith(("clean", "one", "random")) else data[: size // 4]
            path.write_bytes(part)
            rates = (
                _rate(len(part), lambda part=part: _mask(masker, part)),  # type: ignore[misc]
                _rate(len(part), lambda: _pipe(["cat"], path)),
                _rate(len(part), lambda: _pipe(["sed", "-E", _SED], path)),
            )
            print(f"{name:30} " + " ".join(f"{rate:8.1f}" for rate in rates))
    print(f"peak resident memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, input included")


if __name__ == "__main__":
    main()
