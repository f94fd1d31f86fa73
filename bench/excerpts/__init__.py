"""Excerpts of files and of what programs print, with the entity that is in them, written down apart from what finds it.

Each ``.txt`` here holds excerpts; ``%% entity`` begins one. A slot ``⟦kind⟧`` or ``⟦kind:size⟧`` is a secret,
``⟦kind@entity⟧`` one of another entity than the excerpt's, ``‹kind›`` a value of the same making that is none:
`Values` makes them when they are needed, so that no file holds one. ``\\e`` is an escape character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from excerpts.values import Values

_SLOT = re.compile(r"([⟦‹])([a-zA-Z0-9_]+)(?::([0-9]+))?(?:@([a-z_]+))?[⟧›]")


class Place(NamedTuple):
    """Where a secret stands, from its first sign to behind its last, and its entity."""

    start: int
    end: int
    entity: str


class Filled(NamedTuple):
    """The text of an excerpt, and its secrets."""

    text: str
    places: tuple[Place, ...]


def excerpts(each: int) -> Iterator[Filled]:
    """Fill every excerpt `each` times, each time with other values; the same ones at the next call."""
    for path in sorted(Path(__file__).parent.glob("*.txt")):
        for number, block in enumerate(f"\n{path.read_text('utf-8')}".split("\n%% ")[1:]):
            entity, _, body = block.partition("\n")
            for again in range(each):
                yield _fill(Values(f"{path.name} {number} {again}"), entity, body.rstrip("\n").replace("\\e", "\x1b"))


def _fill(values: Values, entity: str, body: str) -> Filled:
    pieces: list[str] = []
    places: list[Place] = []
    length = end = 0
    for slot in _SLOT.finditer(body):
        made = values.get(slot[2], int(slot[3] or 0))
        pieces += [body[end : slot.start()], made]
        start = length + slot.start() - end
        length, end = start + len(made), slot.end()
        if slot[1] == "⟦":
            places.append(Place(start, length, slot[4] or entity))
    return Filled("".join([*pieces, body[end:]]), tuple(places))
