"""Frames: whole or torn, never half; and a recording that is read from anywhere."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from guardcli.broker.spool_frames import HEADER, TAG, FrameReader, FrameWriter, RecordingReader
from guardcli.broker.spool_key import new_key

KEY = new_key()


def written(path: Path, *parts: bytes, key: bytes = KEY) -> Path:
    writer = FrameWriter(path, key)
    for part in parts:
        writer.append(part)
    assert writer.sealed == sum(map(len, parts))
    writer.close()
    return path


def read(path: Path, key: bytes = KEY) -> list[bytes]:
    reader = FrameReader(path, key)
    try:
        return list(iter(reader.read, None))
    finally:
        reader.close()


PARTS = [b"", b"a", b"\0" * 40, os.urandom(5000), b"end\n"]


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    path = written(tmp_path / "events", *PARTS)
    assert read(path) == PARTS
    assert path.stat().st_size == sum(len(part) + HEADER + TAG for part in PARTS)
    assert path.stat().st_mode & 0o777 == 0o600


def test_cut_at_every_byte_it_gives_the_whole_frames_and_goes_on_when_the_rest_comes(tmp_path: Path) -> None:
    path = written(tmp_path / "events", b"one", b"two", b"three")
    content = path.read_bytes()
    ends = [39, 78, 119]
    assert len(content) == ends[-1]
    for cut in range(len(content)):
        path.write_bytes(content[:cut])
        reader = FrameReader(path, KEY)
        found = list(iter(reader.read, None))
        assert found == [b"one", b"two", b"three"][: sum(end <= cut for end in ends)]
        path.write_bytes(content)
        assert found + list(iter(reader.read, None)) == [b"one", b"two", b"three"]
        reader.close()


def test_every_byte_that_changes_is_found(tmp_path: Path) -> None:
    path = written(tmp_path / "events", b"one", b"two")
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x40]) + content[place + 1 :])
        with pytest.raises(ValueError, match=r"the frame at byte (0|39) of events"):
            read(path)


def test_a_frame_opens_in_its_own_place_file_and_key_alone(tmp_path: Path) -> None:
    path = written(tmp_path / "events", b"one", b"two")
    content = path.read_bytes()
    assert read(path) == [b"one", b"two"]
    for odd in (content[39:], content[39:] + content[:39], content[:39] * 2):
        path.write_bytes(odd)
        with pytest.raises(ValueError, match="does not open"):
            read(path)
    (tmp_path / "recording").write_bytes(content)
    with pytest.raises(ValueError, match="does not open"):
        read(tmp_path / "recording")
    path.write_bytes(content)
    with pytest.raises(ValueError, match="does not open"):
        read(path, new_key())


def test_a_length_beyond_all_bounds_is_damage_not_a_frame_to_wait_for(tmp_path: Path) -> None:
    import struct
    import zlib

    front = struct.pack(">I12s", 1 << 30, bytes(12))
    (tmp_path / "events").write_bytes(front + struct.pack(">I", zlib.crc32(front)) + b"x" * 50)
    with pytest.raises(ValueError, match="has 1073741824 bytes"):
        read(tmp_path / "events")


def test_the_same_text_is_never_sealed_the_same(tmp_path: Path) -> None:
    first = written(tmp_path / "events", b"same").read_bytes()
    (tmp_path / "events").unlink()
    assert written(tmp_path / "events", b"same").read_bytes() != first


def test_a_recording_is_read_from_anywhere_in_any_length(tmp_path: Path) -> None:
    pick = random.Random(5)
    parts = [os.urandom(pick.choice([1, 7, 100, 3000])) for _ in range(60)]
    whole = b"".join(parts)
    reader = RecordingReader(written(tmp_path / "recording", *parts), KEY)
    for _ in range(300):
        offset, length = pick.randrange(len(whole) + 10), pick.randrange(4000)
        assert reader.read(offset, length) == whole[offset : offset + length], (offset, length)
    offset = 0
    while part := reader.read(offset, 777):
        assert part == whole[offset : offset + 777]
        offset += len(part)
    assert (offset, reader.position) == (len(whole), (tmp_path / "recording").stat().st_size)
    reader.close()
