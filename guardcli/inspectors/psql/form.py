r"""In what form psql writes rows, and where to: whether guard can tell which column a value in its output is of.

Under a header, in expanded form, CSV or HTML it can, though CSV does not say where the next result begins. It cannot
with ``--tuples-only`` (`\t`), in unaligned form, where a value may hold what stands between fields, in rows of COPY
without HEADER, in `\crosstabview`, whose headers are values, of what `\gset` stores for `\echo` and its like, nor in
what psql writes to a file or a program.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from guardcli.inspectors.psql.arguments import Arguments, options_end
from guardcli.inspectors.psql.options import Option
from guardcli.inspectors.sql.columns import copied_columns, returned_columns
from guardcli.model.operations import Operation, Unlabelled

_OFF = frozenset(("off", "false", "no", "0", "of", "f", "fa", "fal", "fals", "n"))
_ANSWERS = re.compile(r"(?i)[(\s](\w+)(?:=([^\s)]*))?(?=[\s)])")
_NAMED = frozenset(("aligned", "wrapped", "html", "asciidoc", "latex", "latex-longtable", "troff-ms", "csv"))
"""The formats, by their whole names, in which the name of a column stands beside its values or over them."""
_COMMAS = frozenset((",", ";", "\t", "|", "~", "^", "#", "!"))
"""What may stand between the fields of CSV so that a header is known by it."""
INSTEAD = "leave out -t (--tuples-only); --csv is easy to read for a program and has a header"
PLAIN = "leave the output aligned; --csv is easy to read for a program and its fields end where they seem to"
AWAY = "let psql write to its standard output, which can be sent to a file from outside"
SEVERAL = "several statements in psql's CSV form"
ONE = "run one statement a call, or leave the output aligned"
COPIED = "write COPY … TO STDOUT WITH (FORMAT csv, HEADER)"
_OWN = frozenset(("/dev/stdout", "/dev/stderr", "/dev/fd/1", "/dev/fd/2", "/dev/null"))

Form = tuple[str, str]
"""What leaves the names out, and what to do instead."""


@dataclass(slots=True)
class OutputForm:
    """What was asked for so far. `bare` says what leaves the names out; what is turned off again stays so here.

    `once` says it of the next statement alone. `plain` says that nothing tells where one result ends and the next
    begins, `answers` counts what was sent.
    """

    bare: Form | None = None
    once: Form | None = None
    plain: bool = False
    answers: int = 0

    def take_options(self, options: Sequence[Option]) -> None:
        """Take the command line's."""
        formats = [option.letter for option in options if option.letter in ("A", "H", "csv")]
        if formats[-1:] == ["A"]:
            self._leave("psql --no-align", PLAIN)
        for option in options:
            name, _, value = option.value.partition("=")
            if option.letter == "t":
                self._leave("psql --tuples-only", INSTEAD)
            elif option.letter == "P":
                self._set(name.strip(), value)
            elif option.letter in "oL":
                self._write(option.value)
            self.plain = self.plain or option.letter == "csv"

    def take_command(self, name: str, arguments: Arguments) -> None:
        """Take a backslash command, before what it sends is judged."""
        values = arguments.values
        self.once = None
        if name == "t":
            self._set("t", values[0] if values else "")
        elif name == "a":
            self._leave("psql's unaligned form", PLAIN)
        elif name == "pset" and values:
            self._set(values[0], values[1] if len(values) > 1 else "")
        elif name in ("g", "gx"):
            given = " ".join("(t)" if value is None else value for value in values)
            for found in _ANSWERS.finditer(given) if given.startswith("(") else ():
                self._set(found[1], found[2] or "")
            self._write_once(f"\\{name}", values[options_end(values) :])
        elif name in ("o", "out"):
            self._write(values[0] if values else "")
        elif name.startswith("crosstabview"):
            self.once = ("\\crosstabview", INSTEAD)
        elif name == "gset":
            self.once = ("\\gset, for \\echo and its like,", "print the query's result itself")

    def _set(self, name: str | None, value: str | None) -> None:
        setting = name.lower() if name is not None else ""
        if name is None or (setting in ("t", "tuples_only") and (value is None or value.lower() not in _OFF)):
            self._leave("psql's tuples_only", INSTEAD)
        elif (setting == "format" and value not in _NAMED) or (setting == "csv_fieldsep" and value not in _COMMAS):
            self._leave(f"psql's {setting} {value}".rstrip(), PLAIN) if value != "" else None
        self.plain = self.plain or (setting == "format" and value not in ("aligned", "wrapped", "html"))

    def _leave(self, form: str, instead: str) -> None:
        self.bare = self.bare or (form, instead)

    def _write(self, to: str | None) -> None:
        if to is None or (to and to not in _OWN):
            self._leave("psql into a file or a program", AWAY)

    def _write_once(self, name: str, values: Sequence[str | None]) -> None:
        if values and values[0] not in _OWN:
            self.once = (f"{name} into a file or a program", AWAY)

    def told(self, text: str, judged: Sequence[Operation]) -> Sequence[Operation]:
        """Return what `text` was judged to do, each operation with what its rows would not say."""
        several = self.plain and self.answers + len(judged) > 1
        left, self.once = self.once or self.bare, None
        left = left or ((SEVERAL, ONE) if several else None)
        self.answers += len(judged)
        if left is None and not any(one.action == "copy to" for one in judged):
            return judged
        found = returned_columns(text)
        columns = found if len(found) == len(judged) else [None] * len(judged)
        marked = []
        for operation, names in zip(judged, columns, strict=True):
            is_copy = operation.action == "copy to"
            shown = names if left is not None or is_copy or names is None else frozenset()
            form, instead = ("COPY without HEADER", COPIED) if is_copy else left or ("", "")
            given = (("", shown),) if shown is not None else None
            tells = not form or shown == frozenset() or operation.action == "empty"
            marked.append(operation if tells else replace(operation, unlabelled=Unlabelled(form, instead, given)))
        return marked


def copied(sql: str, operation: Operation, away: bool) -> Operation:
    r"""Return the operation of a `\copy` to standard output, or `away` to a file or a program, with what its rows would
    not say.
    """
    form, instead = ("\\copy into a file or a program", AWAY) if away else ("\\copy without HEADER", COPIED)
    for names in copied_columns(sql, headed=away):
        if names is None or names:
            given = (("", names),) if names is not None else None
            return replace(operation, unlabelled=Unlabelled(form, instead, given))
    return operation
