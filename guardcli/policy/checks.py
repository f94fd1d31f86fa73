"""Rules that can never decide, because another rule always decides before them.

A rule is reported when another one

- matches whatever it matches (each key is compared: the other does not have it, or covers every value),
- has no ``unless`` (or the same one), and
- is stricter, or as strict and named first.

Whether one *always* matches where the other does is answered with yes only when it is certain, so what is
reported is a fault; that nothing is reported does not prove that every rule will fire. A rule that asks and sets
terms, or a rule that sets masks or recording, contributes even where it does not win, and is reported only if
something stricter covers it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from guardcli.model.decisions import Verdict
from guardcli.policy.globs import Glob, covers, path_covers
from guardcli.policy.rules import Match, Rule

_RANK = {Verdict.ALLOW: 0, Verdict.APPROVE: 1, Verdict.DENY: 2}


def never_decides(rule: Rule, others: Sequence[Rule], tools: Sequence[str]) -> Rule | None:
    """Return the rule of `others`, which are in order and hold `rule` too, that always decides before it."""
    earlier = True
    for other in others:
        if other is rule:
            earlier = False
            continue
        if _goes_before(other, rule, earlier) and _always_with(other, rule, tools):
            return other
    return None


def _goes_before(other: Rule, rule: Rule, earlier: bool) -> bool:
    if _RANK[other.verdict] != _RANK[rule.verdict]:
        return _RANK[other.verdict] > _RANK[rule.verdict]
    contributes = rule.terms is not None or rule.mask or rule.recording is not None
    return earlier and not contributes


def _always_with(other: Rule, rule: Rule, tools: Sequence[str]) -> bool:
    """Return whether `other` surely matches whatever `rule` matches."""
    if other.unless is not None and other.unless != rule.unless:
        return False
    if other.permits and not rule.permits:
        return False
    wide, narrow = other.match, rule.match
    return (
        _tools_covered(wide, narrow, tools)
        and _effects_covered(wide, narrow)
        and _flags_covered(wide, narrow, other.permits, rule.permits)
        and _targets_covered(wide, narrow, rule.permits)
        and _all_covered(wide.actions, narrow.actions, covers)
        and _all_covered(wide.resources, narrow.resources, str.__eq__)
        and _all_covered(wide.groups, narrow.groups, covers)
        and _all_covered(wide.identities, narrow.identities, covers)
        and _all_covered(wide.parents, narrow.parents, covers)
        and _all_covered(wide.environments, narrow.environments, covers)
        and _all_covered(wide.branches, narrow.branches, path_covers)
        and (not wide.argv or wide.argv == narrow.argv)
        and (wide.when is None or wide.when == narrow.when)
    )


def _tools_covered(wide: Match, narrow: Match, tools: Sequence[str]) -> bool:
    if not wide.tools:
        return True
    reached = [tool for tool in tools if not narrow.tools or any(Glob(one).matches(tool) for one in narrow.tools)]
    return bool(reached) and all(any(Glob(one).matches(tool) for one in wide.tools) for tool in reached)


def _effects_covered(wide: Match, narrow: Match) -> bool:
    """An operation that `narrow` matches has an effect of its list, whichever way it is read."""
    return not wide.effects or (bool(narrow.effects) and narrow.effects <= wide.effects)


def _flags_covered(wide: Match, narrow: Match, wide_permits: bool, narrow_permits: bool) -> bool:
    def completeness(match: Match, permits: bool) -> bool | None:
        return True if permits and match.complete is None else match.complete

    pairs = (
        (completeness(wide, wide_permits), completeness(narrow, narrow_permits)),
        (wide.unbounded, narrow.unbounded),
        (wide.sensitive, narrow.sensitive),
    )
    return all(outer is None or outer == inner for outer, inner in pairs)


def _targets_covered(wide: Match, narrow: Match, narrow_permits: bool) -> bool:
    if not wide.targets:
        return True
    if not narrow.targets or wide.targets == narrow.targets:
        return bool(narrow.targets)
    if any(target.startswith(("host:", "*:")) for target in (*wide.targets, *narrow.targets)):
        return False
    return _all_covered(wide.targets, narrow.targets, _target_covers)


def _target_covers(general: str, special: str) -> bool:
    outer, _, wide = general.partition(":")
    inner, _, narrow = special.partition(":")
    if outer in ("table", "function"):
        wide, narrow = (name if "/" in name or name in ("*", "**") else f"*/{name}" for name in (wide, narrow))
    return outer == inner and path_covers(wide, narrow)


def _all_covered(wide: Sequence[str], narrow: Sequence[str], cover: Callable[[str, str], object]) -> bool:
    if not wide:
        return True
    return bool(narrow) and all(any(cover(outer, inner) is True for outer in wide) for inner in narrow)
