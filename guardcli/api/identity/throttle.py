"""How many attempts may fail: counted for each address and what it tries, in this process, within bounds."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from guardcli.model.errors import ThrottledError

MINUTE = 60.0

KEPT = 20_000
"""Keys that are remembered; the oldest are forgotten first."""


class Throttle:
    """A bucket for each key, of `limit` failures, that fills again within a minute; safe to use from many threads."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._lock = Lock()
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, *keys: str) -> None:
        """Raise ThrottledError where one of `keys` has failed too often just now."""
        at = self._clock()
        with self._lock:
            if any(self._level(key, at) > self.limit - 1 for key in keys):
                raise ThrottledError("too many attempts failed", hint="wait a minute, then try with a valid token")

    def failed(self, *keys: str) -> None:
        """Count a failure of each of `keys`."""
        at = self._clock()
        with self._lock:
            for key in keys:
                self._spent[key] = (self._level(key, at) + 1, at)
                self._spent.move_to_end(key)
            while len(self._spent) > KEPT:
                self._spent.popitem(last=False)

    def _level(self, key: str, at: float) -> float:
        level, since = self._spent.get(key, (0.0, at))
        return max(0.0, level - (at - since) * self.limit / MINUTE)
