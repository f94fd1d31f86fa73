"""Deciding: precedence, doubt, exceptions, approval terms, recording and masks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from statistics import median
from time import process_time

import pytest

from guardcli.model.decisions import ApprovalTerms, Recording, Verdict
from guardcli.policy import Context, decide
from guardcli.policy.engine import INCOMPLETE, NO_COMMON_APPROVER, NO_OPERATIONS, NO_RULE, explain
from guardcli.policy.matching import CompiledRule

ALLOW, APPROVE, DENY = Verdict.ALLOW, Verdict.APPROVE, Verdict.DENY
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)

THREE = """
rules:
  - {id: reads, match: {tool: psql, effects: [read, session]}, decision: allow}
  - {id: writes, match: {tool: psql, effects: [write]}, decision: approve}
  - {id: grave, match: {tool: psql, effects: [define, privilege]}, decision: deny, message: Not here.}
"""


@pytest.mark.parametrize(
    ("effects", "verdict", "rule"),
    [
        (["read"], ALLOW, "reads"),
        (["read", "session"], ALLOW, "reads"),
        (["read", "write"], APPROVE, "writes"),
        (["write", "define"], DENY, "grave"),
        (["read", "privilege"], DENY, "grave"),
        (["delete"], APPROVE, NO_RULE),
        (["read", "delete"], APPROVE, NO_RULE),
    ],
)
def test_deny_beats_approve_beats_allow_and_an_allow_covers_every_effect(
    load, operation, effects, verdict, rule
) -> None:
    decision = decide(load(THREE), [operation("psql", "x", *effects)], Context())
    assert (decision.verdict, decision.rule) == (verdict, rule)


def test_the_order_of_rules_does_not_change_a_verdict(load, operation) -> None:
    lines = THREE.strip().splitlines()
    turned = "\n".join([lines[0], *reversed(lines[1:])])
    for effects in (["read"], ["read", "write"], ["write", "define"]):
        one, other = (decide(load(body), [operation("psql", "x", *effects)], Context()) for body in (THREE, turned))
        assert (one.verdict, one.rule) == (other.verdict, other.rule)


def test_a_call_gets_the_strictest_verdict_of_its_operations_and_names_the_others(load, operation) -> None:
    operations = [operation("psql", "a", "read"), operation("psql", "b", "define"), operation("psql", "c", "write")]
    decision = decide(load(THREE), operations, Context())
    assert (decision.verdict, decision.rule, decision.message) == (DENY, "grave", "Not here.")
    assert decision.matched == ("reads", "writes")
    assert [one.rule.id for one in explain(load(THREE), operations, Context())] == ["reads", "grave", "writes"]


def test_nothing_to_judge_is_denied(load) -> None:
    assert decide(load(THREE), [], Context()).rule == NO_OPERATIONS
    assert decide(load(THREE), [], Context()).verdict is DENY


def test_what_is_incomplete_asks_unless_a_rule_that_names_it_allows(load, operation) -> None:
    hidden = operation("psql", "do", "read", "unknown", complete=False)
    silent = load("""
rules:
  - {id: all, match: {tool: psql, effects: [read, unknown], complete: false}, decision: allow}
  - {id: b, match: {tool: psql}, decision: allow}
""")
    assert decide(silent, [hidden], Context()).rule == "all"
    unnamed = load("rules:\n  - {id: all, match: {tool: psql}, decision: allow}")
    decision = decide(unnamed, [hidden], Context())
    assert (decision.verdict, decision.rule) == (APPROVE, INCOMPLETE)
    assert "something is hidden" in decision.message
    assert decide(unnamed, [operation("psql", "x", "read")], Context()).verdict is ALLOW


def test_a_rule_that_denies_a_known_effect_denies_what_is_incomplete_as_well(load, operation) -> None:
    hidden = operation("psql", "do", "define", "unknown", complete=False)
    assert decide(load(THREE), [hidden], Context()).rule == "grave"


def test_a_rule_that_fails_to_evaluate_denies(load, operation, monkeypatch) -> None:
    policy = load("rules:\n  - {id: x, match: {tool: psql}, decision: allow}")

    def trips(self: CompiledRule, view: object) -> bool:
        raise RuntimeError("broken")

    monkeypatch.setattr(CompiledRule, "applies", trips)
    decision = decide(policy, [operation("psql", "x", "read")], Context())
    assert (decision.verdict, decision.rule) == (DENY, "x")
    assert "could not be evaluated" in decision.message


# Exceptions.

WAIVED = (
    THREE
    + """
exceptions:
  - id: scratch
    rules: [writes]
    match: {tool: psql, effects: [read, write], targets: ["table:scratch/*"]}
    owner: ann
    reason: the nightly import
    from: 2026-03-01
    until: 2026-03-31
"""
)


@pytest.mark.parametrize(
    ("effects", "targets", "now", "verdict", "rule"),
    [
        (["write"], ["table:scratch/a"], NOON, ALLOW, "scratch"),
        (["write"], ["table:scratch/a"], datetime(2026, 3, 31, 23, 59, tzinfo=UTC), ALLOW, "scratch"),
        (["write"], ["table:scratch/a"], datetime(2026, 4, 1, tzinfo=UTC), APPROVE, "writes"),
        (["write"], ["table:scratch/a"], datetime(2026, 2, 28, tzinfo=UTC), APPROVE, "writes"),
        (["write"], ["table:scratch/a"], None, APPROVE, "writes"),
        (["write"], ["table:scratch/a", "table:public/b"], NOON, APPROVE, "writes"),
        (["write"], ["table:/a"], NOON, APPROVE, "writes"),
        (["write", "delete"], ["table:scratch/a"], NOON, APPROVE, "writes"),
        (["write", "define"], ["table:scratch/a"], NOON, DENY, "grave"),
    ],
)
def test_an_exception_takes_a_rule_away_for_what_it_surely_matches_while_it_lasts(
    load, operation, effects, targets, now, verdict, rule
) -> None:
    decision = decide(load(WAIVED), [operation("psql", "x", *effects, targets=targets)], Context(now=now))
    assert (decision.verdict, decision.rule) == (verdict, rule)


def test_an_exception_leaves_the_rules_that_it_does_not_name(load, operation) -> None:
    more = "  - {id: freeze, match: {tool: psql, effects: [write]}, decision: deny}\nexceptions:"
    frozen = load(
        WAIVED.replace("exceptions:", more).replace(
            "  - {id: writes, match: {tool: psql, effects: [write]}, decision: approve}\n",
            "  - {id: writes, match: {tool: psql, effects: [write, delete]}, decision: approve}\n",
        )
    )
    assert (
        decide(frozen, [operation("psql", "x", "write", targets=["table:scratch/a"])], Context(now=NOON)).rule
        == "freeze"
    )


# Approval terms, recording, masks.


def test_several_rules_that_ask_are_all_satisfied_at_once(load, operation) -> None:
    policy = load("""
rules:
  - {id: a, match: {effects: [write]}, decision: approve}
  - {id: b, match: {effects: [write]}, decision: approve, approve: {groups: [dba, sre], quorum: 2, expires: 1h}}
  - {id: c, match: {effects: [write], tool: psql}, decision: approve, approve: {groups: [dba], expires: 5m}}
""")
    decision = decide(policy, [operation("psql", "x", "write")], Context())
    assert decision.terms == ApprovalTerms(("dba",), 2, 300.0)
    assert decide(policy, [operation("git", "x", "write")], Context()).terms == ApprovalTerms(("dba", "sre"), 2, 3600.0)


def test_parts_that_no_single_group_may_approve_are_denied_with_advice(load, operation) -> None:
    policy = load("""
rules:
  - {id: a, match: {tool: psql}, decision: approve, approve: {groups: [dba]}}
  - {id: b, match: {tool: git}, decision: approve, approve: {groups: [sre]}}
""")
    decision = decide(policy, [operation("psql", "x", "write"), operation("git", "x", "write")], Context())
    assert (decision.verdict, decision.rule, decision.terms) == (DENY, NO_COMMON_APPROVER, None)
    assert "one by one" in decision.message


def test_an_approval_without_terms_is_one_yes_for_ten_minutes(load, operation) -> None:
    decision = decide(load(THREE), [operation("psql", "x", "write")], Context())
    assert decision.terms == ApprovalTerms()
    assert decide(load(THREE), [operation("psql", "x", "read")], Context()).terms is None


def test_output_is_kept_unless_every_operation_says_command_only(load, operation) -> None:
    policy = load("""
rules:
  - {id: a, match: {tool: git}, decision: allow, record: command}
  - {id: b, match: {tool: psql}, decision: allow}
""")
    git, psql = operation("git", "x", "read"), operation("psql", "x", "read")
    assert decide(policy, [git, git], Context()).recording is Recording.COMMAND
    assert decide(policy, [git, psql], Context()).recording is Recording.OUTPUT


def test_the_masks_of_every_rule_that_matches_are_added(load, operation) -> None:
    policy = load("""
rules:
  - id: a
    match: {tool: psql, effects: [read]}
    decision: allow
    mask: [{columns: ["*.ssn"], with: partial, keep_last: 2}]
  - {id: b, match: {targets: ["table:*/people"]}, decision: approve, mask: [{detect: email}]}
""")
    decision = decide(policy, [operation("psql", "x", "read", targets=["table:public/people"])], Context())
    assert [mask.columns or mask.detect for mask in decision.mask] == [("*.ssn",), ("email",)]


def test_a_thousand_rules_take_time_in_proportion(load, operation) -> None:
    def seconds(count: int) -> float:
        body = "\n".join(
            f'  - {{id: r{n}, match: {{tool: psql, effects: [write], targets: ["table:s{n}x/*"]}}, decision: deny}}'
            for n in range(count)
        )
        policy = load(f"rules:\n{body}")
        one = [operation("psql", "update", "write", targets=["table:public/orders"])]

        def once() -> float:
            begin = process_time()
            decide(policy, one, Context())
            return process_time() - begin

        return median(once() for _ in range(21))

    assert seconds(1000) < 40 * max(seconds(100), 1e-5)


def test_time_windows_are_read_in_their_zone(load, operation) -> None:
    policy = load("""
rules:
  - id: open
    match: {tool: psql, when: {days: mon-fri, hours: "09:00-17:00", timezone: Europe/Berlin}}
    decision: allow
  - {id: night, match: {tool: git, when: {days: fri, hours: "22:00-06:00"}}, decision: deny}
""")

    def rule(tool: str, now: datetime | None) -> str:
        return decide(policy, [operation(tool, "x", "read")], Context(now=now)).rule

    assert rule("psql", datetime(2026, 3, 4, 8, 30, tzinfo=UTC)) == "open"
    assert rule("psql", datetime(2026, 3, 4, 7, 30, tzinfo=UTC)) == NO_RULE
    assert rule("psql", datetime(2026, 3, 4, 16, 0, tzinfo=UTC)) == NO_RULE
    assert rule("psql", datetime(2026, 3, 7, 12, 0, tzinfo=UTC)) == NO_RULE
    assert rule("psql", None) == NO_RULE
    friday = datetime(2026, 3, 6, 23, 0, tzinfo=UTC)
    assert rule("git", friday) == "night"
    assert rule("git", friday + timedelta(hours=5)) == "night"
    assert rule("git", friday + timedelta(hours=8)) == NO_RULE
    assert rule("git", friday - timedelta(days=1)) == NO_RULE
    assert rule("git", None) == "night"
