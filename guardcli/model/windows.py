"""Spans of time on the calendar: the days, the hours and the zone in which something holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

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
        day, clock = local.date(), local.time()
        if self.hours is not None:
            opening, closing = self.hours
            if opening < closing:
                if not (opening <= clock < closing or (closing == time.max and clock == time.max)):
                    return False
            elif clock < closing:
                day = date.fromordinal(day.toordinal() - 1)
            elif clock < opening:
                return False
        if self.days and day.weekday() not in self.days:
            return False
        return not ((self.start and day < self.start) or (self.end and day > self.end))

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
