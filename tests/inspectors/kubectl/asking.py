"""Asks the inspector about a kubectl call, with files and standard input from a dictionary."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from guardcli.inspectors.kubectl.inspector import KubectlInspector
from guardcli.model.effects import Effect
from guardcli.model.facts import FactUnavailable, NoFacts
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Inspection, Operation

HOME = {"HOME": "/home/me"}


class World(NoFacts):
    """Files and standard input from a dictionary."""

    def __init__(self, files: Mapping[str, str], stdin: str | None = None) -> None:
        self.files = files
        self.given = stdin

    def read_file(self, path: str) -> bytes:
        if path not in self.files:
            raise FactUnavailable(f"{path} does not exist")
        return self.files[path].encode()

    def list_directory(self, path: str) -> Sequence[str]:
        names = sorted({name[len(path) + 1 :].split("/")[0] for name in self.files if name.startswith(path + "/")})
        if not names:
            raise FactUnavailable(f"{path} does not exist")
        return names

    def stdin(self) -> bytes:
        if self.given is None:
            raise FactUnavailable("standard input is a terminal")
        return self.given.encode()


def inspect(line: str, files: Mapping[str, str] | None = None, stdin: str | None = None, **env: str) -> Inspection:
    invocation = Invocation("kubectl", ("kubectl", *shlex.split(line)), HOME | env, "/work")
    return KubectlInspector(HOME).inspect(invocation, World(files or {}, stdin))


def effects(inspection: Inspection) -> str:
    """Return all effects of all operations, from harmless to grave."""
    found = {effect for operation in inspection.operations for effect in operation.effects}
    return " ".join(effect.value for effect in Effect if effect in found)


def complete(inspection: Inspection) -> bool:
    return all(operation.complete for operation in inspection.operations)


def targets(inspection: Inspection) -> list[str]:
    return [str(target) for operation in inspection.operations for target in operation.targets]


def only(inspection: Inspection) -> Operation:
    (operation,) = inspection.operations
    return operation


POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: team}\nspec: {containers: [{name: c, image: i}]}\n"

ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\n"

FILES = {"/work/pod.yaml": POD, "/work/role.yaml": ROLE, "/work/dir/a.yaml": POD, "/work/dir/b.yml": ROLE}
