"""Searches for the text that costs masking the most for each byte, by varying pieces of what its detectors look for.

``python bench/slowest.py [SECONDS] [SEED]`` prints the slowest texts it met, each repeated on lines of 16.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence

from lines import every_line
from masking import _mask

from guardcli.masking import DEFAULT_RULES, Masker

_SIZE = 20_000
_KEPT = 24
_LONGEST = 60
_SIGNS = (b" ", b"=", b":", b'"', b"'", b",", b"-", b"$", b"@", b"/", b"\\", b"(", b"a", b"7", b"password", b"\n")


def _fragments() -> list[bytes]:
    return [line.strip(b"\n")[:_LONGEST] for _, lines in every_line(2) for line in lines if len(line) > 1]


def _varied(unit: bytes, others: Sequence[bytes], dice: random.Random) -> bytes:
    """Return `unit` cut, or with a sign or a part of another text put in."""
    place = dice.randrange(len(unit) + 1)
    how = dice.random()
    if how < 0.4:
        made = unit[place:] if dice.random() < 0.5 else unit[:place]
    elif how < 0.7:
        made = unit[:place] + dice.choice(_SIGNS) + unit[place + dice.randrange(2) :]
    else:
        other = dice.choice(others)
        made = unit[:place] + other[dice.randrange(len(other)) :] + unit[place:]
    return made[:_LONGEST] or unit


def _rate(masker: Masker, unit: bytes) -> float:
    """Return the MB/s of processor time, the better of two."""
    line = unit * 16 + b"\n"
    data = line * (_SIZE // len(line) + 1)
    best = 0.0
    for _ in range(2):
        before = time.process_time()
        _mask(masker, data)
        best = max(best, len(data) / max(time.process_time() - before, 1e-9) / 1e6)
    return best


def main() -> None:
    """Print what is slowest, and how fast that is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=120)
    parser.add_argument("seed", nargs="?", type=int, default=1)
    given = parser.parse_args()
    dice, masker = random.Random(given.seed), Masker(DEFAULT_RULES, key=bytes(32))
    fragments = _fragments()
    end = time.monotonic() + given.seconds
    rates = {unit: _rate(masker, unit) for unit in dice.sample(fragments, _KEPT)}
    while time.monotonic() < end:
        unit = dice.choice([*rates, dice.choice(fragments)])
        made = _varied(unit, fragments, dice)
        if made not in rates:
            rates[made] = _rate(masker, made)
            rates = dict(sorted(rates.items(), key=lambda one: one[1])[:_KEPT])
    for unit, rate in rates.items():
        print(f"{rate:8.1f} MB/s  {unit!r}")


if __name__ == "__main__":
    main()
