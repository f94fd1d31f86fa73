"""Measures what masking finds of a labelled set and what it finds wrongly, and prints a table.

Run it as ``python bench/accuracy.py [--show]``; with ``--show`` it lists what is missed and wrong. A secret counts as
found when no byte of it is left, but for armour and indentation; a finding counts as wrong when it lies in a text
without a secret or beside it.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence

from excerpts import Place, excerpts
from labelled import Labelled, lookalikes, positives, source_files
from outsiders import outsiders
from scenes import SCENES, filled

from guardcli.masking import DEFAULT_RULES, Masker
from guardcli.model.masking import CREDENTIAL_DETECTORS, MaskRule

_EACH = 120
_EXCERPT = 4
_LOOKALIKES = 20_000
_SOURCE = 100_000
_KEY = bytes(32)
_ENTITY = {"named_value": "password", "placed_password": "password", "password_hash": "password"}
"""Detectors that find the same entity as another one."""
_MACHINES = ("ip_address", "mac_address")
_PIECE = re.compile(r"\\n|[\n ]")
_AROUND = "\n+\\ '\"=-"
"""Signs of a key's lines that may stay."""


class Score:
    """Counts of one run."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._machines = Masker((MaskRule(detect=_MACHINES),), key=_KEY)
        self.wanted: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.right: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.remarks: list[str] = []

    def add(self, texts: Iterable[Labelled], ignored: frozenset[str] = frozenset()) -> None:
        """Judge `texts`; findings of the kinds in `ignored` do not count."""
        for text, kind, secret in texts:
            start = text.rfind(secret) if secret else -1
            self.judge(text, [Place(start, start + len(secret), kind)] if secret else [], ignored)

    def judge(self, text: str, places: Sequence[Place], ignored: frozenset[str] = frozenset()) -> None:
        """Judge one text with secrets at `places`."""
        findings: list[tuple[str, int, int]] = []
        masker = self._machines if any(one.entity in _MACHINES for one in places) else self._masker
        stream = masker.stream(observer=lambda *one: findings.append(one))
        data = text.encode()
        out = (stream.feed(data + b"\n") + stream.finish()).decode("utf-8", "replace")
        hidden, secret = bytearray(len(data) + 1), bytearray(len(data) + 1)
        for _, offset, length in findings:
            hidden[offset : offset + length] = b"\1" * length
        for first, last, entity in places:
            low, high = (len(text[:place].encode()) for place in (first, last))
            secret[low:high] = b"\1" * (high - low)
            left = "".join(chr(data[place]) for place in range(low, high) if not hidden[place])
            gone = not left.strip(_AROUND) or ("\n" in text[first:last] and not _shows(text[first:last], out))
            self.wanted[entity] += 1
            self.found[entity] += gone
            if not gone:
                self.remarks.append(f"missed {entity:15} {text[max(0, first - 60) : last + 20][:160]!r}")
        for name, offset, length in findings:
            if any(secret[offset : offset + length]):
                self.right[_ENTITY.get(name, name)] += 1
            elif name not in ignored:
                self.wrong[_ENTITY.get(name, name)] += 1
                place = data[max(0, offset - 40) : offset + length + 20]
                self.remarks.append(f"wrong  {name:15} {place.decode('utf-8', 'replace')!r}")


def _shows(secret: str, out: str) -> bool:
    """Tell whether a piece of `secret` between blanks and line ends is in `out`."""
    return any(len(piece) > 3 and piece in out for piece in (one.strip(_AROUND) for one in _PIECE.split(secret)))


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


def _print(score: Score) -> None:
    print("| entity | texts | recall | findings | precision |\n| --- | --- | --- | --- | --- |")
    kinds = sorted({*score.wanted, *score.right, *score.wrong})
    credentials = [one for one in kinds if one in CREDENTIAL_DETECTORS or one.startswith(("in ", "other", "aws"))]
    personal = [one for one in kinds if one not in credentials]
    rows = [(one, [one]) for one in kinds]
    for name, members in [*rows, ("**credentials**", credentials), ("**personal**", personal), ("**all**", kinds)]:
        wanted, found = (sum(counts[one] for one in members) for counts in (score.wanted, score.found))
        right, wrong = (sum(counts[one] for one in members) for counts in (score.right, score.wrong))
        print(f"| {name} | {wanted} | {_ratio(found, wanted)} | {right + wrong} | {_ratio(right, right + wrong)} |")


def main() -> None:
    """Print one row an entity, and the sums."""
    masker = Masker(DEFAULT_RULES, key=_KEY)
    score = Score(masker)
    score.add(positives(1, _EACH))
    for text, places in (*excerpts(_EXCERPT), *outsiders(_EXCERPT)):
        score.judge(text, places)
    wanted, found = scenes(masker, 6)
    score.wanted["in scenes"], score.found["in scenes"] = wanted, found
    score.add(lookalikes(2, _LOOKALIKES))
    score.add(source_files(3, _SOURCE), frozenset({"email", "phone"}))
    if "--show" in sys.argv:
        print("\n".join(score.remarks))
    _print(score)


if __name__ == "__main__":
    main()
