"""For how long nothing was heard of the API, by clocks that a session cannot turn back."""

from __future__ import annotations

import time
from collections.abc import Callable

GRACE_SECONDS = 10.0
"""An API that is started again is away for seconds; only what lasts longer counts as away."""

STALE_SECONDS = 120.0
"""After so long without a word the API counts as away although no attempt has failed: more than two long polls."""

Clock = Callable[[], float]


def since_boot() -> float:
    """Return the seconds since the machine's start, sleep included: no program can set this clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Contact:
    """When the API was last heard. Written by one thread, read by others.

    What counts is the longer of what the machine's own clock and what the wall's clock say: setting back the one
    changes nothing, and setting it forward only shortens what is left. `away` is for how long it was away already.
    """

    def __init__(self, away: float | None = None, *, steady: Clock = since_boot, wall: Clock = time.time) -> None:
        self._steady = steady
        self._wall = wall
        self._heard = (steady() - (away or 0.0), wall() - (away or 0.0))
        self._failing: float | None = None if away is None else steady() - GRACE_SECONDS

    def heard(self) -> None:
        """Note that the API answered, and that the answer held."""
        self._heard = (self._steady(), self._wall())
        self._failing = None

    def failed(self) -> None:
        """Note that it did not."""
        if self._failing is None:
            self._failing = self._steady()

    def away(self) -> float | None:
        """Return for how many seconds the API has been away, None where it is not."""
        steady, failing = self._steady(), self._failing
        heard = self._heard
        silent = steady - heard[0]
        if failing is not None and steady - failing >= GRACE_SECONDS:
            return max(silent, self._wall() - heard[1])
        return silent if silent > STALE_SECONDS else None
