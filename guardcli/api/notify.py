"""Wakes those who wait for a change, without a busy loop and without losing a change between look and wait.

A waiter subscribes first, looks, and waits only if what it saw is not enough. Topics are free text:
``approval/ID``, ``approvals``, ``events/SESSION``. `publish` may be called from any thread; the `Bus` tells the other
processes on the same database. It promises nothing, which is why waiters look again every `RECHECK_SECONDS` anyhow.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from guardcli.api.bus import EVERYTHING, Bus

RECHECK_SECONDS = 15.0

Seen = TypeVar("Seen")


class Notifier:
    """Topics and who waits for them. Bound to the running loop by `start`; without a `bus` for this process alone."""

    def __init__(self, bus: Bus | None = None) -> None:
        self._bus = bus
        self._waiters: dict[str, set[asyncio.Event]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def start(self) -> None:
        """Bind to the loop that runs now."""
        self._loop = asyncio.get_running_loop()
        if self._bus is not None:
            await self._bus.start(self._wake)

    async def stop(self) -> None:
        """Let go of the bus."""
        if self._bus is not None:
            await self._bus.close()

    def connected(self) -> bool:
        """Tell whether other processes' changes are heard of at once."""
        return self._bus is None or self._bus.connected()

    @property
    def closed(self) -> bool:
        """Whether the server stops."""
        return self._closed

    @property
    def waiting(self) -> int:
        """How many wait just now."""
        return sum(len(waiters) for waiters in self._waiters.values())

    def close(self) -> None:
        """Wake everybody for the last time: the server stops. To be called on the loop."""
        self._closed = True
        self._wake((EVERYTHING,))

    def publish(self, *topics: str) -> None:
        """Wake all who wait for one of `topics`, here and in other processes; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._publish, topics)

    def _publish(self, topics: tuple[str, ...]) -> None:
        self._wake(topics)
        if self._bus is not None:
            self._bus.publish(topics)

    def _wake(self, topics: tuple[str, ...]) -> None:
        chosen = self._waiters.values() if EVERYTHING in topics else (self._waiters.get(topic, ()) for topic in topics)
        for waiters in chosen:
            for wake in waiters:
                wake.set()

    @contextmanager
    def subscribed(self, topic: str) -> Iterator[asyncio.Event]:
        """Give an event that is set at each change of `topic`; whoever waits clears it before looking."""
        wake = asyncio.Event()
        self._waiters.setdefault(topic, set()).add(wake)
        try:
            yield wake
        finally:
            waiters = self._waiters[topic]
            waiters.discard(wake)
            if not waiters:
                del self._waiters[topic]

    async def wait(
        self,
        topic: str,
        seconds: float,
        look: Callable[[], Seen],
        enough: Callable[[Seen], bool],
        until: Callable[[Seen], float] = lambda seen: float("inf"),
    ) -> Seen:
        """Return what `look` sees as soon as it is `enough`, or after `seconds`, or when the server stops.

        `look` runs in a thread. `until` gives the time, in seconds since the epoch, at which what was seen
        changes by itself.
        """
        end = time.monotonic() + seconds
        with self.subscribed(topic) as wake:
            while True:
                wake.clear()
                seen = await run_in_threadpool(look)
                left = end - time.monotonic()
                if enough(seen) or left <= 0 or self._closed:
                    return seen
                pause = min(left, RECHECK_SECONDS, max(0.01, until(seen) - time.time()))
                try:
                    await asyncio.wait_for(wake.wait(), pause)
                except TimeoutError:
                    continue
