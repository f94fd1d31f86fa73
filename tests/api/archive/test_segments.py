"""Stretches go into sealed blocks, and come out of them whole or not at all."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from guardcli.api.archive.objects import Objects
from guardcli.api.archive.ring import Ring
from guardcli.api.archive.segments import BLOCK, DamagedError, Segments


@pytest.fixture
def segments(tmp_path: Path) -> Segments:
    return Segments(Objects((tmp_path / "r").as_uri()), Ring(tmp_path / "k"))


SIZES = [[1], [0], [10, 0, 20], [BLOCK, 1], [BLOCK - 1, 1, 1], [BLOCK + 1, 5], [1000] * 300]


@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: f"{len(sizes)} of {max(sizes)}")
def test_every_stretch_is_found_in_its_block(segments: Segments, sizes: list[int]) -> None:
    stretches = [(number * 3, os.urandom(size)) for number, size in enumerate(sizes)]
    written = segments.write("session-1", stretches)
    assert written is not None
    opened = {block.id: segments.read(block) for block in written.blocks}
    for number, content in stretches:
        id, place = written.places[number]
        assert opened[id][place : place + len(content)] == content
    assert all(len(content) <= max(BLOCK, *sizes) for content in opened.values())


def test_nothing_is_written_for_nothing(segments: Segments, tmp_path: Path) -> None:
    assert segments.write("session-1", []) is None
    assert not (tmp_path / "r").exists()


def test_what_is_stored_tells_nothing(segments: Segments, tmp_path: Path) -> None:
    segments.write("session-1", [(0, b"what was shown" * 100)])
    stored = [path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file()]
    assert len(stored) == 1
    assert b"shown" not in stored[0]


def test_a_changed_a_cut_and_a_missing_object_are_told_apart(segments: Segments, tmp_path: Path) -> None:
    block = segments.write("session-1", [(0, b"what was shown")]).blocks[0]
    path = tmp_path / "r" / block.object
    stored = path.read_bytes()
    for changed in (stored[:-1], stored[:-1] + bytes([stored[-1] ^ 1]), b""):
        path.write_bytes(changed)
        with pytest.raises(DamagedError, match="was changed where it is stored"):
            segments.read(block)
    path.unlink()
    assert segments.read(block) is None


def test_an_object_that_was_replaced_with_its_digest_is_not_opened(segments: Segments) -> None:
    """Whoever may write the database and the bucket has no identity to seal with that the row could name."""
    block = segments.write("session-1", [(0, b"what was shown")]).blocks[0]
    other = segments.write("session-1", [(0, b"something else")]).blocks[0]
    cut = dataclasses.replace(other, start=1, length=other.length - 1)
    sealed = segments.objects.get(cut.object, cut.start, cut.length)
    import hashlib

    with pytest.raises(DamagedError, match="cannot be opened"):
        segments.read(dataclasses.replace(cut, digest=hashlib.sha256(sealed).hexdigest()))
    assert segments.read(block) == b"what was shown"
