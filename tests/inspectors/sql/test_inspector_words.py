"""Texts made of pieces of SQL: nothing makes the inspector fail, no write hides among reads, and time has a bound."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspectors.sql.cases import DANGEROUS, HARMLESS, is_harmless

from guardcli.inspectors.sql.inspector import MAX_STATEMENTS, inspect_sql
from guardcli.inspectors.sql.parse import MAX_SQL, MAX_TREE
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "1 + " * 50_000 + "1",
        "SELECT " + "(" * 50_000 + ")" * 50_000,
        "SELECT " + "NOT " * 20_000 + "true",
        "SELECT 1" + " UNION SELECT 1" * 20_000,
        "SELECT " + "f(" * 3_000 + ")" * 3_000,
        "SELECT * FROM a" + " JOIN b ON true" * 5_000,
        "/*" * 10_000,
        "SELECT '" + "x" * MAX_SQL + "'",
        "SELECT 1;" * (MAX_STATEMENTS + 1),
        "$" * 1000,
        "DELETE FROM t WHERE " + "NOT (a = 1 AND " * 200 + "true" + ")" * 200 + " = " + "(1 + " * 300 + "1" + ")" * 300,
        "DELETE FROM t WHERE " + " OR ".join(f"a = {number}" for number in range(20_000)),
        "WITH " + ", ".join(f"c{number} AS (SELECT 1)" for number in range(2_000)) + " DELETE FROM t",
    ],
    ids=range(13),
)
def test_depth_and_length_end_in_a_concession_and_not_in_a_crash(sql: str) -> None:
    found: list[tuple[Operation, ...]] = []
    for size in (256 * 1024, 8 * 1024 * 1024):
        before = threading.stack_size(size)
        thread = threading.Thread(target=lambda: found.append(inspect_sql(sql)))
        thread.start()
        thread.join()
        threading.stack_size(before)
    assert len(found) == 2
    assert not any(is_harmless(operations) for operations in found)


def test_a_long_flat_statement_is_read() -> None:
    rows = ", ".join(f"({number}, 'x')" for number in range(5_000))
    (operation,) = inspect_sql(f"INSERT INTO t VALUES {rows}")
    assert operation.complete
    assert operation.effects == {Effect.WRITE}


PIECES = st.sampled_from(
    [
        *HARMLESS,
        *DANGEROUS,
        *(
            "SELECT",
            "FROM",
            "WHERE",
            "(",
            ")",
            "'",
            '"',
            "$$",
            "$a$",
            "/*",
            "*/",
            "--",
            "\n",
            "\r",
            ";",
            ",",
            "E'",
            "U&'",
        ),
        *("WITH x AS", "t", "1", "::int", "\\", ":x", "AS", "JOIN", "UNION", "nextval('s')", "DROP TABLE t", "COPY"),
    ]
)


@given(st.lists(PIECES, max_size=12).map(" ".join) | st.text(max_size=80))
def test_no_text_makes_it_fail(sql: str) -> None:
    operations = inspect_sql(sql)
    assert operations
    assert all(operation.complete or operation.reason for operation in operations)


WRITES = st.sampled_from(
    ["DROP TABLE t", "DELETE FROM t", "INSERT INTO t VALUES (1)", "SELECT nextval('s')", "GRANT a TO b"]
)

READS = st.sampled_from([text for text in HARMLESS if "--" not in text])


@given(st.lists(READS, max_size=4), WRITES, st.lists(READS, max_size=4))
def test_a_write_among_reads_is_always_seen(before: list[str], write: str, after: list[str]) -> None:
    operations = inspect_sql("; ".join([*before, write, *after]))
    assert not is_harmless(operations)


@pytest.mark.parametrize("columns", [100, MAX_TREE // 50])
def test_a_short_text_that_says_much_is_read_up_to_a_bound(columns: int) -> None:
    (operation,) = inspect_sql("SELECT " + ",".join("a" * columns))
    assert operation.complete is (columns == 100)
    assert operation.complete or "parse tree" in operation.reason
