"""Moments as people write them on a command line."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

import click

FORMS = "2026-03-01T03:12:00Z, 2026-03-01, 03:12, 03:12Z, 90m, 2h or 7d"

_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def moment(value: str | float, present: datetime | None = None) -> float:
    """Return a moment in seconds since the epoch; a number is one already. For click's `type`.

    A date with or without a time; a time alone, which is the last one that was; or so long ago. Without ``Z`` or
    another offset it is in the user's time zone. Raises BadParameter, naming the forms, for what is none.
    """
    if isinstance(value, (int, float)):
        return float(value)
    try:
        seconds = _read(value.strip(), present or datetime.now().astimezone()).timestamp()
    except (ValueError, OverflowError):
        seconds = -1.0
    if not 0 <= seconds <= 4e9:
        raise click.BadParameter(f"{value!r} is no moment: write {FORMS}")
    return seconds


def shown(seconds: float) -> str:
    """Return a moment, in seconds since the epoch, as people read it, in the user's time zone; 0 is never."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M") if seconds else "never"


def _read(text: str, present: datetime) -> datetime:
    if ago := _AGO.fullmatch(text):
        return present - timedelta(seconds=int(ago[1]) * _UNITS[ago[2]])
    if re.match(r"[0-9]{1,2}:", text):
        return _last(time.fromisoformat(f"0{text}" if text[1] == ":" else text), present)
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=present.tzinfo)


def _last(wanted: time, present: datetime) -> datetime:
    if wanted.tzinfo:
        present = present.astimezone(wanted.tzinfo)
    found = datetime.combine(present.date(), wanted.replace(tzinfo=None), present.tzinfo)
    return found if found <= present else found - timedelta(days=1)
