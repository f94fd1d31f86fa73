"""How long recordings are kept, and deleting them: by rule, never under a hold, and so that the record admits it.

Deleting is one transaction: the rows that name the recording's stretches and what is found of its words go, the objects
are noted for deletion, and the trail gets an entry that says which recording it was, up to which event of which chain,
and by which rule. The events themselves stay, with the SHA-256 of what was shown. The objects go after that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, Row, and_, case, delete, func, or_, select, update

from guardcli.api.archive.segments import Segments
from guardcli.api.store.database import now, reading, writing
from guardcli.api.store.discards import let_go, sweep
from guardcli.api.store.schema import BLOCKS, CHUNKS, SEARCH, SESSIONS
from guardcli.api.store.trail import Action, Trail
from guardcli.model.errors import ConflictError, NotFoundError
from guardcli.model.events import EventType

DAY = 86400.0
PAGE = 500
ACTOR = "guard:retention"


@dataclass(frozen=True, slots=True)
class Rules:
    """For how many days recordings are kept after their session's end, 0 for ever; `policies` go before `days`."""

    days: float = 0.0
    policies: Mapping[str, float] = field(default_factory=dict)

    def keeps(self, policy: str) -> tuple[float, str]:
        """Return for how many days a recording made under `policy` is kept, and what that rule is called."""
        if policy in self.policies:
            return self.policies[policy], f"{self.policies[policy]:g} days for policy {policy}"
        return self.days, f"{self.days:g} days"

    @property
    def shortest(self) -> float:
        """The fewest days that any recording is kept, 0 where all are kept for ever."""
        return min((days for days in (self.days, *self.policies.values()) if days), default=0.0)


class Retention:
    """Deletes recordings when their time is over; places and ends holds."""

    def __init__(self, engine: Engine, trail: Trail, segments: Segments) -> None:
        self._engine = engine
        self._trail = trail
        self._segments = segments

    def hold(self, id: str, actor: str, reason: str) -> None:
        """Let nothing of the session be deleted from now on. Raises NotFoundError, ConflictError where that is so."""
        self._set(id, actor, reason, is_held=True)

    def release(self, id: str, actor: str, reason: str) -> None:
        """End the hold of the session. Raises NotFoundError, ConflictError where there is none."""
        self._set(id, actor, reason, is_held=False)

    def _set(self, id: str, actor: str, reason: str, is_held: bool) -> None:
        with writing(self._engine) as connection:
            row = _locked(connection, id)
            if row is None:
                raise NotFoundError(f"there is no session {id}", hint="guard sessions list shows what there is")
            if bool(row.held) is is_held:
                raise ConflictError(f"session {id} is {'held already' if is_held else 'not held'}")
            at = now()
            connection.execute(update(SESSIONS).where(SESSIONS.c.id == id).values(held=at if is_held else 0.0))
            action = Action.SESSION_HELD if is_held else Action.SESSION_RELEASED
            self._trail.append(connection, at, actor, action, id, {"reason": reason})

    def run(self, rules: Rules) -> Iterator[str]:
        """Delete what is over its time, and give the id of each session as its recording goes.

        Killed at any moment, it goes on where it was; two at once delete each recording once. Raises UnavailableError.
        """
        sweep(self._engine, self._segments.objects)
        if not rules.shortest:
            return
        ended = case((SESSIONS.c.closed > 0, SESSIONS.c.closed), else_=SESSIONS.c.seen)
        over = and_(ended < now() - rules.shortest * DAY, SESSIONS.c.held == 0)
        left = and_(SESSIONS.c.recorded > 0, SESSIONS.c.erased < SESSIONS.c.events)
        query = select(SESSIONS.c.id, SESSIONS.c.started).where(over, left)
        last: tuple[float, str] = (-1.0, "")
        while True:
            later = or_(SESSIONS.c.started > last[0], and_(SESSIONS.c.started == last[0], SESSIONS.c.id > last[1]))
            page = query.where(later).order_by(SESSIONS.c.started, SESSIONS.c.id).limit(PAGE)
            with reading(self._engine) as connection:
                rows = connection.execute(page).all()
            for row in rows:
                if self._erase(row.id, rules):
                    yield row.id
            sweep(self._engine, self._segments.objects)
            if len(rows) < PAGE:
                return
            last = (rows[-1].started, rows[-1].id)

    def _erase(self, id: str, rules: Rules) -> bool:
        """Delete the recording of a session if a rule says so now; whoever holds it meanwhile comes first or late."""
        with writing(self._engine) as connection:
            row = _locked(connection, id)
            if row is None or row.held or row.erased >= row.events:
                return False
            days, rule = rules.keeps(_policy(row.facts))
            at = now()
            if not days or (row.closed or row.seen) > at - days * DAY:
                return False
            stretches, size = _remove(connection, id)
            connection.execute(update(SESSIONS).where(SESSIONS.c.id == id).values(erased=row.events))
            said = {"rule": rule, "stretches": stretches, "bytes": size, "events": row.events, "head": row.head}
            self._trail.append(connection, at, ACTOR, Action.RECORDING_DELETED, id, said)
        return True


def _locked(connection: Connection, id: str) -> Row[tuple[object, ...]] | None:
    return connection.execute(select(SESSIONS).where(SESSIONS.c.id == id).with_for_update()).one_or_none()


def _policy(facts: str) -> str:
    """Return the name of the policy that a session said it was under; empty where that cannot be read."""
    try:
        return str(json.loads(facts).get("policy", ""))
    except (ValueError, AttributeError):
        return ""


def _remove(connection: Connection, id: str) -> tuple[int, int]:
    """Remove all that is kept of what was shown; return how many stretches that were, and of how many bytes."""
    mine = CHUNKS.c.session == id
    counted = connection.execute(select(func.count(), func.coalesce(func.sum(CHUNKS.c.size), 0)).where(mine)).one()
    connection.execute(delete(CHUNKS).where(mine))
    gone = connection.execute(delete(BLOCKS).where(BLOCKS.c.session == id).returning(BLOCKS.c.object)).scalars()
    let_go(connection, sorted(set(gone)))
    connection.execute(delete(SEARCH).where(SEARCH.c.session == id, SEARCH.c.type == EventType.OUTPUT.value))
    return int(counted[0]), int(counted[1])
