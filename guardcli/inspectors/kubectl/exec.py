"""The verbs that reach into what runs: exec, attach, debug, run, cp, port-forward, proxy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from guardcli.inspectors.kubectl.call import Call, Findings, Named, named, one
from guardcli.inspectors.kubectl.kinds import kind_named
from guardcli.inspectors.kubectl.objects import grants
from guardcli.inspectors.kubectl.parts import inline_part, read_part
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts
from guardcli.model.operations import Operation, Target

InspectArgv = Callable[[Sequence[str], Callable[[], bytes] | None, Facts], tuple[Operation, ...]]
"""What tells the effects of a command that runs in a container; the second argument reads its standard input.

The facts are those of the call, about nothing in the container."""

CONTAINER = "container"
"""The tool of operations that are nothing but a part of exec; those of guarded tools stand beside it as their own."""

_HARMLESS = frozenset({Effect.READ, Effect.SESSION})
_NODE_PROFILES = frozenset({"sysadmin", "netadmin"})


def judge_exec(call: Call, inspect_argv: InspectArgv) -> Findings:
    """Return what the command does in its container: READ for one that is known to only read, else EXECUTE too."""
    pods, command = _exec_words(call)
    manifests = call.manifests()
    targets = call.targets(pods) + tuple(call.target(each.kind, each.name, each.namespace) for each in manifests.things)
    if not command:
        return one(call.operation({Effect.EXECUTE}, targets, manifests.doubts), manifests.inputs)
    inner = inspect_argv(command, call.facts.stdin if call.line.maybe("stdin") else None, call.facts)
    effects = frozenset[Effect]().union(*(operation.effects for operation in inner)) - {Effect.UNKNOWN}
    doubts = [operation.reason for operation in inner if not operation.complete] + list(manifests.doubts)
    if not inner or doubts or not effects <= _HARMLESS:
        effects |= {Effect.EXECUTE}
    targets += tuple(target for operation in inner for target in operation.targets)
    operation = call.operation(
        effects | {Effect.READ},
        targets,
        doubts,
        unbounded=any(operation.unbounded for operation in inner),
        sensitive=any(operation.sensitive for operation in inner) or any("/secrets/" in each.name for each in targets),
    )
    own = tuple(each for each in inner if each.tool != CONTAINER)
    return Findings((operation, *own), manifests.inputs)


def _exec_words(call: Call) -> tuple[tuple[Named, ...], tuple[str, ...]]:
    """Return the pod and the command.

    With ``--`` the command is what follows it, whatever stands before; older versions take it without, too.
    """
    line = call.line
    if line.dash >= 0:
        return named(line.before_dash[:1], "pod"), line.after_dash
    if line.has("filename"):
        return (), line.words
    return named(line.words[:1], "pod"), line.words[1:]


def judge_attach(call: Call) -> Findings:
    """Return EXECUTE: what is typed goes to the process."""
    return one(call.operation({Effect.EXECUTE}, call.targets(named(call.line.words[:1], "pod"))))


def judge_debug(call: Call) -> Findings:
    """Return EXECUTE, with PRIVILEGE where the new container stands on the node itself."""
    manifests = call.manifests()
    things = named(call.line.before_dash[:1], "pod")
    effects = {Effect.EXECUTE, Effect.WRITE}
    if any(each.kind.base == "node" for each in things) or call.line.value("profile") in _NODE_PROFILES:
        effects.add(Effect.PRIVILEGE)
    if call.line.maybe("replace"):
        effects.add(Effect.DELETE)
    doubts, inputs = list(manifests.doubts), list(manifests.inputs)
    for thing in manifests.things:
        effects |= {Effect.PRIVILEGE} if thing.kind.base == "node" else set()
    if call.line.has("custom"):
        part, problem, read = read_part(call, "custom")
        doubts += problem
        inputs += read
        effects |= {Effect.PRIVILEGE} if grants(part) else set()
    return one(call.operation(effects, call.targets(things), doubts), inputs)


def judge_run(call: Call) -> Findings:
    """Return WRITE for a pod of an image as it is; EXECUTE for a command of the caller's or a terminal in it."""
    line = call.line
    effects = {Effect.WRITE}
    if line.words[1:] or line.maybe("command") or line.maybe("stdin") or line.maybe("attach") or line.maybe("tty"):
        effects.add(Effect.EXECUTE)
    if line.maybe("privileged"):
        effects.add(Effect.PRIVILEGE)
    part, doubts = inline_part(call, "overrides")
    if grants(part):
        effects.add(Effect.PRIVILEGE)
    targets = call.targets(named(line.before_dash[:1], "pod"))
    if line.maybe("expose"):
        targets += tuple(call.target(kind_named("service"), name) for name in line.before_dash[:1])
    return one(call.operation({Effect.READ} if call.dry else effects, targets, [] if call.dry else doubts))


def judge_cp(call: Call) -> Findings:
    """Return FILE and WRITE: one side is a container's file system, the other the caller's own."""
    pods: list[Target] = []
    files: list[Target] = []
    for word in call.line.words[:2]:
        place, colon, path = word.partition(":")
        if not colon:
            files.append(Target("file", call.invocation.path(word)))
            continue
        namespace, _, pod = place.rpartition("/")
        pods.append(call.target(kind_named("pod"), pod, namespace))
        files.append(Target("file", path))
    return one(call.operation({Effect.READ, Effect.WRITE, Effect.FILE}, pods + files))


def judge_port_forward(call: Call) -> Findings:
    """Return NETWORK: a local port that leads into the cluster."""
    return one(call.operation({Effect.NETWORK}, call.targets(named(call.line.words[:1], "pod"))))


def judge_proxy(call: Call) -> Findings:
    """Return NETWORK: a local port that speaks to the API with the caller's credentials, unseen by guard."""
    targets = [Target("file", call.invocation.path(call.line.value("www")))] if call.line.value("www") else ()
    return one(call.operation({Effect.NETWORK}, targets))
