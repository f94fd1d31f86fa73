"""``--raw``: a path of the Kubernetes API, called directly.

Form of a path: ``/api/v1/…`` for the core group, ``/apis/GROUP/VERSION/…`` for the others, then an optional
``namespaces/NAMESPACE``, ``RESOURCE``, ``NAME`` and a subresource. Everything else (``/healthz``, ``/metrics``,
``/openapi/…``, ``/version``) only tells about the server, as long as it is read.
"""

from __future__ import annotations

from dataclasses import dataclass

from guardcli.inspectors.kubectl.call import Call, Findings, Manifests, one
from guardcli.inspectors.kubectl.kinds import Kind, kind_named
from guardcli.model.effects import Effect
from guardcli.model.operations import Target

_ABOUT_SERVER = frozenset(
    {
        "",
        ".well-known",
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
    }
)
_METHOD = {
    "get": frozenset({Effect.READ}),
    "create": frozenset({Effect.WRITE}),
    "replace": frozenset({Effect.WRITE}),
    "delete": frozenset({Effect.DELETE}),
}
_THROUGH = frozenset({"proxy", "exec", "attach", "portforward", "run"})
"""Subresources that lead past the API, into a pod or a node."""
_PAST = frozenset({"proxy", "redirect"})
"""Where a resource stands in today's paths, versions before 1.10 had these."""
_POWERFUL = frozenset({"token", "approval", "ephemeralcontainers", "binding", "bindings"})
_QUIET = frozenset({"", "log", "status", "scale", "resize"})


@dataclass(frozen=True, slots=True)
class _Path:
    kind: Kind
    namespace: str
    name: str
    below: str


def judge_raw(call: Call) -> Findings:
    """Return what calling the path of --raw does. No flag makes it a dry run."""
    text = call.line.value("raw")
    method = _METHOD[call.verb]
    path = text.partition("?")[0].partition("#")[0]
    if _odd(path):
        return one(call.operation(method, doubts=[f"the path {text[:200]} is written in an odd way"]))
    steps = [step for step in path.split("/") if step]
    if (steps[0] if steps else "") in _ABOUT_SERVER and len(_inside(steps)) == 0:
        doubts = () if call.verb == "get" else ("a change of the server itself",)
        return one(call.operation(method, [Target("object", "//" + "/".join(steps))], doubts))
    found = _parsed(_inside(steps)) if steps and steps[0] in ("api", "apis") else None
    if found is None:
        return one(call.operation(method, doubts=[f"the path {path[:200]} is not known"]))
    return _judged(call, found, set(method))


def _odd(path: str) -> bool:
    """Return whether a server might read `path` differently: escapes, dots, doubled slashes."""
    steps = path.split("/")
    return (
        not path.startswith("/") or any(c in path for c in "%\\\n\r;") or "//" in path or "." in steps or ".." in steps
    )


def _inside(steps: list[str]) -> list[str]:
    """Return the steps below the version of a group."""
    if steps[:1] == ["api"]:
        return steps[2:]
    return steps[3:] if steps[:1] == ["apis"] else []


def _parsed(inside: list[str]) -> _Path | None:
    """Return what the steps below the version name."""
    if inside[:1] == ["watch"]:
        inside = inside[1:]
    namespace = ""
    if inside[:1] == ["namespaces"] and len(inside) > 2 and inside[2] not in ("finalize", "status"):
        namespace, inside = inside[1], inside[2:]
    if not inside or inside[0] in _PAST:
        return None
    name = inside[1] if len(inside) > 1 else "*"
    return _Path(kind_named(inside[0]), namespace or "*", name, inside[2] if len(inside) > 2 else "")


def _judged(call: Call, path: _Path, effects: set[Effect]) -> Findings:
    target = Target("object", f"{path.namespace}/{path.kind.name}/{path.name}")
    doubts: list[str] = []
    if path.below in _THROUGH:
        effects |= {Effect.NETWORK, Effect.EXECUTE}
        doubts.append(f"/{path.below} reaches into what runs there")
    elif path.below in _POWERFUL or path.below.startswith("impersonate"):
        effects.add(Effect.PRIVILEGE)
    elif path.below == "eviction":
        effects.add(Effect.DELETE)
    elif path.below == "finalize" and call.verb == "replace":
        effects |= {Effect.DELETE, Effect.DEFINE}
    elif path.below not in _QUIET:
        doubts.append(f"the subresource {path.below} is not known")
    if call.verb == "delete":
        effects |= path.kind.deletion()
    elif call.verb != "get":
        effects |= path.kind.change()
    if path.kind.secret and path.name == "*" and call.verb == "get" and not call.invocation.gateway:
        doubts.append("the list of Secrets that the server answers has a form that masking does not know")
    sent = call.manifests() if call.verb in ("create", "replace") else Manifests()
    for thing in sent.things:
        effects |= thing.added
    operation = call.operation(
        effects,
        [target],
        (*doubts, *sent.doubts),
        unbounded=call.verb == "delete" and path.name == "*",
        sensitive=path.kind.secret and call.verb != "delete",
    )
    return one(operation, sent.inputs)
