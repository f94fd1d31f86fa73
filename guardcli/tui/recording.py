"""A recording that is fetched while it is looked at: kept in a file without a name, indexed as it comes."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable

from guardcli.playback.asciicast import entry, header_size
from guardcli.playback.index import Index, Player
from guardcli.playback.terminal import Terminal
from guardcli.tui.source import Source

POLL_SECONDS = 0.3
"""How often a running session is asked for more."""


class LocalRecording:
    """One session's recording, growing. `fetch` runs in a thread, everything else in the event loop.

    The lock is held for a piece at a time, so a jump never waits for the whole.
    """

    def __init__(self, source: Source, session: str) -> None:
        self._source = source
        self._session = session
        self._file = tempfile.TemporaryFile(prefix="guard-recording-")  # noqa: SIM115 - closed by `close`
        self._lock = threading.Lock()
        self._length = 0
        self._closed = False
        self.index = Index()
        self.complete = False
        """Whether all that there is so far was fetched."""

    def close(self) -> None:
        """Forget it."""
        with self._lock:
            self._closed = True
            self._file.close()

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`."""
        return b"" if self._closed else os.pread(self._file.fileno(), length, offset)

    def player(self) -> Player:
        """Return a player that stands at the beginning."""
        return Player(self.index, self.read)

    def seek(self, player: Player, time: float) -> None:
        """Put `player` to `time` seconds, while the index may be growing."""
        with self._lock:
            player.seek(time)

    def glimpse(self, moment: float) -> Terminal | None:
        """Return the screen at a moment that is not fetched yet, as the API draws it; blocks."""
        lines = self._source.client.recording_at(self._session, moment)
        header = next(lines, b"")
        first = entry(next(lines, b""))
        if not header or first is None:
            return None
        terminal = Terminal(*header_size(header))
        terminal.feed(first.data)
        return terminal

    def fetch(self, live: Callable[[], bool], wanted: Callable[[], bool]) -> None:
        """Fetch everything, and what is added while the session is `live` and this is `wanted`."""
        while wanted() and not self._closed:
            running = live()
            self._source.insist(self._fetch_rest, wanted)
            self.complete = True
            if not running:
                return
            self._source.pause(POLL_SECONDS)

    def _fetch_rest(self) -> None:
        for piece in self._source.client.recording_from(self._session, self._length):
            with self._lock:
                if self._closed:
                    return
                os.pwrite(self._file.fileno(), piece, self._length)
                self._length += len(piece)
                self.index.add(piece)
