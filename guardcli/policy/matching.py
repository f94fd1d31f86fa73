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
values              any value fits, or cannot be read               every value fits, and there is one
==================  ==============================================  =============================================

So a doubt is never in favour of what runs. ``unless`` is read with the opposite care of its rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from guardcli.model.resources import Resource
from guardcli.policy.expressions import ExpressionSet
from guardcli.policy.globs import Glob
from guardcli.policy.keys import Check, action_check, checks
from guardcli.policy.recognition import Recognisers
from guardcli.policy.rules import Match, Rule, Waiver
from guardcli.policy.view import ALL, BIT, COMPLETE, SENSITIVE, UNBOUNDED, View

KNOWN_MAX = 256
"""Kinds of operations for which the rules that speak of them are remembered."""


class Compiled:
    """A match made ready: effects and flags as bits, the other keys as functions.

    `wanted` has a bit for each effect of which one must be there (0, any will do), `forbidden` for each that must
    not. `flag_mask` and `flags` do the same for complete, unbounded and sensitive.
    """

    __slots__ = ("_actions", "_checks", "_tools", "flag_mask", "flags", "forbidden", "wanted")

    def __init__(self, match: Match, sure: bool, expressions: ExpressionSet) -> None:
        self._tools = tuple(Glob(tool) for tool in match.tools)
        effects = sum(BIT[effect] for effect in match.effects)
        self.wanted = 0 if sure else effects
        self.forbidden = ALL & ~effects if sure and effects else 0
        complete = True if sure and match.complete is None else match.complete
        wanted = ((COMPLETE, complete), (UNBOUNDED, match.unbounded), (SENSITIVE, match.sensitive))
        self.flag_mask = sum(bit for bit, value in wanted if value is not None)
        self.flags = sum(bit for bit, value in wanted if value)
        self._actions = action_check(match.actions, sure)
        self._checks = tuple(checks(match, sure, expressions))

    def speaks_of(self, view: View) -> bool:
        """Return whether tool, action, effects and flags fit, which are the same for many calls."""
        effects = view.effects
        if effects & self.forbidden or (self.wanted and not effects & self.wanted):
            return False
        if view.flags & self.flag_mask != self.flags:
            return False
        if self._tools and not any(glob.matches(view.operation.tool) for glob in self._tools):
            return False
        return self._actions is None or self._actions(view)

    def checks_hold(self, view: View) -> bool:
        """Return whether all the rest fits."""
        for check in self._checks:  # noqa: SIM110 - a generator here costs more than the checks
            if not check(view):
                return False
        return True


class CompiledRule(Compiled):
    """A rule with its match and its ``unless`` made ready.

    `applies` says whether the rule applies to what it `speaks_of`; for most rules that is a single check.
    """

    __slots__ = ("_unless", "applies", "rule")

    def __init__(self, rule: Rule, sure: bool, expressions: ExpressionSet) -> None:
        super().__init__(rule.match, sure, expressions)
        self.rule = rule
        self._unless = Compiled(rule.unless, not sure, expressions) if rule.unless is not None else None
        alone = self._checks[0] if len(self._checks) == 1 else self.checks_hold
        self.applies: Check = alone if self._unless is None else self._applies

    def _applies(self, view: View) -> bool:
        unless = self._unless
        return self.checks_hold(view) and (unless is None or not (unless.speaks_of(view) and unless.checks_hold(view)))


class RuleSet:
    """All rules and exceptions of a policy, found by what an operation is."""

    def __init__(self, rules: Iterable[Rule], waivers: Iterable[Waiver], resources: Sequence[Resource]) -> None:
        expressions = ExpressionSet()
        self._rules = tuple(CompiledRule(rule, rule.permits, expressions) for rule in rules)
        self._waivers = tuple((waiver, CompiledRule(waiver.rule, True, expressions)) for waiver in waivers)
        self._found: dict[tuple[str, str, int, int], tuple[CompiledRule, ...]] = {}
        self.resources = Recognisers(resources)

    def rules_for(self, view: View) -> tuple[CompiledRule, ...]:
        """Return the rules that speak of the operation of `view`, in order; remembered for those like it."""
        operation = view.operation
        key = (operation.tool, operation.action, view.effects, view.flags)
        found = self._found.get(key)
        if found is None:
            found = tuple(rule for rule in self._rules if rule.speaks_of(view))
            if len(self._found) >= KNOWN_MAX:
                self._found.clear()
            self._found[key] = found
        return found

    def waivers_for(self, view: View, ids: Iterable[str]) -> list[Waiver]:
        """Return the exceptions in force that surely match and take one of the rules `ids` away."""
        matched = frozenset(ids)
        return [
            waiver
            for waiver, compiled in self._waivers
            if not matched.isdisjoint(waiver.rules)
            and waiver.holds(view.context.now)
            and compiled.speaks_of(view)
            and compiled.applies(view)
        ]
