"""PostgreSQL's own grammar, through libpg_query, with bounds set before it is asked.

libpg_query measures the stack of its thread and refuses what nests too deeply; the JSON reader refuses to nest beyond
Python's recursion limit. Both become a reason, as does everything else that keeps a text from being understood.
"""

from __future__ import annotations

import json
import re

from pglast import parser

from guardcli.inspectors.sql.tree import Node

MAX_SQL = 1 << 17
"""Characters of one text; beyond it reading it would hold up every other call of the session."""

MAX_TREE = 900_000
"""Characters of the parse tree of one text, which may be fifty times as long as the text: about 40 ms of reading."""

_LONG_RUN = re.compile(r"[~!@#^&|`?+\-*/%<>=]{500}")
"""Operator characters in a row; PostgreSQL's lexer reads a run of them again from each comment that begins in it."""


def read_tree(text: str) -> tuple[list[Node], int] | str:
    """Return the statements of `text` as tagged nodes and the length of their tree, or why there are none."""
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
        tree: str = parser.parse_sql_json(text)
        if len(tree) > MAX_TREE:
            return f"the text says more than is read: its parse tree has more than {MAX_TREE} characters"
        statements = json.loads(tree).get("stmts", ())
    except parser.ParseError as error:
        return f"PostgreSQL's grammar refuses it: {error.args[0] if error.args else error}"
    except RecursionError:
        return "it is nested too deeply"
    except (ValueError, MemoryError) as error:
        return f"its parse tree cannot be read: {type(error).__name__}"
    return [statement.get("stmt", {}) for statement in statements], len(tree)


def parse(text: str) -> list[Node] | str:
    """Return the statements of `text` as tagged nodes, or a reason."""
    read = read_tree(text)
    return read if isinstance(read, str) else read[0]
