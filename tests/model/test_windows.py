"""Time windows: over midnight, at the change of the clocks, at their very ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from guardcli.model.windows import Window

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = (time(22), time(6))
FRIDAY = frozenset({4})


@pytest.mark.parametrize(
    ("window", "now", "holds"),
    [
        (Window(), "2026-03-04T12:00+00:00", True),
        (Window(hours=(time(9), time(17))), "2026-03-04T09:00+00:00", True),
        (Window(hours=(time(9), time(17))), "2026-03-04T16:59:59+00:00", True),
        (Window(hours=(time(9), time(17))), "2026-03-04T17:00+00:00", False),
        (Window(hours=(time(9), time.max)), "2026-03-04T23:59:59.999999+00:00", True),
        # Friday's night is Saturday's small hours too, and Friday's own small hours are Thursday's night.
        (Window(FRIDAY, NIGHT), "2026-03-06T22:00+00:00", True),
        (Window(FRIDAY, NIGHT), "2026-03-07T05:59+00:00", True),
        (Window(FRIDAY, NIGHT), "2026-03-07T06:00+00:00", False),
        (Window(FRIDAY, NIGHT), "2026-03-06T05:59+00:00", False),
        (Window(FRIDAY, NIGHT), "2026-03-07T22:00+00:00", False),
        (Window(hours=NIGHT, end=date(2026, 3, 6)), "2026-03-07T05:00+00:00", True),
        (Window(hours=NIGHT, start=date(2026, 3, 6)), "2026-03-06T05:00+00:00", False),
        # In spring 02:00 to 03:00 does not come; a window around it goes on.
        (Window(hours=(time(1), time(4)), zone=BERLIN), "2026-03-29T00:59+00:00", True),
        (Window(hours=(time(1), time(4)), zone=BERLIN), "2026-03-29T01:00+00:00", True),
        (Window(hours=(time(2), time(3)), zone=BERLIN), "2026-03-29T01:00+00:00", False),
        (Window(hours=(time(2), time(3)), zone=BERLIN), "2026-03-29T00:59+00:00", False),
        # In autumn it comes twice, and both hold.
        (Window(hours=(time(2), time(3)), zone=BERLIN), "2026-10-25T00:30+00:00", True),
        (Window(hours=(time(2), time(3)), zone=BERLIN), "2026-10-25T01:30+00:00", True),
        (Window(hours=(time(2), time(3)), zone=BERLIN), "2026-10-25T02:00+00:00", False),
        (Window(zone=BERLIN, end=date(2026, 6, 30)), "2026-06-30T21:59+00:00", True),
        (Window(zone=BERLIN, end=date(2026, 6, 30)), "2026-06-30T22:00+00:00", False),
    ],
)
def test_a_window_holds_by_the_clock_on_the_wall(window: Window, now: str, holds: bool) -> None:
    assert window.holds(datetime.fromisoformat(now)) is holds


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window(), "UTC"),
        (Window(FRIDAY, (time(22), time.max), BERLIN), "fri 22:00-24:00 Europe/Berlin"),
        (Window(zone=UTC, start=date(2026, 1, 1), end=date(2026, 2, 1)), "UTC from 2026-01-01 until 2026-02-01"),
    ],
)
def test_a_window_reads_as_it_is_written(window: Window, words: str) -> None:
    assert str(window) == words
