"""Measures masking on one core beside `cat`, `sed -E` with patterns of the same kinds, detect-secrets and Presidio.

``python bench/masking.py [--peers PYTHON] [--gigabytes N] [MEGABYTES]``. PYTHON is one that has the two peers
(`bench/peers.py` says how to get it); with N, so much goes through one stream at last, and its memory is watched.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lines import LINES, every_line

from guardcli.masking import DEFAULT_RULES, Masker
from guardcli.model.masking import MaskPattern, MaskRule

_CHUNK = 1 << 18
_PEERS = Path(__file__).with_name("peers.py")
_PLAIN = b"INFO 2024-11-21 08:45:11 request served path=/api/v1/orders status=200 duration=12ms bytes=5120\n"
_MAIL = b"INFO 2024-11-21 08:45:11 request from alice.smith@example.com served by node 12 status=200 12ms\n"
_ROW = b" 1234 | Alice Smith     | alice.smith@example.com   | 4111111111111111 | Berlin      | active \n"
_ASSIGNED = b"INFO 2024-11-21 08:45:11 connecting with password=hunter2secret to node 12 status=200 12ms ok\n"
_TOKEN = b"INFO 2024-11-21 08:45:11 cloned with ghp_Zk8vQ2LmR7tYc4XwP9sD1fGh6JkN3bVa5EuT by node 12 200 ok\n"
_SED = (
    r"s/[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}/[EMAIL]/g; s/[2-6][0-9]{12,18}/[CARD]/g; "
    r"s/(password|token|secret|api_key)=[^ ]+/\1=[PASSWORD]/g; s/(AKIA|ASIA)[A-Z0-9]{16}/[AWS_KEY]/g; "
    r"s/eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/[JWT]/g; s/gh[pousr]_[A-Za-z0-9]{36}/[GITHUB]/g"
)
_ORDINARY: Mapping[str, bytes] = {
    "clean text": _PLAIN,
    "clean text in colours": b"\x1b[1m" + _PLAIN[:-1] + b"\x1b[0m\n",
    "one match in 20 lines": _PLAIN * 19 + _MAIL,
    "every line: e-mail": _MAIL,
    "every line: e-mail and card": _ROW,
    "every line: token": _TOKEN,
    "every line: assignment": _ASSIGNED,
}
_HOSTILE: Mapping[str, bytes] = {
    repr(unit)[2:-1]: unit * 16 + b"\n"
    for unit in (
        b"a@b.c ", b"a@b.co ", b"DE89 ", b"4111 ", b"000-00-0001 ", b"212-555-1234 ", b"+1 212 ", b"pwd=a ",
        b"password=", b"eyJhbGciOi.", b"://a:b@", b"Cookie: a=b;", b'"data":{"', b"\x1b[", b"curl ", b"curl -u a:b ",
        b"set('password','a')", b"your password is: a ", b"your password is: aB3dE4 ", b"told password ",
        b"login x password y ", b"user=a,pass=b ", b"Authorization: Basic abcd ", b'"auth":"abcd', b"scrypt$",
        b"key=abcdefghijklmnopqrst ",
    )
}  # fmt: skip
_PATTERNS = (".", "[a-z]", "(a|aa|r)*s", "(x+x+)+y|q")
_LAG_ROUNDS = 300
_WANTED = 30
_ALL = 0.9
"""Secrets a line from which on each line counts as one that matches: a few values made are none."""


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


def _others(python: str, path: Path) -> list[str]:
    """Return the rates of the peers, or that they are not installed."""
    if not python:
        return ["not installed"] * 2
    done = subprocess.run([python, _PEERS, path], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    rates = json.loads(done.stdout)
    return ["not installed" if one is None else f"{one[0] / one[1] / 1e6:.4f}" for one in rates.values()]


def _ordinary(masker: Masker, size: int, python: str) -> None:
    print(f"{'MB/s':30} {'guard':>8} {'cat':>8} {'sed -E':>8} {'detect-secrets':>15} {'Presidio':>15}")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "input"
        for name, unit in {**_ORDINARY, "random bytes": b""}.items():
            part = size if name.startswith(("clean", "one")) else size // 4
            data = (unit * (part // len(unit) + 1))[:part] if unit else random.randbytes(part)
            path.write_bytes(data)
            rates = (
                _rate(part, lambda data=data: _mask(masker, data)),  # type: ignore[misc]
                _rate(part, lambda: _pipe(["cat"], path)),
                _rate(part, lambda: _pipe(["sed", "-E", _SED], path)),
            )
            others = _others(python, path) if unit else ["–", "–"]
            print(f"{name:30} " + " ".join(f"{rate:8.1f}" for rate in rates), *(f"{one:>15}" for one in others))


def _hostile(masker: Masker, size: int) -> None:
    print(f"\n{'MB/s, hostile text repeated':30} {'guard':>8}")
    for name, unit in _HOSTILE.items():
        data = (unit * (size // len(unit) + 1))[:size]
        print(f"{name:30} {_rate(size, lambda data=data: _mask(masker, data)):8.1f}")  # type: ignore[misc]
    print(f"\n{'MB/s, hostile pattern':30} {'guard':>8}")
    data = (_PLAIN * (size // len(_PLAIN) + 1))[:size]
    for pattern in _PATTERNS:
        own = Masker([*DEFAULT_RULES, MaskRule(patterns=(MaskPattern("own", pattern),))], key=bytes(32))
        print(f"{pattern:30} {_rate(size, lambda own=own: _mask(own, data)):8.1f}")  # type: ignore[misc]


def _detectors(masker: Masker, size: int) -> None:
    """Print the rate for what each trigger and each form of each detector is about, another value on every line."""
    print(f"\n{'MB/s, every line matches':60} {'guard':>8} {'found a line':>13}")
    rates = []
    for name, lines in every_line(LINES):
        block = b"".join(lines)
        data = block * max(1, size // len(block))
        rates.append((_rate(len(data), lambda data=data: _mask(masker, data)), name, _found(masker, lines)))  # type: ignore[misc]
    for rate, name, found in sorted(rates):
        print(f"{name:60} {rate:8.1f} {found:13.2f}")
    matched = [rate for rate, _, found in rates if found >= _ALL]
    below = sum(rate < _WANTED for rate in matched)
    middle = statistics.median(matched)
    print(f"of {len(matched)} of which all lines match {below} are below {_WANTED} MB/s; median {middle:.1f}")


def _found(masker: Masker, lines: Sequence[bytes]) -> float:
    """Return how many secrets a line holds."""
    stream = masker.stream()
    stream.feed(b"".join(lines))
    stream.finish()
    return sum(stream.findings.values()) / len(lines)


def _lag() -> None:
    """Print how long a line takes through an idle `guard mask`, to it and back."""
    command = [sys.executable, "-m", "guardcli", "mask"]
    times = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None and process.stdout is not None
        for _ in range(_LAG_ROUNDS):
            began = time.perf_counter()
            process.stdin.write(_MAIL)
            process.stdout.read(4096)
            times.append((time.perf_counter() - began) * 1000)
            time.sleep(0.002)
        process.stdin.close()
    print(
        f"\nfirst byte through an idle stream: median {statistics.median(times[5:]):.2f} ms, best {min(times):.2f} ms"
    )


def _memory(masker: Masker, gigabytes: float) -> None:
    stream, done, peak = masker.stream(), 0, 0
    data = (_PLAIN * 19 + _MAIL) * (_CHUNK * 4 // (20 * len(_PLAIN)))
    while done < gigabytes * 1e9:
        stream.feed(data)
        done += len(data)
        if not peak and done > gigabytes * 1e8:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    last = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak resident memory after a tenth of {gigabytes} GB {peak / 1024:.1f} MB, after all {last / 1024:.1f} MB")


def main() -> None:
    """Print one row a case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("megabytes", nargs="?", type=float, default=16)
    parser.add_argument("--peers", default="")
    parser.add_argument("--gigabytes", type=float, default=0)
    given = parser.parse_args()
    size = int(given.megabytes * 1e6)
    begin = time.process_time()
    masker = Masker(DEFAULT_RULES, key=bytes(32))
    print(f"compiled in {time.process_time() - begin:.2f} s")
    _ordinary(masker, size, given.peers)
    _hostile(masker, max(size // 64, 100_000))
    _detectors(masker, max(size // 128, 20_000))
    _lag()
    if given.gigabytes:
        _memory(masker, given.gigabytes)


if __name__ == "__main__":
    main()
