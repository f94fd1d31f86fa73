"""Asks the inspector about a call of psql, with files and standard input from a dictionary."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from guardcli.inspectors.psql.inspector import PsqlInspector
from guardcli.model.effects import Effect
from guardcli.model.facts import FactUnavailable, NoFacts
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Inspection

NO_ENV: Mapping[str, str] = {}


class Files(NoFacts):
    """Facts of a dictionary: path to content, and what stands on standard input."""

    def __init__(self, files: Mapping[str, str], stdin: str | None) -> None:
        self.files = files
        self.input = stdin

    def read_file(self, path: str) -> bytes:
        if path not in self.files:
            raise FactUnavailable(f"{path} is missing")
        return self.files[path].encode("utf-8", "surrogateescape")

    def list_directory(self, path: str) -> Sequence[str]:
        names = sorted(name.rpartition("/")[2] for name in self.files if name.rpartition("/")[0] == path)
        if not names:
            raise FactUnavailable(f"{path} is missing")
        return names

    def stdin(self) -> bytes:
        if self.input is None:
            raise FactUnavailable("standard input is no stream")
        return self.input.encode("utf-8", "surrogateescape")


def inspect(
    command: str | list[str],
    *,
    stdin: str | None = None,
    files: Mapping[str, str] = NO_ENV,
    env: Mapping[str, str] = NO_ENV,
    terminal: bool = False,
) -> Inspection:
    argv = shlex.split(command) if isinstance(command, str) else command
    kind = Stdin.TERMINAL if terminal else Stdin.NULL if stdin is None else Stdin.STREAM
    return PsqlInspector().inspect(Invocation("psql", tuple(argv), env, "/work", kind, terminal), Files(files, stdin))


def is_harmless(inspection: Inspection) -> bool:
    return all(one.complete and one.effects <= {Effect.READ, Effect.SESSION} for one in inspection.operations)


def effects(inspection: Inspection) -> str:
    return " ".join(sorted({effect.value for one in inspection.operations for effect in one.effects}))


def targets(inspection: Inspection) -> str:
    return " ".join(sorted({str(target) for one in inspection.operations for target in one.targets}))
