"""One rule against one operation: who must be sure, and of what."""

from __future__ import annotations

import pytest

from guardcli.model.decisions import Verdict
from guardcli.policy import Context, decide
from guardcli.policy.expressions import compile_expression

RESOURCES = """
resources:
  orders: {kind: postgres, host: db.internal, port: 5432, dbname: orders, environment: production}
  scratch: {kind: postgres, host: scratch.internal, environment: test}
"""


@pytest.fixture
def rule_holds(load, operation):
    """Say whether a rule with this match applies, as one that denies and as one that allows."""

    def holds(match: str, one, context: Context = Context(), head: str = "") -> tuple[bool, bool]:  # noqa: B008 - frozen
        answers = []
        for verdict in ("deny", "allow"):
            policy = load(f"{head}\nrules:\n  - {{id: x, match: {{{match}}}, decision: {verdict}}}")
            answers.append(decide(policy, [one], context).rule == "x")
        return answers[0], answers[1]

    return holds


BOTH, NEITHER, RESTRICTS_ONLY = (True, True), (False, False), (True, False)


@pytest.mark.parametrize(
    ("match", "targets", "answers"),
    [
        ('targets: "table:public/orders"', ["table:public/orders"], BOTH),
        ('targets: "table:public/orders"', ["table:/orders"], RESTRICTS_ONLY),
        ('targets: "table:orders"', ["table:/orders"], BOTH),
        ('targets: "table:orders"', ["table:private/orders"], BOTH),
        ('targets: "table:public/*"', ["table:public/a", "table:private/b"], RESTRICTS_ONLY),
        ('targets: "table:public/*"', ["table:public/a", "file:/etc/passwd"], RESTRICTS_ONLY),
        ('targets: "table:public/*"', ["table:public/a", "host:db", "database:d"], BOTH),
        ('targets: ["table:public/*", "host:db"]', ["table:public/a", "host:other"], RESTRICTS_ONLY),
        ('targets: "table:public/*"', [], NEITHER),
        ('targets: "*:*"', ["ref:origin/refs/heads/x", "file:/a/b"], BOTH),
        ('targets: "file:/etc/**"', ["file:/tmp/../etc/passwd"], BOTH),
        ('targets: "file:/tmp/**"', ["file:/tmp/../etc/passwd"], NEITHER),
        ('targets: "object:prod/**"', ["object:prod/secret/db"], BOTH),
        ('targets: "object:prod/**"', ["object:/secret/db"], RESTRICTS_ONLY),
        ('targets: "object:prod/**"', ["object:*/secret/db"], RESTRICTS_ONLY),
        ('targets: "object:prod/*/*"', ["object:dev/secret/*"], NEITHER),
        ('targets: "ref:*/refs/heads/main"', ["ref:origin/*"], RESTRICTS_ONLY),
        ('targets: "ref:*/refs/heads/main"', ["ref:origin/refs/tags/*"], NEITHER),
        ('targets: "host:db.internal"', ["host:root@db.internal:22"], BOTH),
        ('targets: "host:root@db.internal"', ["host:db.internal"], RESTRICTS_ONLY),
        ('targets: "host:ann@db.internal"', ["host:root@db.internal"], NEITHER),
        ('targets: "host:*.internal"', ["host:DB.internal."], BOTH),
        ('targets: "host:db.internal"', ["host:10.0.0.7"], RESTRICTS_ONLY),
        ('targets: "host:db.internal:5432"', ["host:db.internal:5433"], NEITHER),
    ],
)
def test_a_rule_that_restricts_takes_any_target_that_may_fit_and_one_that_permits_needs_all(
    rule_holds, operation, match, targets, answers
) -> None:
    assert rule_holds(match, operation("psql", "x", "read", targets=targets)) == answers


@pytest.mark.parametrize(
    ("match", "context", "answers"),
    [
        ("groups: [dba]", Context(groups=("agents", "dba")), BOTH),
        ("groups: [dba]", Context(groups=("agents",)), NEITHER),
        ("groups: [dba]", Context(), NEITHER),
        ('identity: "bot-*"', Context(identity="bot-7"), BOTH),
        ('identity: "bot-*"', Context(identity="ann"), NEITHER),
        ('identity: "bot-*"', Context(), RESTRICTS_ONLY),
        ("parent: git", Context(parent="git"), BOTH),
        ("parent: git", Context(), NEITHER),
        ("environment: production", Context(environment="production"), BOTH),
        ("environment: production", Context(environment="test"), NEITHER),
        ("environment: production", Context(), RESTRICTS_ONLY),
        ('argv: "drop +table"', Context(tool="psql", argv=("/usr/bin/psql", "-c", "drop  table x")), RESTRICTS_ONLY),
        ('argv: "psql -c drop +table x"', Context(tool="psql", argv=("/opt/psql", "-c", "drop  table x")), BOTH),
        ('argv: "rm.*x"', Context(tool="psql", argv=("psql", "rm\n\udcff x")), RESTRICTS_ONLY),
        ('argv: "x"', Context(), NEITHER),
        ('values: "4*"', Context(values=("42",)), BOTH),
        ('values: ["4*", "7"]', Context(values=("42", "7")), BOTH),
        ('values: "4*"', Context(values=("42", "7")), RESTRICTS_ONLY),
        ('values: "4*"', Context(values=("7", None)), RESTRICTS_ONLY),
        ('values: "4*"', Context(values=("7", "")), NEITHER),
        ('values: "*"', Context(values=("",)), BOTH),
        ('values: "4*"', Context(), NEITHER),
    ],
)
def test_what_is_not_known_of_the_context_is_no_yes_for_a_rule_that_permits(
    rule_holds, operation, match, context, answers
) -> None:
    assert rule_holds(match, operation("psql", "x", "read"), context) == answers


@pytest.mark.parametrize(
    ("targets", "context", "answers"),
    [
        (["host:db.internal:5432", "database:orders"], Context(), BOTH),
        (["host:ann@DB.INTERNAL:5432", "database:orders"], Context(), BOTH),
        (["host:db.internal", "database:orders"], Context(), RESTRICTS_ONLY),
        (["host:db.internal:5432"], Context(), RESTRICTS_ONLY),
        ([], Context(), RESTRICTS_ONLY),
        (["host:db:5432", "database:orders"], Context(), RESTRICTS_ONLY),
        (["host:10.1.2.3:5432", "database:orders"], Context(), RESTRICTS_ONLY),
        (["host:db.internal:5432", "host:other:5432", "database:orders"], Context(), RESTRICTS_ONLY),
        (["host:db.internal:5432", "database:people"], Context(), NEITHER),
        (["host:scratch.internal"], Context(), NEITHER),
        (["host:localhost:5432", "database:orders"], Context(), NEITHER),
        (["host:elsewhere.example"], Context(resource="orders"), BOTH),
        (["host:db.internal:5432", "database:orders"], Context(resource="scratch"), NEITHER),
    ],
)
def test_a_resource_is_recognised_by_where_the_call_goes(rule_holds, operation, targets, context, answers) -> None:
    one = operation("psql", "x", "read", targets=targets)
    assert rule_holds("resource: orders", one, context, RESOURCES) == answers


def test_where_a_call_goes_counts_for_all_of_its_operations(load, operation) -> None:
    policy = load(RESOURCES + "rules:\n  - {id: x, match: {resource: scratch}, decision: allow}")
    connects = operation("psql", "connect", "read", targets=["host:scratch.internal"])
    assert decide(policy, [connects, operation("psql", "select", "read")], Context()).rule == "x"
    elsewhere = operation("psql", "connect", "read", targets=["host:elsewhere.example"])
    assert (
        decide(policy, [connects, elsewhere, operation("psql", "select", "read")], Context()).verdict is Verdict.APPROVE
    )


def test_the_environment_comes_from_the_resource(rule_holds, operation) -> None:
    one = operation("psql", "x", "read", targets=["host:db.internal:5432", "database:orders"])
    assert rule_holds("environment: production", one, head=RESOURCES) == BOTH
    assert rule_holds("environment: test", one, head=RESOURCES) == NEITHER


def test_a_resource_of_another_kind_is_not_meant(rule_holds, operation) -> None:
    assert rule_holds("resource: orders", operation("git", "push", "write"), head=RESOURCES) == NEITHER


@pytest.mark.parametrize(
    ("targets", "checked_out", "answers"),
    [
        (["ref:origin/refs/heads/main"], "topic", BOTH),
        (["ref:origin/refs/heads/topic"], "main", NEITHER),
        (["ref:origin/refs/tags/main"], "main", NEITHER),
        (["ref:origin/refs/heads/main", "ref:origin/refs/heads/topic"], "", RESTRICTS_ONLY),
        (["ref:origin/refs/heads/*"], "topic", RESTRICTS_ONLY),
        (["ref:origin/*"], "topic", RESTRICTS_ONLY),
        ([], "main", BOTH),
        ([], "topic", NEITHER),
        ([], "", RESTRICTS_ONLY),
    ],
)
def test_a_branch_is_that_of_the_ref_or_the_one_checked_out(
    rule_holds, operation, targets, checked_out, answers
) -> None:
    one = operation("git", "push", "write", targets=targets)
    assert rule_holds("tool: git, branch: main", one, Context(branch=checked_out)) == answers


def test_unless_is_read_with_the_opposite_care(load, operation) -> None:
    deny = load('rules:\n  - {id: x, match: {tool: psql}, unless: {targets: ["table:scratch/*"]}, decision: deny}')
    allow = load('rules:\n  - {id: x, match: {tool: psql}, unless: {targets: ["table:people"]}, decision: allow}')
    inside = operation("psql", "x", "write", targets=["table:scratch/a"])
    mixed = operation("psql", "x", "write", targets=["table:scratch/a", "table:public/people"])
    assert decide(deny, [inside], Context()).rule != "x"
    assert decide(deny, [mixed], Context()).rule == "x"
    assert decide(allow, [inside], Context()).rule == "x"
    assert decide(allow, [mixed], Context()).rule != "x"


def test_flags_match_as_given(rule_holds, operation) -> None:
    swept = operation("psql", "delete", "delete", unbounded=True)
    single = operation("psql", "delete", "delete")
    assert rule_holds("unbounded: true", swept) == BOTH
    assert rule_holds("unbounded: true", single) == NEITHER
    assert rule_holds("unbounded: false", single) == BOTH
    assert rule_holds("sensitive: true", operation("psql", "select", "read", sensitive=True)) == BOTH


@pytest.mark.parametrize("pattern", ["(?=a)", r"(a)\1", "(", "a{2,1}"])
def test_an_expression_that_could_be_slow_or_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        compile_expression(pattern)


def test_an_expression_that_explodes_elsewhere_is_harmless() -> None:
    assert compile_expression("(a*)*b").search(b"a" * 100_000) is None
