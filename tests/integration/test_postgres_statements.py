"""Statements through the gateway's conversation, with real clients and a real server whose own log is the witness."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from integration.gateway_rig import gateway
from integration.servers import sleeps
from integration.statement_server import POLICY, Server, database, server

from guardcli.model.approvals import ApprovalState
from guardcli.model.errors import UnavailableError

__all__ = ["database", "server"]


def test_a_denied_statement_is_told_so_and_the_connection_lives(server: Server) -> None:
    with server.connect(autocommit=True) as link:
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
            link.execute("DROP TABLE victims")
        assert "no-shape" in str(refused.value) and "Not here." in str(refused.value)
        assert "ask the person" in (refused.value.diag.message_hint or "")
        assert link.execute("SELECT count(*) FROM victims").fetchone() == (5,)
    assert "DROP" not in server.log()


@pytest.mark.parametrize("prepare", [False, True], ids=["simple", "extended"])
def test_a_denied_statement_fails_the_transaction_as_a_server_would(server: Server, prepare: bool) -> None:
    with server.connect(autocommit=True) as link:
        link.execute("BEGIN")
        link.execute("INSERT INTO orders VALUES (1, 'in the transaction')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            link.execute("DROP TABLE victims", prepare=prepare)
        assert link.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            link.execute("SELECT 1", prepare=prepare)
        link.execute("ROLLBACK")
        assert link.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert link.execute("SELECT count(*) FROM orders").fetchone() == (0,)


def test_a_savepoint_survives_a_denied_statement(server: Server) -> None:
    with server.connect() as link:
        link.execute("INSERT INTO orders VALUES (1, 'kept')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), link.transaction():
            link.execute("DROP TABLE victims")
        assert link.execute("SELECT count(*) FROM orders").fetchone() == (1,)
        link.rollback()


def test_one_denied_statement_denies_the_whole_text(server: Server) -> None:
    run = server.psql("-c", "SELECT 'before'; DROP TABLE victims; SELECT 'after'")
    assert run.returncode == 1 and "no-shape" in run.stderr and not run.stdout
    assert "'before'" not in server.log()


def test_what_the_client_makes_of_variables_is_what_is_judged(server: Server) -> None:
    script = "\\set verb DROP\n:verb TABLE victims;\nSELECT 'DR' || 'OP TABLE victims' \\gexec\nSELECT 7;\n"
    run = server.psql("-f", "-", input=script)
    assert run.stderr.count("no-shape") == 2 and "7" in run.stdout
    with server.direct() as link:
        assert link.execute("SELECT count(*) FROM victims").fetchone() == (5,)


def test_a_statement_waits_for_a_yes_and_the_yes_is_for_its_values(server: Server) -> None:
    with server.connect(autocommit=True) as link:
        notices: list[str] = []
        link.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        link.execute("DELETE FROM orders WHERE id = %s", [77], binary=True)
        link.execute("DELETE FROM orders WHERE id = %s", [78], binary=True)
    first, second = server.rig.reviewer.asked
    assert "$1 = '77'" in first["command"] and "$1 = '78'" in second["command"]
    assert first["digest"] != second["digest"]
    assert "waiting up to" in notices[0] and "guard approvals approve" in notices[0]
    kinds = [event["type"] for event in server.rig.events() if event["call"] == 1]
    assert kinds == ["judged", "asked", "decided", "started", "ended"]


@pytest.mark.parametrize(
    ("answer", "wait", "state"),
    [
        (ApprovalState.DENIED, 30.0, "42501"),
        (ApprovalState.PENDING, 0.3, "55000"),
        (ApprovalState.EXPIRED, 30.0, "55000"),
    ],
)
def test_no_yes_no_statement(database: Mapping[str, str], answer: ApprovalState, wait: float, state: str) -> None:
    with gateway(database, POLICY, wait=wait) as rig:
        rig.reviewer.answer = lambda: answer
        server = Server(database, rig)
        server.log()
        with server.connect(autocommit=True) as link:
            for prepare in (False, True):
                with pytest.raises(psycopg.Error) as refused:
                    link.execute("DELETE FROM victims WHERE id > 0", prepare=prepare)
                assert refused.value.sqlstate == state
            assert link.execute("SELECT count(*) FROM victims").fetchone() == (5,)
        assert "DELETE" not in server.log()


@pytest.mark.parametrize("binary", [False, True], ids=["query", "bind"])
def test_a_cancel_ends_the_wait(server: Server, binary: bool) -> None:
    waiting = threading.Event()

    def never() -> ApprovalState:
        waiting.set()
        threading.Event().wait(0.2)
        return ApprovalState.PENDING

    server.rig.reviewer.answer = never
    with server.connect(autocommit=True) as link:
        canceller = threading.Thread(target=lambda: (waiting.wait(60), link.cancel_safe()))
        canceller.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            link.execute("DELETE FROM victims WHERE id = 1", prepare=binary)
        canceller.join()
        assert link.execute("SELECT count(*) FROM victims").fetchone() == (5,)
    assert "DELETE" not in server.log()


def test_a_cancel_reaches_a_statement_that_runs(server: Server, wait_for: Any) -> None:
    with server.connect(autocommit=True) as link:
        canceller = threading.Thread(target=lambda: (wait_for(lambda: sleeps(server.env)), link.cancel_safe()))
        canceller.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            link.execute("SELECT pg_sleep(100)")
        canceller.join()
        assert link.execute("SELECT 1").fetchone() == (1,)


REACHING = """
CREATE TABLE owners (id int PRIMARY KEY);
CREATE TABLE cars (id int PRIMARY KEY, owner int REFERENCES owners ON DELETE CASCADE);
INSERT INTO owners SELECT generate_series(1, 400);
INSERT INTO cars SELECT n, n FROM generate_series(1, 300) n;
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.owners (id int);
CREATE FUNCTION inserts() RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO elsewhere.owners VALUES (1); RETURN 1; END $$;
CREATE FUNCTION marks() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN inserts(); END $$;
CREATE VIEW trapped AS SELECT id FROM owners WHERE id = marks();
ANALYZE;
"""
WHOLE = "delete from public.owners: about 400 rows of 400; reaches on into public.cars"
UNPLANNED = "not planned: to another connection the server says"
REACHES: list[tuple[list[str], str]] = [
    (["DELETE FROM owners"], WHOLE),
    (["DELETE FROM owners WHERE id = 7"], WHOLE.replace("400 rows of", "1 row of")),
    (["BEGIN; DELETE FROM owners; ROLLBACK"], WHOLE),
    (["TRUNCATE owners CASCADE"], "truncate of public.owners: all of about 400 rows; reaches on into public.cars"),
    (["DELETE FROM nowhere"], f'{UNPLANNED}: relation "nowhere" does not exist'),
    (["BEGIN", "LOCK TABLE owners", "DELETE FROM owners"], f"{UNPLANNED}: canceling statement due to lock timeout"),
    (['DELETE FROM "no\nwhere"'], f'{UNPLANNED}: relation "no\\nwhere" does not exist'),
    (["SET search_path TO elsewhere", "DELETE FROM owners"], ""),
    (["SET search_path TO elsewhere", "DELETE FROM public.owners"], WHOLE),
    (
        ["DELETE FROM owners WHERE id IN (SELECT id FROM trapped)"],
        f"{UNPLANNED}: cannot execute INSERT in a read-only transaction",
    ),
]
"""What a client sends, and what is said of the last of it before a person decides."""


def test_whoever_is_asked_is_told_how_far_a_statement_would_go_and_nothing_is_run_for_that(server: Server) -> None:
    with server.direct(autocommit=True) as link:
        link.execute(REACHING)
        for statements, reach in REACHES:
            server.rig.reviewer.answer = lambda: ApprovalState.DENIED
            run = server.psql(*(word for one in statements for word in ("-c", one)))
            assert "denied by" in run.stderr
            assert server.rig.reviewer.asked[-1]["reach"] == reach
        with server.connect(autocommit=True) as client, pytest.raises(psycopg.errors.InsufficientPrivilege):
            client.execute("DELETE FROM owners WHERE id < %s", (101,))
        assert server.rig.reviewer.asked[-1]["reach"] == WHOLE.replace("400 rows of", "100 rows of")
        counts = "SELECT (SELECT count(*) FROM owners), (SELECT count(*) FROM elsewhere.owners)"
        assert link.execute(counts).fetchone() == (400, 0)


def test_copy_from_the_client_passes_and_a_denied_one_swallows_its_data(server: Server) -> None:
    with server.connect(autocommit=True) as link:
        with link.cursor().copy("COPY orders FROM STDIN") as copy:
            for number in range(1000):
                copy.write_row((number, "row"))
        assert link.execute("SELECT count(*) FROM orders").fetchone() == (1000,)
        link.execute("UPDATE orders SET what = 'x' WHERE id = 1")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), link.cursor().copy("COPY orders FROM PROGRAM 'id'"):
            pass
        assert link.execute("SELECT 1").fetchone() == (1,)
    with server.direct(autocommit=True) as link:
        link.execute("TRUNCATE orders")


def test_pipelined_statements_behind_a_denied_one_are_skipped(server: Server) -> None:
    with server.connect(autocommit=True) as link:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), link.pipeline():
            link.execute("SELECT 'one'")
            link.execute("DROP TABLE victims")
            link.execute("INSERT INTO orders VALUES (9, 'behind')")
        assert link.execute("SELECT count(*) FROM orders").fetchone() == (0,)
        with link.pipeline():
            cursors = [link.execute("SELECT %s::int", [number]) for number in range(300)]
            assert [cursor.fetchone() for cursor in cursors] == [(number,) for number in range(300)]
    log = server.log()
    assert "DROP" not in log and "behind" not in log


LIMITS = """
limits:
  - {id: few-rows, tools: [psql], rows: 100, message: Page through it.}
  - {id: few-bytes, tools: [psql], bytes: 20000}
  - {id: no-crowd, tools: [psql], findings: 3, detect: [email]}
"""


@pytest.mark.parametrize(
    ("statement", "rows", "limit"),
    [
        ("SELECT n FROM generate_series(1, 100) n", 100, ""),
        ("SELECT n FROM generate_series(1, 101) n", 100, "few-rows"),
        ("SELECT n FROM generate_series(1, 3000000) n", 100, "few-rows"),
        ("SELECT repeat('x', 1000) FROM generate_series(1, 50) n", 19, "few-bytes"),
        ("SELECT 'a' || n || '@mail.example' FROM generate_series(1, 3) n", 3, ""),
        ("SELECT 'a' || n || '@mail.example' FROM generate_series(1, 4) n", 0, "no-crowd"),
    ],
)
@pytest.mark.parametrize("mode", ["query", "extended", "copy"])
def test_an_answer_over_a_limit_ends_with_an_error(
    database: Mapping[str, str], statement: str, rows: int, limit: str, mode: str
) -> None:
    with gateway(database, POLICY + LIMITS) as rig:
        with Server(database, rig).connect(autocommit=True) as link:
            try:
                if mode == "copy":
                    with link.cursor().copy(f"COPY ({statement}) TO STDOUT") as copy:
                        list(copy)
                elif mode == "extended":
                    list(link.cursor().stream(statement))
                else:
                    link.execute(statement)
                assert not limit
            except psycopg.errors.ProgramLimitExceeded as over:
                assert limit and limit in str(over) and "more than" in str(over)
            assert link.execute("SELECT 1").fetchone() == (1,)
        ended = next(end for one in rig.events() if (end := one if one["type"] == "ended" else one.get("ended")))
        assert ended["rows"] == rows or (mode == "copy" and limit == "few-bytes")
        assert (limit in ended.get("error", "")) and bool(limit) == ("error" in ended)


@pytest.mark.parametrize("prepare", [False, True], ids=["simple", "extended"])
def test_what_cannot_be_recorded_is_not_sent(server: Server, monkeypatch: pytest.MonkeyPatch, prepare: bool) -> None:
    def full(*event: object) -> None:
        raise UnavailableError("the record cannot be written: No space left on device", hint="make room")

    with server.connect(autocommit=True) as link:
        with monkeypatch.context() as patch:
            patch.setattr(server.rig.spool, "encoded", full)
            with pytest.raises(psycopg.errors.SystemError) as refused:
                link.execute("INSERT INTO orders VALUES (5, 'unrecorded')", prepare=prepare)
            assert "No space left" in str(refused.value)
        assert link.execute("SELECT count(*) FROM orders").fetchone() == (0,)
    assert "unrecorded" not in server.log()
