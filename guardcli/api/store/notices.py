"""What is to be told to whom: written with the request itself, taken out by whichever worker is free, tried again.

A notice is told at least once: a worker that is killed after it told, and before it said so, is followed by another
that tells again, under the same id, by which the receiver can know.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, update

from guardcli.api.store.database import now, reading, writing
from guardcli.api.store.schema import NOTICES

CLAIM_SECONDS = 60.0
"""How long the one who took a notice has to tell it, before another takes it."""

ATTEMPTS = 8
"""So often a notice is tried: over about an hour, by `pause`."""


class NoticeState(str, Enum):
    """waiting → sent, failed."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice for one channel about one approval; `attempts` were made before."""

    id: str
    channel: str
    approval: str
    attempts: int


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """How a channel does: notices by state, and what went wrong last."""

    channel: str
    waiting: int
    sent: int
    failed: int
    error: str


def pause(attempts: int) -> float:
    """Return how many seconds pass after so many failed attempts: 2, 8, 32, … at the most 20 minutes."""
    return float(min(1200, 2 * 4 ** (attempts - 1)))


class Notices:
    """Adds, takes and settles notices."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, connection: Connection, approval: str, channels: Iterable[str], at: float) -> None:
        """Note, within the transaction of `connection`, that `channels` are to be told of `approval`."""
        rows = [
            {
                "id": secrets.token_hex(8),
                "channel": channel,
                "approval": approval,
                "state": NoticeState.WAITING.value,
                "due": at,
                "created": at,
            }
            for channel in channels
        ]
        if rows:
            connection.execute(insert(NOTICES), rows)

    def take(self, limit: int) -> Sequence[Notice]:
        """Return up to `limit` notices that are due, which nobody else takes for `CLAIM_SECONDS`."""
        with writing(self._engine) as connection:
            at = now()
            due = (
                select(NOTICES)
                .where(NOTICES.c.state == NoticeState.WAITING.value, NOTICES.c.due <= at)
                .order_by(NOTICES.c.due)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            rows = connection.execute(due).all()
            ids = [row.id for row in rows]
            if ids:
                connection.execute(update(NOTICES).where(NOTICES.c.id.in_(ids)).values(due=at + CLAIM_SECONDS))
        return [Notice(row.id, row.channel, row.approval, row.attempts) for row in rows]

    def next_due(self) -> float | None:
        """Return when the next notice is due, in seconds since the epoch, None for none."""
        query = select(func.min(NOTICES.c.due)).where(NOTICES.c.state == NoticeState.WAITING.value)
        with reading(self._engine) as connection:
            found: float | None = connection.execute(query).scalar_one_or_none()
        return found

    def settle(self, notice: Notice, error: str = "", *, give_up: bool = False) -> NoticeState:
        """Note that the notice was told, or what went wrong; return its state now."""
        attempts = notice.attempts + 1
        state = NoticeState.SENT
        if error:
            state = NoticeState.FAILED if give_up or attempts >= ATTEMPTS else NoticeState.WAITING
        values: dict[str, Any] = {"state": state.value, "attempts": attempts, "error": error[:1000]}
        if state is NoticeState.WAITING:
            values["due"] = now() + pause(attempts)
        with writing(self._engine) as connection:
            connection.execute(update(NOTICES).where(NOTICES.c.id == notice.id).values(**values))
        return state

    def status(self) -> Sequence[ChannelStatus]:
        """Return how each channel does that was ever used."""
        counts = select(NOTICES.c.channel, NOTICES.c.state, func.count().label("number"))
        worst = select(NOTICES.c.channel, NOTICES.c.error).where(NOTICES.c.error != "").order_by(NOTICES.c.created)
        with reading(self._engine) as connection:
            rows = connection.execute(counts.group_by(NOTICES.c.channel, NOTICES.c.state)).all()
            errors = {row.channel: row.error for row in connection.execute(worst.limit(1000))}
        numbers = {(row.channel, row.state): row.number for row in rows}
        return [_status(channel, numbers, errors.get(channel, "")) for channel in sorted({row.channel for row in rows})]


def _status(channel: str, numbers: dict[tuple[str, str], int], error: str) -> ChannelStatus:
    waiting, sent, failed = (numbers.get((channel, state.value), 0) for state in NoticeState)
    return ChannelStatus(channel, waiting, sent, failed, error)
