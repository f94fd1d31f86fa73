r"""psql's backslash commands that need no more than their name: what each does.

The names are those of psql 13 to 18. Every name that begins with ``d`` describes; whatever stands in no
table is conceded. Commands with arguments that matter are judged in ``script``.
"""

from __future__ import annotations

import re

from guardcli.model.effects import Effect

READS = frozenset(
    (
        "?",
        "h",
        "help",
        "l",
        "list",
        "l+",
        "list+",
        "lx",
        "lx+",
        "l+x",
        "z",
        "zS",
        "zx",
        "zSx",
        "sf",
        "sf+",
        "sv",
        "sv+",
        "conninfo",
        "copyright",
        "errverbose",
        "echo",
        "qecho",
        "warn",
        "p",
        "print",
        "lo_list",
        "lo_list+",
        "lo_listx",
        "lo_listx+",
        "gdesc",
        "q",
        "quit",
    )
)
"""Look at the server or at psql itself."""

SESSION = frozenset(
    (
        "a",
        "C",
        "f",
        "H",
        "html",
        "pset",
        "t",
        "T",
        "x",
        "timing",
        "cd",
        "r",
        "reset",
        "restrict",
        "unrestrict",
        "bind",
        "bind_named",
        "close_prepared",
        "close",
        "startpipeline",
        "endpipeline",
        "syncpipeline",
        "sendpipeline",
        "flush",
        "flushrequest",
        "getresults",
        "watch",
        "unset",
        "set",
        "getenv",
        "prompt",
        "gset",
        "g",
        "gx",
        "crosstabview",
        "parse",
        "if",
        "elif",
        "else",
        "endif",
        ".",
    )
)
"""Change only how psql behaves, or only send what is judged as SQL."""

DESCRIBES = re.compile(r"d[A-Za-z]*[+x]*")
SENDS = frozenset(
    ("g", "gx", "gset", "gexec", "crosstabview", "crosstabviewx", "watch", "parse", "gdesc", "sendpipeline")
)
"""Commands that send the text gathered so far, or the text sent before when there is none."""

PIPES = frozenset(("o", "out", "g", "gx", "w", "write"))
"""Commands whose argument may begin with ``|``."""

WHOLE_LINE = frozenset(("!", "copy", "h", "help", "ef", "ev", "sf", "sf+", "sv", "sv+"))
"""Commands that take the rest of the line as it stands."""

NEVER_FAIL = frozenset(
    (
        "a",
        "copyright",
        "crosstabview",
        "echo",
        "errverbose",
        "g",
        "gdesc",
        "gexec",
        "gset",
        "gx",
        "H",
        "html",
        "p",
        "print",
        "q",
        "qecho",
        "quit",
        "r",
        "reset",
        "warn",
    )
)
"""Commands after which psql always reads on: when any other fails, the rest of its line is not read at all."""

CONDITIONS = frozenset(("if", "elif", "else", "endif"))

FIXED: dict[str, tuple[tuple[Effect, ...], str]] = {
    "gexec": ((Effect.WRITE,), "it runs what a query returns as statements"),
    "e": ((Effect.EXECUTE,), "it opens an editor and runs what comes back"),
    "edit": ((Effect.EXECUTE,), "it opens an editor and runs what comes back"),
    "ef": ((Effect.EXECUTE,), "it opens an editor and runs what comes back"),
    "ev": ((Effect.EXECUTE,), "it opens an editor and runs what comes back"),
    "i": ((Effect.FILE,), "what the file holds when psql reads it is not known"),
    "include": ((Effect.FILE,), "what the file holds when psql reads it is not known"),
    "ir": ((Effect.FILE,), "what the file holds when psql reads it is not known"),
    "include_relative": ((Effect.FILE,), "what the file holds when psql reads it is not known"),
}
"""Commands that are always conceded: effects as far as known, reason."""

LARGE_OBJECTS: dict[str, tuple[Effect, ...]] = {
    "lo_import": (Effect.WRITE, Effect.FILE),
    "lo_export": (Effect.READ, Effect.FILE),
    "lo_unlink": (Effect.DELETE,),
}
PROGRAM_VARIABLES = frozenset(
    (
        "PAGER",
        "PSQL_PAGER",
        "PSQL_WATCH_PAGER",
        "EDITOR",
        "PSQL_EDITOR",
        "VISUAL",
        "SHELL",
        "PATH",
        "LESSOPEN",
        "ENV",
        "IFS",
    )
)
"""Environment variables that say which program runs."""
