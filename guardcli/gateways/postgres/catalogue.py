"""What tables and views are behind their numbers, and how far a statement would go: asked over a connection of the
gateway's own.

That connection only reads, gives up soon where it would wait for a lock (the client's own transaction may hold it),
and is made anew when it broke. What cannot be had is left out; who asks then goes by the names that there are. A
statement is planned, never run, in a transaction that reads only and is rolled back. It goes as an extended query,
which takes one statement and no more.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from guardcli.gateways.postgres.codec.backend import DataRow, ErrorResponse, ReadyForQuery, decode_backend
from guardcli.gateways.postgres.codec.frames import FROM_SERVER, Frame, Splitter
from guardcli.gateways.postgres.codec.frontend import Bind, Execute, Parse, Query, Sync, Terminate
from guardcli.gateways.postgres.reach import (
    TABLES_MAX,
    WEIGHED,
    Kind,
    Part,
    Weight,
    changes,
    in_one_line,
    planned,
    weight,
    whole,
)

ASK_SECONDS = 5.0
"""How long an answer may take, a new connection included."""
REACH_SECONDS = 3.0
"""How long it may take to say how far a text would go: a person is asked only after that."""
PLAN_MAX = 1 << 20
"""Bytes of the longest plan that is read."""
NAMES_MAX = 500
"""Names and numbers asked for at once; more are left out."""
SETTINGS = (
    "SET search_path TO pg_catalog; SET default_transaction_read_only TO on; SET statement_timeout TO 4000;"
    " SET lock_timeout TO 500; SET standard_conforming_strings TO on; SET client_encoding TO UTF8"
)
_WANTED = """
WITH RECURSIVE wanted(oid) AS (
    SELECT c.oid FROM pg_class c WHERE c.oid IN ({oids})
        OR (c.relname IN ({names}) AND c.relkind NOT IN ('i', 'I', 't'))
    UNION
    SELECT d.refobjid FROM wanted w JOIN pg_rewrite r ON r.ev_class = w.oid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.oid
)
SELECT json_build_object(
    'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname,
    'columns', (SELECT json_object_agg(a.attnum, a.attname) FROM pg_attribute a
                WHERE a.attrelid = c.oid AND NOT a.attisdropped),
    'generated', (SELECT json_agg(a.attnum) FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attgenerated <> ''),
    'parents', (WITH RECURSIVE up(oid) AS (
                    SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = c.oid
                    UNION SELECT i.inhparent FROM up JOIN pg_inherits i ON i.inhrelid = up.oid)
                SELECT json_agg(json_build_array(pn.nspname, p.relname)) FROM up
                JOIN pg_class p ON p.oid = up.oid JOIN pg_namespace pn ON pn.oid = p.relnamespace),
    'view', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END)
FROM (SELECT DISTINCT oid FROM wanted) w JOIN pg_class c ON c.oid = w.oid JOIN pg_namespace n ON n.oid = c.relnamespace
LIMIT 5000
"""

_PLANNING = "BEGIN READ ONLY; SET LOCAL search_path TO DEFAULT; SET LOCAL statement_timeout TO 1500"

log = logging.getLogger(__name__)


class ServerRefused(Exception):
    """The server answered with an error, in these words."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, view or the like. `columns` by number; `parents` are (schema, name) of what it inherits from or is a
    part of; `view` is the text of a view's query, empty for what is none.
    """

    oid: int
    schema: str
    name: str
    columns: Mapping[int, str]
    generated: frozenset[int] = frozenset()
    parents: tuple[tuple[str, str], ...] = ()
    view: str = ""


class Wire(Protocol):
    """The part of a connection that asking needs."""

    def write(self, data: bytes) -> None:
        """Send."""
        ...

    async def frame(self, splitter: Splitter, wanted: Any) -> Frame:
        """Return the next message."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...


Dial = Callable[[], Awaitable[tuple[Wire, Splitter]]]
"""Logs in to the database; may raise anything, which then counts as not to be had."""


class LiveCatalogue:
    """Asks one database."""

    def __init__(self, dial: Dial) -> None:
        self._dial = dial
        self._turn = asyncio.Lock()
        self._link: tuple[Wire, Splitter] | None = None

    async def relations(self, oids: Collection[int], names: Collection[str]) -> Sequence[Relation]:
        """Return the relations with these numbers or names, and all that the views among them are made from."""
        wanted = _WANTED.format(
            oids=", ".join(str(int(oid)) for oid in list(oids)[:NAMES_MAX]) or "0",
            names=", ".join(_literal(name) for name in list(names)[:NAMES_MAX]) or "''",
        )
        try:
            async with asyncio.timeout(ASK_SECONDS), self._turn:
                return [_relation(row[0]) for row in await self._ask(wanted) if row and row[0] is not None]
        except Exception as failure:  # whatever it is, nothing is known then, and the caller goes by names
            log.warning("the catalogue cannot be asked: %s", failure)
            self._drop()
            return []

    async def reach(self, parts: Sequence[Part], values: Sequence[str | None]) -> Sequence[str]:
        """Return sentences about how far the parts of one text would go; none where it cannot be known. Never raises.

        `values` are those of its parameters, as text.
        """
        try:
            async with asyncio.timeout(REACH_SECONDS), self._turn:
                return [in_one_line(words) for part in parts for words in await self._reach(part, values)]
        except Exception as failure:  # whatever it is, it is not known then
            log.warning("how far a statement would go cannot be asked: %s", failure)
            self._drop()
            return []

    async def _reach(self, part: Part, values: Sequence[str | None]) -> list[str]:
        plan: object = None
        tables: Sequence[tuple[str, str]] = part.tables
        await self._ask(_PLANNING)
        if part.kind is Kind.PLANNED:
            try:
                plan = await self._plan(part.text, values)
            except ServerRefused as refusal:
                await self._ask("ROLLBACK")
                return [] if values else [f"not planned: to another connection the server says: {refusal}"]
            changed, _ = changes(plan)
            tables = [(one.schema, one.name) for one in changed]
        oids = await self._numbers(tables)
        await self._ask("ROLLBACK")
        weights = await self._weigh(oids)
        if part.kind is Kind.PLANNED:
            return planned(plan, {one.name: one for one in weights})
        return whole(part.kind, weights)

    async def _plan(self, text: str, values: Sequence[str | None]) -> object:
        wire, splitter = await self._linked()
        question = b"EXPLAIN (VERBOSE, FORMAT JSON) " + text.encode()
        given = tuple(None if one is None else one.encode() for one in values)
        for message in (Parse(b"", question), Bind(b"", b"", values=given), Execute(b""), Sync()):
            wire.write(message.encode())
        rows = await _answer(wire, splitter)
        found = rows[0][0] or b""
        if len(found) > PLAN_MAX:
            raise ValueError("the plan is too long")
        return json.loads(found)

    async def _numbers(self, tables: Sequence[tuple[str, str]]) -> list[int]:
        """Return the numbers of tables, as the transaction's search path finds them."""
        names = [".".join(_quoted(part) for part in names if part) for names in tables[:TABLES_MAX]]
        if not names:
            return []
        listed = ", ".join(f"pg_catalog.to_regclass({_literal(name)})::pg_catalog.oid" for name in names)
        (row,) = await self._ask(f"SELECT {listed}")
        return [int(value) for value in row if value is not None]

    async def _weigh(self, oids: Sequence[int]) -> list[Weight]:
        if not oids:
            return []
        rows = await self._ask(WEIGHED.format(tables=", ".join(map(str, oids))))
        return [weight(row[0]) for row in rows]

    async def _ask(self, text: str) -> list[tuple[bytes | None, ...]]:
        wire, splitter = await self._linked()
        wire.write(Query(text.encode()).encode())
        return await _answer(wire, splitter)

    async def _linked(self) -> tuple[Wire, Splitter]:
        if self._link is None:
            self._link = await self._dial()
            self._link[0].write(Query(SETTINGS.encode()).encode())
            await _answer(*self._link)
        return self._link

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link[0].abort()

    def close(self) -> None:
        """Leave the server."""
        if self._link is not None:
            self._link[0].write(Terminate().encode())
        self._drop()


async def _answer(wire: Wire, splitter: Splitter) -> list[tuple[bytes | None, ...]]:
    """Return the rows of an answer. Raises ServerRefused."""
    rows: list[tuple[bytes | None, ...]] = []
    fault = ""
    while True:
        answer = decode_backend(await wire.frame(splitter, FROM_SERVER))
        if isinstance(answer, DataRow):
            rows.append(answer.values)
        elif isinstance(answer, ErrorResponse):
            fault = answer.field("M").decode("utf-8", "replace")
        elif isinstance(answer, ReadyForQuery):
            if fault:
                raise ServerRefused(fault)
            return rows


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(name: str) -> str:
    return "'" + name.replace("'", "''").replace("\0", "") + "'"


def _relation(row: bytes | None) -> Relation:
    form = json.loads(row or b"{}")
    return Relation(
        form["oid"],
        form["schema"],
        form["name"],
        {int(number): name for number, name in (form["columns"] or {}).items()},
        frozenset(form["generated"] or ()),
        tuple((schema, name) for schema, name in form["parents"] or ()),
        form["view"] or "",
    )
