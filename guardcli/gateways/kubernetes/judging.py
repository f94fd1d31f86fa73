"""What a request does, in the words of the inspectors: the tool is kubectl, the action kubectl's own word for it.

One vocabulary for a call and for its requests lets one rule speak of both. The server's verbs become ``get`` (get,
list, watch), ``create``, ``replace`` (update), ``patch`` and ``delete`` (deletecollection as well); subresources have
the name of the command that is made for them (`_ACTIONS`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from guardcli.gateways.kubernetes.codec.options import PROTOBUF, is_dry_deletion
from guardcli.gateways.kubernetes.codec.request_info import RequestInfo
from guardcli.gateways.kubernetes.codec.status import Refusal
from guardcli.gateways.kubernetes.documents import holds_masks
from guardcli.inspectors.kubectl.call import limits
from guardcli.inspectors.kubectl.kinds import REVIEWS, Kind, kind_named
from guardcli.inspectors.kubectl.manifests import ManifestError, load_manifests, load_values
from guardcli.inspectors.kubectl.objects import (
    Thing,
    describe,
    drives_out,
    grants,
    identity,
    removes_finalizers,
)
from guardcli.inspectors.shell import NotUnderstoodError, inspect_argv
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, Target

TOOL = "kubectl"
CONTAINER = "container"
"""The tool of what runs in a container, as the inspector of kubectl calls it."""
REASON_MAX = 500

_ABOUT_SERVER = frozenset(
    [
        "api",
        "apis",
        "healthz",
        "livez",
        "metrics",
        "openapi",
        "openid",
        "readyz",
        "swagger.json",
        "version",
        ".well-known",
    ]
)
_ACTIONS = {
    "log": "logs",
    "exec": "exec",
    "attach": "attach",
    "portforward": "port-forward",
    "proxy": "proxy",
    "scale": "scale",
    "eviction": "drain",
    "token": "create token",
    "approval": "certificate approve",
    "ephemeralcontainers": "debug",
}
_VERBS = {
    "get": ("get", Effect.READ),
    "list": ("get", Effect.READ),
    "watch": ("get", Effect.READ),
    "create": ("create", Effect.WRITE),
    "update": ("replace", Effect.WRITE),
    "patch": ("patch", Effect.WRITE),
    "delete": ("delete", Effect.DELETE),
    "deletecollection": ("delete", Effect.DELETE),
}
_POWERFUL = frozenset({"approval", "binding", "bindings"})
_QUIET = frozenset({"", "log", "status", "scale", "resize"})
_HARMLESS = frozenset({Effect.READ, Effect.SESSION})
_PATCHES = frozenset(
    {"application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"}
)
_OBJECTS = frozenset({"application/json", "application/yaml", "application/apply-patch+yaml", ""})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it is judged: `media` is the type of `body`, `acting` the names of whom it would act as."""

    info: RequestInfo
    media: str = ""
    body: bytes = field(default=b"", repr=False)
    acting: tuple[str, ...] = ()


def judge_request(asked: Asked) -> tuple[Operation, ...]:
    """Return what a request does; never empty. Raises Refusal for one that nobody could want."""
    operations = _judge(asked)
    if not asked.acting:
        return operations
    targets = tuple(Target("role", name) for name in asked.acting)
    return (*operations, Operation(TOOL, "impersonate", frozenset({Effect.PRIVILEGE}), targets))


def _judge(asked: Asked) -> tuple[Operation, ...]:
    info = asked.info
    if not info.is_resource:
        return (_about_server(info),)
    kind = kind_of_resource(info)
    if info.subresource == "exec":
        return _exec(info, kind)
    effects, doubts = _by_verb(info, kind)
    things = _read_body(asked, kind, effects, doubts)
    dry = _is_dry(asked) and not info.connects
    if dry:
        effects, doubts = {Effect.READ}, []
    name = info.name or (things[0].name if len(things) == 1 and info.verb == "create" else "") or "*"
    deletion = info.verb in ("delete", "deletecollection")
    return (
        _operation(
            info,
            effects,
            (target_of(info, kind, name),),
            doubts,
            unbounded=not dry and info.verb == "deletecollection" and not limits(info.limited),
            sensitive=(kind.secret and not deletion) or info.subresource == "token",
        ),
    )


def kind_of_resource(info: RequestInfo) -> Kind:
    """Return the kind of a resource: by its singular name where it is built in, else ``plural.group``."""
    known = kind_named(info.resource)
    return known if known.name != info.resource.lower() or not info.group else kind_named(_qualified(info))


def _qualified(info: RequestInfo) -> str:
    return f"{info.resource}.{info.group}"


def target_of(info: RequestInfo, kind: Kind, name: str) -> Target:
    """Return the target of an object; ``*`` is the namespace of a request for all of them."""
    return Target("object", f"{info.namespace or '*'}/{kind.name}/{name}")


def action_of(info: RequestInfo) -> str:
    """Return kubectl's word for what a request does."""
    if info.subresource in _ACTIONS:
        return _ACTIONS[info.subresource]
    return _VERBS.get(info.verb, (info.verb or "request", None))[0]


def _operation(
    info: RequestInfo,
    effects: set[Effect] | frozenset[Effect],
    targets: Sequence[Target],
    doubts: Sequence[str] = (),
    *,
    unbounded: bool = False,
    sensitive: bool = False,
) -> Operation:
    return Operation(
        tool=TOOL,
        action=action_of(info),
        effects=frozenset(effects) | ({Effect.UNKNOWN} if doubts else set()),
        targets=tuple(targets),
        complete=not doubts,
        reason="; ".join(doubts)[:REASON_MAX],
        unbounded=unbounded,
        sensitive=sensitive,
    )


def _about_server(info: RequestInfo) -> Operation:
    steps = info.location.segments
    targets = [Target("object", f"//{'/'.join(steps)}")]
    if info.verb not in ("get", "head"):
        return _operation(info, {Effect.WRITE}, targets, ["a change of the server itself"])
    if steps and steps[0] not in _ABOUT_SERVER:
        return _operation(info, {Effect.READ}, targets, [f"the path {info.path[:200]} is not known"])
    return Operation(TOOL, "get", frozenset({Effect.READ}), tuple(targets))


def _by_verb(info: RequestInfo, kind: Kind) -> tuple[set[Effect], list[str]]:
    """Return the effects of verb, kind and subresource, and what is not known."""
    if info.verb not in _VERBS:
        return {Effect.WRITE, Effect.NETWORK}, [f"the verb {info.verb or info.method} is not known"]
    effects, doubts = {_VERBS[info.verb][1]}, []
    below = info.subresource
    if below == "proxy":
        effects |= {Effect.NETWORK, Effect.EXECUTE}
        doubts.append("/proxy reaches into what runs there")
    elif below == "attach":
        return {Effect.EXECUTE}, []
    elif below == "portforward":
        return {Effect.NETWORK}, []
    elif below == "token":
        return {Effect.PRIVILEGE}, []
    elif below == "ephemeralcontainers":
        effects |= {Effect.EXECUTE} if Effect.READ not in effects else set()
    elif below in _POWERFUL or below.startswith("impersonate"):
        effects.add(Effect.PRIVILEGE)
    elif below == "eviction":
        effects = {Effect.DELETE}
    elif below == "finalize" and info.verb == "update":
        effects |= {Effect.DELETE, Effect.DEFINE}
    elif below not in _QUIET or info.rest:
        doubts.append(f"the subresource {'/'.join((below, *info.rest))[:200]} is not known")
    if Effect.DELETE in effects:
        effects |= kind.deletion()
    elif Effect.WRITE in effects:
        effects |= kind.change()
        if kind.base in REVIEWS and info.verb == "create":
            effects = {Effect.READ}
    return effects, doubts


def _is_dry(asked: Asked) -> bool:
    """Return whether nothing is changed; a deletion with a body goes by that alone."""
    if asked.info.verb in ("delete", "deletecollection") and asked.body:
        return is_dry_deletion(asked.media, asked.body)
    return asked.info.dry_run


def _read_body(asked: Asked, kind: Kind, effects: set[Effect], doubts: list[str]) -> list[Thing]:
    """Add what a body brings to `effects` and `doubts`; return the objects in it. Raises Refusal."""
    info = asked.info
    if info.verb not in ("create", "update", "patch") or info.connects or Effect.READ in effects:
        return []
    if not asked.body:
        return []
    try:
        if asked.media in _PATCHES and info.verb == "patch":
            _judge_patch(info, kind, list(load_values(asked.body.strip())), effects)
            return []
        if asked.media not in _OBJECTS:
            named = "protobuf" if asked.media == PROTOBUF else asked.media[:100]
            doubts.append(f"a body of the type {named} is not read")
            return []
        forms = load_manifests(asked.body)
    except ManifestError as fault:
        doubts.append(f"the body is not understood: {fault}")
        return []
    if kind.secret and holds_masks(forms):
        raise Refusal(422, "this would write what guard shows in place of a secret into the Secret itself")
    things = [describe(form) for form in forms]
    for thing in things:
        effects |= thing.added
    if len(things) != 1:
        doubts.append("a body that is not one object")
    return things


def _judge_patch(info: RequestInfo, kind: Kind, parts: list[Any], effects: set[Effect]) -> None:
    if kind.secret and holds_masks(parts):
        raise Refusal(422, "this would write what guard shows in place of a secret into the Secret itself")
    if kind.base not in ("configmap", "secret", "customresourcedefinition") and grants(parts):
        effects.add(Effect.PRIVILEGE)
    if removes_finalizers(parts) or (kind.base == "node" and drives_out(parts)):
        effects.add(Effect.DELETE)
    effects |= identity(kind, info.name, parts)


def _exec(info: RequestInfo, kind: Kind) -> tuple[Operation, ...]:
    """Return what the command of an exec does, as the inspector of kubectl says it of ``kubectl exec``."""
    target = target_of(info, kind, info.name or "*")
    command = info.location.all("command")
    if not command:
        return (_operation(info, {Effect.EXECUTE}, [target], ["an exec without a command"]),)

    def stdin() -> str:
        raise NotUnderstoodError("it runs what it reads from standard input, which is not known beforehand")

    inner = inspect_argv(command, tool=CONTAINER, stdin=stdin)
    doubts = [operation.reason for operation in inner if not operation.complete]
    effects = frozenset[Effect]().union(*(operation.effects for operation in inner)) - {Effect.UNKNOWN}
    if not inner or doubts or not effects <= _HARMLESS:
        effects |= {Effect.EXECUTE}
    targets = (target, *(one for operation in inner for one in operation.targets))
    operation = _operation(
        info,
        effects | {Effect.READ},
        targets,
        doubts,
        unbounded=any(one.unbounded for one in inner),
        sensitive=any(one.sensitive for one in inner) or any("/secrets/" in one.name for one in targets),
    )
    return (operation, *(one for one in inner if one.tool != CONTAINER))
