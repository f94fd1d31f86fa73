from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.inspectors.sql.dialects import MAX_TEXT, inspect_dialect
from guardcli.model.effects import Effect


def is_known_read(sql: str) -> bool:
    return all(one.complete and one.effects == {Effect.READ} for one in inspect_dialect(sql, tool="mysql"))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT a, count(*) FROM t WHERE b = 'DROP TABLE x' GROUP BY a ORDER BY 2 DESC LIMIT 5",
        "SELECT 1; SELECT 2;",
        "WITH a AS (SELECT 1 AS x) SELECT x FROM a",
        "SELECT t.a FROM t LEFT JOIN s ON s.id = t.id WHERE t.b IS NOT NULL",
        "",
        ";",
    ],
)
def test_a_plain_read_is_known(sql: str) -> None:
    assert is_known_read(sql), inspect_dialect(sql, tool="mysql")


@pytest.mark.parametrize(
    ("sql", "effect"),
    [
        ("DROP TABLE t", Effect.DELETE),
        ("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", Effect.DELETE),
        ("SELECT * FROM t INTO OUTFILE '/x'", Effect.FILE),
        ("SELECT 1; GRANT ALL ON t TO x", Effect.PRIVILEGE),
        ("INSERT INTO t VALUES (1)", Effect.WRITE),
        ("REPLACE INTO t VALUES (1)", Effect.WRITE),
        ("EXEC xp_cmdshell 'dir'", Effect.EXECUTE),
        ("SELECT load_file('/etc/passwd')", Effect.UNKNOWN),
        ("SELECT sleep(5)", Effect.UNKNOWN),
        ("SELECT /*!50000 1 INTO OUTFILE '/x' */", Effect.UNKNOWN),
        ("SELECT 'a\\'; DROP TABLE t; -- '", Effect.UNKNOWN),
        ("SELECT 1 # ' \n; DROP TABLE t", Effect.UNKNOWN),
        ("SELECT @@version := 1", Effect.UNKNOWN),
        ("VACUUM", Effect.UNKNOWN),
        ("x" * (MAX_TEXT + 1), Effect.UNKNOWN),
    ],
)
def test_what_may_change_something_is_conceded(sql: str, effect: Effect) -> None:
    operations = inspect_dialect(sql, tool="mysql")
    assert not all(operation.complete for operation in operations)
    assert any(effect in operation.effects for operation in operations)


@given(
    st.text(max_size=120)
    | st.lists(
        st.sampled_from(["SELECT", "(", ")", "'", '"', ";", "--", "/*", "*/", "FROM", "DROP", "a", "1", "WITH"])
    ).map(" ".join)
)
def test_no_text_makes_it_fail(sql: str) -> None:
    assert inspect_dialect(sql, tool="mysql")
