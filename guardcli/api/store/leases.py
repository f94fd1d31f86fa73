"""What one worker alone does at a time: whoever has the lease, for as long as it says, and no sooner than it is due.

A lease keeps workers out of each other's way. It is no lock: a worker that was thought dead may still be at it, so that
whatever is done under a lease must come out right when two do it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, insert, select, update

from guardcli.api.store.database import now, reading, writing
from guardcli.api.store.engines import locking
from guardcli.api.store.schema import LEASES

ERROR_MAX = 500


@dataclass(frozen=True, slots=True)
class Lease:
    """When something was last done, 0 for never, and what went wrong then, empty for nothing."""

    name: str
    ran: float
    error: str


class Leases:
    """Gives and takes back leases."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, name: str, holder: str, every: float, seconds: float) -> bool:
        """Take the lease `name` for `seconds`, if nobody else has it and it was last done `every` seconds ago."""
        with reading(self._engine) as connection:  # most of the time it is not due: nobody is kept from writing then
            row = connection.execute(select(LEASES).where(LEASES.c.name == name)).one_or_none()
        if row is not None and not _is_free(row.ran, row.until, row.holder, holder, every):
            return False
        with writing(self._engine) as connection:
            locking(connection, "lease", name)
            row = connection.execute(select(LEASES).where(LEASES.c.name == name)).one_or_none()
            if row is None:
                values = {"name": name, "holder": holder, "until": now() + seconds, "ran": 0.0, "error": ""}
                connection.execute(insert(LEASES).values(**values))
                return True
            if not _is_free(row.ran, row.until, row.holder, holder, every):
                return False
            mine = update(LEASES).where(LEASES.c.name == name)
            connection.execute(mine.values(holder=holder, until=now() + seconds))
        return True

    def done(self, name: str, holder: str, error: str = "") -> None:
        """Give the lease back, and note how it went."""
        values = {"until": 0.0, "ran": now(), "error": error.replace("\0", "")[:ERROR_MAX]}
        with writing(self._engine) as connection:
            mine = (LEASES.c.name == name) & (LEASES.c.holder == holder)
            connection.execute(update(LEASES).where(mine).values(**values))

    def all(self) -> list[Lease]:
        """Return what is done under leases, and how it went last."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(LEASES).order_by(LEASES.c.name))
            return [Lease(row.name, row.ran, row.error) for row in rows]


def _is_free(ran: float, until: float, has: str, wants: str, every: float) -> bool:
    at = now()
    return at - ran >= every and (until < at or has == wants)
