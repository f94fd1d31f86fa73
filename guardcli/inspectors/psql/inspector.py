"""Judge a call of psql: its options, what it reads, where it connects, and every statement and command in it.

What the system's administrator wrote (the system-wide psqlrc) is trusted; the user's own psqlrc is judged
as a script, since whoever can write it could make any call do anything. PSQLRC and PGSERVICEFILE are then set to what
was judged (psql(1), ENVIRONMENT: PSQLRC names the one start file that is read), so that psql reads that and no other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from guardcli.inspectors.psql.bounds import TOO_MUCH
from guardcli.inspectors.psql.connection import (
    Parameters,
    judge_parameters,
    read_service,
    targets,
)
from guardcli.inspectors.psql.destination import read_destination, service_files
from guardcli.inspectors.psql.logins import judge_login
from guardcli.inspectors.psql.options import CommandLine, Option, read_command_line
from guardcli.inspectors.psql.script import STREAMS, Script
from guardcli.inspectors.psql.variables import Variables
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts, FactUnavailable
from guardcli.model.invocation import UNNAMED, Invocation, Stdin
from guardcli.model.operations import Input, Inspection, Operation, Target, conceded

_PAGER = re.compile(r"\s*(?:(?:/usr)?/bin/)?(?:less|more|most|cat|pager|pspg)(?:\s+-[A-Za-z0-9]+)*\s*")
_STDIN_NAMES = frozenset(("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"))
_VERSIONS = range(10, 20)
"""Major versions of psql, each of which prefers a start file that ends in ``-VERSION``."""

_NOTHING = "/dev/null"

_SERVICES = ("PGSERVICEFILE", "PGSYSCONFDIR")
"""What says where services are: a service of the user's own files is the user's word on where to go."""


class PsqlInspector:
    """The inspector of psql. `baseline` is the environment that the session began with, as far as it is known."""

    tool = "psql"

    def __init__(self, baseline: Mapping[str, str] | None = None) -> None:
        self._baseline = baseline or {}

    def inspect(self, invocation: Invocation, facts: Facts) -> Inspection:
        """Return what `invocation` would do. Never raises for any input; concedes instead."""
        return _Call(invocation, facts, self._baseline).inspect()


class _Call:
    """One call on its way to an Inspection."""

    def __init__(self, invocation: Invocation, facts: Facts, baseline: Mapping[str, str]) -> None:
        self.invocation = invocation
        self.facts = facts
        self.baseline = baseline
        self.line: CommandLine = read_command_line(invocation.argv, posix="POSIXLY_CORRECT" in invocation.env)
        self.script = Script(Variables(), invocation.env, on_the_wire=bool(invocation.gateway))
        self.inputs: list[Input] = []
        self.settings: list[tuple[str, str]] = []
        self.parameters: Parameters = {}

    def inspect(self) -> Inspection:
        """Judge everything in the order in which psql does it."""
        ends = self._options()
        if not ends:
            self._connection()
            self._pager()
            self._start_file()
            self._actions()
        if not self.script.operations:
            self.script.operations.append(Operation("psql", ends or "connect", frozenset((Effect.READ,))))
        where = () if ends else self._where()
        operations = self.script.operations
        if where:
            operations = [
                replace(operation, targets=tuple(dict.fromkeys((*operation.targets, *where))))
                for operation in operations
            ]
        return Inspection(tuple(operations), tuple(self.inputs), environment=tuple(self.settings))

    def _where(self) -> tuple[Target, ...]:
        """Return what the call is aimed at: for one that goes to a gateway, the resource is known by its name."""
        gateway = self.invocation.gateway
        return (*targets(self.parameters), *((Target("resource", gateway),) if gateway not in ("", UNNAMED) else ()))

    def _options(self) -> str:
        """Carry out what options do while psql reads them; return why psql stops there, empty if it goes on."""
        self.script.form.take_options(self.line.options)
        for option in self.line.options:
            if option.letter == "o":
                self._output("--output", option.value)
            elif option.letter == "v":
                self._variable(option.value)
            elif option.letter == "S":
                self.script.variables.set("SINGLELINE", "on")
            elif option.letter in ("?", "V"):
                return "help" if option.letter == "?" else "version"
        if self.line.strange:
            self.script.add(conceded("psql", "unknown", self.line.fault))
            return "unknown"
        if self.line.fault:
            return "usage"
        for option in self.line.options:
            if option.letter == "L":
                self._output("--log-file", option.value)
        return ""

    def _variable(self, text: str) -> None:
        name, equals, value = text.partition("=")
        if equals:
            self.script.variables.set(name, value)
        else:
            self.script.variables.unset(name)

    def _output(self, action: str, value: str) -> None:
        if value.startswith("|") and action == "--output":
            words = value[1:].split()
            found = (Target("command", words[0]),) if words else ()
            self.script.add(Operation("psql", f"{action} |", frozenset((Effect.EXECUTE,)), found))
        elif value and value not in STREAMS:
            path = self.invocation.path(value)
            self.script.add(Operation("psql", action, frozenset((Effect.FILE,)), (Target("file", path),)))

    def _connection(self) -> None:
        told = read_destination(self.line, self.invocation.env)
        service: Parameters = {}
        if told.fault:
            self.script.add(conceded("psql", "connect", told.fault, Effect.NETWORK))
        if told.service and "servicefile" in told.layers[0]:
            reason = "a service file that the connection string names is not read"
            self.script.add(conceded("psql", "connect", reason, Effect.NETWORK))
        elif told.service:
            service = self._service(told.service)
        self.parameters = told.parameters(service)
        for operation in judge_parameters(self.parameters):
            self.script.add(operation)
            if not operation.complete:
                self.script.lose_sight(operation.reason)
        env = self.invocation.env
        named = self.invocation.gateway not in ("", UNNAMED)
        by_service = bool(service.get("host")) and service.get("host") == self.parameters.get("host")
        home = named or (by_service and not any(env.get(name) != self.baseline.get(name) for name in _SERVICES))
        for operation in judge_login(self.parameters, env, self.baseline, leads_home=home):
            self.script.add(operation)

    def _service(self, service: str) -> Parameters:
        for path in service_files(self.invocation.env):
            try:
                content = self.facts.read_file(self.invocation.path(path)).decode("utf-8", "replace")
            except FactUnavailable:
                continue
            found = read_service(content, service)
            if found is not None:
                self.inputs.append(Input(self.invocation.path(path), variable="PGSERVICEFILE"))
                return found
        self.script.add(conceded("psql", "connect", f"the service {service} is not known", Effect.NETWORK))
        return {}

    def _at_terminal(self) -> bool:
        return self.invocation.stdin is Stdin.TERMINAL and self.invocation.stdout_is_terminal

    def _pager(self) -> None:
        """Judge the pager: one that is named counts always, since a terminal may be there when psql runs."""
        env = self.invocation.env
        pager = env.get("PSQL_PAGER") or env.get("PAGER") or "less"
        lesspipe = self._at_terminal() and env.get("LESSOPEN", "").lstrip("|").startswith("-")
        watching = env.get("PSQL_WATCH_PAGER", "")  # for \watch, on a terminal
        if watching.strip() and not _PAGER.fullmatch(watching):
            pager = watching
        if (pager.strip() and not _PAGER.fullmatch(pager)) or lesspipe:
            found = (Target("command", (pager.split() or [""])[0]),)
            self.script.add(Operation("psql", "pager", frozenset((Effect.EXECUTE,)), found))

    def _start_file(self) -> None:
        """Judge the user's psqlrc where there is one, and have psql read that, or none.

        What cannot be read here is not read by psql either. Which of several files psql would choose depends on
        its version, which is not known, so that several concede.
        """
        if any(option.letter == "X" for option in self.line.options):
            return
        found = self._start_files()
        for path, content in found.items():
            self._run(content, path)
        if not found:
            self.settings.append(("PSQLRC", _NOTHING))
        elif len(found) == 1 and self._start_path() in found:
            self.inputs.append(Input(self._start_path(), variable="PSQLRC"))
        else:
            names = " and ".join(found)
            reason = f"{names}: which one is read depends on psql's version; name one in PSQLRC, or use psql -X"
            self.script.lose_sight(reason)

    def _start_path(self) -> str:
        """Return the start file without a version; an empty string where there can be none."""
        env = self.invocation.env
        given, home = env.get("PSQLRC", ""), env.get("HOME", "")
        if given == "~" or given.startswith("~/"):
            given = home + given[1:]
        if given:
            return self.invocation.path(given)
        return self.invocation.path(f"{home}/.psqlrc") if home else ""

    def _start_files(self) -> dict[str, bytes]:
        """Return the start files that some version of psql would read, by their paths."""
        plain = self._start_path()
        found = {}
        for path in (plain, *(f"{plain}-{version}" for version in _VERSIONS)) if plain else ():
            with suppress(FactUnavailable):
                found[path] = self.facts.read_file(path)
        return found

    def _run(self, content: bytes, name: str, *, on_stdin: bool = False) -> None:
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            self.script.lose_sight(f"{name} is not valid UTF-8")
            return
        if "\0" in text:
            self.script.lose_sight(f"{name} holds a NUL character")
            return
        self.script.run_text(text, on_stdin=on_stdin)

    def _actions(self) -> None:
        actions = [option for option in self.line.options if option.letter in "cfl"]
        if any(option.letter == "l" for option in actions):
            self.script.add(Operation("psql", "--list", frozenset((Effect.READ,))))
            return
        for action in actions:
            if self.script.is_full:
                self.script.lose_sight(TOO_MUCH)
                return
            if action.letter == "f":
                self._file(action)
            elif action.value.startswith("\\"):
                self.script.run_command(action.value)
            else:
                self.script.send(action.value)
        if not actions:
            self._stdin()

    def _file(self, option: Option) -> None:
        if option.value in _STDIN_NAMES:
            self._stdin()
            return
        path = self.invocation.path(option.value)
        try:
            content = self.facts.read_file(path)
        except FactUnavailable as reason:
            self.script.lose_sight(f"{path} cannot be judged: {reason}")
            return
        self.inputs.append(Input(path, option.index, option.prefix))
        self._run(content, path)

    def _stdin(self) -> None:
        if self.invocation.stdin is Stdin.NULL:
            return
        if self.invocation.stdin is Stdin.TERMINAL and self.invocation.gateway:
            self.script.add(Operation("psql", "interactive", frozenset((Effect.SESSION,))))
            return
        if self.invocation.stdin is Stdin.TERMINAL:
            self.script.lose_sight("an interactive session: what will be typed is not known; use psql -c or -f")
            return
        if any(option.letter == "W" for option in self.line.options):
            self.script.lose_sight("the password may be read from standard input before the script is")
        if any(operation.action.endswith("copy from") for operation in self.script.operations):
            self.script.lose_sight("an earlier COPY may read a part of standard input")
        try:
            content = self.facts.stdin()
        except FactUnavailable as reason:
            self.script.lose_sight(f"standard input cannot be judged: {reason}")
            return
        self._run(content, "standard input", on_stdin=True)
