"""Errors and notices that may hold values of masked columns, and what is left of their words.

The server quotes values in what it says of data, and whoever writes the statement chooses the values, quotes within
them too: all between a message's first quote and its last gives way, and numbers that stand by themselves. A fault of
the text itself is said with its place in it, before any value is read, and stays as it is.
Source: PostgreSQL documentation, "PostgreSQL Error Codes" and "Error and Notice Message Fields".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_DATA = frozenset(("22", "23", "P0", "XX", "38", "39", "2F", "40"))
"""Classes of SQLSTATE that speak of data."""
_STATE = frozenset(("00", "01", "02", "08", "25", "26", "34", "3B", "53", "57"))
"""Classes that speak of the session, the server or the names of its statements, cursors and savepoints."""
_NAMES_ONLY = re.compile(
    r"\s*(?:drop|truncate|set|reset|show|grant|revoke|comment|listen|unlisten|close|deallocate|copy)\b[^;(]*;?\s*",
    re.IGNORECASE,
)
"""A statement by itself that works no value out of a row before it fails."""
_QUOTED = re.compile(r'".*"', re.DOTALL)
_NUMBER = re.compile(r"(?<![(\w])[-+]?\d[\w.+-]*")


def may_hold_values(fields: Mapping[int, bytes], text: str) -> bool:
    """Say whether the `fields` of an error or a notice about the statement `text` may hold values of columns."""
    state = fields.get(ord("C"), b"").decode("ascii", "replace")[:2]
    if state in _DATA:
        return True
    return ord("P") not in fields and state not in _STATE and _NAMES_ONLY.fullmatch(text) is None


def without_values(code: int, words: str) -> str:
    """Return the words of the field `code` without what may be a value."""
    if code in b"DWq":
        return "withheld by guard: it may hold values of masked columns"
    return _NUMBER.sub("[masked]", _QUOTED.sub('"[masked]"', words))
