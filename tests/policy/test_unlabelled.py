"""An output without names is denied where a rule masks by names, and only there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guardcli.model.decisions import Verdict
from guardcli.model.operations import Unlabelled
from guardcli.policy import Context, decide

RULES = "rules: [{id: all-run, match: {tool: '*'}, decision: %s%s}]\n"
MASK = "mask: [{columns: ['*.ssn', people.email], tools: [psql]}]\n"
ANY = Unlabelled("psql --tuples-only", "leave it out")


def of(*columns: tuple[str, str]) -> Unlabelled:
    return replace(ANY, columns=tuple((label, frozenset(names.split())) for label, names in columns))


@pytest.mark.parametrize(
    ("shown", "tool", "expected"),
    [
        (None, "psql", "allow"),
        (ANY, "psql", "deny"),
        (ANY, "", "deny"),
        (ANY, "ssh", "allow"),
        (of(("", "id name")), "psql", "allow"),
        (of(("", "id email")), "psql", "deny"),
        (of(("SSN", "ssn"), ("ID", "id")), "psql", "allow"),
        (of(("X", "ssn")), "psql", "deny"),
        (of(), "psql", "allow"),
    ],
)
def test_a_call_is_denied_where_a_masked_column_may_show_under_no_name(load, operation, shown, tool, expected) -> None:
    policy = load(RULES % ("allow", "") + MASK)
    done = decide(policy, [replace(operation("psql", "select", "read"), unlabelled=shown)], Context(tool=tool))
    assert done.verdict.value == expected
    assert (done.rule == "guard:unnamed-columns") == (expected == "deny")
    if expected == "deny":
        assert "*.ssn" in done.message and "leave it out" in done.message


def test_a_person_is_not_asked_about_it_and_nothing_is_denied_that_is_not_masked(load, operation) -> None:
    call = [replace(operation("psql", "select", "read"), unlabelled=ANY)]
    asked = decide(load(RULES % ("approve", "") + MASK), call, Context(tool="psql"))
    assert (asked.verdict, asked.terms) == (Verdict.DENY, None)
    for body in (RULES % ("allow", ""), RULES % ("allow", ", record: command") + MASK):
        assert decide(load(body), call, Context(tool="psql")).verdict is Verdict.ALLOW
    own = load(RULES % ("allow", ", mask: [{columns: [ssn]}]"))
    assert decide(own, call, Context(tool="psql")).rule == "guard:unnamed-columns"
    denied = decide(load(RULES % ("deny", "") + MASK), call, Context(tool="psql"))
    assert denied.rule == "all-run"
