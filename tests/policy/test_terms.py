# ruff: noqa: E501 - a case is a line
"""Terms of a yes and limits of a response: what is written, what it comes to, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from guardcli.model.decisions import ApprovalTerms, Verdict
from guardcli.model.errors import ConfigurationError
from guardcli.model.limits import Breach, OutputLimit
from guardcli.model.masking import PERSONAL_DETECTORS
from guardcli.policy import Context, decide

HEAD = """
resources:
  orders: {kind: postgres, host: db.internal}
  scratch: {kind: postgres, host: scratch.internal}
"""
RULE = "rules:\n  - id: asks\n    match: {tool: psql, effects: [write]%s}\n    decision: approve\n    approve: {%s}\n"


def terms_of(load, operation, approve: str, match: str = "") -> ApprovalTerms | None:
    policy = load(HEAD + RULE % (match, approve))
    return decide(policy, [operation("psql", "x", "write", targets=["host:db.internal"])], Context()).terms


@pytest.mark.parametrize(
    ("approve", "match", "terms"),
    [
        ("quorum: 2", "", ApprovalTerms(quorum=2)),
        ("all_of: [dba, security]", "", ApprovalTerms(all_of=("dba", "security"))),
        ("groups: sre, all_of: dba", "", ApprovalTerms(("sre",), all_of=("dba",))),
        ("grant: 30m", ", resource: orders", ApprovalTerms(grant=1800.0)),
        ("justification: required", "", ApprovalTerms(justification=True)),
        ("justification: optional", "", ApprovalTerms()),
    ],
)
def test_the_terms_are_those_that_are_written(load, operation, approve, match, terms) -> None:
    assert terms_of(load, operation, approve, match) == terms


def test_an_execution_window_is_a_time_in_which_the_call_may_run(load, operation) -> None:
    terms = terms_of(load, operation, 'window: {days: mon-fri, hours: "22:00-06:00", timezone: Europe/Berlin}')
    assert terms is not None
    friday_night = datetime(2026, 3, 6, 22, 30, tzinfo=UTC)
    assert terms.may_run(friday_night)
    assert terms.may_run(friday_night + timedelta(hours=6))
    assert not terms.may_run(friday_night + timedelta(hours=7))
    assert not terms.may_run(friday_night + timedelta(days=1))
    assert str(terms.windows[0]) == "mon tue wed thu fri 22:00-06:00 Europe/Berlin"
    assert ApprovalTerms().may_run(friday_night)


@pytest.mark.parametrize(
    ("approve", "match", "said"),
    [
        ("grant: 30m", "", "name the `resource` in `match`"),
        ("grant: 0s", ", resource: orders", "a grant that ends at once is none"),
        ("justification: yes", "", "'yes' does not fit 'justification'"),
        ("window: {}", "", "always holds; say when"),
        ('window: {hours: "24:00-06:00"}', "", "no span of hours"),
        ("all_of: []", "", "an empty list"),
        ("all_off: [a]", "", "did you mean 'all_of'?"),
        ("quorum: 0", "", "'quorum'"),
        ("all_of: $nobody", "", "no list is named 'nobody'"),
    ],
)
def test_terms_that_cannot_be_meant_are_refused(load, approve: str, match: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(HEAD + RULE % (match, approve))
    assert [said in problem.message for problem in raised.value.problems] == [True], raised.value.problems


def test_terms_of_several_rules_are_all_kept(load, operation) -> None:
    policy = load(
        HEAD
        + """
rules:
  - {id: a, match: {tool: psql, resource: orders}, decision: approve, approve: {all_of: [dba], grant: 1h, justification: required}}
  - {id: b, match: {effects: [write], resource: orders}, decision: approve, approve: {all_of: [security, dba], grant: 10m, window: {days: sat}}}
  - {id: c, match: {effects: [delete]}, decision: approve}
"""
    )
    at = {"targets": ["host:db.internal"]}
    both = decide(policy, [operation("psql", "x", "write", **at)], Context())
    assert both.terms is not None
    assert (both.terms.all_of, both.terms.grant, both.terms.justification) == (("dba", "security"), 600.0, True)
    assert len(both.terms.windows) == 1
    assert both.grant_scope == ("rule:a", "rule:b", "resource:orders")
    more = decide(policy, [operation("psql", "x", "write", "delete", **at)], Context())
    assert more.terms is not None
    assert (more.terms.grant, more.grant_scope) == (0.0, ())


@pytest.mark.parametrize(
    ("targets", "scope"),
    [
        (["host:db.internal"], ("rule:asks", "resource:orders")),
        (["host:10.0.0.7"], ()),
        ([], ()),
        (["host:db.internal", "host:scratch.internal"], ()),
    ],
)
def test_a_grant_covers_only_what_is_surely_aimed_at_the_resource(load, operation, targets, scope) -> None:
    policy = load(HEAD + RULE % (", resource: orders", "grant: 30m"))
    decision = decide(policy, [operation("psql", "x", "write", targets=targets)], Context())
    assert decision.verdict is Verdict.APPROVE
    assert decision.grant_scope == scope


def test_a_call_with_a_part_that_goes_elsewhere_has_no_grant_for_the_first_resource(load, operation) -> None:
    policy = load(HEAD + RULE % (", resource: [orders, scratch]", "grant: 30m"))
    parts = [operation("psql", "x", "write", targets=[f"resource:{name}"]) for name in ("orders", "scratch")]
    assert decide(policy, parts[:1], Context()).grant_scope == ("rule:asks", "resource:orders")
    assert decide(policy, parts, Context()).grant_scope == ()


# Limits.

LIMITS = (
    HEAD
    + """
rules:
  - {id: reads, match: {tool: psql, effects: [read]}, decision: allow, limits: [{rows: 100, then: cut}]}
  - {id: people, match: {targets: "table:people"}, decision: allow, limits: [{detect: personal, findings: 5, then: deny}]}
limits:
  - {id: large, bytes: 10MB, message: Ask for less.}
  - {id: orders-rows, rows: 50, resource: orders, then: deny}
  - {id: cluster, rows: 7, tools: kubectl}
"""
)
LARGE = OutputLimit("large", size=10_000_000, message="Ask for less.")
ROWS = OutputLimit("reads", rows=100)
PEOPLE = OutputLimit("people", Breach.DENY, findings=5, detect=tuple(sorted(PERSONAL_DETECTORS)))
ORDERS = OutputLimit("orders-rows", Breach.DENY, rows=50)


@pytest.mark.parametrize(
    ("tool", "targets", "limits"),
    [
        ("psql", ["host:scratch.internal"], (ROWS, LARGE)),
        ("psql", ["host:scratch.internal", "table:public/people"], (ROWS, PEOPLE, LARGE)),
        ("psql", ["host:db.internal"], (ROWS, LARGE, ORDERS)),
        ("psql", ["host:10.0.0.7"], (ROWS, LARGE, ORDERS)),
        ("psql", [], (ROWS, LARGE, ORDERS)),
        ("kubectl", [], (LARGE, OutputLimit("cluster", rows=7))),
        ("git", [], (LARGE,)),
    ],
)
def test_a_call_has_the_limits_of_its_rules_and_of_what_it_may_be_aimed_at(
    load, operation, tool, targets, limits
) -> None:
    assert decide(load(LIMITS), [operation(tool, "x", "read", targets=targets)], Context()).limits == limits


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("id: a", "one of `findings`, `rows` and `bytes`; this one has none"),
        ("id: a, rows: 1, bytes: 5", "this one has several"),
        ("id: a, findings: 3", "the one needs the other"),
        ("id: a, rows: 3, detect: email", "the one needs the other"),
        ("id: a, findings: 3, detect: emial", "did you mean 'email'?"),
        ("id: a, rows: -1", "'rows'"),
        ("id: a, bytes: 10mb", "a size is a number of bytes"),
        ("rows: 1", "a limit has an `id`"),
        ("id: a, rows: 1, then: stop", "'stop' does not fit 'then'"),
        ("id: a, rows: 1, tools: psqll", "did you mean 'psql'?"),
        ("id: a, rows: 1, resource: order", "did you mean 'orders'?"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused(load, limit: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(HEAD + f"limits:\n  - {{{limit}}}\n")
    assert [said in problem.message for problem in raised.value.problems] == [True], raised.value.problems


def test_a_limit_is_given_once_and_not_where_nothing_runs(load) -> None:
    with pytest.raises(ConfigurationError, match="the limit 'a' is given twice; first on line 4"):
        load("limits:\n  - {id: a, rows: 1}\n  - {id: a, rows: 2}\n")
    with pytest.raises(ConfigurationError, match="no meaning for a rule that denies"):
        load("rules:\n  - {id: a, match: {tool: psql}, decision: deny, limits: [{rows: 1}]}\n")


def test_a_limit_takes_the_place_of_one_with_its_id_and_can_take_it_away(load, operation) -> None:
    base = "limits:\n  - {id: a, rows: 1}\n  - {id: b, rows: 2}\n  - {id: c, rows: 3}\n"
    policy = load(
        "extends: base.yaml\nlimits:\n  - {id: b, rows: 20}\n  - {id: c, rows: 0, enabled: false}\n", base=base
    )
    found = decide(policy, [operation("psql", "x", "read")], Context()).limits
    assert [(limit.name, limit.rows) for limit in found] == [("b", 20), ("a", 1)]


@pytest.mark.parametrize(
    ("written", "size"), [("0", 0), ("512", 512), ("10 kB", 10_000), ("1MiB", 1 << 20), ("2GB", 2 * 10**9)]
)
def test_a_size_is_written_with_its_unit(load, written: str, size: int) -> None:
    assert load(f"limits:\n  - {{id: a, bytes: {written}}}\n").limits[0].limit.size == size
