"""What is remembered of decisions and of events is what would be worked out anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from guardcli.broker.recorder import Recorder
from guardcli.broker.spool import EVENTS, Spool
from guardcli.broker.spool_frames import FrameReader
from guardcli.broker.standing import Ruling, Standing
from guardcli.broker.statements import ConnectionAuthority, StatementRules
from guardcli.gateways.postgres.authority import Outcome, Source, Statement
from guardcli.gateways.postgres.contract import Opening
from guardcli.inspectors.sql import inspect_sql
from guardcli.model.decisions import Verdict
from guardcli.model.events import canonical, first_fault, parse_event
from guardcli.model.operations import Operation
from guardcli.policy import Policy, load_policy

OPENING = Opening("", "db", 5432, "me", "orders", {}, 1, 0, False, None)
POLICY = "version: 1\nname: t\nrules:\n  - {{id: all, match: {{tool: psql{more}}}, decision: {verdict}}}\n"


def policy(verdict: str, more: str = "") -> Policy:
    content = POLICY.format(verdict=verdict, more=more).encode()
    return load_policy("t.yaml", lambda _: content)


def read() -> tuple[Operation, ...]:
    return inspect_sql("SELECT 1 FROM orders")


@pytest.fixture
def spool(tmp_path: Path) -> Any:
    made = Spool(tmp_path, {"id": "session-0001"})
    yield made
    made.close()


def authority(spool: Spool, standing: Standing, clock: Any) -> ConnectionAuthority:
    rules = StatementRules(standing, "agent", (), Recorder(spool, lambda text: text), cast(Any, None), cast(Any, None))
    return ConnectionAuthority(rules, OPENING, clock)


def test_a_decision_is_remembered_for_a_second_and_not_beyond_a_change_of_the_policy(spool: Spool) -> None:
    now = 1000.0
    standing = Standing(Ruling(policy("allow")))
    made = authority(spool, standing, lambda: now)
    operations = read()
    first = made.judge(operations)
    assert first.verdict is Verdict.ALLOW
    assert made.judge(operations) is first
    assert made.judge(read()) is first
    now = 1002.0
    assert made.judge(operations) is not first
    standing.set(Ruling(policy("deny")))
    assert made.judge(operations).verdict is Verdict.DENY
    assert made.judge(read()).verdict is Verdict.DENY


def test_a_rule_that_looks_at_values_is_asked_each_time(spool: Spool) -> None:
    made = authority(spool, Standing(Ruling(policy("allow", ', values: "7"'))), lambda: 1000.0)
    operations = read()
    assert made.reads_values
    verdicts = [made.judge(operations, values).verdict for values in (("7",), ("8",), ("7",), (), (None,))]
    assert verdicts == [Verdict.ALLOW, Verdict.APPROVE, Verdict.ALLOW, Verdict.APPROVE, Verdict.APPROVE]


OUTCOMES = [
    Outcome(["SELECT 1"], 1, 20),
    Outcome([], error='42P01 relation "ü\u2028" does not exist'),
    Outcome(["INSERT 0 1", 'ODD "TAG"\\'], 2, 3, error="x"),
]


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("seconds", [0.0, 0.000001, 0.000087, 1.5, 12345.678901])
def test_the_lines_of_events_are_canonical_and_hold_together(spool: Spool, outcome: Outcome, seconds: float) -> None:
    moments = iter([1000.0, 1000.0, 1000.0 + seconds])
    made = authority(spool, Standing(Ruling(policy("allow"))), lambda: next(moments))
    text = "SELECT 'ü\\ \"\x01\x7f' FROM orders -- \U0001f600"
    statement = Statement(text, Source.BIND, "a" * 64, ("7", None, "q'\n"))
    made.ended(made.admit(statement, made.judge(read())), outcome)
    reader = FrameReader(spool.directory / EVENTS, spool.key)
    lines = b"".join(iter(reader.read, None)).splitlines()
    reader.close()
    events = [parse_event(json.loads(line)) for line in lines]
    assert [canonical(json.loads(line)) for line in lines] == lines
    assert first_fault(events, "session-0001") == ""
    judged, ended = (event.data for event in events)
    assert (judged["command"], judged["parameters"]) == (text, ["7", None, "q'\n"])
    assert (judged["tool"], judged["source"], judged["connection"], judged["user"]) == ("psql", "bind", 1, "me")
    assert (judged["verdict"], judged["rule"], judged["matched"]) == ("allow", "all", [])
    assert (ended["tags"], ended["rows"], ended["bytes"]) == (outcome.tags, outcome.rows, outcome.bytes)
    assert ended.get("error", "") == outcome.error
    assert ended["seconds"] == round(1000.0 + seconds - 1000.0, 6)
