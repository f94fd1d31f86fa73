"""Where in a recording what is: keyframes, so that a player begins anywhere without playing what came before. Pure.

A keyframe is the whole terminal at one place of the file. The index grows with the file, piece by piece, so it serves
sessions that still run; what it has not reached yet is played from its last keyframe.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from guardcli.playback.asciicast import MAX_LINE, SIZE, Entry, entries, entry, header_size, new_size
from guardcli.playback.terminal import Snapshot, Terminal

KEYFRAME_BYTES = 128 * 1024
"""A keyframe stands after so many bytes of the file: a beginning anywhere draws no more than that."""

PIECE = 64 * 1024
"""Bytes or characters that are handled at once."""

Read = Callable[[int, int], bytes]
"""Gives up to so many bytes of the file from an offset; none at its end."""


class Keyframe(NamedTuple):
    """The terminal at `offset` bytes, `time` seconds into the recording."""

    time: float
    offset: int
    snapshot: Snapshot


class Index:
    """Built from the file's bytes, in order, in pieces of any size."""

    def __init__(self) -> None:
        self.size = SIZE
        self.duration = 0.0
        self.offset = 0
        self._terminal: Terminal | None = None
        self._rest = b""
        self._texts: list[str] = []
        self._length = 0
        self._keyframes: list[Keyframe] = []
        self._times: list[float] = []

    def add(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        *lines, rest = (self._rest + data).split(b"\n")
        if lines and self._terminal is None:
            self._header(lines.pop(0))
        for line, found in zip(lines, entries(lines), strict=True):
            self._entry(found, len(line) + 1)
        self._rest = rest
        if len(rest) > MAX_LINE:
            self.offset += len(rest)
            self._rest = b""

    def _header(self, line: bytes) -> None:
        self.size = header_size(line)
        self._terminal = Terminal(*self.size)
        self.offset += len(line) + 1
        self._keep()

    def _entry(self, found: Entry | None, length: int) -> None:
        if self.offset - self._keyframes[-1].offset >= KEYFRAME_BYTES:
            self._draw()
            self._keep()
        self.offset += length
        if found is None:
            return
        self.duration = max(self.duration, found.time)
        if found.code == "o":
            self._texts.append(found.data)
            self._length += len(found.data)
            if self._length >= PIECE:
                self._draw()
        elif found.code == "r" and self._terminal is not None:
            self._draw()
            self._terminal.resize(*new_size(found.data))

    def _draw(self) -> None:
        if self._texts and self._terminal is not None:
            self._terminal.feed("".join(self._texts))
        self._texts, self._length = [], 0

    def _keep(self) -> None:
        if self._terminal is not None and self._terminal.between_sequences:
            self._keyframes.append(Keyframe(self.duration, self.offset, self._terminal.snapshot()))
            self._times.append(self.duration)

    def before(self, time: float) -> Keyframe | None:
        """Return the last keyframe at or before `time` seconds, None where nothing was added yet."""
        place = bisect_right(self._times, time) - 1
        return self._keyframes[max(0, place)] if self._keyframes else None


class Player:
    """A terminal that stands at one moment of a recording and goes on, or elsewhere."""

    def __init__(self, index: Index, read: Read) -> None:
        self._index = index
        self._read = read
        self.terminal = Terminal(*SIZE)
        self.time = 0.0
        self._offset = -1
        self._entries: Iterator[tuple[Entry | None, int]] = iter(())
        self._next: Entry | None = None

    def seek(self, time: float) -> None:
        """Stand at `time` seconds: everything up to then is on the screen, nothing after."""
        time = max(0.0, time)
        keyframe = self._index.before(time)
        if keyframe is None:
            return
        self.terminal = Terminal(*self._index.size)
        self.terminal.restore(keyframe.snapshot)
        self._begin(keyframe.offset)
        self.time = keyframe.time
        self.advance(time)

    def _begin(self, offset: int) -> None:
        self._offset = offset
        self._entries = self._read_entries(offset)
        self._next = None

    def advance(self, time: float) -> bool:
        """Go on to `time` seconds; tell whether anything on the screen changed."""
        texts: list[str] = []
        changed = False
        while (found := self._peek()) is not None and max(found.time, self.time) <= time:
            self._next = None
            self.time = max(self.time, found.time)
            changed = True
            if found.code == "o":
                texts.append(found.data)
            elif found.code == "r":
                self.terminal.feed("".join(texts))
                texts = []
                self.terminal.resize(*new_size(found.data))
        if texts:
            self.terminal.feed("".join(texts))
        self.time = max(self.time, time)
        return changed

    def next_time(self) -> float | None:
        """Return when the next entry is due, None where the file has no more yet."""
        found = self._peek()
        return None if found is None else max(found.time, self.time)

    def _peek(self) -> Entry | None:
        if self._next is None:
            self._next = self._take()
        if self._next is None and self._offset >= 0:  # more may have been written meanwhile
            self._entries = self._read_entries(self._offset)
            self._next = self._take()
        return self._next

    def _take(self) -> Entry | None:
        for found, offset in self._entries:
            self._offset = offset
            if found is not None:
                return found
        return None

    def _read_entries(self, offset: int) -> Iterator[tuple[Entry | None, int]]:
        """Give the entries from `offset` on, each with the offset behind it; a torn last line is not one yet."""
        rest = b""
        place = offset
        while data := self._read(place, PIECE):
            place += len(data)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                offset += len(line) + 1
                yield entry(line), offset
            if len(rest) > MAX_LINE:
                offset, rest = place, b""
