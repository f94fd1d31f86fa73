"""Every rule against every operation; the strictest wins.

For each operation all rules that match are found, exceptions in force take away the rules that they name, and
the strictest verdict of what is left holds. An operation that no rule speaks of needs an approval, or is denied where
the policy says so; so does one that is not complete, unless a rule that names ``complete: false`` allows it. A rule
that fails to evaluate denies.
The call gets the strictest verdict of its operations. Several rules that ask are all satisfied at once: the
largest quorum, the shortest time, and a group that is good enough for every one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from guardcli.model.decisions import ApprovalTerms, Decision, Recording, Verdict
from guardcli.model.effects import in_order
from guardcli.model.limits import OutputLimit
from guardcli.model.masking import MaskRule
from guardcli.model.operations import Operation
from guardcli.policy.globs import Glob
from guardcli.policy.matching import CompiledRule, RuleSet
from guardcli.policy.recognition import Answer, says_where
from guardcli.policy.rules import Context, Match, Rule
from guardcli.policy.unknown import UNKNOWN_SERVER, UNKNOWN_SERVER_MESSAGE, goes_to_unknown_server
from guardcli.policy.unlabelled import UNNAMED_COLUMNS, unlabelled
from guardcli.policy.view import View

if TYPE_CHECKING:
    from guardcli.policy.effective import Policy

NO_RULE = "guard:no-rule"
INCOMPLETE = "guard:incomplete"
NO_OPERATIONS = "guard:no-operations"
NO_COMMON_APPROVER = "guard:no-common-approver"

_RANK = {Verdict.ALLOW: 0, Verdict.APPROVE: 1, Verdict.DENY: 2}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one operation: the verdict, the rule that won, every rule that matched, the message."""

    verdict: Verdict
    rule: Rule
    deciding: tuple[Rule, ...]
    matched: tuple[Rule, ...]
    message: str


def decide(policy: Policy, operations: Sequence[Operation], context: Context) -> Decision:
    """Return what `policy` says about a call that would do `operations`. Pure; never raises for any operation."""
    if not operations:
        return Decision(Verdict.DENY, NO_OPERATIONS, "Nothing is known about this call, so it cannot run.", ())
    views = _views(policy, operations, context)
    judged = [judge(policy.ruleset, view, policy.unmatched) for view in views]
    winner = max(judged, key=lambda judgement: _RANK[judgement.verdict])
    deciding = [judgement for judgement in judged if judgement.verdict is winner.verdict]
    verdict, rule, message, terms = winner.verdict, winner.rule.id, winner.message, None
    asking: list[Rule] = []
    if verdict is Verdict.APPROVE:
        asking = [one for judgement in deciding for one in judgement.deciding]
        terms = _combined(asking)
        if terms is None:
            verdict, rule = Verdict.DENY, NO_COMMON_APPROVER
            message = "No single group may approve all parts of this call; run its parts one by one."
    recording, mask = _recording(judged), _masks(judged)
    unseen = unlabelled((*policy.mask, *mask), operations, context.tool) if recording is Recording.OUTPUT else ""
    if unseen and verdict is not Verdict.DENY:
        verdict, rule, message, terms = Verdict.DENY, UNNAMED_COLUMNS, unseen, None
    if verdict is not Verdict.DENY and goes_to_unknown_server(policy, operations, context):
        verdict, rule, message, terms = Verdict.DENY, UNKNOWN_SERVER, UNKNOWN_SERVER_MESSAGE, None
    return Decision(
        verdict=verdict,
        rule=rule,
        message=message,
        operations=tuple(operations),
        matched=_other_ids(judged, rule),
        terms=terms,
        recording=recording,
        mask=mask,
        limits=_limits(policy, judged, views),
        grant_scope=_grant_scope(asking, views) if terms is not None and terms.grant else (),
    )


def explain(policy: Policy, operations: Sequence[Operation], context: Context) -> list[Judgement]:
    """Return what `policy` says about each of `operations` by itself, in order."""
    return [judge(policy.ruleset, view, policy.unmatched) for view in _views(policy, operations, context)]


def _views(policy: Policy, operations: Sequence[Operation], context: Context) -> list[View]:
    places = [target for operation in operations for target in operation.targets if says_where(target)]
    return [View(one, context, policy.ruleset.resources, places) for one in operations]


def judge(ruleset: RuleSet, view: View, unmatched: Verdict = Verdict.APPROVE) -> Judgement:
    """Return what `ruleset` says about the one operation of `view`, and `unmatched` where it says nothing."""
    matched = _matching(ruleset.rules_for(view), view)
    if matched:
        try:
            waivers = ruleset.waivers_for(view, [rule.id for rule in matched])
        except Exception:  # an exception that cannot be evaluated is not in force
            waivers = []
        if waivers:
            gone = frozenset().union(*(waiver.rules for waiver in waivers))
            matched = [*(waiver.rule for waiver in waivers), *(rule for rule in matched if rule.id not in gone)]
    if not matched:
        return _unmatched(view.operation, unmatched)
    top = max(_RANK[rule.verdict] for rule in matched)
    deciding = tuple(rule for rule in matched if _RANK[rule.verdict] == top)
    winner = deciding[0]
    return Judgement(winner.verdict, winner, deciding, tuple(matched), _message(winner, view.operation))


def _matching(rules: Sequence[CompiledRule], view: View) -> list[Rule]:
    """Return those of `rules` that apply."""
    found = []
    for compiled in rules:
        try:
            if compiled.applies(view):
                found.append(compiled.rule)
        except Exception as error:  # whatever a rule trips over, it must not let the call through
            found.append(_failed(compiled.rule, error))
    return found


def _failed(rule: Rule, error: Exception) -> Rule:
    text = f"The rule could not be evaluated ({type(error).__name__}: {error}), so the call is denied; tell its owner."
    return Rule(rule.id, rule.match, Verdict.DENY, text, source=rule.source, line=rule.line)


def _unmatched(operation: Operation, verdict: Verdict) -> Judgement:
    name = NO_RULE if operation.complete else INCOMPLETE
    known = "No rule speaks of this" if operation.complete else "Not all that this does is known"
    what = "a person must approve it" if verdict is Verdict.APPROVE else "it is denied here"
    rule = Rule(name, Match(), verdict, f"{known}, so {what}.")
    return Judgement(rule.verdict, rule, (rule,), (), _message(rule, operation))


def _message(rule: Rule, operation: Operation) -> str:
    """Return the rule's words, or some in their place, with what is not known of an incomplete operation."""
    text = rule.message
    if not text:
        effects = ", ".join(effect.value for effect in in_order(operation.effects))
        text = {
            Verdict.ALLOW: "Allowed.",
            Verdict.APPROVE: f"A person must approve this ({operation.action}: {effects}).",
            Verdict.DENY: f"Not allowed here ({operation.action}: {effects}).",
        }[rule.verdict]
    if not operation.complete and rule.verdict is not Verdict.ALLOW:
        text = f"{text} Not known: {operation.reason.rstrip('.')}."
    return text


def _combined(rules: Sequence[Rule]) -> ApprovalTerms | None:
    """Return terms that satisfy every rule, None where no group is good enough for all."""
    each = list(dict.fromkeys(rule.terms or ApprovalTerms() for rule in rules))
    groups: tuple[str, ...] = ()
    for terms in each:
        if terms.groups:
            groups = tuple(group for group in groups if group in terms.groups) if groups else terms.groups
            if not groups:
                return None
    return ApprovalTerms(
        groups=groups,
        quorum=max(terms.quorum for terms in each),
        expires=_shortest(rules),
        all_of=tuple(dict.fromkeys(group for terms in each for group in terms.all_of)),
        grant=min(terms.grant for terms in each),
        windows=tuple(dict.fromkeys(window for terms in each for window in terms.windows)),
        justification=any(terms.justification for terms in each),
    )


def _shortest(rules: Sequence[Rule]) -> float:
    """Return how long the yes holds: what a rule says goes before what is so where none says anything."""
    said = [rule.terms.expires for rule in rules if rule.terms is not None]
    return min(said, default=ApprovalTerms().expires)


def _grant_scope(asking: Sequence[Rule], views: Sequence[View]) -> tuple[str, ...]:
    """Return what a grant would cover, nothing where an operation is not surely aimed at a resource."""
    names: set[str] = set()
    for view in views:
        answers = {name: view.recognises(name) for name in view.resources}
        sure = {name for name, answer in answers.items() if answer is Answer.YES}
        if not sure or Answer.UNKNOWN in answers.values():
            return ()
        names |= sure
    rules = sorted({f"rule:{rule.id}" for rule in asking})
    return (*rules, *sorted(f"resource:{name}" for name in names))


def _limits(policy: Policy, judged: Sequence[Judgement], views: Sequence[View]) -> tuple[OutputLimit, ...]:
    """Return the limits of every rule that matched, then those of the policy that hold for one of `views`."""
    found = [limit for one in judged for rule in one.matched for limit in rule.limits]
    for rule in policy.limits:
        tools = [Glob(tool) for tool in rule.tools]
        for view in views:
            if tools and not any(glob.matches(view.operation.tool) for glob in tools):
                continue
            if not rule.resources or any(view.recognises(name) is not Answer.NO for name in rule.resources):
                found.append(rule.limit)
                break
    return tuple(dict.fromkeys(found))


def _other_ids(judged: Sequence[Judgement], winner: str) -> tuple[str, ...]:
    ids = dict.fromkeys(rule.id for judgement in judged for rule in judgement.matched)
    ids.pop(winner, None)
    return tuple(ids)


def _recording(judged: Sequence[Judgement]) -> Recording:
    """Keep the output unless for every operation the first rule that speaks of recording says otherwise."""
    for judgement in judged:
        said = [rule.recording for rule in judgement.deciding if rule.recording is not None]
        if not said or said[0] is Recording.OUTPUT:
            return Recording.OUTPUT
    return Recording.COMMAND


def _masks(judged: Sequence[Judgement]) -> tuple[MaskRule, ...]:
    return tuple(dict.fromkeys(mask for one in judged for rule in one.matched for mask in rule.mask))
