"""One rule against one operation.

A rule that restricts (approve, deny) and a rule that permits (allow) read the same keys with opposite care:

==================  ==============================================  =============================================
key                 restricts, when                                 permits, when
==================  ==============================================  =============================================
effects             any effect is in the list                       every effect is in the list
targets             any target fits, or may fit: a part that is     every target fits, and there is one
                    empty, or a ``*`` that may stand for it
resource,           it is so, or is not known                       it is known to be so
environment,
branch, when
complete            as given; not given: both                       as given; not given: complete only
argv                found anywhere in the command line              the whole command line fits
==================  ==============================================  =============================================

So a doubt is never in favour of what runs. ``unless`` is read with the opposite care of its rule.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, Target
from guardcli.policy.globs import Glob, PathGlob, overlaps
from guardcli.policy.recognition import Answer, Host, parse_host, recognise, same_host
from guardcli.policy.rules import Context, Match, Resource, Rule, Waiver

PLACES = frozenset({"host", "database", "resource", "context"})
"""Kinds of target that say where, not what: a rule that permits must cover them only if it names their kind."""
PARTED = frozenset({"table", "function", "object"})
"""Kinds whose parts may each be empty, which means not known."""

_BIT = {effect: 1 << place for place, effect in enumerate(Effect)}
_ALL = (1 << len(_BIT)) - 1
_COMPLETE, _UNBOUNDED, _SENSITIVE = 1, 2, 4

Check = Callable[["View"], bool]


class Seen(NamedTuple):
    """A target taken apart. `doubtful`, parts of its name are not known, or a star stands for many names."""

    kind: str
    name: str
    parts: Sequence[str]
    doubtful: bool
    host: Host | None


def _seen(target: Target) -> Seen:
    name = posixpath.normpath(target.name) if target.kind == "file" and target.name else target.name
    parts = name.split("/")
    doubtful = "*" in name or (target.kind in PARTED and "" in parts)
    return Seen(target.kind, name, parts, doubtful, parse_host(name) if target.kind == "host" else None)


class View:
    """One operation with its context, and what is worked out from them only when a rule asks."""

    def __init__(
        self, operation: Operation, context: Context, resources: Sequence[Resource], places: Sequence[Target]
    ) -> None:
        self.operation = operation
        self.context = context
        self.resources = resources
        self._places = places
        self.effects = 0
        for effect in operation.effects:
            self.effects |= _BIT[effect]
        self.flags = (
            (_COMPLETE if operation.complete else 0)
            | (_UNBOUNDED if operation.unbounded else 0)
            | (_SENSITIVE if operation.sensitive else 0)
        )

    @cached_property
    def targets(self) -> list[Seen]:
        """Every target of the operation, taken apart."""
        return [_seen(target) for target in self.operation.targets]

    @cached_property
    def recognised(self) -> dict[str, Answer]:
        """Name of each resource → whether the operation is aimed at it."""
        targets = tuple(dict.fromkeys((*self.operation.targets, *self._places)))
        return {
            resource.name: recognise(resource, self.operation.tool, targets, self.context.resource)
            for resource in self.resources
        }

    @cached_property
    def environments(self) -> tuple[frozenset[str], bool]:
        """The environments that it may be in, and whether that is certain."""
        if self.context.environment:
            return frozenset({self.context.environment}), True
        possible = {r.environment: self.recognised[r.name] for r in self.resources if r.environment}
        sure = {name for name, answer in possible.items() if answer is Answer.YES}
        if sure:
            return frozenset(sure), len(sure) == 1
        return frozenset(), False

    @cached_property
    def branches(self) -> tuple[Sequence[str], bool]:
        """The branches that it works on, and whether there may be others that are not known.

        They are the heads among its refs; where it names no ref, the branch that is checked out.
        """
        refs = [target.name for target in self.operation.targets if target.kind == "ref"]
        if not refs:
            return [self.context.branch] if self.context.branch else [], not self.context.branch
        heads = [name.partition("refs/heads/")[2] for name in refs if "refs/heads/" in name]
        return [head for head in heads if head], "" in heads or any("refs/" not in name for name in refs)

    @cached_property
    def line(self) -> bytes:
        """The command line with a single space between arguments, in UTF-8 with a ``?`` for what is not text."""
        words = (self.context.tool, *self.context.argv[1:]) if self.context.tool else self.context.argv
        return " ".join(words).encode("utf-8", "replace")


class Compiled:
    """A match made ready: the cheap parts as bits, the others as functions.

    `wanted` has a bit for each effect of which one must be there (0, any will do), `forbidden` for each that must
    not. `flag_mask` and `flags` do the same for complete, unbounded and sensitive.
    """

    __slots__ = ("_checks", "_tools", "flag_mask", "flags", "forbidden", "wanted")

    def __init__(self, match: Match, sure: bool) -> None:
        self._tools = tuple(Glob(tool) for tool in match.tools)
        effects = sum(_BIT[effect] for effect in match.effects)
        self.wanted = 0 if sure else effects
        self.forbidden = _ALL & ~effects if sure and effects else 0
        complete = True if sure and match.complete is None else match.complete
        wanted = ((_COMPLETE, complete), (_UNBOUNDED, match.unbounded), (_SENSITIVE, match.sensitive))
        self.flag_mask = sum(bit for bit, value in wanted if value is not None)
        self.flags = sum(bit for bit, value in wanted if value)
        self._checks = tuple(_checks(match, sure))

    def speaks_of(self, tool: str) -> bool:
        """Return whether the match can hold for an operation of `tool` at all."""
        return not self._tools or any(glob.matches(tool) for glob in self._tools)

    def bits_hold(self, view: View) -> bool:
        """Return whether effects and flags fit."""
        effects = view.effects
        if effects & self.forbidden or (self.wanted and not effects & self.wanted):
            return False
        return view.flags & self.flag_mask == self.flags

    def checks_hold(self, view: View) -> bool:
        """Return whether all the rest fits."""
        for check in self._checks:  # noqa: SIM110 - a generator here costs more than the checks
            if not check(view):
                return False
        return True


class CompiledRule(Compiled):
    """A rule with its match and its ``unless`` made ready."""

    __slots__ = ("_unless", "rule")

    def __init__(self, rule: Rule, sure: bool) -> None:
        super().__init__(rule.match, sure)
        self.rule = rule
        self._unless = Compiled(rule.unless, not sure) if rule.unless is not None else None

    def applies(self, view: View) -> bool:
        """Return whether the rule applies to what `speaks_of` and `bits_hold` are true of."""
        if not self.checks_hold(view):
            return False
        unless = self._unless
        if unless is None or not unless.speaks_of(view.operation.tool):
            return True
        return not (unless.bits_hold(view) and unless.checks_hold(view))


class RuleSet:
    """All rules and exceptions of a policy, found by the tool of an operation."""

    def __init__(self, rules: Iterable[Rule], waivers: Iterable[Waiver], resources: Sequence[Resource]) -> None:
        self._rules = tuple(CompiledRule(rule, rule.permits) for rule in rules)
        self._waivers = tuple((waiver, CompiledRule(waiver.rule, True)) for waiver in waivers)
        self._by_tool: dict[str, tuple[CompiledRule, ...]] = {}
        self.resources = tuple(resources)

    def rules_for(self, tool: str) -> tuple[CompiledRule, ...]:
        """Return the rules that can hold for an operation of `tool`, in order."""
        found = self._by_tool.get(tool)
        if found is None:
            found = tuple(rule for rule in self._rules if rule.speaks_of(tool))
            if len(self._by_tool) < 64:
                self._by_tool[tool] = found
        return found

    def waivers_for(self, view: View, ids: Iterable[str]) -> list[Waiver]:
        """Return the exceptions in force that surely match and take one of the rules `ids` away."""
        matched = frozenset(ids)
        return [
            waiver
            for waiver, compiled in self._waivers
            if not matched.isdisjoint(waiver.rules)
            and waiver.holds(view.context.now)
            and compiled.speaks_of(view.operation.tool)
            and compiled.bits_hold(view)
            and compiled.applies(view)
        ]


def _checks(match: Match, sure: bool) -> Iterable[Check]:
    """Yield a function for each key of `match` beyond tools, effects and flags."""
    if match.actions:
        yield _text_check(match.actions, lambda view: view.operation.action, sure)
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
        window = match.when
        yield lambda view: not sure if view.context.now is None else window.holds(view.context.now)
    if match.argv:
        yield _argv_check(match.argv, sure)


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
            if (
                (kind == seen.kind or kind == "*")
                and ((seen.doubtful and not sure) or seen.name.startswith(head))
                and rest(seen)
            ):
                return True
        return False

    def any_fits(view: View) -> bool:
        for seen in view.targets:  # noqa: SIM110 - a generator here costs more than the match
            if fits(seen):
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

    def matches(seen: Seen) -> bool:
        host = seen.host
        if host is None:
            return False
        answer = Answer.YES if wanted.host == "*" else same_host(wanted.host, host.host)
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
    return lambda view: any(view.recognised[name].value >= enough for name in names)


def _environment_check(patterns: Sequence[str], sure: bool) -> Check:
    globs = tuple(Glob(pattern) for pattern in patterns)

    def check(view: View) -> bool:
        names, certain = view.environments
        if not names:
            return not sure
        hits = [any(glob.matches(name) for glob in globs) for name in names]
        return certain and all(hits) if sure else any(hits)

    return check


def _argv_check(patterns: Sequence[str], sure: bool) -> Check:
    expressions = [compile_expression(pattern) for pattern in patterns]

    def check(view: View) -> bool:
        if not view.context.argv:
            return False
        line = view.line
        return any((one.fullmatch(line) if sure else one.search(line)) is not None for one in expressions)

    return check


def compile_expression(pattern: str) -> Expression:
    """Compile a regular expression that runs in linear time; ``.`` also matches a line break.

    Raises ValueError for what is not one, look-around and back references included.
    """
    return Expression(pattern)


class Expression:
    """A compiled expression over bytes; re2 is loaded with the first one."""

    __slots__ = ("_compiled",)

    def __init__(self, pattern: str) -> None:
        import re2  # type: ignore[import-untyped]

        options = re2.Options()
        options.dot_nl, options.log_errors, options.never_capture = True, False, True
        try:
            self._compiled = re2.compile(pattern.encode(), options=options)
        except re2.error as error:
            first = error.args[0] if error.args else ""
            text = first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
            raise ValueError(text) from None

    def search(self, text: bytes) -> object:
        """Return a match anywhere in `text`, or None."""
        return self._compiled.search(text)

    def fullmatch(self, text: bytes) -> object:
        """Return a match of all of `text`, or None."""
        return self._compiled.fullmatch(text)
