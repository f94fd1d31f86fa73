"""What answers may show, with real clients and a real server: columns by origin, detectors, values that were lent."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
import pytest
from integration.gateway_rig import gateway
from integration.statement_server import POLICY, Server, database, server
from integration.test_postgres_abuse import Raw

from guardcli.gateways.postgres.codec.frontend import PORTAL, Bind, Describe, Execute, Parse, Query, Sync
from guardcli.masking.exact import ExactValues
from guardcli.model.events import EventType

__all__ = ["database", "server"]


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
    "SELECT j.id::text, (SELECT reverse(email) FROM customers LIMIT 1) FROM (customers a JOIN customers b USING (id)) j",
    "SELECT s.a, s.b, s.c, s.d FROM (SELECT ((array_agg(c))[1]).* FROM customers c) AS s(a, b, c, d)",
    "SELECT c.row_to_json FROM customers c",
    "SELECT unnest FROM customers c, unnest(ARRAY[reverse(c.email)]), generate_series(1, 2)",
    "SELECT query_to_xml('SELECT id, reverse(email) FROM customers', true, false, '')",
    "WITH RECURSIVE r(a, b, n) AS (SELECT '', reverse(email), 0 FROM customers UNION ALL SELECT b, '', n + 1 FROM r WHERE n < 2)"
    " SELECT a FROM r",
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


def test_no_end_of_a_piece_of_a_masked_value_is_shown(server: Server) -> None:
    with server.connect() as link:
        row = link.execute(
            "SELECT left(email, 8), ssn / 10000, ssn % 10000 AS ssn FROM customers ORDER BY id"
        ).fetchone()
        assert row == ("********", 0, 0)


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


def test_copy_in_which_a_delimiter_cannot_be_told_is_refused(server: Server) -> None:
    parts = "SELECT chr(12477) a, reverse(email) b, chr(12509) || '|' c FROM customers"  # the first ends in SJIS like |
    copy = f"COPY ({parts}) TO STDOUT (DELIMITER '|'"
    for text in (f"{copy}, ENCODING 'Shift_JIS')", f"SET client_encoding TO SJIS; {copy})", f"{copy}, NULL '\\')"):
        shown = server.psql("-q", *(one for part in text.split("; ") for one in ("-c", part)))
        assert "its delimiters cannot be told" in shown.stderr and not shown.stdout
    assert "***" in server.psql("-c", f"{copy}, ENCODING 'utf-8')").stdout


def test_the_words_of_errors_hold_no_masked_value(server: Server) -> None:
    with server.connect(autocommit=True) as link:
        with pytest.raises(psycopg.errors.InvalidTextRepresentation) as wrong:
            link.execute("SELECT email::int FROM customers")
        assert "one.example" not in str(wrong.value)
        with pytest.raises(psycopg.errors.InvalidSchemaName) as named:
            link.execute("SELECT reverse(email)::regclass FROM customers")
        assert "elpmaxe" not in str(named.value)
        with pytest.raises(psycopg.errors.InvalidTextRepresentation) as quoted:
            link.execute("SELECT ('\"' || reverse(email))::int FROM customers")
        assert "elpmaxe" not in str(quoted.value)
        with pytest.raises(psycopg.errors.UniqueViolation) as twice:
            link.execute("INSERT INTO customers SELECT 1, 'x', email, ssn, note FROM customers WHERE id = 2")
        assert "two.example" not in str(twice.value)


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
            for signs in (
                "DELIMITER '-'",
                "DELIMITER 'C'",
                "FORMAT csv, QUOTE 'e'",
                "FORMAT csv, QUOTE 'e', ESCAPE 'n'",
            ):
                with connection.cursor().copy(f"COPY (SELECT '{LENT}') TO STDOUT ({signs})") as copy:
                    data = b"".join(bytes(part) for part in copy).strip(b"e\n")
                assert set(data) == set(b"*") and len(data) > len(LENT), (signs, data)
            rows = connection.execute(f"SELECT n, '{LENT}' FROM generate_series(1, 5000) n").fetchall()
            assert rows == [(n, "*" * len(LENT)) for n in range(1, 5001)]
            named = connection.execute(f'SELECT 1 AS "x {LENT}", 2 AS y').description or []
            assert [column.name for column in named] == ["x " + "*" * len(LENT), "y"]
            with pytest.raises(psycopg.errors.InvalidTextRepresentation, match=r"\[VALUE\]"):
                connection.execute(f"SELECT CAST('{LENT}' AS int)")
