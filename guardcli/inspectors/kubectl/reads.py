"""The verbs that look: what they name, and whether it holds secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from guardcli.inspectors.kubectl.call import Call, Findings, Judge, Manifests, Named, named, one
from guardcli.inspectors.kubectl.kinds import kind_named
from guardcli.inspectors.kubectl.raw import judge_raw
from guardcli.model.effects import Effect
from guardcli.model.operations import Target

_READ = frozenset({Effect.READ})


def judge_quiet(call: Call) -> Findings:
    """Judge what tells about kubectl or the server and names no object."""
    return one(call.operation(_READ))


def judge_group(call: Call) -> Findings:
    """Judge a command that only has others below it."""
    if call.line.words:
        return one(call.operation({Effect.EXECUTE}, doubts=[f"kubectl {call.verb} {call.line.words[0]} is not known"]))
    return one(call.operation(_READ))


def judge_look(call: Call) -> Findings:
    """Judge get, describe and wait."""
    if call.line.has("raw"):
        return judge_raw(call)
    found = named(call.line.words)
    manifests = call.manifests()
    targets = call.targets(found) + thing_targets(call, manifests)
    secret = any(each.kind.secret for each in found) or _maybe_secret(manifests)
    effects, doubts = _read_doubts(manifests)
    if (
        secret
        and not call.invocation.gateway
        and (call.line.has("template") or call.line.value("output") not in _WHOLE_OBJECTS)
    ):
        doubts = (*doubts, "a template of the caller's own prints a Secret in a form that masking does not know")
    return one(call.operation(effects, targets, doubts, sensitive=secret), manifests.inputs)


_WHOLE_OBJECTS = ("", "yaml", "json", "wide", "name")
"""Forms of output in which a Secret's values stand beside their keys, or not at all."""


def _read_doubts(manifests: Manifests) -> tuple[frozenset[Effect], tuple[str, ...]]:
    """Return the effects and doubts of reading: what a file says matters little, fetching it does."""
    return (_READ | {Effect.NETWORK}, manifests.doubts) if manifests.network else (_READ, ())


def _maybe_secret(manifests: Manifests) -> bool:
    return bool(manifests.doubts) or any(thing.kind.secret for thing in manifests.things)


def thing_targets(call: Call, manifests: Manifests) -> tuple[Target, ...]:
    """Return the targets of what the files hold."""
    return tuple(call.target(thing.kind, thing.name, thing.namespace) for thing in manifests.things)


def judge_looking_at(kind: str) -> Judge:
    """Return the judge of a verb that looks at what its first word names, of `kind` unless it says otherwise."""

    def judge(call: Call) -> Findings:
        found = named(call.line.words[:1], kind) or (Named(kind_named(kind), ("*",)),)
        return one(call.operation(_READ, call.targets(found)))

    return judge


_PLAIN_DIFF = re.compile(r"(?:/usr/bin/)?(?:diff|colordiff)(?: -[A-Za-z]{1,8}| -U[0-9]{1,3})*")
"""Programs for KUBECTL_EXTERNAL_DIFF that only compare what they are given."""


def judge_diff(call: Call) -> Findings:
    """Judge diff: it asks the server for a dry run, and runs KUBECTL_EXTERNAL_DIFF where that is set."""
    manifests = call.manifests()
    effects, doubts = _read_doubts(manifests)
    program = call.invocation.env.get("KUBECTL_EXTERNAL_DIFF", "")
    targets = thing_targets(call, manifests)
    if program and not _PLAIN_DIFF.fullmatch(program):
        effects |= {Effect.EXECUTE}
        targets += (Target("command", program),)
    return one(call.operation(effects, targets, doubts, sensitive=_maybe_secret(manifests)), manifests.inputs)


def judge_dump(call: Call) -> Findings:
    """Judge cluster-info dump, which may write a directory full of files."""
    directory = call.line.value("output-directory")
    if directory in ("", "-"):
        return one(call.operation(_READ))
    target = Target("file", call.invocation.path(directory))
    return one(call.operation(_READ | {Effect.FILE}, [target]))


def judge_kustomize(call: Call) -> Findings:
    """Judge kustomize: what a kustomization names may be fetched, and may be a program."""
    line = call.line
    found = call.kustomization(line.words[0] if line.words else ".")
    doubts = list(found.problems)
    effects = {Effect.READ, Effect.NETWORK} if doubts else {Effect.READ}
    if any(line.maybe(flag) for flag in ("enable-alpha-plugins", "enable-helm", "network")) or line.has("helm-command"):
        effects |= {Effect.NETWORK, Effect.EXECUTE}
        doubts.append("what the kustomization runs is not known")
    targets = []
    if line.value("output"):
        effects.add(Effect.FILE)
        targets.append(Target("file", call.invocation.path(line.value("output"))))
    secret = found.secret or any(thing.kind.secret for thing in found.things)
    return one(call.operation(effects, targets, doubts, sensitive=secret))


def is_pair(word: str) -> bool:
    """Return whether a word of label, annotate or set env is a change and not a name: ``key=value`` or ``key-``."""
    return "=" in word or word.endswith("-")


def split_words(words: Sequence[str], is_change: Callable[[str], bool]) -> tuple[Sequence[str], Sequence[str]]:
    """Return the words before the first change, and the rest."""
    for position, word in enumerate(words):
        if is_change(word):
            return words[:position], words[position:]
    return words, ()


def judge_list(call: Call) -> Findings:
    """Judge the --list of label, annotate and set env: nothing changes."""
    names, _ = split_words(call.line.words, is_pair)
    found = named(names)
    secret = any(each.kind.secret for each in found) or call.line.maybe("resolve")
    manifests = call.manifests()
    effects, doubts = _read_doubts(manifests)
    if call.line.maybe("resolve"):
        doubts = (*doubts, "values of Secrets are printed in a form that masking does not know")
    targets = call.targets(found) + thing_targets(call, manifests)
    return one(call.operation(effects, targets, doubts, sensitive=secret or _maybe_secret(manifests)), manifests.inputs)
