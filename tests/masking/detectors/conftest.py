"""A detector's cases are texts with ⟦…⟧ around what it must find; a text without them must give nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from guardcli.masking import Masker
from guardcli.model.masking import MaskRule, Strategy

Check = Callable[[str, str], None]


@functools.cache
def _masker(name: str) -> Masker:
    return Masker([MaskRule(detect=(name,), strategy=Strategy.MASK)], key=bytes(32))


def found(name: str, text: bytes) -> list[tuple[int, int]]:
    """Return offset and length of each finding."""
    places: list[tuple[int, int]] = []
    stream = _masker(name).stream(observer=lambda _, offset, length: places.append((offset, length)))
    stream.feed(text)
    stream.finish()
    return places


@pytest.fixture
def check() -> Check:
    """Hold that a detector finds in a marked text what is marked and nothing else."""

    def hold(name: str, marked: str) -> None:
        pieces = marked.replace("⟧", "⟦").split("⟦")
        text = "".join(pieces).encode()
        wanted, place = [], 0
        for index, piece in enumerate(pieces):
            length = len(piece.encode())
            if index % 2:
                wanted.append((place, length))
            place += length
        assert found(name, text) == wanted, text

    return hold
