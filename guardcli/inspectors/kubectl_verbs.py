"""One judge a verb: what it does to the objects that its words and files name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from guardcli.inspectors.kubectl_call import Call, Findings, Manifests, Named, named, one, sweeping
from guardcli.inspectors.kubectl_config import CONFIG
from guardcli.inspectors.kubectl_exec import (
    inline_part,
    judge_attach,
    judge_cp,
    judge_debug,
    judge_port_forward,
    judge_proxy,
    judge_run,
    read_part,
)
from guardcli.inspectors.kubectl_kinds import Kind, kind_named
from guardcli.inspectors.kubectl_objects import grants, identity, removes_finalizers
from guardcli.inspectors.kubectl_raw import judge_raw
from guardcli.model.effects import Effect
from guardcli.model.operations import Input, Operation, Target

Judge = Callable[[Call], Findings]

_READ = frozenset({Effect.READ})
_WRITE = frozenset({Effect.WRITE})
_LEVEL = "pod-security.kubernetes.io/"
_IDENTITY_KEYS = ("eks.amazonaws.com/role-arn", "iam.gke.io/", "azure.workload.identity/")


def _quiet(call: Call) -> Findings:
    """Judge what tells about kubectl or the server and names no object."""
    return one(call.operation(_READ))


def _group(call: Call) -> Findings:
    """Judge a command that only has others below it."""
    if call.line.words:
        return one(call.operation({Effect.EXECUTE}, doubts=[f"kubectl {call.verb} {call.line.words[0]} is not known"]))
    return one(call.operation(_READ))


def _look(call: Call) -> Findings:
    """Judge get, describe and wait."""
    if call.line.has("raw"):
        return judge_raw(call)
    found = named(call.line.words)
    manifests = call.manifests()
    targets = call.targets(found) + _thing_targets(call, manifests)
    secret = any(each.kind.secret for each in found) or _maybe_secret(manifests)
    effects, doubts = _read_doubts(manifests)
    return one(call.operation(effects, targets, doubts, sensitive=secret), manifests.inputs)


def _read_doubts(manifests: Manifests) -> tuple[frozenset[Effect], tuple[str, ...]]:
    """Return the effects and doubts of reading: what a file says matters little, fetching it does."""
    return (_READ | {Effect.NETWORK}, manifests.doubts) if manifests.network else (_READ, ())


def _maybe_secret(manifests: Manifests) -> bool:
    return bool(manifests.doubts) or any(thing.kind.secret for thing in manifests.things)


def _thing_targets(call: Call, manifests: Manifests) -> tuple[Target, ...]:
    return tuple(call.target(thing.kind, thing.name, thing.namespace) for thing in manifests.things)


def _looking_at(kind: str) -> Judge:
    """Return the judge of a verb that looks at what its first word names, of `kind` unless it says otherwise."""

    def judge(call: Call) -> Findings:
        found = named(call.line.words[:1], kind) or (Named(kind_named(kind), ("*",)),)
        return one(call.operation(_READ, call.targets(found)))

    return judge


def _diff(call: Call) -> Findings:
    manifests = call.manifests()
    effects, doubts = _read_doubts(manifests)
    program = call.invocation.env.get("KUBECTL_EXTERNAL_DIFF", "")
    targets = _thing_targets(call, manifests)
    if program:
        effects |= {Effect.EXECUTE}
        targets += (Target("command", program),)
    return one(call.operation(effects, targets, doubts, sensitive=_maybe_secret(manifests)), manifests.inputs)


def _dump(call: Call) -> Findings:
    directory = call.line.value("output-directory")
    if directory in ("", "-"):
        return one(call.operation(_READ))
    target = Target("file", call.invocation.path(directory))
    return one(call.operation(_READ | {Effect.FILE}, [target]))


def _kustomize(call: Call) -> Findings:
    effects = {Effect.READ, Effect.NETWORK}
    if call.line.maybe("enable-alpha-plugins") or call.line.maybe("enable-helm") or call.line.has("helm-command"):
        effects.add(Effect.EXECUTE)
    return one(call.operation(effects, doubts=["a kustomization may fetch and generate anything"]))


def _changed(
    call: Call,
    found: Sequence[Named],
    effects: frozenset[Effect] = _WRITE,
    doubts: Sequence[str] = (),
    *,
    deletion: bool = False,
) -> Findings:
    """Return one operation for each kind that words name, and one for each object of the files."""
    manifests = call.manifests()
    operations = []
    for each in found:
        added = each.kind.deletion() if deletion else each.kind.change()
        operations.append(
            call.operation(
                _READ if call.dry else effects | added,
                call.targets([each]),
                () if call.dry else doubts,
                unbounded=not call.dry and sweeping(call.line, each.all),
                sensitive=each.kind.secret and not deletion,
            )
        )
    operations += _changed_things(call, manifests, effects, doubts, deletion=deletion)
    if not operations:
        sweeps = call.line.maybe("all") or call.line.maybe("all-namespaces")
        operations.append(
            call.operation(_READ if call.dry else effects, (), () if call.dry else doubts, unbounded=sweeps)
        )
    return Findings(tuple(operations), manifests.inputs)


def _changed_things(
    call: Call, manifests: Manifests, effects: frozenset[Effect], doubts: Sequence[str], *, deletion: bool
) -> list[Operation]:
    operations = []
    for thing in manifests.things:
        added = thing.kind.deletion() if deletion else thing.added
        asks = thing.question and call.verb == "create"
        operations.append(
            call.operation(
                _READ if call.dry or asks else effects | added,
                [call.target(thing.kind, thing.name, thing.namespace)],
                () if call.dry else doubts,
                sensitive=thing.kind.secret and not deletion,
            )
        )
    if manifests.doubts and not (call.dry and not manifests.network):
        network = {Effect.NETWORK} if manifests.network else set()
        operations.append(call.operation((_READ if call.dry else effects) | network, (), manifests.doubts))
    return operations


def _change(call: Call) -> Findings:
    """Judge a change of what the words name in the ordinary way."""
    return _changed(call, named(call.line.words))


def _create(call: Call) -> Findings:
    line = call.line
    if line.has("raw"):
        return judge_raw(call)
    if line.words:
        reason = f"kubectl-create-{line.words[0]} is a plugin, or a command that is not known"
        return one(call.operation({Effect.EXECUTE, Effect.WRITE}, doubts=[reason]))
    if line.maybe("edit"):
        return _changed(call, (), _WRITE | {Effect.EXECUTE}, ["what the editor will write is not known"])
    return _changed(call, ())


def _create_one(call: Call) -> Findings:
    """Judge ``create KIND [SUBKIND] NAME``."""
    kind = kind_named(call.verb.split()[1])
    effects = _WRITE
    if call.line.after_dash:
        effects |= {Effect.EXECUTE}
    if "service-account-token" in call.line.value("type"):
        effects |= {Effect.PRIVILEGE}
    names = call.line.before_dash[:1] or ("*",)
    if identity(kind, names[0], {}):
        effects |= {Effect.PRIVILEGE}
    return _changed(call, [Named(kind, tuple(names))], effects)


def _create_token(call: Call) -> Findings:
    targets = call.targets(named(call.line.words[:1], "serviceaccount"))
    return one(call.operation({Effect.PRIVILEGE}, targets, sensitive=True))


def _apply(call: Call) -> Findings:
    line = call.line
    force = line.maybe("force") and not line.maybe("server-side")
    effects = _WRITE | {Effect.DELETE} if force else _WRITE
    if line.words:
        return one(call.operation(effects, doubts=[f"kubectl apply {line.words[0]} is not known"]))
    findings = _changed(call, (), effects)
    if not line.maybe("prune") or call.dry:
        return findings
    everything = line.maybe("all") or not (line.has("applyset") or line.value("selector"))
    target = Target("object", f"{call.namespace}/*/*")
    pruned = call.operation({Effect.WRITE, Effect.DELETE}, [target], unbounded=everything or sweeping(line, False))
    return Findings((*findings.operations, pruned), findings.inputs)


def _view_applied(call: Call) -> Findings:
    return _look(call)


def _replace(call: Call) -> Findings:
    if call.line.has("raw"):
        return judge_raw(call)
    if call.line.maybe("force"):
        return _changed(call, (), _WRITE | {Effect.DELETE}, deletion=True)
    return _changed(call, ())


def _delete(call: Call) -> Findings:
    if call.line.has("raw"):
        return judge_raw(call)
    return _changed(call, named(call.line.words), frozenset({Effect.DELETE}), deletion=True)


def _edit(call: Call) -> Findings:
    env = call.invocation.env
    effects = _WRITE | {Effect.EXECUTE}
    editor = env.get("KUBE_EDITOR") or env.get("EDITOR") or "vi"
    return _changed(call, named(call.line.words), effects, [f"what is written with {editor[:100]} is not known"])


def _patch(call: Call) -> Findings:
    effects = _WRITE
    part, doubts = inline_part(call, "patch")
    parts = [part]
    inputs: list[Input] = []
    if call.line.has("patch-file"):
        read, problems, inputs = read_part(call, "patch-file")
        parts.append(read)
        doubts = doubts + problems
    if any(grants(each) for each in parts):
        effects |= {Effect.PRIVILEGE}
    if any(removes_finalizers(each) for each in parts):
        effects |= {Effect.DELETE}
    found = named(call.line.words)
    if any(identity(each.kind, name, parts) for each in found for name in each.names):
        effects |= {Effect.PRIVILEGE}
    findings = _changed(call, found, effects, doubts)
    return Findings(findings.operations, findings.inputs + tuple(inputs))


def _is_pair(word: str) -> bool:
    """Return whether a word of label, annotate or set env is a change and not a name: ``key=value`` or ``key-``."""
    return "=" in word or word.endswith("-")


def _split(words: Sequence[str], is_change: Callable[[str], bool]) -> tuple[Sequence[str], Sequence[str]]:
    """Return the words before the first change, and the rest."""
    for position, word in enumerate(words):
        if is_change(word):
            return words[:position], words[position:]
    return words, ()


def _label(call: Call) -> Findings:
    """Judge label and annotate: some keys mean rights."""
    names, pairs = _split(call.line.words, _is_pair)
    found = named(names)
    effects = _WRITE
    if any(pair.startswith((_LEVEL, *_IDENTITY_KEYS)) for pair in pairs):
        effects |= {Effect.PRIVILEGE}
    return _lists(call) if call.line.surely("list") and not pairs else _changed(call, found, effects)


def _lists(call: Call) -> Findings:
    """Judge the --list of label, annotate and set env: nothing changes."""
    names, _ = _split(call.line.words, _is_pair)
    found = named(names)
    secret = any(each.kind.secret for each in found) or call.line.maybe("resolve")
    manifests = call.manifests()
    effects, doubts = _read_doubts(manifests)
    targets = call.targets(found) + _thing_targets(call, manifests)
    return one(call.operation(effects, targets, doubts, sensitive=secret or _maybe_secret(manifests)), manifests.inputs)


def _set(call: Call) -> Findings:
    """Judge set image, env, resources, selector, subject."""
    names, pairs = _split(call.line.words, _is_pair)
    if call.line.surely("list") and not pairs and not call.line.has("env") and not call.line.has("from"):
        return _lists(call)
    return _changed(call, named(names))


def _set_service_account(call: Call) -> Findings:
    """Judge another identity for what runs; the last word is the account."""
    return _changed(call, named(call.line.words[:-1]), _WRITE | {Effect.PRIVILEGE})


def _taint(call: Call) -> Findings:
    """Judge taints: NoExecute drives out what runs there."""
    names, taints = _split(call.line.words, lambda word: "=" in word or ":" in word or word.endswith("-"))
    effects = _WRITE
    if any(taint.endswith(":NoExecute") for taint in taints):
        effects |= {Effect.DELETE}
    return _changed(call, named(names), effects)


def _nodes(call: Call) -> tuple[Named, ...]:
    return named(call.line.words, "node") or (Named(kind_named("node"), ("*",)),)


def _cordon(call: Call) -> Findings:
    return _changed(call, _nodes(call))


def _drain(call: Call) -> Findings:
    """Judge the eviction of everything on a node."""
    if call.dry:
        return one(call.operation(_READ, call.targets(_nodes(call))))
    return one(call.operation({Effect.DELETE}, call.targets(_nodes(call)), unbounded=True))


def _expose(call: Call) -> Findings:
    """Judge a new service for what the words name."""
    found = named(call.line.words)
    names = [call.line.value("name")] if call.line.value("name") else [name for each in found for name in each.names]
    part, doubts = inline_part(call, "overrides")
    effects = _WRITE | {Effect.PRIVILEGE} if grants(part) else _WRITE
    service: Kind = kind_named("service")
    return _changed(call, [Named(service, tuple(names) or ("*",))], effects, doubts)


def _certificate(call: Call) -> Findings:
    return _changed(call, named(call.line.words, "certificatesigningrequest"), _WRITE | {Effect.PRIVILEGE})


def _reconcile(call: Call) -> Findings:
    return _changed(call, (), _WRITE | {Effect.PRIVILEGE})


_PLAIN = ("api-resources", "api-versions", "auth can-i", "auth whoami", "cluster-info", "completion", "explain",
          "events", "help", "options", "plugin list", "version")  # fmt: skip

JUDGES: Mapping[str, Judge] = {
    **CONFIG,
    **dict.fromkeys(_PLAIN, _quiet),
    **dict.fromkeys(("get", "describe", "wait", "rollout status", "rollout history"), _look),
    "apply view-last-applied": _view_applied,
    "logs": _looking_at("pod"),
    "top pod": _looking_at("pod"),
    "top node": _looking_at("node"),
    "diff": _diff,
    "cluster-info dump": _dump,
    "kustomize": _kustomize,
    **dict.fromkeys(("rollout restart", "rollout undo", "rollout pause", "rollout resume"), _change),
    **dict.fromkeys(("scale", "autoscale", "apply set-last-applied"), _change),
    "create": _create,
    "create token": _create_token,
    "apply": _apply,
    "apply edit-last-applied": _edit,
    "replace": _replace,
    "delete": _delete,
    "edit": _edit,
    "patch": _patch,
    "label": _label,
    "annotate": _label,
    **dict.fromkeys(("set image", "set env", "set resources", "set selector", "set subject"), _set),
    "set serviceaccount": _set_service_account,
    "taint": _taint,
    "cordon": _cordon,
    "uncordon": _cordon,
    "drain": _drain,
    "expose": _expose,
    "certificate approve": _certificate,
    "certificate deny": _certificate,
    "auth reconcile": _reconcile,
    "attach": judge_attach,
    "debug": judge_debug,
    "run": judge_run,
    "cp": judge_cp,
    "port-forward": judge_port_forward,
    "proxy": judge_proxy,
}
"""Every command that does something, but for exec, which needs the shell's inspector."""


def judge_for(command: str) -> Judge | None:
    """Return the judge of a command of the table, None for one that nobody wrote a judge for."""
    if command in JUDGES:
        return JUDGES[command]
    if command.startswith("create "):
        return _create_one if command not in ("create secret", "create service") else _group
    return _group if command in ("auth", "certificate", "config", "plugin", "rollout", "set", "top") else None
