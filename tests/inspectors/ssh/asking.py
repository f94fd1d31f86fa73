"""Asks about calls of ssh, with the files and the input that they would read."""

from __future__ import annotations

from collections.abc import Mapping

from guardcli.inspectors.ssh.ssh import SshInspector
from guardcli.model.effects import Effect
from guardcli.model.facts import FactUnavailable, NoFacts
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Inspection

SSH = SshInspector()


class Files(NoFacts):
    """Facts of a dictionary of files, and a standard input."""

    def __init__(self, files: Mapping[str, bytes], stdin: bytes | None = None) -> None:
        self.files = files
        self.content = stdin

    def read_file(self, path: str) -> bytes:
        if path not in self.files:
            raise FactUnavailable(f"{path} is missing")
        return self.files[path]

    def stdin(self) -> bytes:
        if self.content is None:
            raise FactUnavailable("it is too long")
        return self.content


def ssh(
    *words: str, files: Mapping[str, bytes] | None = None, stdin: bytes | None = None, **parts: object
) -> Inspection:
    given = Stdin.STREAM if stdin is not None else Stdin.NULL
    invocation = Invocation("ssh", ("ssh", *words), **{"stdin": given, "cwd": "/w", **parts})  # type: ignore[arg-type]
    return SSH.inspect(invocation, Files(files or {}, stdin))


def effects_of(inspection: Inspection) -> set[Effect]:
    return {effect for found in inspection.operations for effect in found.effects}


def plain(inspection: Inspection) -> bool:
    return all(found.complete and found.effects == {Effect.READ} for found in inspection.operations)
