"""The verbs that change objects: by the words and the files of a call, an operation for each kind or object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from guardcli.inspectors.kubectl.call import Call, Findings, Manifests, Named, named, one, sweeping
from guardcli.inspectors.kubectl.kinds import kind_named
from guardcli.inspectors.kubectl.objects import (
    CLOUD_IDENTITIES,
    LEVEL,
    drives_out,
    grants,
    identity,
    removes_finalizers,
)
from guardcli.inspectors.kubectl.parts import inline_part, read_part
from guardcli.inspectors.kubectl.raw import judge_raw
from guardcli.inspectors.kubectl.reads import is_pair, judge_list, split_words
from guardcli.model.effects import Effect
from guardcli.model.operations import Input, Operation, Target

_READ = frozenset({Effect.READ})
_WRITE = frozenset({Effect.WRITE})


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
        added = thing.added if Effect.WRITE in effects else frozenset()
        if deletion:
            added |= thing.kind.deletion()
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


def judge_change(call: Call) -> Findings:
    """Judge a change of what the words name in the ordinary way."""
    return _changed(call, named(call.line.words))


def judge_create(call: Call) -> Findings:
    """Judge create with -f or --raw; a word after it is a plugin's name."""
    line = call.line
    if line.has("raw"):
        return judge_raw(call)
    if line.words:
        reason = f"kubectl-create-{line.words[0]} is a plugin, or a command that is not known"
        return one(call.operation({Effect.EXECUTE, Effect.WRITE}, doubts=[reason]))
    findings = _changed(call, ())
    if not line.maybe("edit"):
        return findings
    # the editor runs even when nothing is sent afterwards
    edited = call.operation(_WRITE | {Effect.EXECUTE}, doubts=["what the editor will write is not known"])
    return Findings((*findings.operations, edited), findings.inputs)


def judge_create_one(call: Call) -> Findings:
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
    findings = _changed(call, [Named(kind, tuple(names))], effects)
    first, *others = findings.operations
    return Findings((replace(first, targets=first.targets + _published(call)), *others), findings.inputs)


def _published(call: Call) -> tuple[Target, ...]:
    """Return the local files whose content goes into the new object."""
    paths = []
    for flag in ("from-file", "from-env-file", "cert", "key"):
        for value in call.line.values(flag):
            _, equals, path = value.text.partition("=")
            paths.append(path if equals and flag == "from-file" else value.text)
    return tuple(Target("file", call.invocation.path(path)) for path in paths)


def judge_create_token(call: Call) -> Findings:
    """Judge a token for a service account: whoever has it is that account."""
    targets = call.targets(named(call.line.words[:1], "serviceaccount"))
    return one(call.operation({Effect.PRIVILEGE}, targets, sensitive=True))


def judge_apply(call: Call) -> Findings:
    """Judge apply: --force may delete first, --prune deletes what the files no longer hold."""
    line = call.line
    force = line.maybe("force")
    effects = _WRITE | {Effect.DELETE} if force else _WRITE
    if line.words:
        return one(call.operation(effects, doubts=[f"kubectl apply {line.words[0]} is not known"]))
    findings = _changed(call, (), effects, deletion=force)
    if not line.maybe("prune") or call.dry:
        return findings
    everything = line.maybe("all") or not (line.has("applyset") or line.value("selector"))
    target = Target("object", f"{call.namespace}/*/*")
    pruned = call.operation({Effect.WRITE, Effect.DELETE}, [target], unbounded=everything or sweeping(line, False))
    return Findings((*findings.operations, pruned), findings.inputs)


def judge_replace(call: Call) -> Findings:
    """Judge replace: with --force the object is deleted and made anew."""
    if call.line.has("raw"):
        return judge_raw(call)
    if call.line.maybe("force"):
        return _changed(call, (), _WRITE | {Effect.DELETE}, deletion=True)
    return _changed(call, ())


def judge_delete(call: Call) -> Findings:
    """Judge delete: some kinds take more than themselves."""
    if call.line.has("raw"):
        return judge_raw(call)
    return _changed(call, named(call.line.words), frozenset({Effect.DELETE}), deletion=True)


def judge_edit(call: Call) -> Findings:
    """Judge edit: a program runs, and what it will write is not known."""
    env = call.invocation.env
    effects = _WRITE | {Effect.EXECUTE}
    editor = env.get("KUBE_EDITOR") or env.get("EDITOR") or "vi"
    return _changed(call, named(call.line.words), effects, [f"what is written with {editor[:100]} is not known"])


def judge_patch(call: Call) -> Findings:
    """Judge patch by the kind and by what is put in."""
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
    found = named(call.line.words)
    to_node = any(each.kind.base == "node" for each in found)
    if any(removes_finalizers(each) or (to_node and drives_out(each)) for each in parts):
        effects |= {Effect.DELETE}
    if any(identity(each.kind, name, parts) for each in found for name in each.names):
        effects |= {Effect.PRIVILEGE}
    findings = _changed(call, found, effects, doubts)
    return Findings(findings.operations, findings.inputs + tuple(inputs))


def judge_label(call: Call) -> Findings:
    """Judge label and annotate: some keys mean rights."""
    names, pairs = split_words(call.line.words, is_pair)
    found = named(names)
    effects = _WRITE
    if any(pair.startswith((LEVEL, *CLOUD_IDENTITIES)) for pair in pairs):
        effects |= {Effect.PRIVILEGE}
    return judge_list(call) if call.line.surely("list") and not pairs else _changed(call, found, effects)


def judge_set(call: Call) -> Findings:
    """Judge set image, env, resources, selector, subject."""
    names, pairs = split_words(call.line.words, is_pair)
    if call.line.surely("list") and not pairs and not call.line.has("env") and not call.line.has("from"):
        return judge_list(call)
    return _changed(call, named(names))


def judge_set_service_account(call: Call) -> Findings:
    """Judge another identity for what runs; the last word is the account."""
    return _changed(call, named(call.line.words[:-1]), _WRITE | {Effect.PRIVILEGE})


def judge_taint(call: Call) -> Findings:
    """Judge taints: NoExecute drives out what runs there."""
    names, taints = split_words(call.line.words, lambda word: "=" in word or ":" in word or word.endswith("-"))
    effects = _WRITE
    if any(taint.endswith(":NoExecute") for taint in taints):
        effects |= {Effect.DELETE}
    return _changed(call, named(names), effects)


def _nodes(call: Call) -> tuple[Named, ...]:
    return named(call.line.words, "node") or (Named(kind_named("node"), ("*",)),)


def judge_cordon(call: Call) -> Findings:
    """Judge cordon and uncordon."""
    return _changed(call, _nodes(call))


def judge_drain(call: Call) -> Findings:
    """Judge the eviction of everything on a node."""
    if call.dry:
        return one(call.operation(_READ, call.targets(_nodes(call))))
    return one(call.operation({Effect.DELETE}, call.targets(_nodes(call)), unbounded=True))


def judge_expose(call: Call) -> Findings:
    """Judge a new service for what the words name."""
    found = named(call.line.words)
    names = [call.line.value("name")] if call.line.value("name") else [name for each in found for name in each.names]
    part, doubts = inline_part(call, "overrides")
    effects = _WRITE | {Effect.PRIVILEGE} if grants(part) else _WRITE
    return _changed(call, [Named(kind_named("service"), tuple(names) or ("*",))], effects, doubts)


def judge_certificate(call: Call) -> Findings:
    """Judge an answer to a signing request: a certificate is an identity."""
    return _changed(call, named(call.line.words, "certificatesigningrequest"), _WRITE | {Effect.PRIVILEGE})


def judge_reconcile(call: Call) -> Findings:
    """Judge auth reconcile, which is made for rights."""
    return _changed(call, (), _WRITE | {Effect.PRIVILEGE})
