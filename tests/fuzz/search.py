"""Search one target for an input that breaks it, led by the coverage of guard's own code: see scripts/fuzz.

    search.py run TARGET SECONDS DIRECTORY   what breaks it goes to DIRECTORY/findings, what is new to DIRECTORY/TARGET
    search.py keep TARGET DIRECTORY          put the smallest inputs that cover what DIRECTORY does into the repository
    search.py time TARGET FILE               print the CPU time of one input, in milliseconds, without instruments

The coverage comes from atheris. Where it is not installed, inputs are made all the same, blindly. A finding is an
exception, an answer that cannot be right (`targets`), or more than `SLOW_MS` of the thread's own CPU time, measured
again without instruments.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import subprocess
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from fuzz import corpus
from fuzz.mutation import Mutator

try:
    import atheris
except ImportError:
    atheris = None

SLOW_MS = 50.0
KEPT_LENGTH = 2000
"""Characters of the longest input that is kept in the repository."""

TELLS = 60.0
"""Seconds between two words on how far it is."""

SAME = 3
"""Inputs that are kept of one kind of finding."""


def target_of(name: str):
    """Return the function of a target; importing it is what instruments guard."""
    if atheris is None:
        from fuzz.targets import TARGETS
    else:
        with atheris.instrument_imports(include=["guardcli"]):
            from fuzz.targets import TARGETS
    return TARGETS[name]


def encode(text: str) -> bytes:
    """Return the bytes that stand for `text`."""
    return text.encode("utf-8", "surrogatepass")


def decode(data: bytes) -> str:
    """Return the text that any bytes stand for; what is not UTF-8 becomes what Python makes of such an argument."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")


class Search:
    """Runs inputs, and keeps what breaks."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.findings = directory / "findings"
        self.findings.mkdir(parents=True, exist_ok=True)
        self.place = directory / name
        self.place.mkdir(exist_ok=True)
        self.pool = [*corpus.kept(name), *(decode(path.read_bytes()) for path in sorted(self.place.iterdir()))]
        self.mutator = Mutator(name, self.pool)
        self.judge = target_of(name)
        self.kinds: Counter[str] = Counter()
        self.cleared = SLOW_MS
        self.runs = 0
        self.began = self.told = time.monotonic()

    def one(self, data: bytes) -> None:
        """Run one input."""
        text = decode(data)
        self.runs += 1
        if time.monotonic() > self.told + TELLS:
            self.tell()
        began = time.thread_time()
        try:
            self.judge(text)
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            kind = f"{type(error).__name__}-{Path(frames[-1].filename).stem}-{frames[-1].lineno}-{str(error)[:60]}"
            self.found(kind, data, traceback.format_exc())
        spent = 1000 * (time.thread_time() - began)
        if spent > self.cleared:
            self.slow(data)

    def slow(self, data: bytes) -> None:
        """Measure an input again, in a process without instruments."""
        path = self.findings / f".{self.name}"
        path.write_bytes(data)
        command = [sys.executable, __file__, "time", self.name, str(path)]
        spent = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        path.unlink()
        if spent > SLOW_MS:
            self.found(f"slow-{int(spent // 50) * 50}ms", data, f"{spent:.0f} ms")
            self.cleared *= 1.1
        else:
            self.cleared *= 1.3

    def found(self, kind: str, data: bytes, report: str) -> None:
        """Write a finding down, unless there are enough of its kind."""
        self.kinds[kind] += 1
        if self.kinds[kind] > SAME:
            return
        path = self.findings / f"{self.name}-{hashlib.sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        path.with_suffix(".txt").write_text(f"{kind}\n{report}\n{decode(data)!r}\n")
        print(f"fuzz: {self.name}: {kind}: {path}", flush=True)

    def change(self, data: bytes, longest: int, seed: int) -> bytes:
        """Return another input, for libFuzzer."""
        chance = random.Random(seed)
        if chance.random() < 0.1:
            return atheris.Mutate(data, len(data) + 20)[:longest]
        return encode(self.mutator.mutate(decode(data), chance))[:longest]

    def blindly(self, seconds: float) -> None:
        """Run for `seconds` without knowing what an input covers."""
        end, chance = time.monotonic() + seconds, random.Random()
        while time.monotonic() < end:
            self.one(encode(self.mutator.mutate(chance.choice(self.pool), chance)))

    def run(self, seconds: float) -> int:
        """Run for `seconds`; 1 where something was found."""
        for text in corpus.kept(self.name):
            data = encode(text)
            (self.place / hashlib.sha1(data).hexdigest()).write_bytes(data)
        if atheris is None:
            self.blindly(seconds)
        else:
            options = [f"-max_total_time={int(seconds)}", "-timeout=90", "-max_len=16384", "-print_final_stats=0"]
            options += ["-verbosity=0", f"-artifact_prefix={self.findings}/{self.name}-"]
            atheris.Setup([sys.argv[0], *options, str(self.place)], self.one, custom_mutator=self.change)
            with contextlib.suppress(SystemExit):
                atheris.Fuzz()
        self.tell()
        return 1 if self.kinds else 0

    def tell(self) -> None:
        """Print how far it is; libFuzzer ends the process itself, so that there is no last word."""
        self.told = time.monotonic()
        minutes = (self.told - self.began) / 60
        print(f"fuzz: {self.name}: {minutes:.0f} min, {self.runs} inputs, findings: {dict(self.kinds)}", flush=True)


def measure(name: str, path: Path) -> float:
    """Return the least CPU time, in milliseconds, of three runs of an input."""
    from fuzz.targets import TARGETS

    text, times = decode(path.read_bytes()), []
    for _ in range(4):
        began = time.thread_time()
        with contextlib.suppress(Exception):
            TARGETS[name](text)
        times.append(1000 * (time.thread_time() - began))
    return min(times)


def arcs(judge, text: str) -> frozenset[tuple[str, int, int]]:
    """Return the steps from line to line of guard's code that an input takes."""
    found: set[tuple[str, int, int]] = set()

    def local(frame, event, argument, last):
        name = frame.f_code.co_filename

        def step(frame, event, argument):
            if event == "line":
                found.add((name, last[0], frame.f_lineno))
                last[0] = frame.f_lineno
            return step

        return step

    def called(frame, event, argument):
        return local(frame, event, argument, [-frame.f_lineno]) if "/guardcli/" in frame.f_code.co_filename else None

    sys.settrace(called)
    try:
        judge(text)
    except Exception as error:
        found.add((type(error).__name__, 0, 0))
    finally:
        sys.settrace(None)
    return frozenset(found)


def smallest_cover(name: str, inputs: list[str]) -> list[str]:
    """Return few and small ones of `inputs` that take every step which any of them takes."""
    from fuzz.targets import TARGETS

    covered: set[tuple[str, int, int]] = set()
    chosen = []
    for text in sorted(set(inputs), key=lambda text: (len(text), text)):
        new = arcs(TARGETS[name], text) - covered
        if new:
            covered |= new
            chosen.append(text)
    return chosen


def main(arguments: list[str]) -> int:
    """Do what the words ask for."""
    if arguments[0] == "time":
        print(measure(arguments[1], Path(arguments[2])))
    elif arguments[0] == "keep":
        name, directory = arguments[1], Path(arguments[2])
        texts = [decode(path.read_bytes()) for path in sorted((directory / name).iterdir())]
        cover = smallest_cover(name, [*corpus.kept(name), *(text for text in texts if len(text) <= KEPT_LENGTH)])
        corpus.keep(name, cover)
        print(f"fuzz: {name}: {len(cover)} inputs cover what {len(texts)} do")
    elif arguments[0] == "run":
        return Search(arguments[1], Path(arguments[3])).run(float(arguments[2]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
