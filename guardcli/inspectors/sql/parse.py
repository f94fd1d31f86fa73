"""PostgreSQL's own grammar, through libpg_query, with bounds set before it is asked.

libpg_query measures the stack of its thread and refuses what nests too deeply; the JSON reader refuses to nest beyond
Python's recursion limit. Both become a reason, as does everything else that keeps a text from being understood.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pglast import parser

from guardcli.inspectors.sql.tree import Node

MAX_SQL = 1 << 18
"""Characters of one text; beyond it reading the tree would hold up every other call of the session."""

_LONG_RUN = re.compile(r"[~!@#^&|`?+\-*/%<>=]{500}")
"""Operator characters in a row; PostgreSQL's lexer reads a run of them again from each comment that begins in it."""


def parse_tree(text: str) -> list[Node] | str:
    """Return the raw statements of `text` (``stmt``, with places in bytes), or why there are none."""
    if len(text) > MAX_SQL:
        return f"the text is longer than {MAX_SQL} characters"
    if _LONG_RUN.search(text):
        return "the text has a run of 500 operator characters"
    if "\0" in text:
        return "the text holds a NUL character"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "the text is not valid UTF-8"
    try:
        tree: dict[str, Any] = json.loads(parser.parse_sql_json(text))
    except parser.ParseError as error:
        return f"PostgreSQL's grammar refuses it: {error.args[0] if error.args else error}"
    except RecursionError:
        return "it is nested too deeply"
    except (ValueError, MemoryError) as error:
        return f"its parse tree cannot be read: {type(error).__name__}"
    statements: list[Node] = tree.get("stmts", [])
    return statements


def parse(text: str) -> list[Node] | str:
    """Return the statements of `text` as tagged nodes, or a reason."""
    raw = parse_tree(text)
    return raw if isinstance(raw, str) else [statement.get("stmt", {}) for statement in raw]
