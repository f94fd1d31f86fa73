"""Which columns the rows may hold that a statement gives back, as far as its text tells.

Every column that a statement names anywhere counts, whatever it becomes on its way out. A star, or the name of a table
where a column's could stand (its whole row), may be any column.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from guardcli.inspectors.sql.parse import parse
from guardcli.inspectors.sql.tree import Node, children, constant, strings, untag

Columns = frozenset[str] | None
"""Names of columns, None where any may be among them; empty where no rows come back, or they come with a header."""

_NOTHING: frozenset[str] = frozenset()
_ROWS = frozenset({"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_RETURNING = frozenset({"returningList", "returningClause"})
"""What stands behind RETURNING, in the trees of one version and another."""
_UNKNOWN = frozenset({"ExecuteStmt", "FetchStmt", "CallStmt"})


def returned_columns(sql: str) -> Sequence[Columns]:
    """Return, for each statement of `sql`, what its rows may hold; nothing at all for a text that is not understood."""
    statements = parse(sql)
    if isinstance(statements, str):
        return ()
    try:
        return [_of(*untag(statement)) for statement in statements]
    except RecursionError:
        return ()


def copied_columns(sql: str, *, headed: bool = False) -> Sequence[Columns]:
    """Return, for each COPY to the client in `sql`, what its rows may hold; those with a header if `headed`."""
    statements = parse(sql)
    bodies = [untag(statement) for statement in statements] if not isinstance(statements, str) else []
    try:
        return [_copied(body, headed) for tag, body in bodies if tag == "CopyStmt" and _is_to_client(body)]
    except RecursionError:
        return (None,)


def _of(tag: str, body: Node) -> Columns:
    if tag == "CopyStmt":
        return _copied(body) if _is_to_client(body) else _NOTHING
    if tag in _UNKNOWN:
        return None
    if tag not in _ROWS or (tag != "SelectStmt" and not _RETURNING & body.keys()):
        return _NOTHING
    return _named_in(body)


def _is_to_client(body: Node) -> bool:
    return not (body.get("is_from") or body.get("is_program") or "filename" in body)


def _copied(body: Node, headed: bool = False) -> Columns:
    options = {str(one.get("defname", "")): one.get("arg") for _, one in map(untag, body.get("options", ()))}
    header = "header" in options and _is_on(options["header"])
    if header and not headed and (constant(options.get("format")) or _text(options.get("format"))) != "binary":
        return _NOTHING
    if "query" in body:
        return _of(*untag(body["query"]))
    return frozenset(name.lower() for name in strings(body["attlist"])) if "attlist" in body else None


def _is_on(node: object) -> bool:
    tag, body = untag(node)
    if tag == "Boolean":
        return bool(body.get("boolval", False))
    if tag == "Integer":
        return bool(body.get("ival", 0))
    return node is None or _text(node).lower() in ("", "true", "on", "1", "match")


def _text(node: object) -> str:
    tag, body = untag(node)
    return str(body.get("sval", "")).lower() if tag == "String" else ""


def _named_in(body: Node) -> Columns:
    """Return the names of all columns and functions anywhere in a statement; None for a star or a whole row."""
    names: set[str] = set()
    alone: set[str] = set()
    tables: set[str] = set()
    waiting: list[Any] = [body]
    while waiting:
        part = waiting.pop()
        waiting.extend(children(part))
        if "relname" in part:
            tables.add(str(part["relname"]).lower())
        if "aliasname" in part:
            tables.add(str(part["aliasname"]).lower())
        for key in ("fields", "indirection", "funcname"):
            words = strings(part[key]) if isinstance(part.get(key), list) else []
            if "*" in words:
                return None
            names.update(word.lower() for word in words)
            alone.update(word.lower() for word in words[:1] if key == "fields" and len(words) == 1)
    return None if alone & tables else frozenset(names)
