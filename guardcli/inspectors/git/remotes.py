"""``git remote`` and ``git config``: what changes where git goes, and what it will run from now on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from guardcli.inspectors.git.call import (
    Call,
    Judge,
    contacts,
    does,
    hosts,
    problems,
    reads,
    unknown,
    writes,
)
from guardcli.inspectors.git.keys import canonical_key, is_secret, judge_key, leads_elsewhere, overwrites_later
from guardcli.inspectors.git.options import Parsed, Spec, parse, spec_of
from guardcli.inspectors.git.programs import harmless_editor
from guardcli.inspectors.names import names
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, Target

_NO_OPTIONS = Spec({}, {})
_REMOTE_READS = frozenset({"show", "get-url", ""})
_REMOTE_WRITES = frozenset({"prune", "set-branches", "set-head", "update"})


def redirects(call: Call, url: str) -> Operation:
    """Return the change of where an existing remote leads."""
    return does(call.name, Effect.DEFINE, Effect.NETWORK, targets=hosts(url))


def judge_remote(call: Call) -> Sequence[Operation]:
    """``remote add`` defines; ``set-url`` redirects; ``remove`` and ``rename`` make room for another of the name."""
    outer = parse(spec_of("remote") or _NO_OPTIONS, call.arguments, stops=True)
    sub = outer.words[0] if outer.words else ""
    inner = replace(call, name=f"remote {sub}".strip(), arguments=tuple(outer.words[1:]))
    parsed = inner.parsed()
    found = [*problems(call, outer), *problems(inner, parsed)]
    for word in parsed.words:
        found += contacts(inner, word)
    if sub in _REMOTE_READS:
        return [reads(inner.name), *found]
    if sub in _REMOTE_WRITES:
        return [writes(inner.name), *found]
    if sub == "add":
        mirrors = parsed.given("mirror") and "fetch" not in parsed.values("mirror")
        effects = (Effect.DEFINE, Effect.DELETE) if mirrors else (Effect.DEFINE,)
        return [does(inner.name, *effects, targets=hosts(*parsed.words[1:2])), *found]
    if sub in ("remove", "rm", "rename"):
        return [does("remote remove" if sub == "rm" else inner.name, Effect.DEFINE, Effect.DELETE), *found]
    if sub == "set-url":
        return [redirects(inner, url) for url in parsed.words[1:2] or ("",)] + found
    return [unknown("remote", f"the subcommand {sub!r} is not known", Effect.DEFINE)]


_GETS = names("get get-all get-regexp get-urlmatch list get-color get-colorbool")
_SECTIONS = frozenset({"rename-section", "remove-section"})
_UNSETS = frozenset({"unset", "unset-all"})
_SETS = frozenset({"add", "replace-all"})
_NEW_WORDS = frozenset({"list", "get", "set", "unset", "rename-section", "remove-section", "edit"})


def judge_config(call: Call) -> Sequence[Operation]:
    """``config`` reads, or sets what `judge_key` says; both the older options and the newer subcommands."""
    parsed = call.parsed(stops=True)
    found = problems(call, parsed)
    words = parsed.words
    action = next((name for name in sorted(_GETS | _SECTIONS | _UNSETS | _SETS | {"edit"}) if parsed.given(name)), "")
    if not action and words and words[0] in _NEW_WORDS:
        action = words[0]
        parsed = replace(call, arguments=words[1:]).parsed()
        found += problems(call, parsed)
        words = parsed.words
    if action == "edit":
        return [_edit(call), *found]
    if action in _SECTIONS:
        return [_section(action, words), *found]
    if action in _GETS or (not action and len(words) < 2):
        return [_get(action, words), *found]
    if action in _UNSETS and any(canonical_key(word) == "core.hookspath" for word in words[:1]):
        return [unknown("config --unset", "other hooks than before would run, or none", Effect.DEFINE), *found]
    if action in _UNSETS:
        lost = (Effect.DELETE,) if any(leads_elsewhere(word) for word in words[:1]) else ()
        return [does("config --unset", Effect.DEFINE, *lost), *found]
    return [_set_key(parsed, words), *found]


def _get(action: str, words: Sequence[str]) -> Operation:
    secret = action != "list" and any(is_secret(word) for word in words[:1])
    return does("config --get", Effect.READ, sensitive=secret)


def _edit(call: Call) -> Operation:
    editor = call.invocation.env.get("GIT_EDITOR", "")
    if editor and harmless_editor(editor) and editor in (":", "true"):
        return reads("config --edit")
    return unknown("config --edit", "anything may be written in the editor", Effect.DEFINE)


def _section(action: str, words: Sequence[str]) -> Operation:
    """Renaming a section can turn preferences into programs; only branches are harmless under any name."""
    if action == "remove-section" or all(word.lower().startswith("branch.") for word in words):
        return does(f"config --{action}", Effect.DEFINE, Effect.DELETE)
    return unknown(f"config --{action}", "what stands in the section becomes something else", Effect.DEFINE)


def _set_key(parsed: Parsed, words: Sequence[str]) -> Operation:
    key, value = words[0] if words else "", words[1] if len(words) > 1 else ""
    judged = judge_key(key, value)
    targets = [Target("command", judged.program)] if judged.program else []
    targets += hosts(value) if Effect.NETWORK in judged.effects else []
    action = f"config {judged.key}"
    if not judged.known:
        return unknown(action, f"{judged.key} is no variable that is known", Effect.DEFINE, targets=targets)
    if judged.key == "safe.directory" and value.endswith("*"):
        # For one call, by -c, it is a preference: that call's repository has been looked at.
        return unknown(action, "git would run what any repository configures, whoever it belongs to", Effect.DEFINE)
    sensitive = Effect.PRIVILEGE in judged.effects
    lost = (Effect.DELETE,) if overwrites_later(key, value) else ()
    return does(action, Effect.DEFINE, *judged.effects, *lost, targets=targets, sensitive=sensitive)


JUDGES: Mapping[str, Judge] = {"config": judge_config, "remote": judge_remote}
"""Command to its judge."""
