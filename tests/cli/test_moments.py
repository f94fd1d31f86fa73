"""Moments on a command line are read as people mean them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import click
import pytest

from guardcli.cli.moments import moment

ZONE = timezone(timedelta(hours=2))
PRESENT = datetime(2026, 3, 10, 12, 0, tzinfo=ZONE)

GOOD = {
    "2026-03-01T03:12:00Z": "2026-03-01T03:12:00+00:00",
    "2026-03-01T03:12": "2026-03-01T03:12:00+02:00",
    "2026-03-01 03:12:05.5": "2026-03-01T03:12:05.5+02:00",
    "2026-03-01": "2026-03-01T00:00:00+02:00",
    "03:12": "2026-03-10T03:12:00+02:00",
    "3:12": "2026-03-10T03:12:00+02:00",
    "13:12": "2026-03-09T13:12:00+02:00",
    "03:12Z": "2026-03-10T03:12:00+00:00",
    "11:00Z": "2026-03-09T11:00:00+00:00",
    "90m": "2026-03-10T10:30:00+02:00",
    "2h": "2026-03-10T10:00:00+02:00",
    "7d": "2026-03-03T12:00:00+02:00",
    " 30s ": "2026-03-10T11:59:30+02:00",
}


@pytest.mark.parametrize("text", GOOD)
def test_a_moment_is_what_people_mean(text: str) -> None:
    wanted = datetime.fromisoformat(GOOD[text]).timestamp()
    assert moment(text, PRESENT) == wanted


@pytest.mark.parametrize(
    "text", ["", "soon", "7", "25:00", "3:", "2026-13-01", "999999d", "9999-12-31", "0001-01-01", "-2h"]
)
def test_what_is_no_moment_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(click.BadParameter, match="90m"):
        moment(text, PRESENT)
