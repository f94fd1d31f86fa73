"""Small readers of libpg_query's JSON parse trees.

A node is a dict; a node of a polymorphic field is a dict with one key, the node's type, in CamelCase. Fields with
their default (zero, false, empty) are left out. Field names are fixed by PostgreSQL's own structs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]


def untag(value: Any) -> tuple[str, Node]:
    """Return the type and the body of a polymorphic node; ("", {}) for anything else."""
    if isinstance(value, dict) and len(value) == 1:
        tag, body = next(iter(value.items()))
        if isinstance(body, dict) and tag[:1].isupper():
            return tag, body
    return "", {}


def strings(values: Any) -> list[str]:
    """Return the texts of a list of String nodes; `*` for a star."""
    found = []
    for value in values or ():
        tag, body = untag(value)
        if tag == "String":
            found.append(str(body.get("sval", "")))
        elif tag == "A_Star":
            found.append("*")
    return found


def qualified(values: Any) -> tuple[str, str]:
    """Return (schema, name) of a qualified name; schema is empty where not given."""
    parts = strings(values)
    return (parts[-2] if len(parts) > 1 else "", parts[-1] if parts else "")


def constant(value: Any) -> str | int | bool | None:
    """Return the value of a string, integer or boolean literal, seen through casts; None for anything else."""
    tag, body = untag(value)
    while tag == "TypeCast":
        tag, body = untag(body.get("arg"))
    if tag != "A_Const" or body.get("isnull"):
        return None
    if "sval" in body:
        return str(body["sval"].get("sval", ""))
    if "ival" in body:
        return int(body["ival"].get("ival", 0))
    if "boolval" in body:
        return bool(body["boolval"].get("boolval", False))
    return None


def children(node: Any) -> Iterator[Any]:
    """Yield every dict directly under `node`, lists seen through."""
    values: list[Any] = list(node.values()) if isinstance(node, dict) else list(node)
    while values:
        value = values.pop()
        if isinstance(value, dict):
            yield value
        elif isinstance(value, list):
            values.extend(value)


def without_places(value: Any) -> Any:
    """Return a copy of a tree without the locations in the text, so that equal expressions are equal."""
    if isinstance(value, dict):
        return {key: without_places(part) for key, part in value.items() if "location" not in key}
    if isinstance(value, list):
        return [without_places(part) for part in value]
    return value
