"""What is remembered of decisions and of events is what would be worked out anew."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, cast

import pytest

from guardcli.broker.maskers import Maskers
from guardcli.broker.recorder import Recorder
from guardcli.broker.spool import EVENTS, Spool
from guardcli.broker.spool_frames import FrameReader
from guardcli.broker.standing import Ruling, Standing
from guardcli.broker.statements import ConnectionAuthority, StatementGatekeeper, StatementRules
from guardcli.gateways.postgres.authority import Outcome, Source, Statement
from guardcli.gateways.postgres.codec.backend import CommandComplete, DataRow, ReadyForQuery, error
from guardcli.gateways.postgres.codec.frontend import Query
from guardcli.gateways.postgres.contract import Conversation, Opening
from guardcli.inspectors.sql import inspect_sql
from guardcli.masking.cache import PatternCache
from guardcli.model.decisions import Verdict
from guardcli.model.errors import UnavailableError
from guardcli.model.events import Event, EventType, canonical, end_of, first_fault, parse_event
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


def recorded(spool: Spool) -> list[Event]:
    """Return the events so far, each as canonical JSON, in a chain that is whole."""
    reader = FrameReader(spool.directory / EVENTS, spool.key)
    lines = b"".join(iter(reader.read, None)).splitlines()
    reader.close()
    events = [parse_event(json.loads(line)) for line in lines]
    assert [canonical(json.loads(line)) for line in lines] == lines
    assert first_fault(events, "session-0001") == ""
    return events


@pytest.mark.parametrize("only_reads", [True, False])
@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("seconds", [0.0, 0.000001, 0.000087, 1.5, 12345.678901])
def test_the_lines_of_events_are_canonical_and_hold_together(
    spool: Spool, outcome: Outcome, seconds: float, only_reads: bool
) -> None:
    moments = iter([1000.0, 1000.0, 1000.0 + seconds])
    made = authority(spool, Standing(Ruling(policy("allow"))), lambda: next(moments))
    text = "SELECT 'ü\\ \"\x01\x7f' FROM orders -- \U0001f600"
    statement = Statement(text, Source.BIND, "a" * 64, ("7", None, "q'\n"))
    operations = read() if only_reads else inspect_sql("DELETE FROM orders")
    made.ended(made.admit(statement, made.judge(operations)), outcome)
    events = recorded(spool)
    judged, ended = events[0].data, end_of(events[-1])
    assert len(events) == 2 - only_reads and ended is not None
    assert (judged["command"], judged["parameters"]) == (text, ["7", None, "q'\n"])
    assert (judged["tool"], judged["source"], judged["connection"], judged["user"]) == ("psql", "bind", 1, "me")
    assert (judged["verdict"], judged["rule"], judged["matched"]) == ("allow", "all", [])
    assert (ended["tags"], ended["rows"], ended["bytes"]) == (outcome.tags, outcome.rows, outcome.bytes)
    assert ended.get("error", "") == outcome.error
    assert ended["seconds"] == round(1000.0 + seconds - 1000.0, 6)


READ, INSERT = Query(b"SELECT n FROM orders").encode(), Query(b"INSERT INTO orders VALUES (1)").encode()
ROW, DONE = DataRow((b"1",)).encode(), CommandComplete(b"SELECT 1").encode()
READY = ReadyForQuery(ord("I")).encode()
FAULT = error("ERROR", "22012", "division by zero").encode()
JUDGED, ENDED, LOST = EventType.JUDGED, EventType.ENDED, EventType.FAILED


@pytest.fixture
def talk(spool: Spool, tmp_path: Path) -> Conversation:
    """Return the conversation of a connection whose policy allows everything."""
    recorder, allowed = Recorder(spool, lambda text: text), Standing(Ruling(policy("allow")))
    maskers = Maskers((), PatternCache(tmp_path / "cache"))
    rules = StatementRules(allowed, "agent", (), recorder, cast(Any, None), maskers)
    made = asyncio.run(StatementGatekeeper(rules).admit(OPENING))
    made.begin({})
    return made


def types(spool: Spool) -> list[EventType]:
    return [event.type for event in recorded(spool)]


@pytest.mark.parametrize(("answer", "tags"), [(ROW + DONE + READY, ["SELECT 1"]), (FAULT + READY, [])], ids=str)
def test_a_read_whose_answer_is_there_at_once_is_recorded_by_one_event_before_it_goes_on(
    spool: Spool, talk: Conversation, answer: bytes, tags: list[str]
) -> None:
    assert talk.from_client(READ).to_server and types(spool) == []
    assert talk.from_server(answer).to_client
    (event,) = recorded(spool)
    end = end_of(event)
    assert event.type is JUDGED and end is not None and end["tags"] == tags and ("error" in end) == (not tags)


@pytest.mark.parametrize("at", [1, len(ROW), len(ROW + DONE), len(ROW + DONE + READY) - 1])
def test_no_part_of_an_answer_goes_on_before_the_record_has_its_statement(
    spool: Spool, talk: Conversation, at: int
) -> None:
    answer = ROW + DONE + READY
    talk.from_client(READ)
    begun = talk.from_server(answer[:at])
    assert types(spool) == ([JUDGED] if begun.to_client else [])
    talk.from_server(answer[at:])
    assert types(spool) == ([JUDGED, ENDED] if begun.to_client else [JUDGED])


def test_what_changes_something_is_recorded_before_it_is_sent_and_what_was_read_before_it_first(
    spool: Spool, talk: Conversation
) -> None:
    assert talk.from_client(INSERT).to_server and types(spool) == [JUDGED]
    talk.from_server(CommandComplete(b"INSERT 0 1").encode() + READY)
    assert types(spool) == [JUDGED, ENDED]


def test_a_read_that_takes_its_time_is_recorded_meanwhile(spool: Spool, talk: Conversation) -> None:
    talk.from_client(READ)
    talk.unanswered()
    talk.unanswered()
    assert types(spool) == [JUDGED]
    talk.from_server(ROW + DONE + READY)
    assert types(spool) == [JUDGED, ENDED]


def test_a_read_that_is_never_answered_is_recorded_as_that(spool: Spool, talk: Conversation) -> None:
    talk.from_client(READ)
    talk.closed("the client left")
    judged, failed = recorded(spool)
    assert (judged.type, failed.type, judged.call, end_of(judged)) == (JUDGED, LOST, failed.call, None)


def test_what_cannot_be_recorded_is_not_delivered_and_the_next_read_not_sent(
    spool: Spool, talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object) -> int:
        raise OSError(28, "No space left on device")

    talk.from_client(READ)
    with monkeypatch.context() as patch:
        patch.setattr("guardcli.broker.spool_frames.os.write", full)
        with pytest.raises(UnavailableError, match="No space left"):
            talk.from_server(ROW + DONE + READY)
    assert types(spool) == []
    assert not spool.takes(1)


def test_a_read_is_not_sent_where_no_more_may_wait_for_the_api(spool: Spool, talk: Conversation) -> None:
    spool.shipped = -(1 << 30)
    step = talk.from_client(READ)
    assert READ not in step.to_server and types(spool) == []
