r"""In what form psql writes rows: whether what it prints says which column a value is of.

Under a header, in expanded form, CSV or HTML it does, though CSV does not say where the next result begins. It does not
with ``--tuples-only`` (`\t`), nor do the rows of COPY without HEADER, `\crosstabview`, whose headers are values, and
`\echo` of what `\gset` has stored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from guardcli.inspectors.psql.arguments import Arguments
from guardcli.inspectors.psql.options import Option
from guardcli.inspectors.sql.columns import copied_columns, returned_columns
from guardcli.model.operations import Operation, Unlabelled

_OFF = frozenset(("off", "false", "no", "0", "of", "f", "fa", "fal", "fals", "n"))
_ANSWERS = re.compile(r"(?i)[(\s](?:t|tuples_only)(?:=(\w*))?(?=[\s)])")
INSTEAD = "leave out -t (--tuples-only); --csv is easy to read for a program and has a header"
SEVERAL = "several statements in psql's CSV or unaligned form"
ONE = "run one statement a call, or leave the output aligned"
COPIED = "write COPY … TO STDOUT WITH (FORMAT csv, HEADER)"


@dataclass(slots=True)
class OutputForm:
    """What was asked for so far. `bare` says what leaves the names out; what is turned off again stays so here.

    `plain` says that nothing may tell where one result ends and the next begins, `answers` counts what was sent.
    """

    bare: str = ""
    plain: bool = False
    answers: int = 0
    stored: bool = False

    def take_options(self, options: Sequence[Option]) -> None:
        """Take the command line's."""
        for option in options:
            name, _, value = option.value.partition("=")
            if option.letter == "t":
                self.bare = "psql --tuples-only"
            elif option.letter == "P":
                self._set(name.strip(), value)
            self.plain = self.plain or option.letter == "csv"

    def take_command(self, name: str, arguments: Arguments) -> None:
        """Take a backslash command, before what it sends is judged."""
        values = arguments.values
        if name == "t":
            self._set("t", values[0] if values else "")
        elif name == "pset" and values:
            self._set(values[0], values[1] if len(values) > 1 else "")
        elif name in ("g", "gx"):
            given = " ".join("(t)" if value is None else value for value in values)
            for found in _ANSWERS.finditer(given) if given.startswith("(") else ():
                self._set("t", found[1] or "")
        elif name.startswith("crosstabview"):
            self.bare = "\\crosstabview"
        elif name == "gset":
            self.stored = True

    def _set(self, name: str | None, value: str | None) -> None:
        self.plain = self.plain or (name in ("format", "footer") and value not in ("aligned", "wrapped", "html"))
        if name is None or (name.lower() in ("t", "tuples_only") and (value is None or value.lower() not in _OFF)):
            self.bare = self.bare or "psql's tuples_only"

    def told(self, text: str, judged: Sequence[Operation]) -> Sequence[Operation]:
        """Return what `text` was judged to do, each operation with what its rows would not say."""
        several = self.plain and self.answers + len(judged) > 1
        self.answers += len(judged)
        if not self.bare and not several and not any(one.action == "copy to" for one in judged):
            return judged
        found = returned_columns(text)
        columns = found if len(found) == len(judged) else [None] * len(judged)
        marked = []
        for operation, names in zip(judged, columns, strict=True):
            is_copy = operation.action == "copy to"
            shown = names if self.bare or several or is_copy or names is None else frozenset()
            form, instead = ("COPY without HEADER", COPIED) if is_copy else (self.bare, INSTEAD)
            form, instead = (SEVERAL, ONE) if several and not form else (form, instead)
            given = (("", shown),) if shown is not None else None
            tells = not form or shown == frozenset() or operation.action == "empty"
            marked.append(operation if tells else replace(operation, unlabelled=Unlabelled(form, instead, given)))
        return marked

    def echoes(self, name: str, arguments: Arguments) -> Unlabelled | None:
        r"""Return what `\echo` and its like would print without a name, where it may be a value of the database."""
        if name not in ("echo", "qecho", "warn") or not self.stored or None not in arguments.values:
            return None
        return Unlabelled(f"\\{name} of what \\gset has stored", "print the query's result itself")


def copied(sql: str, operation: Operation) -> Operation:
    r"""Return the operation of a `\copy` to standard output with what its rows would not say."""
    for names in copied_columns(sql):
        if names is None or names:
            given = (("", names),) if names is not None else None
            return replace(operation, unlabelled=Unlabelled("\\copy without HEADER", COPIED, given))
    return operation
