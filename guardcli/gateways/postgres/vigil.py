"""Stays awake for a moment after each chunk: the answer to a small statement is often there before sleep would be.

To be put to sleep and woken costs more than such a statement's way through the gateway, and what is run then has to
find its way into the processor's caches again. So the event loop looks a few more times whether something has come, but
only while that pays: where answers take longer, as those of a server far away do, it sleeps as ever, and tries again
now and then. With one processor alone there is nothing to wait for that could come meanwhile, and where a cgroup gives
the time of fewer than two, all of it is for work (Linux, Documentation/admin-guide/cgroup-v2.rst, cpu.max).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

AWAKE_SECONDS = 0.0001
"""How long after a chunk the next one is looked out for."""
VAIN_MAX = 8
"""So many times in a row nothing came in time; then sleep is better."""
RETRY_EVERY = 256
"""Chunks after which it is tried again."""


def available(cgroup: Path = Path("/sys/fs/cgroup")) -> float:
    """Return how many processors' time this process may use: of those that it may run on, or what `cgroup` gives it."""
    allowed = float(len(os.sched_getaffinity(0)))
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
        return allowed if quota == "max" else min(allowed, int(quota) / int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return allowed


class Vigil:
    """Keeps one event loop awake. `clock` gives seconds; with fewer than two `processors` it never does."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter, processors: float | None = None) -> None:
        self._clock = clock
        self._pays = (available() if processors is None else processors) >= 2
        self._until = 0.0
        self._vain = self._passed = 0
        self.awake = False

    def keep(self) -> None:
        """A chunk has come: look out for the next one."""
        if self.awake:
            self._vain = 0
        elif not self._pays or not self._is_worth_it():
            return
        self._until = self._clock() + AWAKE_SECONDS
        if not self.awake:
            self.awake = True
            asyncio.get_running_loop().call_soon(self._look)

    def _is_worth_it(self) -> bool:
        if self._vain < VAIN_MAX:
            return True
        self._passed += 1
        return self._passed % RETRY_EVERY == 0

    def _look(self) -> None:
        if self._clock() < self._until:
            asyncio.get_running_loop().call_soon(self._look)
        else:
            self.awake = False
            self._vain += 1
