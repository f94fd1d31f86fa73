"""The local, append-only record of one session, written before anything runs.

One directory a session::

    session.json     what the API is told about the session, written first
    key.age          the key of the three files that follow, sealed for the API (`spool_key`)
    events           one `Event.line` in a frame (`spool_frames`), the hash chain
    underway         what comes next if the broker is lost now (`spool_note`)
    recording        asciicast v2, already masked; every byte is covered by exactly one ``output`` event, in order
    shipped          how many events the API has acknowledged, in decimal; written by the shipper alone
    lock             held (flock) for as long as the broker lives

What is written has reached the kernel when a call returns, so it outlives the death of the broker; `sync` brings
it to the disk, so that it outlives the machine's.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from guardcli.broker.spool_frames import FrameWriter, unwritable
from guardcli.broker.spool_key import SEALED_KEY, new_key, sealed, sync_path, write_key
from guardcli.broker.spool_note import NOTE, NoteWriter
from guardcli.model.errors import UnavailableError
from guardcli.model.events import GENESIS, EventType, Linker, canonical

UNSHIPPED_MAX = 1 << 30
"""Bytes that may wait for the API. With more nothing is begun and no output goes on, as on a disk that is full."""

RESERVE = 16 << 20
"""Bytes beyond that for what tells how things ended."""

BEGINNINGS = frozenset({EventType.JUDGED, EventType.ASKED, EventType.STARTED})

EVENTS, RECORDING, SESSION, SHIPPED, LOCK = "events", "recording", "session.json", "shipped", "lock"


def timestamp(seconds: float) -> str:
    """Return seconds since the epoch as RFC 3339 in UTC with microseconds."""
    return _moment(seconds).decode()


def _moment(seconds: float) -> bytes:
    whole, micros = divmod(round(seconds * 1_000_000), 1_000_000)
    return b"%b.%06dZ" % (_to_the_second(whole), micros)


@lru_cache(maxsize=4)
def _to_the_second(seconds: int) -> bytes:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()


def remove_spool(directory: Path) -> None:
    """Remove a spool whose lock the caller holds: first out of the sight of others, who would find it half gone."""
    gone = directory.with_name(f".{directory.name}")
    with suppress(OSError):
        directory.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


class Spool:
    """The record of a live session. Not thread-safe: the broker's event loop alone writes."""

    def __init__(self, root: Path, session: Mapping[str, object], most: int = UNSHIPPED_MAX) -> None:
        """Create the directory of the session described by `session` (its ``id`` names it).

        `most` bytes may wait for the API; whoever ships sets `shipped`, how many are there. Raises UnavailableError.
        """
        self.shipped = 0
        self.key = new_key()
        self._is_key_synced = True
        self._most = most
        self.session = str(session["id"])
        self.directory = root / self.session
        try:
            self.directory.mkdir(mode=0o700, parents=True)
            self._lock = os.open(self.directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (self.directory / SESSION).write_text(json.dumps(session, indent=1) + "\n")
            self._events = FrameWriter(self.directory / EVENTS, self.key)
            self._recording = FrameWriter(self.directory / RECORDING, self.key)
            self._note = NoteWriter(self.directory / NOTE, self.key)
        except OSError as error:
            raise unwritable(self.directory, error) from error
        self._linker = Linker(self.session)
        self._sequence = 0
        self._previous = GENESIS.encode()
        self._under_way: tuple[int, bytes, float] | None = None
        self._dirty = False

    def keep_key(self, recipient: str) -> None:
        """Leave the key beside the record, sealed for `recipient`: before that, a lost broker's record stays closed.

        Raises UnavailableError where it cannot be written, ConfigurationError for what is no recipient.
        """
        closed = sealed(self.key, self.session, recipient)
        try:
            write_key(self.directory, closed)
        except OSError as error:
            raise unwritable(self.directory, error) from error
        self._is_key_synced = False

    @property
    def recorded(self) -> int:
        """Bytes in the recording."""
        return self._recording.sealed

    @property
    def sequence(self) -> int:
        """How many events there are."""
        return self._sequence

    def event(self, type: EventType, call: int, data: Mapping[str, object], seconds: float) -> None:
        """Append an event that happened at `seconds` since the epoch. Raises UnavailableError."""
        self.encoded(type, call, canonical(data), seconds)

    def encoded(self, type: EventType, call: int, data: bytes, seconds: float, late: bool = False) -> None:
        """Append an event whose `data` is canonical JSON already; `late`: what it tells of is under way.

        Raises UnavailableError.
        """
        if type is EventType.CLOSED and self._under_way is not None:  # whoever noted it could not write it
            self.encoded(EventType.JUDGED, *self._under_way, late=True)
        self._make_room(len(data), RESERVE if late or type not in BEGINNINGS else 0)
        digest, line = self._linker.line(self._sequence, _moment(seconds), type, call, data, self._previous)
        self._events.append(line)
        self._sequence += 1
        self._previous = digest
        self._dirty = True
        if self._under_way is not None:
            self._note_again(call)

    def note(self, call: int, data: bytes, seconds: float) -> None:
        """Keep what a ``judged`` event would say of a call that is under way, for whoever recovers the record.

        It stays until an event of that call is written. There is one note at a time: a second is not taken.
        """
        if self._under_way is None:
            self._under_way = call, data, seconds
            self._note.write(self._sequence, _moment(seconds), call, data)

    def has_noted(self, call: int) -> bool:
        """Say whether the record would have that call if the broker were lost now."""
        return self._under_way is not None and self._under_way[0] == call and self._note.sequence == self._sequence

    def _note_again(self, written: int) -> None:
        """An event of the call `written` took the number of the note."""
        if self._under_way is not None:
            call, data, seconds = self._under_way
            if call == written:
                self._under_way = None
            else:
                self._note.write(self._sequence, _moment(seconds), call, data)

    def takes(self, size: int) -> bool:
        """Say whether `size` more bytes may wait for the API, and what was written last could be written."""
        return not self._events.failed and self._events.size + self._recording.size - self.shipped + size <= self._most

    def record(self, lines: bytes) -> None:
        """Append whole lines to the recording. Raises UnavailableError."""
        self._make_room(len(lines), 0)
        self._recording.append(lines)
        self._dirty = True

    def _make_room(self, size: int, reserve: int) -> None:
        """Raise UnavailableError where `size` more bytes would be more than may wait."""
        waiting = self._events.size + self._recording.size - self.shipped
        if waiting + size > self._most + reserve:
            raise UnavailableError(
                f"{waiting} bytes of the record wait for the API, and no more may",
                hint="nothing runs unrecorded; it goes on when the API takes them",
            )

    def sync(self) -> None:
        """Bring all of it to the disk, the key first; may take long, so call it from a thread."""
        if not self._is_key_synced:
            self._is_key_synced = True
            for path in (self.directory / SEALED_KEY, self.directory / SESSION, self.directory):
                sync_path(path)
        if self._dirty:
            self._dirty = False
            self._events.sync()
            self._recording.sync()

    def remove(self) -> None:
        """Remove the directory: all of it has been shipped."""
        remove_spool(self.directory)

    def close(self) -> None:
        """Close the files. The lock lasts until every process that has a copy of it has closed that."""
        self._events.close()
        self._recording.close()
        self._note.close()
        os.close(self._lock)
