"""From a ``when`` or ``window`` section to a `Window`."""

from __future__ import annotations

from datetime import UTC, date, time, tzinfo
from functools import cache

from guardcli.model.windows import DAYS, Window
from guardcli.policy.problems import Path, Report
from guardcli.policy.schema import WhenSection


def build_window(section: WhenSection, report: Report, path: Path) -> Window:
    """Return the window of `section`; what is wrong with it goes to `report`."""
    if not section.model_fields_set:
        report.at(path, "a window without days, hours or dates always holds; say when")
    hours = None
    if section.hours is not None:
        opening, closing = (_clock(text) for text in section.hours.split("-"))
        if opening is None or closing is None or opening in (closing, time.max):
            report.at((*path, "hours"), f"{section.hours!r} is no span of hours; write 09:00-17:30")
        else:
            hours = (opening, closing)
    if section.start is not None and section.end is not None and section.start > section.end:
        report.at((*path, "until"), "the window ends before it begins, so nothing matches")
    days: set[int] = set()
    for index, text in enumerate(section.days or ()):
        found = _days(text)
        if not found:
            report.at((*path, "days", index), f"{text!r} is no day; use {', '.join(DAYS)}, or a span such as mon-fri")
        days |= found
    if section.start and section.end and (section.end - section.start).days < len(DAYS) - 1 and days:
        span = range(section.start.toordinal(), section.end.toordinal() + 1)
        if not days & {date.fromordinal(day).weekday() for day in span}:
            report.at_key((*path, "days"), "none of these days is between `from` and `until`, so nothing matches")
    zone = _zone(section.timezone, report, (*path, "timezone"))
    return Window(frozenset(days), hours, zone, section.start, section.end)


def _zone(name: str | None, report: Report, path: Path) -> tzinfo | None:
    if name is None or name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        report.at(path, f"no time zone is named {name!r}; write Europe/Berlin or UTC")
        return None


def _clock(text: str) -> time | None:
    hour, minute = int(text[:2]), int(text[3:])
    if (hour, minute) == (24, 0):
        return time.max
    return time(hour, minute) if hour < 24 and minute < 60 else None


@cache
def _days(text: str) -> frozenset[int]:
    first, _, last = text.lower().partition("-")
    if first not in DAYS or (last and last not in DAYS):
        return frozenset()
    start, end = DAYS.index(first), DAYS.index(last or first)
    return frozenset(day % 7 for day in range(start, end + 1 if end >= start else end + 8))
