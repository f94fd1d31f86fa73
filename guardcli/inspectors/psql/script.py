r"""Follow a psql script: what is sent to the server, and what the backslash commands do.

Every branch of an ``\if`` is taken to run. Where what follows depends on something that is not known (a
variable set at run time, a condition inside a statement), everything from there on is conceded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from guardcli.inspectors.psql.arguments import Arguments, command_name, options_end, read_arguments
from guardcli.inspectors.psql.bounds import LINE, MAX_SCRIPT, MAX_WORK, OPERATION, REPLACED, TOO_MUCH, TREE
from guardcli.inspectors.psql.commands import (
    CONDITIONS,
    DESCRIBES,
    FIXED,
    LARGE_OBJECTS,
    NEVER_FAIL,
    PIPES,
    PROGRAM_VARIABLES,
    READS,
    SENDS,
    SESSION,
    WHOLE_LINE,
)
from guardcli.inspectors.psql.connection import is_conninfo, judge_parameters, read_conninfo, targets
from guardcli.inspectors.psql.copying import read_client_copy
from guardcli.inspectors.psql.form import OutputForm, copied
from guardcli.inspectors.psql.scan import Backslash, Scanner, Statement
from guardcli.inspectors.psql.variables import Variables
from guardcli.inspectors.sql import Prepared, inspect_sql
from guardcli.inspectors.sql.settings import judge_setting
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, Target, conceded

STREAMS = frozenset(("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/stdin", "/dev/tty", "/dev/fd/1", "/dev/fd/2"))
"""Names of files that are the call's own streams, or nothing."""

_OUTPUT_OPTIONS = re.compile(r"\(\s*\w+(?:=\w+)?(?:\s+\w+(?:=\w+)?)*\s*\)(?:\s+[^\s\\]+)?\s*")
_ROW = re.compile(r"(?:[^;\\]|\\[\\N])*")
"""A row of COPY that holds nothing which psql would act on if it took the row for a command."""


@dataclass(slots=True)
class Script:
    """Judges the texts of one psql session in their order; `operations` is what they would do.

    `rows` counts the COPY commands whose rows follow in the text, `conditions` the open ``\\if``, `last` is the text
    sent last and `judged` what it does, `work` counts what was read, and `blind` says why nothing is certain any more.
    `on_the_wire`: a gateway judges the statements, and only what psql does by itself is judged here, until it may
    have connected elsewhere.
    """

    variables: Variables
    env: Mapping[str, str] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    prepared: Prepared = field(default_factory=Prepared)
    blind: str = ""
    work: int = 0
    rows: int = 0
    conditions: int = 0
    last: str = ""
    judged: tuple[Operation, ...] | None = None
    on_stdin: bool = False
    on_the_wire: bool = False
    form: OutputForm = field(default_factory=OutputForm)
    scanner: Scanner = field(init=False)

    def __post_init__(self) -> None:
        self.scanner = Scanner(self.variables)

    def run_text(self, text: str, *, on_stdin: bool = False) -> None:
        """Judge a whole script; with `on_stdin` it is psql's standard input."""
        self._begin()
        self.rows, self.on_stdin = 0, on_stdin
        if len(text) > MAX_SCRIPT:
            self.lose_sight(f"the script is longer than {MAX_SCRIPT} characters")
            return
        lines = text.removeprefix("\ufeff").split("\n")
        if self.variables.is_on("SINGLELINE") or not self.variables.is_off("SINGLELINE"):
            self.lose_sight("in single-line mode a line's end ends a statement")
        for line in lines:
            if self.rows:
                self._row(line)
            else:
                self._line(line)
            if self.is_full:
                self.lose_sight(TOO_MUCH)
                return
        if self.scanner.buffer.strip():
            self.send(self.scanner.buffer)
        self.rows = self.conditions = 0

    @property
    def is_full(self) -> bool:
        """Say whether as much was read as is read before a call runs."""
        read = self.work + REPLACED * self.scanner.replaced
        return read + TREE * self.prepared.read + OPERATION * len(self.operations) > MAX_WORK

    def _begin(self) -> None:
        """Begin to read a text of its own; what was read before still counts."""
        self.work += REPLACED * self.scanner.replaced
        self.scanner = Scanner(self.variables)

    def run_command(self, text: str) -> None:
        """Judge one backslash command, as given to ``-c``; `text` begins with the backslash."""
        self._begin()
        self._command(text, 0)

    def send(self, text: str) -> None:
        """Judge a text that the server gets as it stands."""
        if text != self.last or self.judged is None:
            self.judged = inspect_sql(text, prepared=self.prepared)
        for operation in self.form.told(text, self.judged):
            if operation.action == "empty":
                continue
            if not self.on_the_wire:
                self.add(operation)
            if operation.action == "copy from" and not operation.effects & {Effect.FILE, Effect.EXECUTE}:
                self.rows += 1
            if operation.action == "set" and not operation.complete:
                self.lose_sight(f"an earlier statement: {operation.reason}")
        self.last = text

    def add(self, operation: Operation) -> None:
        """Keep an operation, conceded where sight was lost before."""
        if self.blind and operation.complete:
            operation = replace(
                operation, effects=operation.effects | {Effect.UNKNOWN}, complete=False, reason=self.blind
            )
        self.operations.append(operation)

    def lose_sight(self, reason: str) -> None:
        """Concede everything from here on."""
        if not self.blind:
            self.blind = reason
            self.operations.append(conceded("psql", "script", reason))

    def _line(self, line: str) -> None:
        place = 0
        self.work += LINE + len(line)
        self.scanner.begin_line()
        while place >= 0 and not self.is_full:
            place = self._stretch(line, place)
            if self.scanner.doubt:
                self.lose_sight(self.scanner.doubt)

    def _stretch(self, line: str, place: int) -> int:
        """Judge the statements of a line up to a backslash command and that; return where to go on, or -1."""
        for event in self.scanner.scan(line, place):
            if isinstance(event, Statement):
                self.send(event.text)
            elif isinstance(event, Backslash):
                self.scanner.forget_newline()
                return self._command(line, event.place)
        return -1

    def _row(self, line: str) -> None:
        """Skip a row of COPY … FROM STDIN, unless it could run as a command where the COPY fails."""
        if line.rstrip("\r") == "\\.":
            self.rows -= 1
            return
        stops = self.variables.is_on("ON_ERROR_STOP") and not self.conditions
        if not stops and not _ROW.fullmatch(line):
            self.lose_sight("the rows after COPY would run as commands if it failed: set ON_ERROR_STOP")

    def _command(self, line: str, place: int) -> int:
        name, end = command_name(line, place)
        if not name:
            self._plain("", Effect.READ)
            return -1
        if name in WHOLE_LINE or name.startswith("!"):
            self._whole_line(name, line[end:].strip())
            return -1
        arguments = read_arguments(line, end, self.variables, pipe=name in PIPES)
        for program in arguments.programs:
            self._program("`", program)
        if name in CONDITIONS:
            self._condition(name)
        self.form.take_command(name, arguments)
        if name in SENDS:
            self._send_buffer(name)
        self._effects(name, arguments)
        self._settle(name, arguments)
        if not line[arguments.end :].strip():
            return -1
        if name not in NEVER_FAIL:
            self.lose_sight(f"if \\{name} fails, psql skips the rest of its line")
        return arguments.end

    def _program(self, action: str, text: str) -> None:
        words = text.split()
        found = (Target("command", words[0]),) if words else ()
        self.add(Operation("psql", action, frozenset((Effect.EXECUTE,)), found))

    def _whole_line(self, name: str, rest: str) -> None:
        if name.startswith("!"):
            self._program("\\!", f"{name[1:]} {rest}")
        elif name == "copy":
            self._copy(rest)
        elif name in FIXED:
            effects, reason = FIXED[name]
            self.add(conceded("psql", f"\\{name}", reason, *effects))
            self.scanner.reset()
        else:
            self._plain(name, Effect.READ)

    def _plain(self, name: str, *effects: Effect, found: tuple[Target, ...] = ()) -> None:
        self.add(Operation("psql", f"\\{name}", frozenset(effects), found))

    def _condition(self, name: str) -> None:
        if not self.blind and self.scanner.buffer and inspect_sql(self.scanner.buffer)[0].action != "empty":
            self.lose_sight("a condition stands inside a statement")
        self.conditions += {"if": 1, "endif": -1}.get(name, 0)
        self.conditions = max(0, self.conditions)
        self.scanner.conditional = bool(self.conditions)

    def _send_buffer(self, name: str) -> None:
        text = self.scanner.buffer
        self.scanner.reset()
        if name == "gdesc":
            if text.strip():
                self.last, self.judged = text, None
        elif text.strip():
            before = len(self.operations)
            self.send(text)
            if len(self.operations) == before and self.last:
                self.send(self.last)
        elif self.last:
            self.send(self.last)

    def _effects(self, name: str, arguments: Arguments) -> None:
        """Judge what a command does by itself."""
        special = _JUDGES.get(name)
        if special is not None:
            special(self, name, arguments)
        elif name in FIXED:
            effects, reason = FIXED[name]
            found = _files(arguments.values[:1]) if Effect.FILE in effects else ()
            self.add(conceded("psql", f"\\{name}", reason, *effects, targets=found))
        elif name in LARGE_OBJECTS:
            self._plain(name, *LARGE_OBJECTS[name], found=_files(arguments.values) if name != "lo_unlink" else ())
        elif name in READS or DESCRIBES.fullmatch(name):
            self._plain(name, Effect.READ)
        elif name in SESSION:
            if name not in SENDS:
                self._plain(name, Effect.SESSION)
        else:
            self.lose_sight(f"the command \\{name} is not known")

    def _settle(self, name: str, arguments: Arguments) -> None:
        """Carry what a command does to psql's own state."""
        values = arguments.values
        if name in ("r", "reset", "e", "edit"):
            self.scanner.reset()
        elif name in ("i", "include", "ir", "include_relative", "gset"):
            self.variables.forget_all()
        elif name == "set" and values:
            known = None if None in values[1:] or self.conditions else "".join(str(value) for value in values[1:])
            self._set(values[0], known)
        elif name in ("unset", "getenv") and values:
            self._assign(name, values)
        elif name in ("prompt", "password"):
            self.variables.forget_all()
            self.lose_sight(f"\\{name} may read what follows it as an answer")

    def _assign(self, name: str, values: tuple[str | None, ...]) -> None:
        if name == "unset" and values[0] is not None and not self.conditions:
            self.variables.unset(values[0])
        elif name == "getenv" and len(values) > 1 and values[1] in self.env and not self.conditions:
            self._set(values[0], self.env[str(values[1])])
        else:
            self._set(values[0], None)

    def _set(self, name: str | None, value: str | None) -> None:
        if name is None:
            self.variables.forget_all()
            return
        self.variables.set(name, value)
        if name == "SINGLELINE":
            self.lose_sight("in single-line mode a line's end ends a statement")

    def _output(self, name: str, arguments: Arguments) -> None:
        """Judge where output goes: nowhere special, a file, or a program."""
        values = arguments.values
        if name in ("g", "gx") and arguments.whole.startswith("("):
            if not _OUTPUT_OPTIONS.fullmatch(arguments.whole):
                self.lose_sight(f"the options of \\{name} are not understood")
            values = values[options_end(values) :]
        if not values or values[0] in STREAMS:
            if name not in SENDS:
                self._plain(name, Effect.SESSION)
        elif values[0] is None:
            self.add(conceded("psql", f"\\{name}", "where its output goes is not known", Effect.FILE, Effect.EXECUTE))
        elif values[0].startswith("|"):
            self._program(f"\\{name} |", values[0][1:])
        else:
            self._plain(name, Effect.FILE, found=_files(values[:1]))

    def _connect(self, name: str, arguments: Arguments) -> None:
        values = [value for value in arguments.values if value != "-"]
        if not values:
            self._plain(name, Effect.READ)
            return
        if None in values or is_conninfo(str(values[0])) or len(arguments.values) > 2:
            self.on_the_wire = False  # it may leave the gateway: what follows is judged here again
        if None in values:
            self.add(conceded("psql", f"\\{name}", "where it connects is not known", Effect.NETWORK))
            return
        words = [str(value) for value in arguments.values if not str(value).startswith("-reuse-previous")]
        keys = ("dbname", "user", "host", "port")
        parameters = {key: word for key, word in zip(keys, words, strict=False) if word != "-"}
        if words and is_conninfo(words[0]):
            read = read_conninfo(words[0])
            if isinstance(read, str):
                self.add(conceded("psql", f"\\{name}", read, Effect.NETWORK))
                return
            parameters = read
        self._plain(name, Effect.NETWORK, found=targets(parameters))
        for operation in judge_parameters(parameters):
            self.add(operation)

    def _setenv(self, name: str, arguments: Arguments) -> None:
        variable = arguments.values[0] if arguments.values else ""
        if variable is None:
            self.add(conceded("psql", "\\setenv", "which variable it sets is not known", Effect.EXECUTE))
        elif variable in PROGRAM_VARIABLES or variable.startswith(("LD_", "LESS")):
            self._plain(name, Effect.EXECUTE)
        elif variable.startswith("PG"):
            self.on_the_wire = False
            self._plain(name, Effect.NETWORK)
        else:
            self._plain(name, Effect.SESSION)

    def _encoding(self, name: str, arguments: Arguments) -> None:
        if not arguments.values:
            self._plain(name, Effect.READ)
            return
        value = arguments.values[0]
        verdict = judge_setting("client_encoding", () if value is None else (value,))
        self._plain(name, Effect.SESSION)
        if verdict.unknown:
            self.lose_sight(verdict.unknown)

    def _password(self, name: str, arguments: Arguments) -> None:
        found = tuple(Target("role", value) for value in arguments.values[:1] if value)
        self._plain(name, Effect.PRIVILEGE, found=found)

    def _history(self, name: str, arguments: Arguments) -> None:
        if arguments.values:
            self._plain(name, Effect.FILE, found=_files(arguments.values[:1]))
        else:
            self._plain(name, Effect.READ)

    def _copy(self, rest: str) -> None:
        copy = read_client_copy(rest)
        if isinstance(copy, str):
            self.add(conceded("psql", "\\copy", copy, Effect.FILE))
            return
        action = f"\\copy {'from' if copy.inward else 'to'}"
        added: frozenset[Effect] = frozenset()
        found: tuple[Target, ...] = ()
        if copy.program:
            added, found = frozenset((Effect.EXECUTE,)), (Target("command", (copy.program.split() or [""])[0]),)
        elif copy.file and copy.file not in STREAMS:
            added, found = frozenset((Effect.FILE,)), _files((copy.file,))
        for operation in () if self.on_the_wire else inspect_sql(copy.sql, prepared=self.prepared):
            if operation.action.startswith("copy"):
                effects, where = operation.effects | added, (*operation.targets, *found)
                operation = replace(operation, action=action, effects=effects, targets=where)
                operation = copied(copy.sql, operation, away=bool(added))
            self.add(operation)
        if added and (self.on_the_wire or not any(operation.action == action for operation in self.operations)):
            self.add(Operation("psql", action, added, found))
        self.rows += copy.stream == "stdin" or (copy.stream == "pstdin" and self.on_stdin)


def _files(values: tuple[str | None, ...]) -> tuple[Target, ...]:
    return tuple(Target("file", value) for value in values if value)


_JUDGES = {
    "o": Script._output,
    "out": Script._output,
    "g": Script._output,
    "gx": Script._output,
    "w": Script._output,
    "write": Script._output,
    "c": Script._connect,
    "connect": Script._connect,
    "setenv": Script._setenv,
    "encoding": Script._encoding,
    "password": Script._password,
    "s": Script._history,
}
