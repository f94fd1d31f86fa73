"""What one batch adds to a recording, as one object of sealed blocks; and such blocks, opened again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from guardcli.api.archive.objects import Objects
from guardcli.api.archive.ring import CannotOpenError, Ring
from guardcli.api.archive.texts import Texts

BLOCK = 128 * 1024
"""Bytes of a recording that are sealed together, at the most, but for a single stretch that is longer: many small
stretches cost one act of sealing, and a jump into a recording opens no more than this."""


class DamagedError(ValueError):
    """What is stored of a recording is not what was stored; says how."""


@dataclass(frozen=True, slots=True)
class Block:
    """A sealed block: where it lies, the SHA-256 of its sealed bytes, and the name of the identity it is sealed for."""

    id: str
    object: str
    start: int
    length: int
    digest: str
    key: str


@dataclass(frozen=True, slots=True)
class Segment:
    """An object that was written: its blocks, and for each stretch's number the block and the place in it."""

    object: str
    blocks: tuple[Block, ...]
    places: dict[int, tuple[str, int]]


class Segments:
    """Writes and reads the objects of recordings."""

    def __init__(self, objects: Objects, ring: Ring, seals_events: bool = False) -> None:
        self.objects = objects
        self.ring = ring
        self.texts = Texts(ring, seals_events)

    def write(self, session: str, stretches: Iterable[tuple[int, bytes]]) -> Segment | None:
        """Keep numbered stretches in a new object; None for none. Raises UnavailableError, ConfigurationError."""
        parts: list[bytes] = []
        places: dict[int, tuple[str, int]] = {}
        for id, group in _grouped(stretches):
            content = b"".join(stretch for _, stretch in group)
            place = 0
            for number, stretch in group:
                places[number] = (id, place)
                place += len(stretch)
            parts.append(content)
        ids = list(dict.fromkeys(id for id, _ in places.values()))
        return self._put(session, list(zip(ids, parts, strict=True)), places) if parts else None

    def rewrite(self, session: str, blocks: Iterable[tuple[str, bytes]]) -> Segment:
        """Keep blocks, by their ids, in a new object, sealed for the present identity."""
        return self._put(session, list(blocks), {})

    def _put(self, session: str, parts: list[tuple[str, bytes]], places: dict[int, tuple[str, int]]) -> Segment:
        name = f"{session}/{os.urandom(12).hex()}"
        blocks = []
        sealed: list[bytes] = []
        start = 0
        for id, content in parts:
            key, closed = self.ring.seal(content)
            blocks.append(Block(id, name, start, len(closed), hashlib.sha256(closed).hexdigest(), key))
            sealed.append(closed)
            start += len(closed)
        self.objects.put(name, b"".join(sealed))
        return Segment(name, tuple(blocks), places)

    def read(self, block: Any) -> bytes | None:
        """Return what is in a `Block` or a row like it, None where its object is not there.

        Raises DamagedError where it is not what was stored, UnavailableError where that cannot be found out.
        """
        sealed = self.objects.get(block.object, block.start, block.length)
        if sealed is None:
            return None
        if hashlib.sha256(sealed).hexdigest() != block.digest:
            raise DamagedError(f"the object {block.object} was changed where it is stored")
        try:
            return self.ring.open(block.key, sealed)
        except CannotOpenError as error:
            raise DamagedError(f"the object {block.object} cannot be opened: {error}") from None

    def discard(self, segment: Segment | None) -> None:
        """Delete what was written in vain."""
        if segment is not None:
            self.objects.delete([segment.object])


def _grouped(stretches: Iterable[tuple[int, bytes]]) -> Iterator[tuple[str, list[tuple[int, bytes]]]]:
    """Give the stretches in groups of at most `BLOCK` bytes, each with a new id."""
    group: list[tuple[int, bytes]] = []
    size = 0
    for number, stretch in stretches:
        if group and size + len(stretch) > BLOCK:
            yield os.urandom(16).hex(), group
            group, size = [], 0
        group.append((number, stretch))
        size += len(stretch)
    if group:
        yield os.urandom(16).hex(), group
