"""Which requests a call of kubectl implies: a yes to the call is a yes to these, and to nothing beyond.

A request is implied by an operation of the call when all of this holds:

- its verb and subresource are among those that the command uses (`_USES`), or it reads what the operation names;
- its kind is the operation's, its namespace the operation's (the context's where the call names none), and its name is
  one that the operation names; a ``*`` of the call (a selector, ``--all``) stands for any name;
- it does nothing that the operation does not: its effects are among the operation's, and it is neither unbounded
  nor sensitive unless the operation is;
- an exec has the very command of the call, and standard input only if the call gives it any.

Commands that lead through one object to another imply that one too: a workload or a service its pods, ``drain`` the
evictions of pods, ``autoscale`` its autoscaler, ``debug`` the pod that it makes. What a client asks a server about
itself (versions, resources, schemas) is implied by every call.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from guardcli.gateways.kubernetes.codec.request_info import RequestInfo
from guardcli.gateways.kubernetes.judging import TOOL, kind_of_resource
from guardcli.inspectors.kubectl.flags import CommandLine, parse
from guardcli.model.effects import Effect
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Operation

Use = tuple[str, str]
"""A verb of the API, and a subresource."""

_READS: frozenset[Use] = frozenset({("get", ""), ("list", ""), ("watch", "")})
_PATCH: frozenset[Use] = frozenset({("patch", "")})
_ATTACH: frozenset[Use] = frozenset({("get", "attach"), ("create", "attach")})
_EXEC: frozenset[Use] = frozenset({("get", "exec"), ("create", "exec")})
_USES: dict[str, frozenset[Use]] = {
    **dict.fromkeys(("label", "annotate", "taint", "cordon", "uncordon", "apply set-last-applied"), _PATCH),
    **dict.fromkeys(("rollout restart", "rollout undo", "rollout pause", "rollout resume"), _PATCH),
    "apply": _PATCH | {("create", "")},
    "apply edit-last-applied": _PATCH,
    "attach": _ATTACH,
    "auth reconcile": frozenset({("create", ""), ("update", "")}),
    "autoscale": frozenset(),
    "certificate approve": frozenset({("update", "approval"), ("patch", "approval")}),
    "certificate deny": frozenset({("update", "approval"), ("patch", "approval")}),
    "cp": _EXEC,
    "create token": frozenset({("create", "token")}),
    "debug": _ATTACH | {("patch", "ephemeralcontainers"), ("create", "")},
    "delete": frozenset({("delete", ""), ("deletecollection", "")}),
    "drain": _PATCH,
    "edit": _PATCH | {("update", "")},
    "exec": _EXEC,
    "expose": frozenset({("create", "")}),
    "logs": frozenset({("get", "log")}),
    "patch": _PATCH,
    "port-forward": frozenset({("get", "portforward"), ("create", "portforward")}),
    "replace": frozenset({("update", "")}),
    "run": _ATTACH | {("create", "")},
    "scale": frozenset({("get", "scale"), ("update", "scale"), ("patch", "scale")}),
}
_THROUGH_PODS = frozenset({"exec", "attach", "logs", "port-forward", "cp"})
_HARMLESS = frozenset({Effect.READ, Effect.SESSION})
_TAR = frozenset({"tar", "cf", "-", "-xmf", "-C", "--no-same-permissions", "--no-same-owner"})
_CLUSTER_WIDE = frozenset(
    [
        "apiservice",
        "certificatesigningrequest",
        "clusterrole",
        "clusterrolebinding",
        "componentstatus",
        "csidriver",
        "csinode",
        "customresourcedefinition",
        "flowschema",
        "ingressclass",
        "mutatingwebhookconfiguration",
        "namespace",
        "node",
        "persistentvolume",
        "priorityclass",
        "prioritylevelconfiguration",
        "runtimeclass",
        "storageclass",
        "validatingadmissionpolicy",
        "validatingadmissionpolicybinding",
        "validatingwebhookconfiguration",
        "volumeattachment",
    ]
)
"""Kinds of which a list without a namespace is not a list over all of them."""


@dataclass(frozen=True, slots=True)
class Implied:
    """Requests that one operation of a call implies. ``*`` as kind or namespace is any, in `names` any name."""

    uses: frozenset[Use]
    kind: str
    namespace: str
    names: frozenset[str]
    effects: frozenset[Effect]
    unbounded: bool = False
    sensitive: bool = False

    def covers(self, info: RequestInfo, kind: str, name: str, operations: Sequence[Operation]) -> bool:
        """Return whether a request on `name` of `kind` that does `operations` is one of these."""
        if (info.verb, info.subresource) not in self.uses or self.kind not in ("*", kind):
            return False
        if not self._in_namespace(info, kind) or not any(_fits(own, name) for own in self.names):
            return False
        return all(
            one.effects <= self.effects | _HARMLESS
            and (self.unbounded or not one.unbounded)
            and (self.sensitive or not one.sensitive)
            for one in operations
        )

    def _in_namespace(self, info: RequestInfo, kind: str) -> bool:
        if self.namespace == "*" or kind in _CLUSTER_WIDE or info.namespace == self.namespace:
            return True
        # what has a name and no namespace belongs to none; a list without one is a list over all of them
        return not info.namespace and info.verb not in ("list", "watch", "deletecollection")


@dataclass(frozen=True, slots=True)
class Coverage:
    """All that one call implies. `command` is what an exec of it runs, `files` the paths of a copy in a container."""

    implied: tuple[Implied, ...] = ()
    command: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()
    stdin: bool = False

    def covers(self, info: RequestInfo, operations: Sequence[Operation]) -> bool:
        """Return whether a request that does `operations` is implied."""
        if not info.is_resource:
            return info.verb in ("get", "head") and all(one.complete for one in operations)
        kind = kind_of_resource(info).name
        name = operations[0].targets[0].name.rpartition("/")[2] if operations[0].targets else info.name
        if any(one.action == "impersonate" for one in operations):
            return False
        if info.subresource == "exec":
            if not self._runs(info):
                return False
            operations = ()  # the very command was judged with the call
        return any(each.covers(info, kind, name, operations) for each in self.implied)

    def copies(self, info: RequestInfo) -> bool:
        """Return whether a request that is covered moves the bytes of a copy, which no mask may touch."""
        return bool(self.files) and info.subresource == "exec" and self._runs(info)

    def _runs(self, info: RequestInfo) -> bool:
        command = info.location.all("command")
        if self.files:
            return _copies(command, self.files)
        return bool(command) and command == self.command and (self.stdin or not info.flag("stdin"))


def coverage_of(invocation: Invocation, operations: Iterable[Operation], namespace: str) -> Coverage:
    """Return what a call that was judged to do `operations` implies; `namespace` is its context's."""
    line = parse(invocation.arguments)
    implied: list[Implied] = []
    for operation in operations:
        if operation.tool == TOOL and operation.action == line.command and not line.problem:
            implied += _implied(line, operation, line.value("namespace") or namespace)
    command = _command(line) if line.command == "exec" else ()
    files = _copied(line) if line.command == "cp" else frozenset()
    return Coverage(tuple(implied), command, files, line.maybe("stdin"))


def _implied(line: CommandLine, operation: Operation, default: str) -> Iterator[Implied]:
    uses = _uses(line, operation)
    for target in operation.targets:
        parts = target.name.split("/", 2)
        if target.kind != "object" or len(parts) != 3:
            continue
        namespace, kind, name = parts
        own = Implied(
            uses | _READS,
            kind,
            namespace or default,
            frozenset({name}),
            operation.effects,
            operation.unbounded,
            operation.sensitive,
        )
        if kind == "*":  # what --prune finds
            own = replace(own, uses=frozenset({("delete", "")}))
        yield own
        yield from _beyond(line, own, name)


def _uses(line: CommandLine, operation: Operation) -> frozenset[Use]:
    command = line.command
    uses = _USES.get(command, frozenset())
    if command.startswith("set "):
        uses = _PATCH
    elif command.startswith("create") and command not in _USES:
        uses = frozenset({("create", "")})
    if line.value("subresource"):
        uses = frozenset((verb, line.value("subresource")) for verb, _ in uses | {("get", "")})
    if command in ("apply", "replace") and Effect.DELETE in operation.effects:
        uses |= {("delete", ""), ("create", "")}
    if command == "run" and line.maybe("rm"):
        uses |= {("delete", "")}
    return uses


def _beyond(line: CommandLine, own: Implied, name: str) -> Iterator[Implied]:
    """Yield what is implied besides the object that the call names."""
    command = line.command
    anything = frozenset({"*"})
    if command in _THROUGH_PODS and own.kind != "pod":
        yield replace(own, kind="pod", names=anything)
    elif command == "drain":
        # which pods run on a node is for kubectl to find out
        yield replace(own, uses=_PATCH, effects=own.effects | {Effect.WRITE})
        evicting = frozenset({("create", "eviction"), ("delete", "")}) | _READS
        yield replace(own, uses=evicting, kind="pod", namespace="*", names=anything)
    elif command == "autoscale":
        yield replace(
            own,
            uses=frozenset({("create", "")}),
            kind="horizontalpodautoscaler",
            names=frozenset({line.value("name") or name}),
        )
    elif command == "debug":
        made = frozenset({line.value("copy-to")} - {""}) | ({f"node-debugger-{name}*"} if own.kind == "node" else set())
        if made:
            yield replace(own, kind="pod", names=made)
    elif command == "run" and line.maybe("rm"):
        yield replace(own, uses=frozenset({("delete", "")}), effects=own.effects | {Effect.DELETE})


def _command(line: CommandLine) -> tuple[str, ...]:
    """Return what ``kubectl exec`` runs."""
    if line.dash >= 0:
        return line.after_dash
    return line.words if line.has("filename") else line.words[1:]


def _copied(line: CommandLine) -> frozenset[str]:
    """Return the paths in containers that ``kubectl cp`` names, and the directories that they are in."""
    found: set[str] = set()
    for word in line.words[:2]:
        _, colon, path = word.partition(":")
        if colon:
            plain = posixpath.normpath(path)
            found |= {path, plain, plain.rstrip("/"), posixpath.dirname(plain), posixpath.basename(plain)}
    return frozenset(found)


def _copies(command: tuple[str, ...], files: frozenset[str]) -> bool:
    """Return whether `command` is one that ``kubectl cp`` runs for `files`."""
    if command[:2] == ("test", "-d"):
        return len(command) == 3 and command[2].rstrip("/") in {one.rstrip("/") for one in files}
    return command[:1] == ("tar",) and all(word in _TAR or word in files for word in command)


def _fits(own: str, name: str) -> bool:
    return own in ("*", name) or (own.endswith("*") and name.startswith(own[:-1]))
