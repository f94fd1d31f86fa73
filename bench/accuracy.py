"""Measures what masking finds of a labelled set and what it finds wrongly, and prints a table.

Run it as ``python bench/accuracy.py [--show]``; with ``--show`` it lists what is missed and wrong. A secret counts as
found when no byte of it is left; a finding counts as wrong when it lies in a text without a secret or beside it.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterable
from itertools import chain

from labelled import GROUP_PERSONAL, Labelled, lookalikes, positives, source_lines
from scenes import SCENES, filled

from guardcli.masking import DEFAULT_RULES, Masker
from guardcli.model.masking import CREDENTIAL_DETECTORS

_EACH = 120
_LOOKALIKES = 20_000
_SOURCE = 20_000


class Score:
    """Counts of one run."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self.wanted: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.right: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.remarks: list[str] = []

    def add(self, texts: Iterable[Labelled], ignored: frozenset[str] = frozenset()) -> None:
        """Judge `texts`; findings of the kinds in `ignored` do not count."""
        for text, kind, secret in texts:
            findings: list[tuple[str, int, int]] = []
            stream = self._masker.stream(observer=lambda *one, into=findings: into.append(one))
            data = text.encode()
            stream.feed(data + b"\n")
            stream.finish()
            start = data.rfind(secret.encode()) if secret else -1
            end = start + len(secret.encode())
            covered = 0
            for name, offset, length in findings:
                inside = max(0, min(offset + length, end) - max(offset, start)) if secret else 0
                covered += inside
                if inside:
                    self.right[name] += 1
                elif name not in ignored:
                    self.wrong[name] += 1
                    self.remarks.append(f"wrong  {name:15} {text[max(0, offset - 40) : offset + length + 20]!r}")
            if secret:
                self.wanted[kind] += 1
                self.found[kind] += covered >= end - start
                if covered < end - start:
                    self.remarks.append(f"missed {kind:15} {text[:160]!r}")


def scenes(masker: Masker, each: int) -> tuple[int, int]:
    """Return how many secrets the excerpts of ``scenes.txt`` hold, and how many of them are left in no output."""
    wanted = gone = 0
    for number, scene in enumerate(SCENES):
        for again in range(each):
            text, places = filled(random.Random(number * 1000 + again), scene)
            masked = masker.text(text + "\n")
            wanted += len(places)
            gone += sum(text[start:end] not in masked for start, end in places)
    return wanted, gone


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def main() -> None:
    """Print one row a kind, and the sums."""
    score = Score(Masker(DEFAULT_RULES, key=bytes(32)))
    score.add(positives(1, _EACH))
    score.add(lookalikes(2, _LOOKALIKES))
    score.add(source_lines(3, _SOURCE), frozenset({"email", "phone"}))
    if "--show" in sys.argv:
        print("\n".join(score.remarks))
    print("| kind | texts | recall | findings | precision |\n| --- | --- | --- | --- | --- |")
    kinds = sorted({*score.wanted, *score.right, *score.wrong})
    groups = {
        "credentials": [one for one in kinds if one not in GROUP_PERSONAL],
        "personal": [one for one in kinds if one in GROUP_PERSONAL],
    }
    for name, members in chain(((one, [one]) for one in kinds), groups.items()):
        wanted, found = (sum(counts[one] for one in members) for counts in (score.wanted, score.found))
        right, wrong = (sum(counts[one] for one in members) for counts in (score.right, score.wrong))
        print(f"| {name} | {wanted} | {_ratio(found, wanted)} | {right + wrong} | {_ratio(right, right + wrong)} |")
    wanted, found = scenes(Masker(DEFAULT_RULES, key=bytes(32)), 6)
    print(f"| in excerpts | {wanted} | {_ratio(found, wanted)} | 0 | - |")
    unknown = set(kinds) - CREDENTIAL_DETECTORS - GROUP_PERSONAL - {"aws_secret", "crypto_address"}
    if unknown:
        print(f"of no group: {', '.join(sorted(unknown))}")


if __name__ == "__main__":
    main()
