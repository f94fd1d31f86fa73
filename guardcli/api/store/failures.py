"""How often an address and what it tried failed, as all workers together have seen it: a bucket for each.

A bucket empties by `rate` a second and is forgotten when it is empty for sure. Keys are hashed: what was tried may be a
part of somebody's token.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Engine, delete, text

from guardcli.api.store.database import now, writing
from guardcli.api.store.schema import FAILURES

FORGOTTEN_SECONDS = 120.0
"""A bucket that was not touched for so long is empty: it empties within a minute."""

CLEARED = 256
"""One failure in so many, by chance of its hash, also removes the buckets that are empty."""

_COUNT = """
INSERT INTO failures (key, level, since) VALUES (:key, 1.0, :at)
ON CONFLICT (key) DO UPDATE SET
  level = CASE WHEN failures.level > (:at - failures.since) * :rate
    THEN failures.level - (:at - failures.since) * :rate ELSE 0.0 END + 1.0,
  since = :at
RETURNING level
"""


class Failures:
    """Counts failures in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def count(self, what: str, rate: float) -> float:
        """Count a failure of `what` and return the level of its bucket. Raises UnavailableError."""
        key, at = hashlib.sha256(what.encode("utf-8", "surrogatepass")).hexdigest(), now()
        with writing(self._engine) as connection:
            level = connection.execute(text(_COUNT), {"key": key, "at": at, "rate": rate}).scalar_one()
            if int(key[:4], 16) % CLEARED == 0:
                connection.execute(delete(FAILURES).where(FAILURES.c.since < at - FORGOTTEN_SECONDS))
        return float(level)
