"""The API's own hash chain: who opened a session, decided, consumed, issued or revoked; written with the act itself.

An entry's hash is the SHA-256 of its canonical JSON without ``hash``, as for events. `HEADS` holds the length and
the last hash, so that a tail that was cut off is missed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Row, TextClause, func, insert, select, text

from guardcli.api.store.database import reading
from guardcli.api.store.engines import FLUSH_LATER, flush_later, locking
from guardcli.api.store.schema import HEADS, TRAIL
from guardcli.client.chains import entry_fault
from guardcli.model.events import GENESIS, canonical

CHAIN = "trail"

NAMED = HEADS.c.name == CHAIN

HEAD = select(HEADS.c.length, HEADS.c.hash).where(NAMED)

LOCKED_HEAD = HEAD.with_for_update()

HEAD_FLUSHED_LATER = LOCKED_HEAD.add_columns(FLUSH_LATER)

MOVED_HEAD = f"UPDATE heads SET length = :head_length, hash = :head_hash WHERE name = '{CHAIN}'"  # noqa: S608 - a constant

COLUMNS = tuple(TRAIL.c.keys())


class Action(str, Enum):
    """What was done, in the past tense."""

    SESSION_OPENED = "session-opened"
    SESSION_CLOSED = "session-closed"
    SESSION_REVOKED = "session-revoked"
    SESSION_HELD = "session-held"
    SESSION_RELEASED = "session-released"
    RECORDING_DELETED = "recording-deleted"
    APPROVAL_REQUESTED = "approval-requested"
    APPROVAL_VOTED = "approval-voted"
    APPROVAL_APPROVED = "approval-approved"
    APPROVAL_DENIED = "approval-denied"
    APPROVAL_CANCELLED = "approval-cancelled"
    APPROVAL_EXPIRED = "approval-expired"
    APPROVAL_CONSUMED = "approval-consumed"
    APPROVAL_WITHDRAWN = "approval-withdrawn"
    GRANT_GIVEN = "grant-given"
    GRANT_REVOKED = "grant-revoked"
    TOKEN_ISSUED = "token-issued"  # noqa: S105 - the name of an act
    TOKEN_REVOKED = "token-revoked"  # noqa: S105 - the name of an act
    KEY_ROTATED = "key-rotated"
    ENCRYPTION_ROTATED = "encryption-rotated"
    ENCRYPTION_RETIRED = "encryption-retired"
    POLICY_PUBLISHED = "policy-published"
    POLICY_ASSIGNED = "policy-assigned"
    POLICY_ROLLED_BACK = "policy-rolled-back"
    POLICY_WITHDRAWN = "policy-withdrawn"
    POLICIES_SIGNED_AGAIN = "policies-signed-again"
    LOGGED_IN = "logged-in"
    LOGGED_OUT = "logged-out"


@dataclass(frozen=True, slots=True)
class Act:
    """What is to be noted: `actor` did `action` to `subject`."""

    actor: str
    action: Action
    subject: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that changes a row and gives it as it is then, if it does; its `values` by name."""

    statement: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Entry:
    """One act: `actor` did `action` to `subject` (the id of a session, an approval or a token)."""

    sequence: int
    time: str
    actor: str
    action: str
    subject: str
    data: Mapping[str, object]
    previous: str
    hash: str

    def body(self) -> dict[str, object]:
        """Return what the hash is taken of."""
        return {
            "sequence": self.sequence,
            "time": self.time,
            "actor": self.actor,
            "action": self.action,
            "subject": self.subject,
            "data": dict(self.data),
            "previous": self.previous,
        }

    def as_json(self) -> dict[str, object]:
        """Return the stored form, ``hash`` included."""
        return {**self.body(), "hash": self.hash}


def rfc3339(seconds: float) -> str:
    """Return `seconds` since the epoch as UTC with microseconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Trail:
    """Appends to the chain inside other transactions, and reads it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(
        self,
        connection: Connection,
        time: float,
        actor: str,
        action: Action,
        subject: str,
        data: Mapping[str, object],
    ) -> None:
        """Add one entry in the write transaction of `connection`: it stands if, and only if, the act does."""
        self.append_all(connection, time, [Act(actor, action, subject, data)])

    def append_all(
        self, connection: Connection, time: float, acts: Sequence[Act], change: Change | None = None
    ) -> Row[Any] | None:
        """Add an entry for each of `acts`, make `change`, and return the row that this gives, None for none.

        Best the last thing in a transaction: others wait for the end of it. PostgreSQL is told of all in one statement.
        """
        count, previous = self._locked_head(connection)
        values: dict[str, object] = {} if change is None else dict(change.values)
        for place, act in enumerate(acts):
            entry = Entry(count, rfc3339(time), act.actor, act.action.value, act.subject, act.data, previous, "")
            body = canonical(entry.body())
            previous = hashlib.sha256(body).hexdigest()
            row = {**entry.body(), "data": canonical(act.data).decode(), "hash": previous}
            values.update({f"{name}_{place}": value for name, value in row.items()})
            count += 1
        values |= {"head_length": count, "head_hash": previous}
        *first, last = _statements(connection.dialect.name, len(acts), "" if change is None else change.statement)
        for statement in first:
            connection.execute(statement, values)
        found = connection.execute(last, values)
        return found.one_or_none() if found.returns_rows else None

    def _locked_head(self, connection: Connection) -> tuple[int, str]:
        """Return the length and the last hash, which nobody else changes until the transaction ends."""
        lock = HEAD_FLUSHED_LATER if flush_later(connection) else LOCKED_HEAD
        head = connection.execute(lock).one_or_none()
        if head is None:  # nobody has written yet: whoever is first makes the row, the others then wait for it
            locking(connection, CHAIN)
            head = connection.execute(lock).one_or_none()
        if head is None:
            connection.execute(insert(HEADS).values(name=CHAIN, length=0, hash=GENESIS))
            return 0, GENESIS
        return head.length, head.hash

    def entries(self, subject: str = "", start: int = 0, limit: int = 1000) -> list[Entry]:
        """Return up to `limit` entries from sequence `start`, those of `subject` alone where one is given."""
        query = select(TRAIL).where(TRAIL.c.sequence >= start).order_by(TRAIL.c.sequence).limit(limit)
        if subject:
            query = query.where(TRAIL.c.subject == subject)
        with reading(self._engine) as connection:
            return [_entry(row) for row in connection.execute(query)]

    def length(self) -> int:
        """Return how many entries there are, as the head says."""
        with reading(self._engine) as connection:
            head = connection.execute(HEAD).one_or_none()
        return int(head.length) if head else 0

    def hashes(self, sequences: Sequence[int]) -> dict[int, str]:
        """Return the hashes of the entries of those numbers, of those that are there."""
        query = select(TRAIL.c.sequence, TRAIL.c.hash).where(TRAIL.c.sequence.in_(sequences))
        with reading(self._engine) as connection:
            return {row.sequence: row.hash for row in connection.execute(query)}

    def latest(self, limit: int = 100) -> list[Entry]:
        """Return the last entries, newest first."""
        query = select(TRAIL).order_by(TRAIL.c.sequence.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [_entry(row) for row in connection.execute(query)]

    def faults(self) -> Iterator[str]:
        """Recompute the chain as it is now; give what is wrong, naming the entry. Stops at the first break."""
        start, previous = 0, GENESIS
        with reading(self._engine) as connection:
            head = connection.execute(HEAD).one_or_none()
            length = head.length if head else 0
            written = func.coalesce(select(HEADS.c.length).where(NAMED).scalar_subquery(), 0)
            extra = connection.execute(select(func.count()).where(TRAIL.c.sequence >= written)).scalar_one()
        while start < length and (entries := self.entries(start=start, limit=min(1000, length - start))):
            for entry in entries:
                if fault := entry_fault(entry.as_json(), start, previous):
                    yield fault
                    return
                start, previous = start + 1, entry.hash
        if start != length or (head and head.hash != previous):
            yield f"the trail ends after {start} entries, where {length} were written"
        elif extra:
            yield f"{extra} entries were added after the end of the trail"


@cache
def _statements(dialect: str, count: int, change: str) -> tuple[TextClause, ...]:
    """Return what adds `count` entries, moves the head and makes `change`, the last giving the row of that."""
    rows = ", ".join(f"({', '.join(f':{name}_{place}' for name in COLUMNS)})" for place in range(count))
    added = f"INSERT INTO trail ({', '.join(COLUMNS)}) VALUES {rows}"  # noqa: S608 - names of our own
    if dialect != "postgresql":
        return tuple(map(text, filter(None, (added, MOVED_HEAD, change))))
    if not change:
        return (text(f"WITH moved AS ({MOVED_HEAD}) {added}"),)
    return (text(f"WITH moved AS ({MOVED_HEAD}), added AS ({added}) {change}"),)


def _entry(row: Row[tuple[object, ...]]) -> Entry:
    return Entry(row.sequence, row.time, row.actor, row.action, row.subject, _data(row.data), row.previous, row.hash)


def _data(text: str) -> dict[str, object]:
    """Return what is stored as JSON; what is none any more is shown as it is, and matches no hash."""
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    return data if isinstance(data, dict) else {"unreadable": text}
