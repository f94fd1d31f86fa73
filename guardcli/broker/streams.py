"""Moving one output stream of a tool to the agent: read, mask, record, write, and only then read on.

One piece is under way at a time, so memory is constant and a slow reader slows the tool. What is let out has been
recorded before.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType

from guardcli.broker.limits import Limits, Mask, Observer
from guardcli.broker.recorder import StreamRecord
from guardcli.broker.sinks import Sink
from guardcli.broker.waiting import readable

PIECE = 64 * 1024
"""Bytes read at once until a stream proves to be a long one: the size of a pipe."""
LONG_PIECE = 1 << 20
PLACES_MAX = 64
"""So many findings of a stream are noted with their place; all are counted."""
IDLE_SECONDS = 0.05
"""After so long without output, what is held back only for its end is let out: a prompt must appear."""


MakeMask = Callable[[Observer], Mask]
"""Gives a fresh mask, which tells the observer of each finding."""


class Unmasked:
    """The mask of a stream that is not masked: everything passes as it is."""

    held = 0
    findings: Mapping[str, int] = MappingProxyType({})

    def __init__(self, observer: Observer) -> None:
        """Take `observer`, which is told of nothing."""

    def hush(self) -> None:
        """Do nothing: nobody is told of anything."""

    def feed(self, data: bytes) -> bytes:
        """Return `data`."""
        return data

    def idle(self) -> bytes:
        """Return nothing: nothing is held."""
        return b""

    finish = idle


class OutputStream:
    """Reads `source` (owned, non-blocking) to its end. `keep` records a piece; `make_mask` gives a fresh mask.

    What goes over `limits` is not delivered: `run` returns then, with `Limits.broken` set.

    `drain` makes the stream let out all that the ended tool has written, and returns then; if a process that the tool
    left behind still holds the other end, the stream goes on in the background until that one lets go too.
    """

    def __init__(
        self,
        source: int,
        sink: Sink,
        record: StreamRecord,
        make_mask: MakeMask,
        keep: Callable[[StreamRecord, bytes], None],
        limits: Limits,
        text: bool = True,
    ) -> None:
        os.set_blocking(source, False)
        self.record = record
        self.sink = sink
        self._source = source
        self._make_mask = make_mask
        self._limits = limits
        self._text = text
        self._places: list[tuple[str, int]] = []
        self._origin = self._taken = 0
        self._mask = self._fresh_mask()
        self._found: Counter[str] = Counter()
        self._keep = keep
        self._piece = PIECE
        self._draining = asyncio.Event()
        self._drained = asyncio.Event()
        self._wake: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Move everything until the end of the source, or until nobody reads. Raises UnavailableError."""
        try:
            while (data := await self._next()) is not None:
                if not await self._deliver(self._mask.feed(data)) or self._limits.broken is not None:
                    return
            await self._deliver(self._mask.finish())
        finally:
            self._drained.set()

    def close(self) -> None:
        """Close both ends: the tool gets SIGPIPE should it write on."""
        os.close(self._source)
        self.sink.close()
        self.record.digest.close()

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector has fired so far."""
        return self._found + Counter(self._mask.findings)

    @property
    def places(self) -> Mapping[str, list[int]]:
        """Where in what the tool wrote the first findings of each detector stand, in bytes."""
        found: dict[str, list[int]] = {}
        for detector, place in self._places:
            found.setdefault(detector, []).append(place)
        return found

    async def drain(self) -> None:
        """Return when all that the tool, which has ended, wrote is delivered."""
        self._draining.set()
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
        await self._drained.wait()

    def _fresh_mask(self) -> Mask:
        self._origin = self._taken
        return self._limits.around(self._make_mask(self._note), self._text)

    def _note(self, detector: str, offset: int, length: int) -> None:
        self._places.append((detector, self._origin + offset))
        if len(self._places) >= PLACES_MAX:
            self._mask.hush()

    async def _next(self) -> bytes | None:
        """Return the next bytes of the source; None at its end."""
        while True:
            try:
                data = os.read(self._source, self._piece)
            except (BlockingIOError, InterruptedError):
                await self._pause()
                continue
            except OSError:  # EIO: the last process has let go of the terminal (pty(7))
                return None
            self._taken += len(data)
            if len(data) == PIECE == self._piece:
                self._lengthen()
            return data or None

    async def _pause(self) -> None:
        """Wait for more; let out what may go when the tool is silent or has ended."""
        if self._draining.is_set() and not self._drained.is_set():
            held = self._mask.finish()
            self._found.update(self._mask.findings)
            await self._deliver(held)
            self._mask = self._fresh_mask()
            self._drained.set()
            return
        self._wake = asyncio.get_running_loop().create_future()
        silence = IDLE_SECONDS if self._mask.held else None
        if not await readable(self._source, silence, self._wake) and not self._draining.is_set():
            await self._deliver(self._mask.idle())

    async def _deliver(self, data: bytes) -> bool:
        if not data:
            return True
        self._keep(self.record, data)
        return await self.sink.write(data)

    def _lengthen(self) -> None:
        """Ask for a larger pipe; the system may refuse when this user has many."""
        self._piece = LONG_PIECE
        try:
            fcntl.fcntl(self._source, fcntl.F_SETPIPE_SZ, LONG_PIECE)
        except OSError:
            self._piece = PIECE * 2
