"""A text that is remembered by its form does exactly what it does when it is looked at by itself."""

from __future__ import annotations

import random
import re

import pytest

from guardcli.gateways.postgres import inspected as subject
from guardcli.gateways.postgres.inspected import inspected
from guardcli.inspectors.sql import inspect_sql

FORMS = [
    "SELECT abalance FROM pgbench_accounts WHERE aid = {};",
    "select * from orders where id = {} and n < {} limit {} offset {}",
    "SELECT a, b FROM s.t GROUP BY {}, 2 ORDER BY {} FETCH FIRST {} ROWS ONLY",
    "INSERT INTO t (a, b) VALUES ({}, {}), ({}, {})",
    "UPDATE t SET n = n * {} WHERE id = {}",
    "DELETE FROM t WHERE id = {}",
    "DELETE FROM t WHERE {} = {}",
    "UPDATE t SET a = {} WHERE {} = {}",
    "DELETE FROM t WHERE {} = {} AND {} <> {}",
    "DELETE FROM t WHERE 5 = 5 AND 7 <> {}",
    "DELETE FROM t WHERE a = {} OR a <> {} OR b = {}",
    "UPDATE t SET a = 1 WHERE {} <> 012",
    "SELECT a FROM t WHERE {} = {} AND {} <> {}",
    "SELECT a FROM t WHERE a = {} OR a <> 7",
    "SELECT a FROM t WHERE {} = 2.",
    "SELECT lo_open(5, {})",
    "SELECT lo_open({}, 131072)",
    "SELECT lo_open(oid, {}) FROM t",
    "SELECT lo_unlink({}), pg_sleep({})",
    "SELECT pg_terminate_backend({})",
    "SELECT set_config(name, value, {} = {}) FROM t",
    "SELECT {}; DROP TABLE t{}; SELECT {}",
    "SELECT x FROM t{} WHERE y{} = {}",
    "SELECT {}.5, 1.{}, {}e3, 0{}, f({})",
    "SELECT n FROM t TABLESAMPLE system({})",
    "SELECT CAST({} AS numeric({}))",
    "SELECT ({} {})",
    "SELECT * FROM generate_series({}, {}) n",
]
"""Numbers stand where they are values, parts of names or of other numbers, and where they make no sense."""
OTHERS = [
    "SELECT '{}'",
    "SELECT $${}$$",
    'SELECT "{}"',
    "SELECT {} -- {}",
    "SELECT {} /* {} */",
    "SELECT ${}",
    "EXPLAIN (ANALYZE {}) DELETE FROM t",
    "COPY (SELECT {}) TO STDOUT",
    "SELECT {}::text",
    "VACUUM (FULL {}) t",
    "SELECT E'\\{}'",
]
NUMBERS = ["0", "1", "2", "7", "12", "00", "131072", "262144", "2147483647", "2147483648", "99999999999999999999"]


@pytest.mark.parametrize("form", FORMS + OTHERS)
def test_what_is_remembered_is_what_is_found(form: str) -> None:
    chance = random.Random(form)
    for _ in range(40):
        text = re.sub(r"\{\}", lambda _: chance.choice(NUMBERS), form)
        assert inspected(text) == inspect_sql(text, tool="psql"), text


def test_a_program_that_writes_its_values_into_its_texts_is_inspected_once(monkeypatch: pytest.MonkeyPatch) -> None:
    inspected("SELECT remembered FROM accounts WHERE aid = 5")
    monkeypatch.setattr(subject, "inspect_sql", lambda *_, **__: pytest.fail("it was inspected again"))
    first = inspected("SELECT remembered FROM accounts WHERE aid = 6")
    assert inspected("SELECT remembered FROM accounts WHERE aid = 123456789") is first
