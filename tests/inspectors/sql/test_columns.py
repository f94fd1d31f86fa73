"""What a statement may give back, by its text."""

from __future__ import annotations

import pytest

from guardcli.inspectors.sql.columns import returned_columns


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select a, b.c, f(d) from t b where e > 1", [{"a", "b", "c", "f", "d", "e"}]),
        ("select 1; select a; begin; insert into t values (1)", [set(), {"a"}, set(), set()]),
        ("select * from t", [None]),
        ("select t.* from t", [None]),
        ("select (select x from (select * from u) v)", [None]),
        ("with q as (select * from t) select a from q", [None]),
        ("select t from t", [None]),
        ('select "Email" from t', [{"email"}]),
        ("update t set a = 1 returning b as c", [{"b"}]),
        ("merge into t using s on t.a = s.a when matched then delete", [set()]),
        ("fetch all from c", [None]),
        ("explain select a from t", [set()]),
        ("no sql at all", []),
    ],
)
def test_every_name_in_a_statement_may_be_a_column_of_its_rows(sql: str, expected: list[set[str] | None]) -> None:
    assert list(returned_columns(sql)) == expected
