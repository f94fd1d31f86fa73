# ruff: noqa: E501 - a case is a line
"""Rules that can never decide are faults; rules that sometimes do are not."""

from __future__ import annotations

import pytest

from guardcli.model.errors import ConfigurationError
from guardcli.policy import checks

FIRST = "first, match: {tool: psql, effects: [write, delete]}, decision: deny"


@pytest.mark.parametrize(
    ("first", "second", "covered"),
    [
        (FIRST, "x, match: {tool: psql, effects: [write]}, decision: allow", True),
        (FIRST, "x, match: {tool: psql, effects: [read, write]}, decision: allow", False),
        (FIRST, "x, match: {tool: psql}, decision: allow", False),
        (FIRST, "x, match: {effects: [write]}, decision: allow", False),
        (FIRST, 'x, match: {tool: "ps*", effects: [delete]}, decision: approve', True),
        (FIRST, "x, match: {tool: psql, effects: [write], groups: [dba]}, decision: allow", True),
        (FIRST, "x, match: {tool: psql, effects: [write]}, decision: deny", True),
        (FIRST, "x, match: {tool: psql, effects: [write]}, decision: approve, approve: {groups: [dba]}", True),
        (
            "first, match: {tool: psql}, unless: {groups: [dba]}, decision: deny",
            "x, match: {tool: psql}, decision: allow",
            False,
        ),
        ("first, match: {tool: psql, complete: true}, decision: deny", "x, match: {tool: psql}, decision: allow", True),
        (
            "first, match: {tool: psql, complete: true}, decision: deny",
            "x, match: {tool: psql}, decision: approve",
            False,
        ),
        (
            "first, match: {tool: psql, complete: false}, decision: deny",
            "x, match: {tool: psql}, decision: allow",
            False,
        ),
        (
            "first, match: {targets: 'table:orders'}, decision: deny",
            "x, match: {targets: 'table:public/orders'}, decision: allow",
            True,
        ),
        (
            "first, match: {targets: 'table:public/*'}, decision: deny",
            "x, match: {targets: 'table:orders'}, decision: allow",
            False,
        ),
        (
            "first, match: {targets: 'file:/etc/**'}, decision: deny",
            "x, match: {targets: 'file:/etc/ssh/*'}, decision: approve",
            True,
        ),
        (
            "first, match: {targets: 'file:/etc/*'}, decision: deny",
            "x, match: {targets: 'file:/etc/**'}, decision: approve",
            False,
        ),
        ("first, match: {action: 'drop *'}, decision: deny", "x, match: {action: drop table}, decision: allow", True),
        ("first, match: {action: '*table'}, decision: deny", "x, match: {action: drop table}, decision: allow", True),
        ("first, match: {argv: 'a'}, decision: deny", "x, match: {argv: 'a'}, decision: approve", True),
        ("first, match: {argv: 'a'}, decision: deny", "x, match: {argv: 'ab'}, decision: approve", False),
        ("first, match: {tool: git}, decision: approve", "x, match: {tool: git}, decision: approve", True),
        (
            "first, match: {tool: git}, decision: approve",
            "x, match: {tool: git}, decision: approve, approve: {quorum: 2}",
            False,
        ),
        (
            "first, match: {tool: git}, decision: allow",
            "x, match: {tool: git}, decision: allow, record: command",
            False,
        ),
        (
            "first, match: {tool: git, when: {days: mon}}, decision: deny",
            "x, match: {tool: git}, decision: allow",
            False,
        ),
    ],
)
def test_a_rule_is_refused_when_another_always_goes_before_it(load, first: str, second: str, covered: bool) -> None:
    body = f"rules:\n  - {{id: {first}}}\n  - {{id: {second}}}\n"
    if not covered:
        load(body)
        return
    with pytest.raises(ConfigurationError) as raised:
        load(body)
    assert [problem.line for problem in raised.value.problems] == [5]
    assert "'x' can never decide: 'first' on line 4" in str(raised.value)


def test_a_stricter_rule_behind_covers_as_well_as_one_before(load) -> None:
    body = "rules:\n  - {id: x, match: {tool: psql, effects: [read]}, decision: allow}\n  - {id: y, match: {tool: psql}, decision: deny}\n"
    with pytest.raises(ConfigurationError, match="'x' can never decide: 'y' on line 5"):
        load(body)


def test_a_rule_that_a_pack_overrules_is_told_how_to_relax_it(load) -> None:
    body = "extends: pack:default\nrules:\n  - {id: x, match: {tool: psql, effects: [write]}, decision: allow}\n"
    with pytest.raises(ConfigurationError) as raised:
        load(body)
    assert "'psql-changes-ask' of pack:default (approve)" in str(raised.value)
    assert "write an exception, or replace it: write a rule with the id 'psql-changes-ask'" in str(raised.value)


def test_rules_of_a_pack_that_one_of_ones_own_overrules_are_no_fault(load) -> None:
    load('extends: pack:default\nrules:\n  - {id: x, match: {tool: "*"}, decision: deny}\n')


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("rules: [gone]", "no rule is named 'gone'"),
        ("rules: [reads]", "'reads' allows; an exception takes away rules that ask or deny"),
        ("until: 2026-01-01", "the exception ends before it begins"),
        ("id: reads", "is the name of a rule"),
        ("owner: ''", "'owner'"),
    ],
)
def test_an_exception_names_rules_that_stop_something_and_has_an_end(load, change: str, said: str) -> None:
    parts = {
        "id": "id: e",
        "rules": "rules: [stops]",
        "match": "match: {tool: psql}",
        "owner": "owner: ann",
        "reason": "reason: why",
        "from": "from: 2026-02-01",
        "until": "until: 2026-03-01",
    }
    body = """rules:
  - {id: reads, match: {tool: git}, decision: allow}
  - {id: stops, match: {tool: psql}, decision: deny}
exceptions:
  - {%s}
"""
    load(body % ", ".join(parts.values()))
    parts[change.partition(":")[0]] = change
    with pytest.raises(ConfigurationError) as raised:
        load(body % ", ".join(parts.values()))
    assert said in str(raised.value)
    del parts["until"]
    with pytest.raises(ConfigurationError, match="'until' is missing"):
        load(body % ", ".join(parts.values()))


@pytest.mark.parametrize(
    "match",
    [
        "tool: psql, when: {{hours: '{1}:{2}-23:59'}}",
        "targets: 'table:**/t{0}x'",
        "targets: ['file:/a{0}/**', 'table:s{0}x/*']",
        "tool: git, argv: 'x{0}x'",
        "groups: 'g{0}x', effects: [write]",
        "action: '* t{0}x'",
    ],
)
def test_looking_for_what_goes_before_does_not_compare_every_rule_with_every_other(load, monkeypatch, match) -> None:
    compared = []
    known = checks._always_with
    monkeypatch.setattr(checks, "_always_with", lambda *parts: compared.append(1) or known(*parts))
    lines = [
        f"  - {{id: r{n}, match: {{{match.format(n, f'{n // 59:02d}', f'{n % 59:02d}')}}}, decision: deny}}"
        for n in range(300)
    ]
    load("rules:\n" + "\n".join(lines))
    assert len(compared) < 900


@pytest.mark.parametrize(
    ("rule", "never"),
    [
        ("match: {tool: psql, complete: true}, unless: {tool: psql}, decision: deny", True),
        ("match: {tool: psql, complete: true}, unless: {tool: 'p*'}, decision: approve", True),
        ("match: {tool: psql}, unless: {tool: psql}, decision: deny", False),  # what is conceded is still denied
        ("match: {tool: psql, complete: true}, unless: {tool: git}, decision: deny", False),
        ("match: {tool: psql, complete: true}, unless: {tool: psql, complete: false}, decision: deny", False),
        ("match: {tool: psql, complete: true, effects: [write]}, unless: {effects: [write]}, decision: deny", False),
        ("match: {tool: psql, complete: true, groups: a}, unless: {tool: psql, groups: '*'}, decision: deny", True),
        ("match: {tool: psql, complete: true}, unless: {tool: psql, identity: ann}, decision: deny", False),
        ("match: {tool: psql, effects: [read]}, unless: {effects: [read, write]}, decision: allow", True),
        ("match: {tool: psql}, unless: {tool: psql}, decision: allow", True),
        ("match: {tool: psql, effects: [read, write]}, unless: {effects: [write]}, decision: allow", False),
        ("match: {tool: git, targets: 'ref:origin/*'}, unless: {targets: 'ref:**'}, decision: allow", True),
        ("match: {tool: git, targets: 'ref:**'}, unless: {targets: 'ref:origin/*'}, decision: allow", False),
        ("match: {argv: 'git log'}, unless: {argv: 'git log'}, decision: allow", True),
    ],
)
def test_a_rule_whose_unless_takes_all_of_it_away_is_refused(load, rule: str, never: bool) -> None:
    body = f"rules:\n  - {{id: x, {rule}}}\n"
    if not never:
        load(body)
        return
    with pytest.raises(ConfigurationError, match="its `unless` takes away all that it matches"):
        load(body)


@pytest.mark.parametrize(
    "match",
    [
        "tool: psql, argv: '^psql -c'",
        "tool: psql, argv: '^ssh \\w+ psql'",
        "tool: psql, argv: '^kubectl exec'",
        "tool: psql, argv: '^sudo psql'",
        "tool: psql, argv: 'git log'",
        "tool: [psql, git], argv: '^git log'",
        "argv: '^psql -c'",
        "tool: psql, argv: '^(psql|git) -c'",
        "tool: psql, environment: production",
    ],
)
def test_a_rule_that_may_match_some_call_is_taken(load, match: str) -> None:
    load(f"rules:\n  - {{id: x, match: {{{match}}}, decision: deny}}\n")
