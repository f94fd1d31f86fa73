"""One note at a time, that opens whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from guardcli.broker.spool_note import NOTE, NOTE_MAX, Note, NoteWriter, read_note

KEY = bytes(range(32))
MOMENT = b"2026-01-01T00:00:00.000000Z"


def test_the_last_note_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    writer = NoteWriter(tmp_path / NOTE, KEY)
    assert writer.sequence == -1 and read_note(tmp_path / NOTE, KEY) is None
    writer.write(3, MOMENT, 1, b'{"command":"a long one, of which the end stays in the file"}')
    writer.write(4, MOMENT, 2, b'{"command":"two\\nlines"}')
    assert writer.sequence == 4
    assert read_note(tmp_path / NOTE, KEY) == Note(4, MOMENT.decode(), 2, {"command": "two\nlines"})
    writer.close()


def test_what_is_not_whole_is_no_note(tmp_path: Path) -> None:
    writer, place = NoteWriter(tmp_path / NOTE, KEY), tmp_path / NOTE
    writer.write(3, MOMENT, 1, b'{"command":"x"}')
    writer.close()
    whole = place.read_bytes()
    for length in range(len(whole)):
        place.write_bytes(whole[:length])
        assert read_note(place, KEY) is None
    for at in range(len(whole)):
        place.write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
        assert read_note(place, KEY) is None
    place.write_bytes(whole)
    assert read_note(place, bytes(32)) is None
    assert read_note(tmp_path / "none", KEY) is None


def test_a_note_that_cannot_be_written_is_not_there(tmp_path: Path) -> None:
    writer = NoteWriter(tmp_path / NOTE, KEY)
    writer.write(3, MOMENT, 1, b"{}")
    writer.write(4, MOMENT, 1, b'"%b"' % bytes(NOTE_MAX))
    assert writer.sequence == -1
    full = NoteWriter(Path("/dev/full"), KEY)
    full.write(5, MOMENT, 1, b"{}")
    assert full.sequence == -1
    assert os.path.getsize(tmp_path / NOTE) < 100
    full.close()
    writer.close()
