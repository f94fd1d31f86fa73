"""Spans of time on the calendar: the days, the hours and the zone in which something holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Window:
    """When something holds. Empty parts do not limit; `hours` may run over midnight, to the day after.

    Hours are those of the clock on the wall in `zone`: one that is skipped in spring never comes, one that is
    repeated in autumn holds both times. `time.max` as the end is midnight.
    """

    days: frozenset[int] = frozenset()
    hours: tuple[time, time] | None = None
    zone: tzinfo | None = None
    start: date | None = None
    end: date | None = None

    def holds(self, now: datetime) -> bool:
        """Return whether the aware `now` is inside; `end` is a day that still counts."""
        local = now.astimezone(self.zone)
        return self.holds_at(local.date(), local.time())

    def holds_at(self, day: date, clock: time) -> bool:
        """Return whether this day and time, on a clock in `zone`, are inside."""
        if self.hours is not None:
            opening, closing = self.hours
            if opening < closing:
                if clock < opening or (clock >= closing and not clock == closing == time.max):
                    return False
            elif clock < closing:
                day = date.fromordinal(day.toordinal() - 1)
            elif clock < opening:
                return False
        if self.days and day.weekday() not in self.days:
            return False
        return not ((self.start and day < self.start) or (self.end and day > self.end))

    def as_json(self) -> dict[str, object]:
        """Return the form that `window_of` reads."""
        return {
            "days": sorted(self.days),
            "hours": [clock_text(clock) for clock in self.hours] if self.hours else [],
            "zone": str(self.zone or "UTC"),
            "start": self.start.isoformat() if self.start else "",
            "end": self.end.isoformat() if self.end else "",
        }

    def __str__(self) -> str:
        """Return the window as a person reads it: ``mon tue 09:00-17:00 Europe/Berlin``."""
        parts = [" ".join(DAYS[day] for day in sorted(self.days))]
        if self.hours is not None:
            parts.append(f"{clock_text(self.hours[0])}-{clock_text(self.hours[1])}")
        parts.append(str(self.zone or "UTC"))
        parts += [f"from {self.start}"] if self.start else []
        parts += [f"until {self.end}"] if self.end else []
        return " ".join(part for part in parts if part)


def clock_text(clock: time) -> str:
    """Return ``HH:MM``, 24:00 for the end of the day."""
    return "24:00" if clock == time.max else f"{clock:%H:%M}"


def window_of(form: Mapping[str, Any]) -> Window:
    """Return the window of a form that `Window.as_json` gave. Raises ValueError for any other."""
    try:
        hours = [time.max if text == "24:00" else time.fromisoformat(text) for text in form["hours"]]
        days = frozenset(int(day) for day in form["days"])
        start, end = (date.fromisoformat(form[name]) if form[name] else None for name in ("start", "end"))
        zone = ZoneInfo(form["zone"])
    except (KeyError, TypeError, OSError) as error:
        raise ValueError(f"no window: {error}") from None
    if len(hours) not in (0, 2) or not days <= set(range(7)):
        raise ValueError("no window: two hours, and days from 0 to 6")
    return Window(days, (hours[0], hours[1]) if hours else None, zone, start, end)
