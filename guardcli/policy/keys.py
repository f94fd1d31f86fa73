"""What each key of a match asks of an operation, with the care of a rule that permits or of one that restricts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from guardcli.policy.expressions import ExpressionSet
from guardcli.policy.globs import Glob, PathGlob, overlaps
from guardcli.policy.recognition import Answer, Host, HostName, parse_host
from guardcli.policy.rules import Match
from guardcli.policy.view import PARTED, PLACES, Seen, View

Check = Callable[[View], bool]


def checks(match: Match, sure: bool, expressions: ExpressionSet) -> Iterable[Check]:
    """Yield a function for each key of `match` that is left; its regular expressions go to `expressions`."""
    if match.parents:
        parents = tuple(Glob(parent) for parent in match.parents)
        yield lambda view: bool(view.context.parent) and any(glob.matches(view.context.parent) for glob in parents)
    if match.identities:
        yield _text_check(match.identities, lambda view: view.context.identity, sure)
    if match.groups:
        groups = tuple(Glob(group) for group in match.groups)
        yield lambda view: any(glob.matches(group) for glob in groups for group in view.context.groups)
    if match.targets:
        yield _targets_check(match.targets, sure)
    if match.branches:
        yield _branch_check(match.branches, sure)
    if match.resources:
        yield _resource_check(match.resources, sure)
    if match.environments:
        yield _environment_check(match.environments, sure)
    if match.when is not None:
        holds, zone = match.when.holds_at, match.when.zone
        yield lambda view: not sure if view.context.now is None else holds(*view.now_in(zone))
    if match.argv:
        yield _argv_check(match.argv, sure, expressions)
    if match.values:
        yield _values_check(match.values, sure)


def action_check(actions: Sequence[str], sure: bool) -> Check | None:
    """Return a function for the `actions` of a match, None where it has none."""
    return _text_check(actions, lambda view: view.operation.action, sure) if actions else None


def _text_check(patterns: Sequence[str], text: Callable[[View], str], sure: bool) -> Check:
    literals = frozenset(pattern for pattern in patterns if "*" not in pattern)
    globs = tuple(Glob(pattern) for pattern in patterns if "*" in pattern)

    def check(view: View) -> bool:
        found = text(view)
        if not found:
            return not sure
        if found in literals:
            return True
        for glob in globs:  # noqa: SIM110 - a generator here costs more than the match
            if glob.matches(found):
                return True
        return False

    return check


class TargetPattern(NamedTuple):
    """A pattern made ready: its kind (``*`` for all), the text that a name without doubts begins with, the rest."""

    kind: str
    head: str
    fits: Callable[[Seen], bool]


def _targets_check(patterns: Sequence[str], sure: bool) -> Check:
    ready = tuple(_target_pattern(pattern, sure) for pattern in patterns)
    kinds = frozenset(pattern.kind for pattern in ready)
    anything = "*" in kinds

    def fits(seen: Seen) -> bool:
        for kind, head, rest in ready:
            if (kind == seen.kind or kind == "*") and seen.name.startswith(head) and rest(seen):
                return True
        return False

    def any_fits(view: View) -> bool:
        by_kind = view.by_kind
        for kind, head, rest in ready:
            for seen in by_kind.get(kind, ()):
                if (seen.doubtful or seen.name.startswith(head)) and rest(seen):
                    return True
        return False

    def all_fit(view: View) -> bool:
        due = [seen for seen in view.targets if anything or seen.kind in kinds or seen.kind not in PLACES]
        return bool(due) and all(fits(seen) for seen in due)

    return all_fit if sure else any_fits


def _target_pattern(pattern: str, sure: bool) -> TargetPattern:
    kind, _, name = pattern.partition(":")
    if kind == "host":
        return TargetPattern(kind, "", _host_pattern(parse_host(name), sure))
    if kind in ("table", "function") and "/" not in name and name not in ("*", "**"):
        name = f"*/{name}"
    glob = PathGlob(name)
    head = name.partition("*")[0]
    if head.endswith("/") and name.startswith(head + "**"):
        head = head[:-1]
    if sure:
        return TargetPattern(kind, head, lambda seen: glob.matches(seen.parts))

    def may_fit(seen: Seen) -> bool:
        if glob.matches(seen.parts, lenient=seen.doubtful and seen.kind in PARTED):
            return True
        return seen.doubtful and "*" in seen.name and overlaps(name, seen.name)

    return TargetPattern(kind, head, may_fit)


def _host_pattern(wanted: Host, sure: bool) -> Callable[[Seen], bool]:
    user, port = Glob(wanted.user or "*"), Glob(wanted.port or "*")
    machine = HostName(wanted.host)

    def matches(seen: Seen) -> bool:
        host = seen.host
        if host is None or seen.machine is None:
            return False
        answer = Answer.YES if wanted.host == "*" else machine.admits(seen.machine)
        if answer is Answer.NO or (sure and answer is Answer.UNKNOWN):
            return False
        for glob, given, limits in ((user, host.user, wanted.user), (port, host.port, wanted.port)):
            if limits and not (glob.matches(given) if given else not sure):
                return False
        return True

    return matches


def _branch_check(patterns: Sequence[str], sure: bool) -> Check:
    globs = tuple(PathGlob(pattern) for pattern in patterns)

    def hit(name: str) -> bool:
        if any(glob.matches(name.split("/")) for glob in globs):
            return True
        return not sure and "*" in name and any(overlaps(glob.pattern, name) for glob in globs)

    def check(view: View) -> bool:
        names, doubtful = view.branches
        hits = [hit(name) for name in names]
        return (bool(hits) and all(hits) and not doubtful) if sure else (any(hits) or doubtful)

    return check


def _resource_check(names: Sequence[str], sure: bool) -> Check:
    enough = Answer.YES.value if sure else Answer.UNKNOWN.value

    def check(view: View) -> bool:
        if view.possible.isdisjoint(names):
            return False
        for name in names:  # noqa: SIM110 - a generator here costs more than the look
            if view.recognises(name).value >= enough:
                return True
        return False

    return check


def _environment_check(patterns: Sequence[str], sure: bool) -> Check:
    globs = tuple(Glob(pattern) for pattern in patterns)

    def check(view: View) -> bool:
        names, certain = view.environments
        if not names:
            return not sure
        hits = [any(glob.matches(name) for glob in globs) for name in names]
        return certain and all(hits) if sure else any(hits)

    return check


def _values_check(patterns: Sequence[str], sure: bool) -> Check:
    globs = tuple(Glob(pattern) for pattern in patterns)

    def check(view: View) -> bool:
        hits = [
            not sure if value is None else any(glob.matches(value) for glob in globs) for value in view.context.values
        ]
        return bool(hits) and all(hits) if sure else any(hits)

    return check


def _argv_check(patterns: Sequence[str], sure: bool, expressions: ExpressionSet) -> Check:
    numbers = tuple(expressions.add(pattern, whole=sure) for pattern in patterns)

    def check(view: View) -> bool:
        if not view.context.argv:
            return False
        matching = expressions.matching(view.line)
        for number in numbers:  # noqa: SIM110 - a generator here costs more than the look
            if number in matching:
                return True
        return False

    return check
