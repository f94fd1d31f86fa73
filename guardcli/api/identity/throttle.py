"""How many attempts may fail: counted for each address and what it tries, within bounds.

A failure is counted in this process and, where there is a `Count`, with those of every other worker; a worker that has
not seen a key fail yet lets one attempt through. So of what was tried too often, each worker looks at one more at most,
and an attempt that succeeds costs nothing.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from guardcli.model.errors import ThrottledError, UnavailableError

MINUTE = 60.0

KEPT = 20_000
"""Keys that are remembered; the oldest are forgotten first."""


Count = Callable[[str, float], float]
"""Counts a failure of a key with those of others, in a bucket that empties by so much a second; returns its level."""


class Throttle:
    """A bucket for each key, of `limit` failures, that fills again within a minute; safe to use from many threads."""

    def __init__(
        self, limit: int, clock: Callable[[], float] = time.monotonic, count: Count = lambda key, rate: 0.0
    ) -> None:
        self.limit = limit
        self._clock = clock
        self._count = count
        self._lock = Lock()
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wider(self, times: int) -> Throttle:
        """Return another one of so many times the limit, with the same clock and count."""
        return Throttle(self.limit * times, self._clock, self._count)

    def check(self, *keys: str) -> None:
        """Raise ThrottledError where one of `keys` has failed too often just now."""
        at = self._clock()
        with self._lock:
            if any(self._level(key, at) > self.limit - 1 for key in keys):
                raise ThrottledError("too many attempts failed", hint="wait a minute, then try with a valid token")

    def failed(self, *keys: str) -> None:
        """Count a failure of each of `keys`. Where others cannot be asked, those of this process count alone."""
        together = {key: self._together(key) for key in keys}
        at = self._clock()
        with self._lock:
            for key in keys:
                self._spent[key] = (max(self._level(key, at) + 1, together[key]), at)
                self._spent.move_to_end(key)
            while len(self._spent) > KEPT:
                self._spent.popitem(last=False)

    def _together(self, key: str) -> float:
        try:
            return self._count(f"{self.limit} {key}", self.limit / MINUTE)
        except UnavailableError:
            return 0.0

    def _level(self, key: str, at: float) -> float:
        level, since = self._spent.get(key, (0.0, at))
        return max(0.0, level - (at - since) * self.limit / MINUTE)
