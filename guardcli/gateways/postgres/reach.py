"""How far a statement would go, said before anybody decides: the planner's estimate, and what hangs on the tables.

Pure: `parts` says what of a text may be asked about, the other functions turn the server's answers into sentences.
Planning is not free of effects of its own: the planner calls functions that are immutable or stable. So a statement is
planned only where the judgement knows everything that it does, and that is to read, insert, update or delete rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pglast import parser

from guardcli.inspectors.sql.parse import read_tree
from guardcli.inspectors.sql.tree import Node, children, qualified, untag
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

PARTS_MAX = 5
"""Statements of one text that are asked about."""
TABLES_MAX = 20
"""Tables of one statement whose size is told."""
NAMED_MAX = 8
"""Names of one kind in a sentence; more are counted."""
ROWS_ONLY = frozenset((Effect.READ, Effect.WRITE, Effect.DELETE))
_PATH = re.compile(r"search_path|schema|role|authorization|discard|reset|set_config|u&|execute|all", re.IGNORECASE)
"""Words without one of which a statement changes neither the search path nor who the connection is."""
_MOVING = frozenset(("options", "search_path", "role", "session_authorization"))
SAID_MAX = 1000
"""Characters of one sentence."""
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*").fullmatch
_UNSEEN = re.compile(r"[^ -~\w]")
"""What may not be a letter, a digit or a sign of ASCII."""
_PLANNED = frozenset(("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"))
_WORDS = {"Insert": "insert into", "Update": "update of", "Delete": "delete from", "Merge": "merge into"}

WEIGHED = """
SELECT json_build_object(
    'name', json_build_array(n.nspname, c.relname),
    'rows', (WITH RECURSIVE below(oid) AS (SELECT c.oid UNION
                 SELECT i.inhrelid FROM below JOIN pg_inherits i ON i.inhparent = below.oid)
             SELECT sum(nullif(p.reltuples, -1))::bigint FROM below JOIN pg_class p ON p.oid = below.oid
             WHERE p.relkind IN ('r', 'm')),
    'cascades', (WITH RECURSIVE down(oid) AS (
                     SELECT k.conrelid FROM pg_constraint k
                     WHERE k.confrelid = c.oid AND k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd')
                     UNION SELECT k.conrelid FROM down JOIN pg_constraint k ON k.confrelid = down.oid
                     WHERE k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd'))
                 SELECT json_agg(DISTINCT jsonb_build_array(dn.nspname, d.relname)) FROM down
                 JOIN pg_class d ON d.oid = down.oid JOIN pg_namespace dn ON dn.oid = d.relnamespace),
    'triggers', (SELECT json_agg(t.tgname ORDER BY t.tgname) FROM pg_trigger t
                 WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid IN ({tables})
"""
"""Asks how many rows tables have, by the statistics, what deleting from them changes elsewhere, and their triggers."""


class Kind(Enum):
    """How a part's reach is known."""

    PLANNED = "planned"
    EMPTIED = "emptied"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Part:
    """One statement of a text. `tables` are (schema or nothing, name) of what is emptied or dropped as a whole.

    `placed`: every table that it names is named with its schema, so that no search path decides which one it is.
    """

    kind: Kind
    text: str
    placed: bool
    tables: tuple[tuple[str, str], ...] = ()


def parts(text: str, operations: Sequence[Operation], moved: bool) -> list[Part]:
    """Return the statements of `text` whose reach may be asked for; `operations` are what each was judged to do.

    With `moved`, names without a schema may mean other tables than to a connection that has just begun: statements with
    such names are left out, as are those behind a statement of the same text that may move them.
    """
    read = read_tree(text)
    if isinstance(read, str):
        return []
    statements, _ = read
    if len(statements) != len(operations):
        return []
    try:
        slices = parser.split(text, True, True)
    except parser.ParseError:
        return []
    if len(slices) != len(statements):
        return []
    found = []
    for statement, place, operation in zip(statements, slices, operations, strict=True):
        part = _part(statement, text[place], operation)
        if part is not None and (part.placed or not moved):
            found.append(part)
        moved = moved or moves_names(operation, text[place])
    return found[:PARTS_MAX]


def begins_moved(settings: Iterable[str]) -> bool:
    """Tell whether what a startup packet sets, by names without case, may move names without a schema."""
    return any(name.lower() in _MOVING for name in settings)


def in_one_line(words: str) -> str:
    """Return a sentence that shows as one: names and what the server says may hold what would begin another."""
    return _UNSEEN.sub(_escaped, words)[:SAID_MAX]


def _escaped(found: re.Match[str]) -> str:
    sign = found[0]
    return sign if sign.isprintable() else sign.encode("unicode_escape").decode()


def moves_names(operation: Operation, text: str) -> bool:
    """Tell whether a statement may change which table a name without a schema means, to its connection alone."""
    if not operation.complete or Effect.UNKNOWN in operation.effects or Effect.DEFINE in operation.effects:
        return True
    if operation.action.startswith("create") or operation.action.endswith("into"):  # what is temporary is found first
        return True
    return Effect.SESSION in operation.effects and _PATH.search(text) is not None


def _part(statement: Node, text: str, operation: Operation) -> Part | None:
    tag, body = untag(statement)
    if not operation.complete:
        return None
    if tag in _PLANNED and operation.effects <= ROWS_ONLY and "intoClause" not in body:
        return Part(Kind.PLANNED, text, all(_placed(statement)))
    if tag == "TruncateStmt":
        ranges = [untag(one)[1] for one in body.get("relations", ())]
        tables = tuple((str(one.get("schemaname", "")), str(one.get("relname", ""))) for one in ranges)
        return Part(Kind.EMPTIED, text, all(schema for schema, _ in tables), tables)
    if tag == "DropStmt" and body.get("removeType") == "OBJECT_TABLE":
        tables = tuple(qualified(untag(one)[1].get("items")) for one in body.get("objects", ()))
        return Part(Kind.DROPPED, text, all(schema for schema, _ in tables), tables)
    return None


def _placed(node: Any) -> Iterator[bool]:
    """Give for each table that a statement names whether its schema stands there."""
    waiting = [node]
    while waiting:
        for child in children(waiting.pop()):
            if "relname" in child and "relpersistence" in child:  # a RangeVar, with its tag or without
                yield bool(child.get("schemaname"))
            waiting.append(child)


@dataclass(frozen=True, slots=True)
class Weight:
    """What is known of a table: its rows by the statistics (None where nobody has counted), and what hangs on it."""

    name: str
    rows: int | None
    cascades: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()


def weight(row: bytes | None) -> Weight:
    """Return what a row of the answer to `WEIGHED` says. Raises ValueError, KeyError, TypeError."""
    form = json.loads(row or b"{}")
    rows = form["rows"]
    return Weight(
        shown(*form["name"]),
        None if rows is None else int(rows),
        tuple(shown(*names) for names in form["cascades"] or ()),
        tuple(shown(name) for name in form["triggers"] or ()),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """One change of rows that a plan holds: the verb, the table, and how many rows are expected."""

    verb: str
    schema: str
    name: str
    rows: int

    @property
    def table(self) -> str:
        """The table as `Weight.name` has it."""
        return shown(self.schema, self.name)


def changes(plan: object) -> tuple[list[Change], int]:
    """Return what a plan (``EXPLAIN (VERBOSE, FORMAT JSON)``) changes, and how many rows it gives back."""
    root = plan[0]["Plan"] if isinstance(plan, list) else {}
    found = []
    for node in _nodes(root):
        if node.get("Node Type") == "ModifyTable":
            below = [one for one in node.get("Plans", ()) if one.get("Parent Relationship") in ("Outer", "Member")]
            rows = sum(int(one.get("Plan Rows", 0)) for one in below)
            found.append(
                Change(str(node.get("Operation")), str(node.get("Schema")), str(node.get("Relation Name")), rows)
            )
    return found, int(root.get("Plan Rows", 0))


def _nodes(root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.get("Plans", ()))


def planned(plan: object, weights: Mapping[str, Weight]) -> list[str]:
    """Return sentences about a plan; `weights` by the names of its tables."""
    changed, rows = changes(plan)
    if not changed:
        return [f"select: about {_rows(rows)}"]
    said = []
    for one in changed:
        known = weights.get(one.table)
        of = f" of {known.rows:,}" if known and known.rows is not None and one.verb != "Insert" else ""
        hangs = _hanging(known, one.verb == "Delete")
        said.append(f"{_WORDS.get(one.verb, one.verb)} {one.table}: about {_rows(one.rows)}{of}{hangs}")
    return said


def whole(kind: Kind, weights: Sequence[Weight]) -> list[str]:
    """Return sentences about tables that are emptied or dropped."""
    verb = "truncate of" if kind is Kind.EMPTIED else "drop of"
    said = []
    for one in weights[:TABLES_MAX]:
        rows = "all of its rows, which nobody has counted" if one.rows is None else f"all of about {_rows(one.rows)}"
        said.append(f"{verb} {one.name}: {rows}{_hanging(one, True)}")
    return said


def shown(*names: str) -> str:
    """Return a name with its schema as SQL has it: in quotes where what it holds could be taken for our own words."""
    return ".".join(name if _PLAIN(name) else '"' + name.replace('"', '""') + '"' for name in names)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _hanging(known: Weight | None, deletes: bool) -> str:
    if known is None:
        return ""
    said = [("reaches on into", known.cascades if deletes else ()), ("triggers", known.triggers)]
    return "".join(f"; {words} {_names(names)}" for words, names in said if names)


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return ", ".join(names[:NAMED_MAX]) + more
