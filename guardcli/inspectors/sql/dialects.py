"""Describe SQL of other systems than PostgreSQL, for which sqlparse splits and names the words.

sqlparse is no grammar: it calls ``WITH a AS (DELETE …) SELECT …`` a SELECT. So it never has the last word. A statement
is a known read only when every keyword and every function in it is of a short list that means a read
in all dialects, and when nothing in its text is read differently by any of them: backslashes, ``#``, executable
comments, dollar quotes. Everything else is conceded, with the effects that its words suggest.
"""

from __future__ import annotations

import re

from sqlparse import tokens
from sqlparse.engine import FilterStack
from sqlparse.exceptions import SQLParseError
from sqlparse.sql import Statement, Token

from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, conceded

MAX_TEXT = 1 << 12
"""Characters of a text that is read. Only its words are asked for: grouping them takes sqlparse three times as long."""

_READ_DIFFERENTLY = re.compile(r"[\\#$\x00`\[]|/\*[!+M]|--(?!\s|$)|''|\"\"")
_READING_KEYWORDS = frozenset(
    """
    SELECT FROM WHERE AND OR NOT IN IS NULL AS ON USING JOIN INNER LEFT RIGHT FULL OUTER CROSS NATURAL GROUP ORDER BY
    HAVING LIMIT OFFSET DISTINCT ALL UNION EXCEPT INTERSECT CASE WHEN THEN ELSE END ASC DESC LIKE BETWEEN EXISTS WITH
    TRUE FALSE VALUES EXPLAIN COUNT SUM MIN MAX AVG NULLS FIRST LAST
    """.split()  # noqa: SIM905
)
_READING_FUNCTIONS = frozenset(
    ("COUNT", "SUM", "MIN", "MAX", "AVG", "COALESCE", "NULLIF", "LOWER", "UPPER", "LENGTH", "ABS", "ROUND", "CAST")
)
_VERBS: dict[str, tuple[Effect, ...]] = {
    "INSERT": (Effect.WRITE,),
    "UPDATE": (Effect.WRITE,),
    "REPLACE": (Effect.WRITE,),
    "MERGE": (Effect.WRITE,),
    "UPSERT": (Effect.WRITE,),
    "DELETE": (Effect.DELETE,),
    "TRUNCATE": (Effect.DELETE,),
    "CREATE": (Effect.DEFINE,),
    "ALTER": (Effect.DEFINE,),
    "RENAME": (Effect.DEFINE,),
    "DROP": (Effect.DEFINE, Effect.DELETE),
    "GRANT": (Effect.PRIVILEGE,),
    "REVOKE": (Effect.PRIVILEGE,),
    "OUTFILE": (Effect.FILE,),
    "DUMPFILE": (Effect.FILE,),
    "INFILE": (Effect.FILE,),
    "LOAD": (Effect.FILE,),
    "ATTACH": (Effect.FILE,),
    "COPY": (Effect.FILE,),
    "EXEC": (Effect.EXECUTE,),
    "EXECUTE": (Effect.EXECUTE,),
    "CALL": (Effect.EXECUTE,),
    "INTO": (Effect.WRITE,),
    "SET": (Effect.SESSION,),
    "PRAGMA": (Effect.SESSION,),
}
"""Words, wherever they stand, and the effect that each suggests."""


def inspect_dialect(sql: str, *, tool: str) -> tuple[Operation, ...]:
    """Return what `sql` seems to do, one operation per statement, never none. Never raises."""
    if len(sql) > MAX_TEXT:
        return (conceded(tool, "unknown", f"the text is longer than {MAX_TEXT} characters"),)
    try:
        found = FilterStack().run(sql)  # type: ignore[no-untyped-call]
        statements = [statement for statement in found if str(statement).strip(" \t\r\n;")]
    except (SQLParseError, RecursionError, ValueError, IndexError) as error:
        return (conceded(tool, "unknown", f"the text cannot be split into statements: {type(error).__name__}"),)
    if not statements:
        return (Operation(tool, "empty", frozenset((Effect.READ,))),)
    ambiguous = bool(_READ_DIFFERENTLY.search(sql))
    return tuple(_judge(statement, tool, ambiguous) for statement in statements)


def _judge(statement: Statement, tool: str, ambiguous: bool) -> Operation:
    leaves = [
        token
        for token in statement.flatten()  # type: ignore[no-untyped-call]
        if not token.is_whitespace and token.ttype not in tokens.Comment
    ]
    words = [token.value.upper() for token in leaves if _is_word(token)]
    action = words[0].split()[0].lower() if words else "unknown"
    effects = {effect for word in words for part in word.split() for effect in _VERBS.get(part, ())}
    if effects:
        return conceded(tool, action, "only PostgreSQL's grammar is known; this seems to change something", *effects)
    if action == "use" and len(leaves) - (leaves[-1].value == ";") == 2:
        return Operation(tool, action, frozenset((Effect.SESSION,)))
    if ambiguous or action not in ("select", "with", "values", "explain"):
        return conceded(tool, action, "only PostgreSQL's grammar is known", Effect.READ)
    strange = _strange(leaves)
    if strange:
        return conceded(tool, action, f"what {strange} means in this dialect is not known", Effect.READ)
    return Operation(tool, action, frozenset((Effect.READ,)))


def _is_word(token: Token) -> bool:
    return token.ttype in tokens.Keyword or token.ttype in tokens.Name or token.ttype in tokens.CTE


def _strange(leaves: list[Token]) -> str:
    """Return the first token that is neither plain nor of the lists; an empty string where there is none."""
    values = [token.value for token in leaves]
    for token, before, after in zip(leaves, ["", *values], [*values[1:], ""], strict=False):
        place = before.upper().endswith(("FROM", "JOIN"))
        if not _is_plain(token, after == "(") and not (place and token.value.isidentifier() and after != "("):
            return str(token.value)
        if token.ttype in tokens.Literal.String and (before == "," or place):
            return "a literal in the place of a table"
    return ""


def _is_plain(token: Token, called: bool) -> bool:
    kind, value = token.ttype, token.value.upper()
    if kind in tokens.Keyword or kind in tokens.CTE:
        return all(part in _READING_KEYWORDS for part in value.split())
    if kind in tokens.Name and called:
        return value in _READING_FUNCTIONS
    return kind not in tokens.Error and kind is not tokens.Generic
