"""``kubectl config``: the agent's own kubeconfig, which decides where its later calls go, and as whom.

Reading it is READ, with its credentials (``view --raw``, ``view --flatten``) sensitive. Another namespace
for later calls is SESSION. Another cluster, server or context is NETWORK: it redirects every later call without a
word in it. Another user is PRIVILEGE, and a credential plugin EXECUTE, since kubectl runs it at the next call.
Entries that go are DELETE.
"""

from __future__ import annotations

from collections.abc import Callable

from guardcli.inspectors.kubectl.call import Call, Findings, one
from guardcli.model.effects import Effect
from guardcli.model.operations import Target

_PROGRAMS = ("exec", "auth-provider")


def _entry(call: Call, kind: str, name: str = "") -> list[Target]:
    words = call.line.words
    return [Target("object", f"/{kind}/{name or (words[0] if words else '*')}")]


def _view(call: Call) -> Findings:
    # --flatten prints credentials as well, although only --raw says so
    shown = call.line.maybe("raw") or call.line.maybe("flatten")
    return one(call.operation({Effect.READ}, sensitive=shown))


def _read(call: Call) -> Findings:
    return one(call.operation({Effect.READ}))


def _use_context(call: Call) -> Findings:
    return one(call.operation({Effect.NETWORK}, _entry(call, "context")))


def _set_context(call: Call) -> Findings:
    redirecting = call.line.has("cluster") or call.line.has("user")
    effects = {Effect.NETWORK, Effect.PRIVILEGE} if redirecting else {Effect.SESSION}
    return one(call.operation(effects, _entry(call, "context")))


def _set_cluster(call: Call) -> Findings:
    return one(call.operation({Effect.NETWORK}, _entry(call, "cluster")))


def _set_credentials(call: Call) -> Findings:
    effects = {Effect.PRIVILEGE}
    if any(name.startswith(_PROGRAMS) for name in call.line.flags):
        effects.add(Effect.EXECUTE)
    return one(call.operation(effects, _entry(call, "user")))


def _rename(call: Call) -> Findings:
    return one(call.operation({Effect.SESSION}, _entry(call, "context")))


def _drop(call: Call) -> Findings:
    return one(call.operation({Effect.SESSION, Effect.DELETE}, _entry(call, call.verb.rpartition("-")[2])))


def _set(call: Call) -> Findings:
    """Judge ``set PROPERTY VALUE`` and ``unset PROPERTY`` by the property's path."""
    path = call.line.words[0] if call.line.words else ""
    steps = path.lower().split(".")
    effects = {Effect.DELETE} if call.verb == "config unset" else set()
    if steps[0] == "contexts" and steps[-1] == "namespace":
        effects.add(Effect.SESSION)
    elif steps[0] == "users":
        effects.add(Effect.PRIVILEGE)
        # a user's name may hold dots: whatever part names a program counts
        if any(step.startswith(_PROGRAMS) for step in steps):
            effects.add(Effect.EXECUTE)
    elif steps[0] in ("clusters", "current-context"):
        effects.add(Effect.NETWORK)
    elif steps[0] == "contexts":
        effects |= {Effect.NETWORK, Effect.PRIVILEGE}
    else:
        effects.add(Effect.SESSION)
        return one(call.operation(effects, doubts=[f"the property {path[:100]} is not known"]))
    return one(call.operation(effects, [Target("object", f"/{steps[0].removesuffix('s')}/{path}")]))


CONFIG: dict[str, Callable[[Call], Findings]] = {
    "config current-context": _read,
    "config delete-cluster": _drop,
    "config delete-context": _drop,
    "config delete-user": _drop,
    "config get-clusters": _read,
    "config get-contexts": _read,
    "config get-users": _read,
    "config rename-context": _rename,
    "config set": _set,
    "config set-cluster": _set_cluster,
    "config set-context": _set_context,
    "config set-credentials": _set_credentials,
    "config unset": _set,
    "config use-context": _use_context,
    "config view": _view,
}
