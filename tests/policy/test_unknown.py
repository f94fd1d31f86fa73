"""A policy that denies servers which it does not name: by the server's name, and only where there is one."""

from __future__ import annotations

import pytest

from guardcli.model.decisions import Verdict
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, Target
from guardcli.policy import Context
from guardcli.policy.engine import decide

POLICY = """
unknown_servers: {word}
resources:
  orders: {{kind: postgres, host: [db.internal, "*.shop"], port: 5432, dbname: orders}}
  anything: {{kind: other}}
rules:
  - {{id: all, match: {{effects: [read]}}, decision: allow}}
"""
PLACES = [
    (["host:db.internal", "database:orders"], True),
    (["host:ann@db.internal:5432", "database:orders"], True),
    (["host:a.shop", "database:orders"], True),
    (["host:db.internal:5433", "database:orders"], False),
    (["host:db.internal", "database:payroll"], False),
    (["host:db.internal"], False),
    (["host:db.internal", "host:elsewhere", "database:orders"], False),
    (["host:elsewhere", "database:orders"], False),
    (["host:/var/run/postgresql"], False),
    (["resource:orders", "host:/run/guard/pg/orders"], True),
    (["table:public.orders"], True),
    ([], True),
]


def verdict(load, word: str, targets: list[str], tool: str = "psql", resource: str = "") -> tuple[Verdict, str]:
    made = tuple(Target(*target.split(":", 1)) for target in targets)
    operation = Operation(tool, "select", (Effect.READ,), made)
    found = decide(load(POLICY.format(word=word)), [operation], Context(tool=tool, resource=resource))
    return found.verdict, found.rule


@pytest.mark.parametrize(("targets", "known"), PLACES)
def test_what_is_not_surely_a_resource_is_denied(load, targets: list[str], known: bool) -> None:
    expected = (Verdict.ALLOW, "all") if known else (Verdict.DENY, "guard:unknown-server")
    assert verdict(load, "deny", targets) == expected
    for word in ("direct", "pass-through"):
        assert verdict(load, word, targets) == (Verdict.ALLOW, "all")


def test_it_speaks_of_psql_and_of_what_the_gateway_does_not_know_for_certain(load) -> None:
    assert verdict(load, "deny", ["host:elsewhere"], tool="ssh") == (Verdict.ALLOW, "all")
    assert verdict(load, "deny", ["host:elsewhere"], resource="orders") == (Verdict.ALLOW, "all")
