"""Excerpts as somebody else would label them: files and output with credentials or personal data, and what is alike.

Each ``.txt`` holds excerpts; a line ``%%`` begins one. A slot ``⟦pattern⟧`` is a credential, ``⟦@name⟧`` personal data,
``‹pattern›`` a value of the same making that is neither: `Makers` fills them, so that no file holds a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from excerpts import Filled, Place

from outsiders.makers import Makers, entity_of

_SLOT = re.compile(r"⟦([^⟧]+)⟧|‹([^›]+)›")


def outsiders(each: int) -> Iterator[Filled]:
    """Fill every excerpt `each` times, each time with other values; the same ones at the next call."""
    for path in sorted(Path(__file__).parent.glob("*.txt")):
        for number, block in enumerate(f"\n{path.read_text('utf-8')}".split("\n%%\n")[1:]):
            for again in range(each):
                yield _fill(Makers(f"{path.name} {number} {again}"), f"other {path.stem}", block.rstrip("\n"))


def _fill(makers: Makers, entity: str, body: str) -> Filled:
    pieces: list[str] = []
    places: list[Place] = []
    length = end = 0
    for slot in _SLOT.finditer(body):
        pattern = slot[1] or slot[2]
        made = makers.fill(pattern)
        pieces += [body[end : slot.start()], made]
        start = length + slot.start() - end
        length, end = start + len(made), slot.end()
        if slot[1]:
            places.append(Place(start, length, entity_of(pattern) if pattern[0] == "@" else entity))
    return Filled("".join([*pieces, body[end:]]), tuple(places))
