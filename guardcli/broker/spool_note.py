"""What is under way, kept beside the record: the event that comes next if the broker is lost before it has written it.

One place in one file, written over and over, sealed like a frame (`spool_frames`). A note says which number its event
has in the chain. Once the chain has an event of that number the note is old, so nothing has to be taken away.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NOTE = "underway"
NOTE_MAX = 1 << 20
"""Bytes that a note may have."""
_FRONT = struct.Struct(">I12s")


@dataclass(frozen=True, slots=True)
class Note:
    """An event that is to be number `sequence` of the chain: when, of which call, and what it says."""

    sequence: int
    moment: str
    call: int
    data: Mapping[str, object]


class NoteWriter:
    """The file with the note."""

    def __init__(self, path: Path, key: bytes) -> None:
        """Open the file. Raises OSError."""
        self._cipher = AESGCM(key)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.sequence = -1
        """The number in the note that is there; -1 where none is, or not all of it."""

    def write(self, sequence: int, moment: bytes, call: int, data: bytes) -> None:
        """Put a note in the place of the one before; `data` is JSON. What cannot be written is not there."""
        self.sequence = -1
        nonce = os.urandom(12)
        closed = self._cipher.encrypt(nonce, b"%d %d %b\n%b" % (sequence, call, moment, data), NOTE.encode())
        if len(closed) > NOTE_MAX:
            return
        note = _FRONT.pack(len(closed), nonce) + closed
        try:
            if os.pwrite(self._fd, note, 0) == len(note):
                self.sequence = sequence
        except OSError:
            return

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def read_note(path: Path, key: bytes) -> Note | None:
    """Return the note of a lost broker, None where there is none that opens. Raises OSError."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(content) < _FRONT.size:
        return None
    size, nonce = _FRONT.unpack_from(content)
    closed = content[_FRONT.size :][:size]
    if len(closed) < size:
        return None
    try:
        front, _, data = AESGCM(key).decrypt(nonce, closed, NOTE.encode()).partition(b"\n")
    except InvalidTag:
        return None
    sequence, call, moment = front.split(b" ")
    return Note(int(sequence), moment.decode(), int(call), json.loads(data))
