"""Commands with subcommands of their own: stash, worktree, reflog, notes, submodule and their like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from guardcli.inspectors.git.call import (
    Call,
    Judge,
    contacts,
    executes,
    hosts,
    loses,
    problems,
    reads,
    unknown,
    writes,
    writes_file,
)
from guardcli.inspectors.git.options import Parsed, Spec, parse, spec_of
from guardcli.inspectors.git.places import made_elsewhere
from guardcli.inspectors.git.programs import name_of
from guardcli.inspectors.git.remotes import redirects
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

_NO_OPTIONS = Spec({}, {})
_READ, _WRITE, _LOSE = "read", "write", "lose"


@dataclass(frozen=True, slots=True)
class Group:
    """The subcommands of one command: what each does by nature, which options lose work, and the default.

    `default` is the subcommand when the first word is none (None: nothing is done without one).
    """

    nature: Mapping[str, str]
    default: str | None
    losing: Mapping[str, frozenset[str]]


def _group(default: str | None, read: str, write: str, lose: str = "", **losing: str) -> Group:
    nature = dict.fromkeys(read.split(), _READ) | dict.fromkeys(write.split(), _WRITE)
    nature |= dict.fromkeys(lose.split(), _LOSE)
    return Group(nature, default, {name: frozenset(options.split()) for name, options in losing.items()})


GROUPS: Mapping[str, Group] = {
    "bisect": _group(None, "log terms help view visualize", "start bad good new old skip next reset replay run"),
    "bundle": _group(None, "verify list-heads", "create unbundle"),
    "commit-graph": _group(None, "verify", "write"),
    "fsmonitor--daemon": _group(None, "status", "start stop run"),
    "maintenance": _group(None, "is-needed", "run stop unregister register start"),
    "multi-pack-index": _group(None, "verify", "write expire repack"),
    "notes": _group("list", "list show get-ref", "add copy append edit merge remove prune"),
    "reflog": _group("show", "show exists list", "write", "expire delete drop"),
    "refs": _group(None, "verify list exists", "migrate optimize"),
    "rerere": _group("", "status diff remaining", "gc", "clear forget"),
    "sparse-checkout": _group(None, "list check-rules", "init set add reapply disable clean"),
    "stash": _group("push", "list show", "push save create store apply pop branch import export", "drop clear"),
    "submodule": _group(
        "status",
        "status summary",
        "add init update sync deinit set-branch absorbgitdirs foreach set-url",
        update="force",
        deinit="force",
    ),
    "worktree": _group(None, "list", "add move prune remove lock unlock repair", remove="force"),
}
"""Command to its subcommands."""


def judge_group(call: Call) -> Sequence[Operation]:
    """Judge a command with subcommands by the tables of this module."""
    group = GROUPS[call.name]
    outer = parse(spec_of(call.name) or _NO_OPTIONS, call.arguments, stops=True)
    first = outer.words[0] if outer.words else ""
    if first in group.nature:
        sub, arguments = first, outer.words[1:]
        found = [*problems(call, outer), *made_elsewhere(call, outer)]
    elif group.default is None:
        return (
            [unknown(call.name, f"the subcommand {first!r} is not known", Effect.WRITE)]
            if first
            else [reads(call.name)]
        )
    elif first and call.name != "reflog" and call.arguments[0] == first:
        return [unknown(call.name, f"the subcommand {first!r} is not known", Effect.WRITE)]
    else:
        sub, arguments, found = group.default, call.arguments, []
    inner = replace(call, name=f"{call.name} {sub}".strip(), arguments=tuple(arguments))
    special = SPECIAL.get(inner.name)
    return [*(special(inner) if special else _by_nature(inner, group, sub)), *found]


def _by_nature(call: Call, group: Group, sub: str) -> list[Operation]:
    nature = group.nature.get(sub, _WRITE)
    if nature == _READ and spec_of(call.name) is None:
        return [reads(call.name)]
    if spec_of(call.name) is None:
        return [loses(call.name) if nature == _LOSE else writes(call.name)]
    parsed = call.parsed(digits=True)
    found: list[Operation] = problems(call, parsed)
    named = [option.value for option in call.any_options(parsed) if option.name == "output" and option.value]
    found += [writes_file(call, f"{call.name} --output", value) for value in named]
    found += made_elsewhere(call, parsed)
    for option in sorted(group.losing.get(sub, ())):
        if parsed.given(option):
            return [loses(f"{call.name} --{option}"), *found]
    if nature == _READ:
        return [reads(call.name), *found]
    if nature == _LOSE and parsed.on("dry-run") and not parsed.problems:
        return [reads(f"{call.name} --dry-run")]
    return [loses(call.name) if nature == _LOSE else writes(call.name), *found]


def _stash_push(call: Call) -> list[Operation]:
    """``stash`` with a first word that is no subcommand and no option is an error of git's."""
    parsed = call.parsed()
    return [writes("stash"), *problems(call, parsed)]


def _bisect_run(call: Call) -> list[Operation]:
    return [executes("bisect run", name_of("".join(call.arguments[:1])))]


def _bisect_view(call: Call) -> list[Operation]:
    """``bisect view`` runs gitk or ``git log``, or the command that its arguments are."""
    if any(not word.startswith("-") for word in call.arguments):
        return [unknown(call.name, "its arguments may be a command", Effect.EXECUTE)]
    return [executes(call.name, "gitk")]


def _bundle_create(call: Call) -> list[Operation]:
    parsed = call.parsed(digits=True)
    name = next((word for word in parsed.words if not word.startswith("-")), "-")
    named = [option.value for option in call.any_options(parsed) if option.name == "output" and option.value]
    files = [value for value in (name, *named) if value != "-"]
    return [writes_file(call, call.name, value) for value in files] or [writes(call.name)]


def _maintenance_start(call: Call) -> list[Operation]:
    return [executes(call.name, reason="the system's scheduler will run git from now on")]


def _submodule_foreach(call: Call) -> list[Operation]:
    words = call.parsed(stops=True).words
    return [executes(call.name, name_of(words[0]))] if words else [reads(call.name)]


def _submodule_add(call: Call) -> list[Operation]:
    parsed = call.parsed()
    found = [operation for word in parsed.words for operation in contacts(call, word)]
    return [writes(call.name, *hosts(*parsed.words[:1])), *problems(call, parsed), *found]


def _submodule_set_url(call: Call) -> list[Operation]:
    parsed = call.parsed()
    return [redirects(call, url) for url in parsed.words[1:2]] or [reads(call.name)]


def _rerere(call: Call) -> list[Operation]:
    return [writes("rerere")]


def _worktree_add(call: Call) -> list[Operation]:
    parsed: Parsed = call.parsed()
    return [writes(call.name), *problems(call, parsed), *made_elsewhere(call, parsed)]


SPECIAL: Mapping[str, Callable[[Call], list[Operation]]] = {
    "bisect run": _bisect_run,
    "bisect view": _bisect_view,
    "bisect visualize": _bisect_view,
    "bundle create": _bundle_create,
    "maintenance start": _maintenance_start,
    "rerere": _rerere,
    "stash push": _stash_push,
    "submodule add": _submodule_add,
    "submodule foreach": _submodule_foreach,
    "submodule set-url": _submodule_set_url,
    "worktree add": _worktree_add,
}
"""Subcommands that need more than a table."""

JUDGES: Mapping[str, Judge] = dict.fromkeys(GROUPS, judge_group)
"""Command to its judge."""
