from __future__ import annotations

import pytest
from inspectors.sql.cases import DANGEROUS, HARMLESS, is_harmless
from inspectors.tables import over

from guardcli.inspectors.sql.inspector import Prepared, inspect_sql
from guardcli.model.effects import Effect


def effects(sql: str) -> str:
    return " ".join(sorted({effect.value for one in inspect_sql(sql) for effect in one.effects}))


@over("sql", ["", "  ", "-- only a comment\n", *HARMLESS])
def test_reads_transactions_and_harmless_settings_are_known_as_such(sql: str) -> None:
    assert is_harmless(inspect_sql(sql)), inspect_sql(sql)


@over("sql", DANGEROUS)
def test_nothing_that_does_more_is_taken_for_a_read(sql: str) -> None:
    assert not is_harmless(inspect_sql(sql)), inspect_sql(sql)


@pytest.mark.parametrize(
    ("sql", "action", "expected"),
    [
        ("SELECT 1", "select", "read"),
        ("WITH a AS (DELETE FROM t WHERE id = 1 RETURNING *) SELECT * FROM a", "delete", "delete read"),
        ("SELECT 1 INTO t", "select into", "define read write"),
        ("EXPLAIN ANALYZE DELETE FROM t WHERE id = 1", "explain analyze delete", "delete read"),
        ("EXPLAIN DELETE FROM t", "explain", "read"),
        ("INSERT INTO t VALUES (1)", "insert", "write"),
        ("INSERT INTO t VALUES (1) RETURNING pg_read_file('x')", "insert", "file read write"),
        ("UPDATE t SET a = 1 WHERE id = 1", "update", "write"),
        ("MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE", "merge", "delete write"),
        ("MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (1)", "merge", "write"),
        ("TRUNCATE t", "truncate", "delete"),
        ("CREATE TABLE t (a int)", "create table", "define"),
        ("CREATE TEMPORARY TABLE t (a int)", "create temporary table", "write"),
        ("DROP TABLE t", "drop table", "define delete"),
        ("DROP MATERIALIZED VIEW t", "drop materialized view", "define delete"),
        ("ALTER TABLE t ADD COLUMN a int", "alter table", "define"),
        ("ALTER TABLE t DROP COLUMN a", "alter table", "define delete"),
        ("ALTER TABLE t DISABLE ROW LEVEL SECURITY", "alter table", "define privilege"),
        ("ALTER TABLE t OWNER TO x", "alter table", "define privilege"),
        ("ALTER VIEW v RENAME TO w", "alter view", "define"),
        ("ALTER FUNCTION f() OWNER TO x", "alter function", "define privilege"),
        ("DROP POLICY p ON t", "drop policy", "define delete privilege"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "create function", "define"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'a'", "create function", "define execute"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS 'a'", "create function", "define execute"),
        (
            "CREATE FUNCTION f() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'a'",
            "create function",
            "define privilege",
        ),
        ("GRANT SELECT ON t TO x", "grant", "privilege"),
        ("REVOKE x FROM y", "revoke", "privilege"),
        ("DROP ROLE x", "drop role", "delete privilege"),
        ("SET ROLE x", "set role", "privilege session"),
        ("RESET ROLE", "reset role", "privilege session"),
        ("SET work_mem = '1MB'", "set", "session"),
        ("ALTER SYSTEM SET a = 1", "alter system", "file privilege"),
        ("COPY t TO STDOUT", "copy to", "read"),
        ("COPY t FROM STDIN", "copy from", "write"),
        ("COPY t TO '/x'", "copy to", "file read"),
        ("COPY t FROM PROGRAM 'id'", "copy from", "execute write"),
        ("LOAD 'x'", "load", "execute"),
        ("CREATE EXTENSION x", "create extension", "define execute"),
        ("CREATE SERVER s FOREIGN DATA WRAPPER w", "create server", "define network"),
        ("CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", "create subscription", "define network write"),
        ("CREATE TABLESPACE s LOCATION '/x'", "create tablespace", "define file"),
        ("PREPARE TRANSACTION 'x'", "prepare transaction", "write"),
        ("COMMIT PREPARED 'x'", "commit prepared", "write"),
        ("LISTEN x", "listen", "session"),
        ("NOTIFY x", "notify", "write"),
        ("LOCK t IN ROW SHARE MODE", "lock", "session"),
        ("LOCK t", "lock", "write"),
        ("SELECT pg_terminate_backend(1)", "select", "privilege read"),
        ("SELECT lo_import('/x')", "select", "file read write"),
        ("SELECT nextval('x')", "select", "read write"),
    ],
)
def test_effects_and_words_of_a_statement(sql: str, action: str, expected: str) -> None:
    (operation,) = inspect_sql(sql)
    assert operation.complete
    assert operation.action == action
    assert effects(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DO $$ x $$", "unknown write"),
        ("CALL p()", "unknown write"),
        ("SELECT f(1)", "read unknown"),
        ("SELECT app.lower('x')", "read unknown"),
        ("SELECT dblink('a', 'b')", "network read unknown"),
        ("SELECT a <-> b, a <=> b FROM t", "read unknown"),
        ("SELECT lower('a', 'b', 'c', 'd')", "read unknown"),
        ("SELECT unnest(ARRAY[1], ARRAY[2])", "read unknown"),
        ("SELECT * FROM ROWS FROM (unnest(1, 2) AS (a int))", "read unknown"),
        ("EXPLAIN EXECUTE nobody_prepared_it", "read unknown"),
        ("SELECT * FROM t TABLESAMPLE mine (1)", "read unknown"),
        ("EXECUTE p", "read unknown"),
    ],
)
def test_what_is_not_known_is_conceded_with_a_reason(sql: str, expected: str) -> None:
    (operation,) = inspect_sql(sql)
    assert not operation.complete
    assert operation.reason
    assert effects(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM t",
        "UPDATE t SET a = 1",
        "DELETE FROM t WHERE true",
        "DELETE FROM t WHERE 1 = 1",
        "DELETE FROM t WHERE NOT false",
        "DELETE FROM t WHERE 'a' = 'a' AND 1 < 2",
        "DELETE FROM t WHERE id = 5 OR true",
        "DELETE FROM t WHERE id = 5 OR 1 = 1",
        "DELETE FROM t WHERE id = id",
        "DELETE FROM t WHERE id >= t.id OR t.id = t.id",
        "DELETE FROM t AS x WHERE x.id IS NOT DISTINCT FROM x.id",
        "DELETE FROM t WHERE id IS NOT NULL",
        "DELETE FROM t WHERE id IS NULL OR id IS NOT NULL",
        "DELETE FROM t WHERE id = 5 OR id <> 5",
        "DELETE FROM t WHERE id = 5 OR NOT id = 5",
        "DELETE FROM t WHERE NOT (id <> id)",
        "DELETE FROM t WHERE (id = id) IS TRUE",
        "DELETE FROM t WHERE name LIKE '%'",
        "DELETE FROM t WHERE name ~ ''",
        "DELETE FROM t WHERE coalesce(true, id = 1)",
        "DELETE FROM t WHERE CASE WHEN id = 1 THEN true ELSE true END",
        "DELETE FROM t WHERE id IN (id, 5)",
        "DELETE FROM t WHERE id BETWEEN id AND id",
        "DELETE FROM t WHERE id IN (SELECT id FROM t)",
        "DELETE FROM t WHERE id = ANY (SELECT id FROM t WHERE true)",
        "DELETE FROM t WHERE id IN (SELECT id FROM s.t AS x WHERE x.id = x.id)",
        "WITH a AS (SELECT id FROM t) DELETE FROM t WHERE id IN (SELECT id FROM a)",
        "DELETE FROM t WHERE EXISTS (SELECT 1)",
        "DELETE FROM t WHERE EXISTS (SELECT FROM t x WHERE x.id = t.id)",
        "DELETE FROM t WHERE id IN (SELECT t.id)",
        "DELETE FROM t WHERE id = ANY (ARRAY(SELECT id FROM t))",
        "DELETE FROM t WHERE ctid IS NOT NULL",
        "DELETE FROM t WHERE ROW(id) = ROW(id)",
        "DELETE FROM t WHERE random() < 2",
        "DELETE FROM t WHERE (id = 5) IS NOT NULL",
        "DELETE FROM t WHERE (SELECT count(*) FROM s) > 0",
        "DELETE FROM t WHERE now() > '2020-01-01'",
        "DELETE FROM t USING s WHERE s.id = 5",
        "DELETE FROM t USING t x WHERE t.id = x.id",
        "DELETE FROM t USING (SELECT id FROM t) x WHERE x.id = t.id",
        "UPDATE t SET a = 1 FROM s",
        "UPDATE t SET a = 1 FROM t x WHERE x.id = t.id",
        "UPDATE t SET a = 1 FROM a JOIN b ON a.id = b.id WHERE a.x = 3",
        "WITH w AS (UPDATE t SET a = 1 RETURNING 1) SELECT * FROM w",
        "EXPLAIN ANALYZE UPDATE t SET a = 1",
        "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE",
        "MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE",
        "TRUNCATE t",
    ],
)
def test_a_change_that_nothing_limits_is_unbounded(sql: str) -> None:
    assert any(operation.unbounded for operation in inspect_sql(sql))


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM t WHERE id = 5",
        "DELETE FROM t WHERE id = $1",
        "DELETE FROM t WHERE false",
        "DELETE FROM t WHERE 1 = 0",
        "DELETE FROM t WHERE id = 5 AND true",
        "DELETE FROM t WHERE id = 5 OR name = 'x'",
        "DELETE FROM t WHERE id = 5 OR 1 = 0",
        "DELETE FROM t WHERE name LIKE 'x%'",
        "DELETE FROM t WHERE id IN (1, 2)",
        "DELETE FROM t WHERE created < now() - interval '1 day'",
        "DELETE FROM t WHERE id IN (SELECT t_id FROM s)",
        "DELETE FROM t WHERE id IN (SELECT id FROM t ORDER BY id LIMIT 10)",
        "DELETE FROM t WHERE id IN (SELECT id FROM t WHERE name = 'x')",
        "DELETE FROM t WHERE EXISTS (SELECT 1 FROM s WHERE s.id = t.id)",
        "DELETE FROM t WHERE EXISTS (SELECT FROM s x WHERE x.id = t.id)",
        "DELETE FROM t WHERE EXISTS (SELECT FROM t x WHERE x.parent = t.id)",
        "DELETE FROM t WHERE id IN (SELECT 5)",
        "DELETE FROM t WHERE id = ANY (ARRAY(SELECT t_id FROM s))",
        "DELETE FROM t WHERE CURRENT OF c",
        "DELETE FROM t USING s WHERE s.id = t.id",
        "DELETE FROM t USING t x WHERE t.id < x.id AND t.name = x.name",
        "UPDATE t SET a = s.a FROM s WHERE s.id = t.id",
        "UPDATE t SET a = 1 WHERE deleted",
        "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = 1",
        "INSERT INTO t SELECT * FROM s",
        "EXPLAIN DELETE FROM t",
        "SELECT 'DELETE FROM t'",
        "DROP TABLE t",
    ],
)
def test_a_change_with_a_limit_is_not_unbounded(sql: str) -> None:
    assert not any(operation.unbounded for operation in inspect_sql(sql))


@pytest.mark.parametrize(
    ("sql", "sensitive"),
    [
        ("SELECT rolpassword FROM pg_authid", True),
        ("TABLE pg_catalog.pg_shadow", True),
        ("COPY pg_authid TO STDOUT", True),
        ("SELECT * FROM pg_user_mappings", True),
        ("SELECT subconninfo FROM pg_subscription", True),
        ("SELECT table_to_xml('pg_authid', true, true, '')", True),
        ("SELECT query_to_xml('TABLE pg_shadow', true, true, '')", True),
        ("SELECT * FROM pg_hba_file_rules()", True),
        ("SELECT * FROM (WITH pg_authid AS (SELECT 1) SELECT * FROM pg_authid) x, pg_authid", True),
        ("WITH pg_authid AS (SELECT 1) SELECT * FROM pg_authid", False),
        ("WITH pg_authid AS (SELECT 1) SELECT * FROM pg_catalog.pg_authid", True),
        ("SELECT * FROM pg_roles", False),
        ("SELECT 'pg_authid'", False),
        ("SELECT * FROM app.pg_shadow", False),
    ],
)
def test_reading_credentials_is_sensitive(sql: str, sensitive: bool) -> None:
    assert any(operation.sensitive for operation in inspect_sql(sql)) is sensitive


@pytest.mark.parametrize(
    ("sql", "targets"),
    [
        ("SELECT * FROM a, s.b JOIN c ON true", "table:/a table:/c table:s/b"),
        ("WITH a AS (SELECT * FROM real) SELECT * FROM a", "table:/real"),
        ("WITH a AS (SELECT 1) DELETE FROM a WHERE id = 1", "table:/a"),
        ("WITH a AS (SELECT * FROM a) SELECT * FROM a", "table:/a"),
        ("WITH RECURSIVE a AS (SELECT 1 UNION SELECT * FROM a) SELECT * FROM a", ""),
        ("DROP TABLE a.b, c", "table:/c table:a/b"),
        ("DROP FUNCTION s.f(int)", "function:s/f"),
        ("DROP DATABASE d", "database:d"),
        ("DROP ROLE r", "role:r"),
        ("DROP SCHEMA s", "object:schema/s"),
        ("GRANT SELECT ON a.b TO c", "role:c table:a/b"),
        ("COPY t TO '/x'", "file:/x table:/t"),
        ("COPY t TO PROGRAM 'gzip -c'", "command:gzip table:/t"),
        ("SELECT nextval('s')", "function:/nextval"),
        ('SELECT * FROM "S"."T"', "table:S/T"),
    ],
)
def test_targets_name_what_is_touched(sql: str, targets: str) -> None:
    (operation,) = inspect_sql(sql)
    assert " ".join(sorted(map(str, operation.targets))) == targets


def test_every_statement_of_a_text_is_one_operation() -> None:
    actions = [operation.action for operation in inspect_sql("BEGIN; DELETE FROM t WHERE id = 1; SELECT ';'; COMMIT")]
    assert actions == ["begin", "delete", "select", "commit"]


def test_explain_execute_does_what_its_parameters_do_and_with_analyze_what_was_prepared() -> None:
    prepare = "PREPARE p AS DELETE FROM t; "
    _, planned = inspect_sql(prepare + "EXPLAIN EXECUTE p")
    assert (planned.complete, planned.effects, planned.unbounded) == (True, {Effect.READ}, False)
    _, drawn = inspect_sql(prepare + "EXPLAIN EXECUTE p(nextval('c'))")
    assert Effect.WRITE in drawn.effects
    _, ran = inspect_sql(prepare + "EXPLAIN ANALYZE EXECUTE p")
    assert Effect.DELETE in ran.effects
    assert ran.unbounded


def test_execute_is_judged_by_what_was_prepared() -> None:
    _, executed = inspect_sql("PREPARE p AS DELETE FROM t WHERE id = $1; EXECUTE p(1)")
    assert executed.complete
    assert Effect.DELETE in executed.effects
    prepared = Prepared()
    inspect_sql("PREPARE q AS SELECT 1", prepared=prepared)
    (later,) = inspect_sql("EXECUTE q", prepared=prepared)
    assert is_harmless((later,))


def test_a_setting_that_changes_how_text_is_read_concedes_what_follows() -> None:
    _, after = inspect_sql("SET standard_conforming_strings = off; SELECT 1")
    assert not after.complete
