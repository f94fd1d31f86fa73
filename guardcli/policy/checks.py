"""Rules that can never decide, because another rule always decides before them.

A rule is reported when another one

- matches whatever it matches (each key is compared: the other does not have it, or covers every value),
- has no ``unless`` (or the same one), and
- is stricter, or as strict and named first.

Whether one *always* matches where the other does is answered with yes only when it is certain, so what is
reported is a fault; that nothing is reported does not prove that every rule will fire. A rule that asks and sets
terms, or a rule that sets masks, limits or recording, contributes even where it does not win, and is reported only if
something stricter covers it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from guardcli.model.decisions import Verdict
from guardcli.model.windows import Window
from guardcli.policy.globs import Glob, covers, path_covers
from guardcli.policy.rules import Match, Rule

_RANK = {Verdict.ALLOW: 0, Verdict.APPROVE: 1, Verdict.DENY: 2}

_DISTINCTIVE = (
    "argv",
    "values",
    "targets",
    "actions",
    "branches",
    "resources",
    "identities",
    "groups",
    "environments",
    "parents",
)
"""Keys by which rules are found again, those that tell most rules apart first."""


class Order:
    """All rules of a policy, in order, so that those that could go before a given one are found without looking at all.

    A rule that covers another covers the first value of each key of it, so its own value for that key begins with a
    part of that value, or ends with one.
    """

    def __init__(self, rules: Sequence[Rule], tools: Sequence[str]) -> None:
        self._tools = tuple(tools)
        self._places = {rule.id: place for place, rule in enumerate(rules)}
        self._broad: dict[tuple[Match | None, Window | None], list[Rule]] = {}
        self._index: dict[tuple[str, bool, str], list[Rule]] = {}
        for rule in rules:
            key = next((key for key in _DISTINCTIVE if getattr(rule.match, key)), "")
            if not key:
                self._broad.setdefault((rule.unless, rule.match.when), []).append(rule)
            for value in dict.fromkeys(getattr(rule.match, key)) if key else ():
                head, tail = _ends(key, value)
                at_end = len(tail) > len(head.partition(":")[2] if key == "targets" else head)
                self._index.setdefault((key, at_end, tail if at_end else head), []).append(rule)

    def never_decides(self, rule: Rule) -> Rule | None:
        """Return a rule that always decides before `rule`, None where none is certain to."""
        for other in self._candidates(rule):
            if other is not rule and self._goes_before(other, rule) and _always_with(other, rule, self._tools):
                return other
        return None

    def _candidates(self, rule: Rule) -> Iterator[Rule]:
        for unless in dict.fromkeys((None, rule.unless)):
            for when in dict.fromkeys((None, rule.match.when)):
                yield from self._broad.get((unless, when), ())
        for key in _DISTINCTIVE:
            values = getattr(rule.match, key)
            if not values:
                continue
            value = _normal(key, values[0])
            for length in range(len(value) + 1):
                yield from self._index.get((key, False, value[:length]), ())
                yield from self._index.get((key, True, value[len(value) - length :]), ())

    def _goes_before(self, other: Rule, rule: Rule) -> bool:
        if _RANK[other.verdict] != _RANK[rule.verdict]:
            return _RANK[other.verdict] > _RANK[rule.verdict]
        contributes = rule.terms is not None or rule.mask or rule.limits or rule.recording is not None
        return not contributes and self._places[other.id] < self._places[rule.id]


def never_applies(rule: Rule, tools: Sequence[str]) -> bool:
    """Return whether the ``unless`` of `rule` surely takes away all that it matches.

    ``unless`` is read with the opposite care: that of a rule which restricts holds only where it surely does.
    """
    unless, match = rule.unless, rule.match
    if unless is None:
        return False
    if rule.permits:
        return _always_with(replace(rule, match=unless, unless=None, verdict=Verdict.DENY), rule, tuple(tools))
    named = (unless.effects, unless.actions, unless.targets, unless.resources, unless.identities)
    known = (unless.environments, unless.branches, unless.argv)
    return (
        not any(named)
        and not any(known)
        and unless.when is None
        and _flags_covered(unless, match, True, False)
        and _tools_covered(unless.tools, match.tools, tuple(tools))
        and _all_covered(unless.groups, match.groups, covers)
        and _all_covered(unless.parents, match.parents, covers)
    )


def never_together(one: Match, other: Match) -> bool:
    """Return whether surely no operation is matched by both, `one` being sure of all that it matches."""
    if one.effects and other.effects and one.effects.isdisjoint(other.effects):
        return True
    literal = [tool for tool in (*one.tools, *other.tools) if "*" not in tool]
    tools = len(literal) == len(one.tools) + len(other.tools) and bool(one.tools) and bool(other.tools)
    return tools and set(one.tools).isdisjoint(other.tools)


def _normal(key: str, value: str) -> str:
    kind, colon, name = value.partition(":")
    if key == "targets" and colon and kind in ("table", "function") and "/" not in name and name not in ("*", "**"):
        return f"{kind}:*/{name}"
    return value


def _ends(key: str, value: str) -> tuple[str, str]:
    """Return what stands before the first star of `value` and behind the last; twice the same where there is none."""
    if key == "argv":
        return value, ""
    normal = _normal(key, value)
    return normal.partition("*")[0].removesuffix("/"), normal.rpartition("*")[2].removeprefix("/")


def _always_with(other: Rule, rule: Rule, tools: tuple[str, ...]) -> bool:
    """Return whether `other` surely matches whatever `rule` matches."""
    wide, narrow = other.match, rule.match
    if wide.effects and not (narrow.effects and narrow.effects <= wide.effects):
        return False  # an operation that `narrow` matches has an effect of its list, whichever way it is read
    if other.unless is not None and other.unless != rule.unless:
        return False
    if other.permits and not rule.permits:
        return False
    return (
        _targets_covered(wide, narrow)
        and _all_covered(wide.actions, narrow.actions, covers)
        and _flags_covered(wide, narrow, other.permits, rule.permits)
        and _tools_covered(wide.tools, narrow.tools, tools)
        and _all_covered(wide.resources, narrow.resources, str.__eq__)
        and _all_covered(wide.groups, narrow.groups, covers)
        and _all_covered(wide.identities, narrow.identities, covers)
        and _all_covered(wide.parents, narrow.parents, covers)
        and _all_covered(wide.environments, narrow.environments, covers)
        and _all_covered(wide.branches, narrow.branches, path_covers)
        and (not wide.argv or wide.argv == narrow.argv)
        and (not wide.values or wide.values == narrow.values)
        and (wide.when is None or wide.when == narrow.when)
    )


@lru_cache(maxsize=1024)
def _tools_covered(wide: tuple[str, ...], narrow: tuple[str, ...], tools: tuple[str, ...]) -> bool:
    if not wide:
        return True
    reached = [tool for tool in tools if not narrow or any(Glob(one).matches(tool) for one in narrow)]
    return bool(reached) and all(any(Glob(one).matches(tool) for one in wide) for tool in reached)


def _flags_covered(wide: Match, narrow: Match, wide_permits: bool, narrow_permits: bool) -> bool:
    def completeness(match: Match, permits: bool) -> bool | None:
        return True if permits and match.complete is None else match.complete

    pairs = (
        (completeness(wide, wide_permits), completeness(narrow, narrow_permits)),
        (wide.unbounded, narrow.unbounded),
        (wide.sensitive, narrow.sensitive),
    )
    return all(outer is None or outer == inner for outer, inner in pairs)


def _targets_covered(wide: Match, narrow: Match) -> bool:
    if not wide.targets:
        return True
    if not narrow.targets or wide.targets == narrow.targets:
        return bool(narrow.targets)
    if any(target.startswith(("host:", "*:")) for target in (*wide.targets, *narrow.targets)):
        return False
    return _all_covered(wide.targets, narrow.targets, _target_covers)


@lru_cache(maxsize=4096)
def _target_covers(general: str, special: str) -> bool:
    outer, _, wide = _normal("targets", general).partition(":")
    inner, _, narrow = _normal("targets", special).partition(":")
    return outer == inner and path_covers(wide, narrow)


def _all_covered(wide: Sequence[str], narrow: Sequence[str], cover: Callable[[str, str], object]) -> bool:
    if not wide:
        return True
    return bool(narrow) and all(any(cover(outer, inner) is True for outer in wide) for inner in narrow)
