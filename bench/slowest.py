"""Searches for the text that costs masking the most for each byte, by varying pieces of what its detectors look for.

``python bench/slowest.py [SECONDS] [SEED] [--below RATE]`` prints the slowest texts it met, one for each cause: the
part of masking without which the text costs least. Costs are processor time. Each text is laid out as said beside it.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Callable, Mapping
from copy import copy
from typing import NamedTuple

from lines import every_line

from guardcli.masking import DEFAULT_RULES, Masker
from guardcli.masking.compiled.finders import Table
from guardcli.masking.compiled.native import SWEPT, Sweep
from guardcli.masking.detector import Detector
from guardcli.masking.plan import Plan, _finders_of
from guardcli.masking.stream import MaskStream

_SIZE = 8_000
_CHUNK = 1 << 18
_LONGEST = 60
_KEPT = 3
"""Texts of one cause that are varied."""
_SIGNS = (
    *(bytes([byte]) for byte in b" =:\"',;-$@/\\(){}[]<>|&%?*.~_\t\r\0a7A"),
    *(b"password", b"secret", b"key", b"token", b"auth", b"\n", b"\xc3\xa9", b"\x1b[0m"),
)
_LAYOUTS: Mapping[str, Callable[[bytes], bytes]] = {
    "16 a line": lambda unit: _filled(unit * 16 + b"\n", _SIZE),
    "1 a line": lambda unit: _filled(unit + b"\n", _SIZE),
    "one line": lambda unit: _filled(unit, 5 * _SIZE) + b"\n",
    "escapes": lambda unit: _filled(b"\x1b[m".join(bytes([one]) for one in unit * 4) + b"\n", _SIZE),
}


class Tried(NamedTuple):
    """A text made of one `unit`, and how fast it was, in MB/s."""

    rate: float
    unit: bytes
    layout: str


class Search:
    """The slowest texts so far, by their causes."""

    def __init__(self, masker: Masker, seed: int, below: float) -> None:
        self._plan = masker._plan("")
        self._dice = random.Random(seed)
        self._below = below
        self._fragments = sorted(
            {line.strip(b"\n")[:_LONGEST] for _, lines in every_line(2) for line in lines if len(line) > 1}
        )
        self._known: set[tuple[bytes, str]] = set()
        self.slowest: dict[str, list[Tried]] = {}
        self.count = 0

    def step(self) -> None:
        """Try one more text, and keep it where it is among the slowest of its cause."""
        unit, layout = self._made()
        if (unit, layout) in self._known:
            return
        self._known.add((unit, layout))
        self.count += 1
        text = _LAYOUTS[layout](unit)
        rate = _rate(self._plan, text)
        if rate > self._below or (rate := max(rate, *(_rate(self._plan, text) for _ in range(3)))) > self._below:
            return
        kept = self.slowest.setdefault(_cause(self._plan, text), [])
        kept.append(Tried(rate, unit, layout))
        kept.sort()
        del kept[_KEPT:]

    def _made(self) -> tuple[bytes, str]:
        layout = self._dice.choices(list(_LAYOUTS), (12, 4, 2, 1))[0]
        if not self.slowest or self._dice.random() < 0.4:
            unit = self._dice.choice(self._fragments)
        else:
            kept = self._dice.choice(self._dice.choice(list(self.slowest.values())))
            unit, layout = kept.unit, self._dice.choice((kept.layout, kept.layout, kept.layout, layout))
        for _ in range(self._dice.choice((0, 1, 1, 1, 2, 3))):
            unit = self._varied(unit)
        return unit, layout

    def _varied(self, unit: bytes) -> bytes:
        """Return `unit` cut, or with a sign or a part of another text put in."""
        dice = self._dice
        place = dice.randrange(len(unit) + 1)
        how = dice.random()
        if how < 0.4:
            made = unit[place:] if dice.random() < 0.5 else unit[:place]
        elif how < 0.7:
            made = unit[:place] + dice.choice(_SIGNS) + unit[place + dice.randrange(2) :]
        else:
            other = dice.choice(self._fragments)
            made = unit[:place] + other[dice.randrange(len(other)) :] + unit[place:]
        return made[:_LONGEST] or unit


def _filled(line: bytes, size: int) -> bytes:
    return line * (size // len(line) + 1)


def _rate(plan: Plan, data: bytes) -> float:
    """Return the MB/s of processor time."""
    return len(data) / _least(lambda: _mask(plan, data), 1) / 1e6


def _mask(plan: Plan, data: bytes) -> None:
    stream = MaskStream(plan)
    for place in range(0, len(data), _CHUNK):
        stream.feed(data[place : place + _CHUNK])
    stream.finish()


def _least(work: Callable[[], object], times: int = 2) -> float:
    """Return the seconds of processor time that `work` takes at the least."""
    spent = []
    for _ in range(times):
        before = time.thread_time()
        work()
        spent.append(time.thread_time() - before)
    return max(min(spent), 1e-9)


def _cause(plan: Plan, text: bytes) -> str:
    """Return without which part of a detector the text costs least, and how much of all that spares."""
    whole = _least(lambda: _mask(plan, text))
    costs = {"first pass": _least(lambda: plan._scanner.scan(text))}
    fired = {plan._ranks[number] for number in plan._scanner.scan(text)[1::2]} - {-1}
    for rank in fired | {rank for rank, kind in enumerate(plan.kinds) if kind.name in SWEPT and not kind.triggers}:
        costs[_name(plan.kinds[rank])] = whole - _least(lambda rank=rank: _mask(_without(plan, rank), text))  # type: ignore[misc]
    return max(costs, key=lambda name: costs[name])


def _without(plan: Plan, rank: int) -> Plan:
    """Return `plan` with the detector of `rank` looked for nowhere."""
    left = copy(plan)
    left._ranks = [-1 if one == rank else one for one in plan._ranks]
    left._sweep = Sweep({kind.name: number for number, kind in enumerate(plan.kinds) if number != rank})
    left._block_triggers = frozenset(number for number in plan._block_triggers if plan._ranks[number] != rank)
    left._ruled, left._led = ({one: of[one] for one in of if one != rank} for of in (plan._ruled, plan._led))
    left._sifted = frozenset(number for number in plan._sifted if plan._ranks[number] != rank)
    left._table = Table(_finders_of(plan.kinds, left._ranks, left._blocks | left._ruled.keys() | left._led.keys()))
    return left


def _name(kind: Detector) -> str:
    about = b" ".join((*kind.triggers, *(tail.name.encode() for tail in kind.tails)))
    return f"{kind.name} {re.sub(rb'[^!-~]', b' ', about)[:50].decode()}".strip()


def main() -> None:
    """Print what is slowest, and how fast that is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=120)
    parser.add_argument("seed", nargs="?", type=int, default=1)
    parser.add_argument("--below", type=float, default=15)
    given = parser.parse_args()
    search = Search(Masker(DEFAULT_RULES, key=bytes(32)), given.seed, given.below)
    end = time.monotonic() + given.seconds
    while time.monotonic() < end:
        search.step()
    for cause, kept in sorted(search.slowest.items(), key=lambda one: one[1][0]):
        print(f"{kept[0].rate:8.1f} MB/s  {kept[0].layout:10} {cause:60} {kept[0].unit!r}")
    print(f"{search.count} texts; {len(search.slowest)} causes below {given.below} MB/s")


if __name__ == "__main__":
    main()
