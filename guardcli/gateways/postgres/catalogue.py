"""What tables and views are behind their numbers: asked over a connection of the gateway's own, and nothing else.

That connection only reads, gives up soon where it would wait for a lock (the client's own transaction may hold it),
and is made anew when it broke. What cannot be had is left out; who asks then goes by the names that there are.
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
from guardcli.gateways.postgres.codec.frontend import Query, Terminate
from guardcli.gateways.postgres.codec.violations import ProtocolViolation

ASK_SECONDS = 5.0
"""How long an answer may take, a new connection included."""
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

log = logging.getLogger(__name__)


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

    async def _ask(self, text: str) -> list[tuple[bytes | None, ...]]:
        if self._link is None:
            self._link = await self._dial()
            await self._query(*self._link, SETTINGS)
        return await self._query(*self._link, text)

    async def _query(self, wire: Wire, splitter: Splitter, text: str) -> list[tuple[bytes | None, ...]]:
        wire.write(Query(text.encode()).encode())
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
                    raise ProtocolViolation(fault)
                return rows

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link[0].abort()

    def close(self) -> None:
        """Leave the server."""
        if self._link is not None:
            self._link[0].write(Terminate().encode())
        self._drop()


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
