"""Wakes those who wait for a change, without a busy loop and without losing a change between look and wait.

A waiter subscribes first, looks, and waits only if what it saw is not enough. Topics are free text:
``approval/ID``, ``approvals``, ``events/SESSION``. `publish` may be called from any thread. A second process on the
same database cannot wake this one's waiters, which is why they look again every `RECHECK_SECONDS` anyhow.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

RECHECK_SECONDS = 15.0

Seen = TypeVar("Seen")


class Notifier:
    """Topics and who waits for them. Bound to the running loop by `start`."""

    def __init__(self) -> None:
        self._waiters: dict[str, set[asyncio.Event]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def start(self) -> None:
        """Bind to the loop that runs now."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Wake everybody for the last time: the server stops. To be called on the loop."""
        self._closed = True
        for waiters in self._waiters.values():
            for wake in waiters:
                wake.set()

    def publish(self, *topics: str) -> None:
        """Wake all who wait for one of `topics`; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, topics)

    def _wake(self, topics: tuple[str, ...]) -> None:
        for topic in topics:
            for wake in self._waiters.get(topic, ()):
                wake.set()

    @contextmanager
    def _subscribed(self, topic: str) -> Iterator[asyncio.Event]:
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
        with self._subscribed(topic) as wake:
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
