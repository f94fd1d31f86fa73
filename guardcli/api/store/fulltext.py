"""What either database is asked, to find the newest rows of `SEARCH` that hold some words and facets.

SQLite's FTS5 reads the lists of rows of all words at once, from their ends, and stops at a page's last. The beginning
of a word has no list: it makes one of all words that begin so, which takes a second where a million rows have one. So
the `WALKED` newest rows that hold all else are looked at for it first, and fill the page where one of 40 is wanted.

PostgreSQL's GIN gives all rows of a word, in no order. So each of its lexemes begins with a span of time, see
`indexing`: the spans that have rows are asked one after the other, the newest first, until a page is full, and what a
word costs is bounded by what one span has of it. Most of the common words fill their page from the `NEWEST` rows,
which are looked at before any list is.

What remains long all the same, such as a common beginning beside a common facet that is never with it, ends after
`SECONDS`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from guardcli.api.store.database import reading
from guardcli.api.store.indexing import ID_BITS, SPAN_BITS, begins, lexeme, normal
from guardcli.model.errors import ConfigurationError

SECONDS = 5.0
"""What one question may take: 25 times what those of an index take with 5,000,000 events."""

NEWEST = 300
"""Rows that PostgreSQL looks at one by one: enough where one of six is wanted."""


WALKED = 2000
"""Rows that SQLite's beginnings of words are looked for in; where fewer than a page have one, its list is short."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row must hold: facets as they are stored, words each with whether more may follow, one of both at least.

    Its number is from `least` to before `below`; of many, the `limit` newest are wanted.
    """

    facets: Sequence[str]
    words: Sequence[tuple[str, bool]]
    least: int
    below: int
    limit: int


def newest(connection: Connection, wanted: Wanted) -> list[int]:
    """Return the numbers of the rows that hold what is wanted, the newest first."""
    found = _newest_of_postgresql if connection.dialect.name == "postgresql" else _newest_of_sqlite
    return found(connection, wanted)


@contextmanager
def asking(engine: Engine) -> Iterator[Connection]:
    """Give a connection that reads, whose question ends after `SECONDS`. Raises ConfigurationError then."""
    with reading(engine) as connection:
        bound = _bound_postgresql if engine.dialect.name == "postgresql" else _bound_sqlite
        try:
            with bound(connection):
                yield connection
        except OperationalError as error:
            if not _is_ended(error):
                raise
            raise ConfigurationError(
                f"this question takes longer than {SECONDS:.0f} s",
                hint="ask about a shorter time, with longer beginnings of words, or of one session, tool or table",
            ) from None


def _is_ended(error: OperationalError) -> bool:
    """Tell whether the database gave up for the time it took (PostgreSQL's ``query_canceled``)."""
    return getattr(error.orig, "sqlstate", "") == "57014" or str(error.orig) == "interrupted"


@contextmanager
def _bound_sqlite(connection: Connection) -> Iterator[None]:
    """Bound the time. A thread does: within FTS5, SQLite's own progress handler is called too seldom."""
    driver: Any = connection.connection.driver_connection
    timer = threading.Timer(SECONDS, driver.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


@contextmanager
def _bound_postgresql(connection: Connection) -> Iterator[None]:
    """Bound the time, and let no table be read from end to end: the planner takes every word for a frequent one."""
    connection.exec_driver_sql(
        f"BEGIN; SET LOCAL statement_timeout = {SECONDS * 1000:.0f};"
        " SET LOCAL enable_seqscan = off; SET LOCAL jit = off"
    )
    try:
        yield
    finally:
        connection.exec_driver_sql("ROLLBACK")


_LISTED = (
    "SELECT rowid{} FROM search_text WHERE search_text MATCH :asked AND rowid >= :least AND rowid < :below"
    " ORDER BY rowid DESC LIMIT :limit"
)
_OF_SQLITE = text(_LISTED.format(""))
_BODIES_LISTED = text(_LISTED.format(", body"))
_BODIES = text("SELECT id, body FROM search WHERE id >= :least AND id < :below ORDER BY id DESC LIMIT :limit")


def _newest_of_sqlite(connection: Connection, wanted: Wanted) -> list[int]:
    exact = [f"facets : {one}" for one in wanted.facets]
    exact += [f'body : "{word}"' for word, open in wanted.words if not open]
    beginnings = [word for word, open in wanted.words if open]
    values = {"asked": " AND ".join(exact), "least": wanted.least, "below": wanted.below, "limit": wanted.limit}
    if not beginnings:
        return list(connection.execute(_OF_SQLITE, values).scalars())
    found: list[int] = []
    walked = 0
    for id, body in connection.execute(_BODIES_LISTED if exact else _BODIES, {**values, "limit": WALKED}):
        walked += 1
        shown = normal(body)
        if all(begins(shown, word) for word in beginnings):
            found.append(id)
            if len(found) == wanted.limit:
                return found
    if walked < WALKED:
        return found
    asked = " AND ".join([*exact, *(f'body : "{word}" *' for word in beginnings)])
    values |= {"asked": asked, "below": id, "limit": wanted.limit - len(found)}
    return found + list(connection.execute(_OF_SQLITE, values).scalars())


_SPAN = f"id >> {ID_BITS + SPAN_BITS}"
_ASKED = "document @@ replace(:asked, '@', to_hex({}))::tsquery"

_WALK = text(
    f"SELECT id, {_ASKED.format(_SPAN)} AS holds FROM search WHERE id >= :least AND id < :below"  # noqa: S608 - ours
    " ORDER BY id DESC LIMIT :newest"
)

_SPANS = text(
    f"""
    WITH RECURSIVE spans(span) AS (
        (SELECT {_SPAN} FROM search WHERE id >= :least AND id < :below ORDER BY id DESC LIMIT 1)
        UNION ALL
        SELECT (
            SELECT {_SPAN} FROM search WHERE id >= :least AND id < span << {ID_BITS + SPAN_BITS}
            ORDER BY id DESC LIMIT 1
        ) FROM spans WHERE span IS NOT NULL
    )
    SELECT found.id FROM spans CROSS JOIN LATERAL (
        SELECT id FROM (
            SELECT id FROM search WHERE {_ASKED.format("span")} AND id + 0 >= :least AND id + 0 < :below
            OFFSET 0
        ) AS of_span ORDER BY id DESC LIMIT :limit
    ) AS found LIMIT :limit
    """  # noqa: S608 - names and numbers of our own
)
"""The spans come one by one, each followed from the one after it, so that the last ones are never looked at where a
page is full; ``OFFSET 0`` keeps the planner from walking through all rows in the hope of an early end, ``id + 0`` from
reading the list of all numbers beside that of a word."""


def _newest_of_postgresql(connection: Connection, wanted: Wanted) -> list[int]:
    parts = [f"'{lexeme('@', facet=one)}'" for one in wanted.facets]
    parts += [f"'{lexeme('@', word=word)}'{':*' if open else ''}" for word, open in wanted.words]
    values = {"asked": " & ".join(parts), "least": wanted.least, "below": wanted.below}
    walked = connection.execute(_WALK, {**values, "newest": NEWEST}).all()
    found = [row.id for row in walked if row.holds][: wanted.limit]
    if len(found) == wanted.limit or len(walked) < NEWEST:
        return found
    values |= {"below": walked[-1].id, "limit": wanted.limit - len(found)}
    return found + sorted(connection.execute(_SPANS, values).scalars(), reverse=True)
