"""Statements through the gateway's conversation, with real clients and a real server whose own log is the witness."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from guardcli.gateways.postgres.codec.frontend import PORTAL, Bind, Describe, Execute, Parse, Query, Sync
from guardcli.masking.exact import ExactValues
from guardcli.model.approvals import ApprovalState
from guardcli.model.errors import UnavailableError
from guardcli.model.events import EventType

sys.path.insert(0, str(Path(__file__).parent))
from gateway_rig import LOGGED, Rig, ServerLog, gateway
from servers import postgres
from test_postgres_abuse import Raw

POLICY = """
version: 1
name: statements
rules:
  - {id: reads, match: {tool: psql, effects: [read, session, write]}, decision: allow}
  - {id: own-functions, match: {tool: psql, effects: [read, unknown], targets: ["function:opened"], complete: false}, decision: allow}
  - {id: no-shape, match: {tool: psql, effects: [define, privilege, file, execute]}, decision: deny, message: Not here.}
  - {id: delete-asks, match: {tool: psql, effects: [delete], complete: true}, decision: approve}
mask:
  - {columns: [customers.email, archive.email, "*.ssn"], with: partial, keep_last: 4}
  - {detect: [credit_card, email, aws_key], with: redact}
"""
TABLES = """
CREATE TABLE customers (id int PRIMARY KEY, name text, email varchar(80), ssn bigint, note text);
INSERT INTO customers VALUES (1, 'Ann', 'ann@one.example', 123456789, 'card 4111111111111111'),
                             (2, 'Bo', 'bo@two.example', 987654321, NULL);
CREATE TABLE orders (id int, what text);
CREATE TABLE victims (id int);
INSERT INTO victims SELECT generate_series(1, 5);
CREATE VIEW contacts AS SELECT id, lower(email) AS contact, name FROM customers;
CREATE VIEW shouted AS SELECT id, upper(contact) AS loud, name FROM contacts;
CREATE TABLE archive (LIKE customers) PARTITION BY RANGE (id);
CREATE TABLE archive_old PARTITION OF archive FOR VALUES FROM (0) TO (100);
INSERT INTO archive SELECT * FROM customers;
ANALYZE customers;
CREATE FUNCTION opened(c refcursor) RETURNS refcursor LANGUAGE plpgsql AS
    $$ BEGIN OPEN c FOR SELECT lower(email) FROM customers; RETURN c; END $$;
"""


class Server:
    """The server behind the gateway, its log, and the gateway's rig."""

    def __init__(self, env: Mapping[str, str], rig: Rig) -> None:
        self.env = env
        self.rig = rig
        self._log = ServerLog(env)

    def log(self) -> str:
        """Return what the server has logged since the last call."""
        return self._log.new()

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        return psycopg.connect(host=self.rig.env["PGHOST"], user="app", dbname="postgres", **options)

    def direct(self, **options: Any) -> psycopg.Connection[Any]:
        return psycopg.connect(host=self.env["PGHOST"], user="app", dbname="postgres", **options)

    def psql(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        command = ["psql", "-XAt", *arguments]
        env = {**os.environ, **self.rig.env}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=90, **options)


@pytest.fixture(scope="module")
def database() -> Iterator[Mapping[str, str]]:
    with postgres(*LOGGED) as env:
        subprocess.run(["psql", "-Xqc", TABLES], env={**os.environ, **env}, check=True)
        yield env


@pytest.fixture
def server(database: Mapping[str, str]) -> Iterator[Server]:
    with gateway(database, POLICY) as rig:
        made = Server(database, rig)
        made.log()
        yield made


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
        threading.Thread(target=lambda: (waiting.wait(20), link.cancel_safe())).start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            link.execute("DELETE FROM victims WHERE id = 1", prepare=binary)
        assert link.execute("SELECT count(*) FROM victims").fetchone() == (5,)
    assert "DELETE" not in server.log()


def test_a_cancel_reaches_a_statement_that_runs(server: Server) -> None:
    with server.connect(autocommit=True) as link:
        threading.Timer(0.3, link.cancel_safe).start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            link.execute("SELECT pg_sleep(20)")
        assert link.execute("SELECT 1").fetchone() == (1,)


def test_columns_are_masked_by_where_they_come_from(server: Server) -> None:
    with server.connect() as link:
        rows = link.execute("SELECT email AS contact, ssn AS n, name FROM customers ORDER BY id").fetchall()
        assert rows == [("***********mple", 6789, "Ann"), ("**********mple", 4321, "Bo")]
        cursor = link.cursor(binary=True)
        rows = cursor.execute("SELECT c.email, c.ssn, c.note FROM customers c ORDER BY id").fetchall()
        assert rows == [("***********mple", 6789, "card [CREDIT_CARD]"), ("**********mple", 4321, None)]
        prepared = link.execute("SELECT email FROM customers WHERE id = %s", [1], prepare=True).fetchone()
        assert prepared == ("***********mple",)
        with link.cursor("held") as held:
            assert held.execute("SELECT email FROM customers ORDER BY id").fetchmany(1) == [("***********mple",)]
    masked = server.rig.events(EventType.MASKED)
    assert {"column EMAIL": 2, "column SSN": 2} in [event["findings"] for event in masked]


MASKED = [
    "SELECT lower(email) FROM customers",
    "SELECT email || '' AS x FROM customers c",
    "SELECT email AS x FROM customers UNION ALL SELECT 'y'",
    "SELECT c FROM customers c",
    "SELECT row_to_json(c) FROM customers c",
    "SELECT c::text FROM customers c",
    "SELECT x.z FROM (SELECT upper(email) AS z FROM customers) x",
    "WITH a AS (SELECT reverse(email) AS b FROM customers) SELECT b FROM a",
    "WITH RECURSIVE a(b) AS (SELECT email || '' FROM customers UNION SELECT b FROM a) SELECT b || '!' FROM a",
    "SELECT (SELECT max(email) FROM customers)",
    "SELECT array(SELECT email FROM customers)",
    "SELECT string_agg(email, ' ') FROM customers",
    "SELECT CASE WHEN id > 0 THEN email ELSE '' END FROM customers",
    "SELECT coalesce(email, 'none') FROM customers",
    "SELECT contact FROM contacts",
    "SELECT loud FROM shouted",
    "SELECT substr(loud, 2) FROM shouted",
    "SELECT v.* FROM contacts v",
    "SELECT x FROM customers, unnest(ARRAY[email]) AS x",
    "SELECT x FROM customers, LATERAL (SELECT email || 'a') AS s(x)",
    "SELECT email FROM archive_old",
    "SELECT upper(email) FROM archive",
    "SELECT a.* FROM customers a LEFT JOIN orders o ON true RIGHT JOIN victims v ON true",
    "UPDATE customers SET note = note RETURNING lower(email)",
    "BEGIN; INSERT INTO orders SELECT id, 'x' FROM customers RETURNING (SELECT min(email) FROM customers)",
    "PREPARE e AS SELECT lower(email) FROM customers; EXECUTE e",
    "BEGIN; DECLARE c CURSOR FOR SELECT lower(email) FROM customers; FETCH ALL FROM c",
    "COPY (SELECT lower(email) FROM customers) TO STDOUT",
    "BEGIN; SELECT opened('hidden'); FETCH ALL FROM hidden",
    "TABLE customers",
    "VALUES ((SELECT email FROM customers LIMIT 1))",
    "SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'customers'",
    "SELECT histogram_bounds::text FROM pg_stats WHERE tablename = 'customers' AND attname = 'email'",
    "SELECT s.* FROM pg_statistic s WHERE starelid = 'customers'::regclass",
    "SELECT stavalues1::text FROM pg_statistic WHERE starelid = 'customers'::regclass",
]
PLAIN = [
    ("SELECT count(email) FROM customers", "2"),
    ("SELECT name FROM customers WHERE email LIKE 'ann%'", "Ann"),
    ("SELECT email LIKE 'ann%' FROM customers WHERE id = 1", "t"),
    ("SELECT upper(name) FROM customers WHERE id = 1", "ANN"),
    ("SELECT name || id FROM contacts WHERE id = 1", "Ann1"),
    ("SELECT count(*) FROM shouted", "2"),
    ("SELECT x.n FROM (SELECT upper(name) AS n, email FROM customers WHERE id = 1) x", "ANN"),
]


@pytest.mark.parametrize("statement", MASKED)
def test_what_is_made_of_a_masked_column_is_masked(server: Server, statement: str) -> None:
    run = server.psql("-q", "-c", statement)
    assert run.returncode == 0, run.stderr
    shown = run.stdout.lower()
    assert "one.ex" not in shown and "example" not in shown and "elpmaxe" not in shown and shown


@pytest.mark.parametrize(("statement", "shown"), PLAIN)
def test_what_is_not_made_of_a_masked_column_stays(server: Server, statement: str, shown: str) -> None:
    assert server.psql("-c", statement).stdout.strip() == shown


@pytest.mark.parametrize("statement", ["SELECT lower(email) FROM customers", "SELECT email AS x, ssn FROM customers"])
def test_without_a_catalogue_columns_are_masked_by_the_names_in_the_statement(
    database: Mapping[str, str], statement: str
) -> None:
    with gateway(database, POLICY, custody=False) as rig:
        run = Server(database, rig).psql("-c", statement)
    assert run.returncode == 0 and "example" not in run.stdout and "123456789" not in run.stdout


@pytest.mark.parametrize(
    "copy",
    [
        "COPY customers TO STDOUT",
        "COPY customers (ssn, email, note) TO STDOUT (FORMAT csv, HEADER)",
        "COPY (SELECT email AS x, ssn AS y, note FROM customers) TO STDOUT (FORMAT csv, FORCE_QUOTE *)",
        "COPY customers TO STDOUT (FORMAT binary)",
        "COPY customers TO STDOUT (DELIMITER '|')",
    ],
)
def test_copy_to_the_client_is_masked(server: Server, copy: str) -> None:
    with server.connect() as link, link.cursor() as cursor:
        with cursor.copy(copy) as out:
            data = b"".join(out)
        assert link.execute("SELECT 1").fetchone() == (1,)
    assert b"one.example" not in data and b"123456789" not in data and b"4111111111111111" not in data
    assert (123456789).to_bytes(8, "big") not in data
    assert b"[CREDIT_CARD]" in data or b"**" in data


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
REACHES: list[tuple[list[str], str]] = [
    (["DELETE FROM owners"], WHOLE),
    (["DELETE FROM owners WHERE id = 7"], WHOLE.replace("400 rows of", "1 row of")),
    (["BEGIN; DELETE FROM owners; ROLLBACK"], WHOLE),
    (["TRUNCATE owners CASCADE"], "truncate of public.owners: all of about 400 rows; reaches on into public.cars"),
    (["DELETE FROM nowhere"], 'the server would refuse it: relation "nowhere" does not exist'),
    (["SET search_path TO elsewhere", "DELETE FROM owners"], ""),
    (["SET search_path TO elsewhere", "DELETE FROM public.owners"], WHOLE),
    (
        ["DELETE FROM owners WHERE id IN (SELECT id FROM trapped)"],
        "the server would refuse it: cannot execute INSERT in a read-only transaction",
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


def test_the_words_of_errors_hold_no_masked_value(server: Server) -> None:
    with server.connect(autocommit=True) as link:
        with pytest.raises(psycopg.errors.InvalidTextRepresentation) as wrong:
            link.execute("SELECT email::int FROM customers")
        assert "one.example" not in str(wrong.value)
        with pytest.raises(psycopg.errors.UniqueViolation) as twice:
            link.execute("INSERT INTO customers SELECT 1, 'x', email, ssn, note FROM customers WHERE id = 2")
        assert "two.example" not in str(twice.value)


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
        ended = rig.events(EventType.ENDED)[0]
        assert ended["rows"] == rows or (mode == "copy" and limit == "few-bytes")
        assert (limit in ended.get("error", "")) and bool(limit) == ("error" in ended)


def test_a_cursor_under_the_name_of_a_portal_is_masked_as_what_it_is(server: Server) -> None:
    raw = Raw(server.rig.env["PGHOST"])
    try:
        raw.ask(Query(b"BEGIN"))
        raw.ask(Parse(b"s", b"SELECT name FROM customers"), Bind(b"p", b"s"), Describe(PORTAL, b"p"), Sync())
        for made in (b"email", b"lower(email)"):
            raw.ask(Query(b"CLOSE p"))
            raw.ask(Query(b"DECLARE p CURSOR FOR SELECT " + made + b" FROM customers"))
            for _ in range(2):
                raw.send(Execute(b"p", 1), Sync())
                rows = [frame.raw for frame in raw.until_ready() if frame.kind == ord("D")]
                assert len(rows) == 1 and b"example" not in rows[0]
    finally:
        raw.close()


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


LENT = "lent-5eCret-value"


def test_what_the_session_was_lent_is_overwritten_wherever_it_stands(server: Server) -> None:
    server.rig.maskers.exact = ExactValues([LENT, "20261121"])
    written = "*" * len(LENT)
    with server.connect(autocommit=True) as connection:
        for prepare in (False, True):
            for binary in (False, True):
                select = f"SELECT 'a {LENT} b', 'lent-5eCret', 3, 20261121, '\\x{LENT.encode().hex()}'::bytea"
                row = connection.cursor(binary=binary).execute(select, prepare=prepare).fetchone()
                number = 20261121 if binary else 0  # nobody reads digits in four bytes
                assert row is not None and row[:4] == (f"a {written} b", "lent-5eCret", 3, number), row
                assert row[4] == (b"*" if binary else b"\0") * len(LENT)
        long = connection.execute(f"SELECT repeat('x', 300000) || '{LENT}' || repeat('y', 300000)").fetchone()
        assert long == ("x" * 300000 + written + "y" * 300000,)
        with connection.cursor().copy(f"COPY (SELECT n, '{LENT}' FROM generate_series(1, 3) n) TO STDOUT") as copy:
            assert b"".join(bytes(part) for part in copy) == b"".join(
                b"%d\t%b\n" % (n, written.encode()) for n in (1, 2, 3)
            )
    found = [one["findings"] for one in server.rig.events(EventType.MASKED)]
    assert {"value": 1} in found and {"value": 3} in found


def test_without_rules_and_however_a_row_is_cut_nothing_of_what_was_lent_gets_out(database: Mapping[str, str]) -> None:
    """A policy without masks lets answers through as they come, in pieces that end anywhere."""
    with gateway(database, POLICY.partition("mask:")[0]) as rig:
        rig.maskers.exact = ExactValues([LENT])
        with psycopg.connect(host=rig.env["PGHOST"], user="app", dbname="postgres", autocommit=True) as connection:
            short = connection.execute(f"SELECT '{LENT}'").fetchone()
            assert short == ("*" * len(LENT),)
            many = f"SELECT string_agg('{LENT}' || repeat('z', n % 97), '') FROM generate_series(1, 40000) n"
            (text,) = connection.execute(many).fetchone() or ("",)
            assert LENT not in text and text.count("*" * len(LENT)) == 40000
            rows = connection.execute(f"SELECT n, '{LENT}' FROM generate_series(1, 5000) n").fetchall()
            assert rows == [(n, "*" * len(LENT)) for n in range(1, 5001)]
            with pytest.raises(psycopg.errors.InvalidTextRepresentation, match=r"\[VALUE\]"):
                connection.execute(f"SELECT CAST('{LENT}' AS int)")
