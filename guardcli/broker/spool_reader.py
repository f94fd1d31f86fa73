"""Reads a spool in batches that one request may hold, and keeps how far it was shipped."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from guardcli.broker.spool import EVENTS, RECORDING, SHIPPED
from guardcli.broker.spool_frames import FrameReader, RecordingReader
from guardcli.model.events import parse_event

BATCH_EVENTS = 1500
BATCH_BYTES = 1 << 20
"""Bounds of a batch: the API takes much more, but its making must not keep the broker's event loop waiting."""

LINE_MAX = 8 << 20
"""Bytes of one event, or of the stretch that it covers; what is longer was not written by a broker."""


_OUTPUT = b'"type":"output"}\n'
"""How the line of an ``output`` event ends: the keys are sorted, and this is the last."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`count` lines of the spool from the event `first` on, with the stretches that they cover, as they are sent."""

    first: int
    count: int
    body: bytes

    @property
    def full(self) -> bool:
        """Whether there may have been more."""
        return self.count >= BATCH_EVENTS or len(self.body) >= BATCH_BYTES


class SpoolReader:
    """Reads batches of a spool from a given event on, following what is appended."""

    def __init__(self, directory: Path, key: bytes, first: int = 0) -> None:
        """Open the spool of the session in `directory`, which `key` opens. Raises OSError, ValueError."""
        self._events = FrameReader(directory / EVENTS, key)
        self._recording = RecordingReader(directory / RECORDING, key)
        self.next = 0
        self.seek(first)

    @property
    def position(self) -> int:
        """How many bytes of both files were read so far; fewer where reading began in the middle."""
        return self._events.position + self._recording.position

    def close(self) -> None:
        """Close both files."""
        self._events.close()
        self._recording.close()

    def seek(self, sequence: int) -> None:
        """Go on with the event `sequence`, or with the last there is where that is less. Raises ValueError."""
        self._events.seek()
        self.next = 0
        while self.next < sequence and self._events.skip() is not None:
            self.next += 1

    def batch(self) -> Batch | None:
        """Return the events that come next, None where there are no more now. Raises ValueError for what is none."""
        parts: list[bytes] = []
        count = size = 0
        while count < BATCH_EVENTS and size < BATCH_BYTES:
            line = self._line()
            if line is None:
                break
            count += 1
            size += len(line)
            parts.append(line)
            if line.endswith(_OUTPUT):
                content = self._content(line)
                size += len(content)
                parts.append(content)
        first, self.next = self.next, self.next + count
        return Batch(first, count, b"".join(parts)) if count else None

    def _line(self) -> bytes | None:
        """Return the next whole line; a torn one is left for later."""
        line = self._events.read()
        if line is not None and not (line.endswith(b"\n") and len(line) <= LINE_MAX):
            raise ValueError(f"an event of {len(line)} bytes that is no line")
        return line

    def _content(self, line: bytes) -> bytes:
        """Return the stretch that an ``output`` event covers."""
        event = parse_event(json.loads(line))
        offset, length = event.data.get("offset"), event.data.get("length")
        if not isinstance(offset, int) or not isinstance(length, int) or not 0 <= length <= LINE_MAX or offset < 0:
            raise ValueError(f"event {event.sequence} covers no part of the recording")
        return self._recording.read(offset, length)


def read_shipped(directory: Path) -> int:
    """Return how many events were acknowledged, 0 where that is not known: sending again does no harm."""
    try:
        return max(0, int((directory / SHIPPED).read_text()))
    except (OSError, ValueError):
        return 0


def write_shipped(directory: Path, count: int) -> None:
    """Keep how many events were acknowledged, whole or not at all. Raises OSError."""
    made = directory / f".{SHIPPED}"
    made.write_text(f"{count}\n")
    made.replace(directory / SHIPPED)
