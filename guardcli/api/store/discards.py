"""Objects that nothing refers to any more: noted in the transaction that lets go of them, deleted after it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Engine, delete, select

from guardcli.api.archive.objects import Objects
from guardcli.api.store.database import insert_rows, now, reading, writing
from guardcli.api.store.schema import DISCARDS

PAGE = 200


def let_go(connection: Connection, names: Iterable[str]) -> None:
    """Note in the transaction of `connection` that the objects `names`, each named once, are to be deleted."""
    rows = [{"object": name, "created": now()} for name in names]
    if rows:
        insert_rows(connection, DISCARDS, rows)


def sweep(engine: Engine, objects: Objects) -> int:
    """Delete all that was noted, and return how many objects that were. Raises UnavailableError; the rest stays noted.

    Whoever is killed in the middle deletes some of them again, which is no error.
    """
    done = 0
    while True:
        with reading(engine) as connection:
            names = (
                connection.execute(select(DISCARDS.c.object).order_by(DISCARDS.c.object).limit(PAGE)).scalars().all()
            )
        if not names:
            return done
        objects.delete(names)
        with writing(engine) as connection:
            connection.execute(delete(DISCARDS).where(DISCARDS.c.object.in_(names)))
        done += len(names)
