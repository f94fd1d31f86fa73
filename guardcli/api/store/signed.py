"""Signed heads: made each minute by one worker over what has grown since the last, and kept with what they say.

A session whose chain is not longer than a head has signed already is never signed again: a database that was set back
is told of, not vouched for. The last head is kept in the archive as well, out of reach of who can write the database.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Row, bindparam, func, insert, select, update

from guardcli.api.archive.objects import Objects
from guardcli.api.store.database import insert_rows, now, reading, writing
from guardcli.api.store.engines import locking
from guardcli.api.store.schema import LEAVES, SESSIONS, SIGNED
from guardcli.api.store.trail import HEAD, rfc3339
from guardcli.client.heads import PURPOSE, Head, Leaf, Mark, body, session_marks, trail_mark
from guardcli.model.errors import UnavailableError
from guardcli.model.events import GENESIS, canonical
from guardcli.signing import Signature

LATEST = "heads/latest"
"""The object that holds the last head."""

LEAVES_MAX = 5000
"""Sessions in one head; what is more comes into the next, at once."""

PAGE = 200
HEAD_MAX = 4096
"""Bytes of a head in the archive: numbers and hashes."""

Sign = Callable[[str, bytes], Signature]


@dataclass(frozen=True, slots=True)
class Made:
    """A head that was made, and the sessions that it does not vouch for: shorter or other than was signed before."""

    number: int
    digest: str
    leaves: int
    refused: tuple[str, ...]


class Signed:
    """Makes and reads signed heads."""

    def __init__(self, engine: Engine, objects: Objects) -> None:
        self._engine = engine
        self._objects = objects

    def make(self, sign: Sign) -> Made | None:
        """Sign what has grown since the last head; None where nothing has. Raises UnavailableError."""
        with writing(self._engine) as connection:
            locking(connection, "heads")
            last = connection.execute(select(SIGNED).order_by(SIGNED.c.number.desc()).limit(1)).one_or_none()
            trail = connection.execute(HEAD).one_or_none()
            length, trail_hash = (trail.length, trail.hash) if trail else (0, GENESIS)
            leaves, refused = _grown(connection)
            if not leaves and _covered(last) == length:
                return Made(-1, "", 0, refused) if refused else None
            number = 0 if last is None else last.number + 1
            previous = GENESIS if last is None else Head(last.body, "", ()).digest
            text = body(number, rfc3339(now()), previous, leaves, length, trail_hash)
            head = Head(text.decode(), canonical(sign(PURPOSE, text).as_json()).decode(), tuple(leaves))
            connection.execute(insert(SIGNED).values(number=number, body=head.body, signature=head.signature))
            if leaves:
                rows = [{"number": number, "session": x.session, "events": x.events, "head": x.head} for x in leaves]
                insert_rows(connection, LEAVES, rows)
                grown = update(SESSIONS).where(SESSIONS.c.id == bindparam("of")).values(signed=bindparam("now"))
                connection.execute(grown, [{"of": leaf.session, "now": leaf.events} for leaf in leaves])
        self._objects.put(LATEST, canonical({"body": head.body, "signature": head.signature}))
        return Made(number, head.digest, len(leaves), refused)

    def any(self) -> bool:
        """Tell whether anything was ever signed."""
        with reading(self._engine) as connection:
            return connection.execute(select(SIGNED.c.number).limit(1)).first() is not None

    def heads(self) -> Iterator[Head]:
        """Give every head in order, those with a number that none should have last."""
        last = -(2**62)
        while True:
            page = select(SIGNED).where(SIGNED.c.number > last).order_by(SIGNED.c.number).limit(PAGE)
            with reading(self._engine) as connection:
                rows = connection.execute(page).all()
                query = select(LEAVES).where(LEAVES.c.number.in_([row.number for row in rows]))
                found: dict[int, list[Leaf]] = {}
                for leaf in connection.execute(query.order_by(LEAVES.c.number, LEAVES.c.session)):
                    found.setdefault(leaf.number, []).append(Leaf(leaf.session, leaf.events, leaf.head))
            if not rows:
                return
            for row in rows:
                leaves = sorted(found.get(row.number, ()), key=lambda leaf: leaf.session)
                yield Head(row.body, row.signature, tuple(leaves))
            last = rows[-1].number

    def bare(self, start: int, limit: int) -> list[tuple[int, Head]]:
        """Return up to `limit` heads from number `start` with their numbers, without their leaves."""
        page = select(SIGNED).where(SIGNED.c.number >= start).order_by(SIGNED.c.number).limit(limit)
        with reading(self._engine) as connection:
            return [(row.number, Head(row.body, row.signature, ())) for row in connection.execute(page)]

    def marks(self, session: str) -> list[Mark]:
        """Return what heads say of a session."""
        query = select(LEAVES, SIGNED.c.body).outerjoin(SIGNED, LEAVES.c.number == SIGNED.c.number)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(LEAVES.c.session == session).order_by(LEAVES.c.number)).all()
        found = (Head(row.body or "", "", (Leaf(row.session, row.events, row.head),)) for row in rows)
        return [mark for head in found for _, mark in session_marks(head)]

    def sessions(self) -> set[str]:
        """Return the id of every session that a head speaks of."""
        with reading(self._engine) as connection:
            return set(connection.execute(select(LEAVES.c.session).distinct()).scalars())

    def latest(self) -> Head | None:
        """Return the head that the archive holds, None for none. Raises UnavailableError."""
        content = self._objects.get(LATEST, 0, HEAD_MAX)
        if content is None:
            return None
        try:
            form = json.loads(content)
            return Head(str(form["body"]), str(form["signature"]), ())
        except (ValueError, KeyError, TypeError):
            raise UnavailableError("the head in the archive cannot be read", hint=f"see the object {LATEST}") from None


def _covered(last: Row[tuple[object, ...]] | None) -> int:
    """Return the length of the trail that the last head speaks of. Raises UnavailableError where it cannot be read."""
    if last is None:
        return 0
    mark = trail_mark(Head(last.body, "", ()))
    if mark is None:
        raise UnavailableError(f"head {last.number} cannot be read", hint="guard audit verify")
    return mark.length


def _grown(connection: Connection) -> tuple[list[Leaf], tuple[str, ...]]:
    """Return the sessions that have grown, by id, and the ids of those that are not what was signed before."""
    columns = (SESSIONS.c.id, SESSIONS.c.events, SESSIONS.c.head)
    changed = select(*columns).where(SESSIONS.c.events != SESSIONS.c.signed).order_by(SESSIONS.c.id).limit(LEAVES_MAX)
    rows = connection.execute(changed).all()
    ids = [row.id for row in rows]
    known: dict[str, int] = {}
    for start in range(0, len(ids), PAGE):
        some = LEAVES.c.session.in_(ids[start : start + PAGE])
        query = select(LEAVES.c.session, func.max(LEAVES.c.events)).where(some)
        known.update({id: int(events) for id, events in connection.execute(query.group_by(LEAVES.c.session))})
    fit = [row for row in rows if row.events > known.get(row.id, 0)]
    leaves = sorted((Leaf(row.id, row.events, row.head) for row in fit), key=lambda leaf: leaf.session)
    return leaves, tuple(row.id for row in rows if row not in fit)
