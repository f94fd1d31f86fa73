"""Whether an identity may still be asked for: the keys of spools that machines have which were away are sealed for it.

A broker seals its spool's key for the identity that was the present one when its session began, or, where it began
without the API, for what the API had said last. Those sessions the database does not know; they are given `AWAY`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select

from guardcli.api.store.database import reading
from guardcli.api.store.schema import SESSIONS, TRAIL
from guardcli.api.store.trail import Action

AWAY = 30 * 86400.0
"""Seconds after the rotation for which a machine that was away may come back with a spool."""

NAMED = 5
"""Sessions that are named of those that may come back."""


@dataclass(frozen=True, slots=True)
class Needed:
    """What an identity may be needed for: `replaced` is when another took its place, 0 where nobody knows.

    `sessions` is how many began before then and never ended, `some` names the last of them with their hosts.
    """

    replaced: float
    sessions: int
    some: tuple[str, ...]

    def why(self, at: float) -> str:
        """Return why it should stay at the moment `at`, empty where nothing speaks against its going."""
        if self.sessions:
            more = ", …" if self.sessions > len(self.some) else ""
            return (
                f"{self.sessions} sessions that began under it never ended, and may come back with a spool that only "
                f"it opens: {', '.join(self.some)}{more}"
            )
        if not self.replaced:
            return "nobody knows since when no session begins under it"
        if at < self.replaced + AWAY:
            days = (at - self.replaced) / 86400
            return (
                f"it was replaced {days:.0f} days ago: machines that were without the API may come back with a spool "
                f"that only it opens, for {AWAY / 86400:.0f} days"
            )
        return ""


def needed(engine: Engine, name: str) -> Needed:
    """Return what the identity `name` may still be needed for."""
    rotations = select(TRAIL.c.time, TRAIL.c.data).where(TRAIL.c.action == Action.ENCRYPTION_ROTATED.value)
    with reading(engine) as connection:
        times = [row.time for row in connection.execute(rotations) if json.loads(row.data).get("before") == name]
        replaced = max((datetime.fromisoformat(time).timestamp() for time in times), default=0.0)
        open_ = [SESSIONS.c.closed == 0, *([SESSIONS.c.started <= replaced] if replaced else [])]
        count = connection.execute(select(func.count()).where(*open_)).scalar_one()
        last = select(SESSIONS.c.id, SESSIONS.c.facts).where(*open_).order_by(SESSIONS.c.started.desc()).limit(NAMED)
        some = tuple(f"{row.id} on {json.loads(row.facts).get('host') or '?'}" for row in connection.execute(last))
    return Needed(replaced, int(count), some)
