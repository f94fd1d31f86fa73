"""The asymmetric oracle: what is judged complete and free of writes runs in a READ ONLY transaction of a real server.

A throw-away cluster runs a corpus: calls of every function that PostgreSQL itself has, statements made up by a
generator, and the tables of the other tests. Whatever is judged complete with no effect beyond read and session runs
there between BEGIN READ ONLY and COMMIT; the server must not refuse it as a write, and afterwards nothing outside the
session may have changed: tables, sequences, roles, settings, files, large objects, other connections.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from inspectors.sql import regression

from guardcli.inspectors.sql.inspector import inspect_sql
from guardcli.model.effects import Effect

TABLES = [
    line
    for name in ("harmless.txt", "dangerous.txt")
    for line in (Path(__file__).parent / "data" / name).read_text().splitlines()
]
HARMLESS_EFFECTS = {Effect.READ, Effect.SESSION}
GENERATED = 4000
SEED = int(os.environ.get("GUARD_TEST_SEED", "20240917"))
ROUNDS = int(os.environ.get("GUARD_TEST_SQL_ROUNDS", "1"))
"""Rounds of `A_ROUND` statements in the manner of regression tests, each held against the server's state."""

A_ROUND = 2000

SCHEMA = """
CREATE SCHEMA app;
CREATE TABLE users (id int PRIMARY KEY, name text, email text, age int, data jsonb, tags text[], created timestamptz);
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, total numeric, note text);
CREATE TABLE app.items (id int PRIMARY KEY, name text);
CREATE SEQUENCE counter;
CREATE VIEW names AS SELECT id, name FROM users;
CREATE FUNCTION app.touch() RETURNS int LANGUAGE sql AS $$
  INSERT INTO app.items VALUES (nextval('counter'), 'x') RETURNING id $$;
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
INSERT INTO users
  SELECT i, 'n' || i, 'e' || i || '@example.org', i % 90, '{"a": 1}', '{a,b}', now() FROM generate_series(1, 50) i;
INSERT INTO orders SELECT i, i % 50 + 1, i * 1.5, 'note' FROM generate_series(1, 100) i;
SELECT lo_from_bytea(4711, 'abc');
"""

SNAPSHOT = """
SELECT 'users', count(*), md5(string_agg(u::text, '|' ORDER BY id)) FROM users u;
SELECT 'orders', count(*), md5(string_agg(o::text, '|' ORDER BY id)) FROM orders o;
SELECT 'items', count(*) FROM app.items;
SELECT 'counter', last_value, is_called FROM counter;
SELECT 'large objects', count(*), md5(string_agg(data, '' ORDER BY loid, pageno)) FROM pg_largeobject;
SELECT 'roles', md5(string_agg(a::text, '|' ORDER BY oid)) FROM pg_authid a;
SELECT 'grants', md5(string_agg(m::text, '|')) FROM pg_auth_members m;
SELECT 'role settings', md5(coalesce(string_agg(s::text, '|'), '')) FROM pg_db_role_setting s;
SELECT 'settings', md5(string_agg(name || coalesce(setting, ''), '|' ORDER BY name)) FROM pg_settings
 WHERE name !~ '^transaction_';
SELECT 'relations', md5(string_agg(relname || relkind || coalesce(relacl::text, ''), '|' ORDER BY oid)) FROM pg_class
 WHERE relpersistence <> 't';
SELECT 'functions', count(*) FROM pg_proc;
SELECT 'schemas', md5(string_agg(n::text, '|' ORDER BY oid)) FROM pg_namespace n WHERE nspname !~ '^pg_(toast_)?temp';
SELECT 'slots', count(*) FROM pg_replication_slots;
SELECT 'prepared', count(*) FROM pg_prepared_xacts;
SELECT 'origins', count(*) FROM pg_replication_origin;
SELECT 'others', count(*) FROM pg_stat_activity WHERE application_name = 'bystander';
"""

CALLS = """
SELECT format('SELECT %s(%s)', quote_ident(proname), coalesce((
         SELECT string_agg(CASE
             WHEN t.typname IN ('anyelement', 'anycompatible', 'any', 'anynonarray') THEN '1'
             WHEN t.typname IN ('anyarray', 'anycompatiblearray') THEN 'ARRAY[1]'
             WHEN t.typname IN ('anyrange', 'anycompatiblerange') THEN 'int4range(1,3)'
             WHEN t.typname IN ('anymultirange', 'anycompatiblemultirange') THEN 'int4multirange(int4range(1,3))'
             WHEN t.typname IN ('record', 'anyenum') THEN 'ROW(1)'
             WHEN t.typname IN ('bool') THEN 'true'
             WHEN t.typname IN ('regclass') THEN '''users''::regclass'
             WHEN t.typname IN ('oid') THEN '''users''::regclass::oid'
             WHEN t.typname IN ('timestamptz', 'timestamp', 'date', 'time', 'timetz') THEN '''now''::' || t.typname
             WHEN t.typname IN ('interval') THEN '''0''::interval'
             WHEN t.typname IN ('json', 'jsonb') THEN '''{"a":[1]}''::' || t.typname
             WHEN t.typname IN ('uuid') THEN '''00000000-0000-0000-0000-000000000000''::uuid'
             WHEN t.typcategory = 'N' THEN '1::' || t.typname
             WHEN t.typcategory = 'G' THEN 'NULL::' || t.typname
             WHEN t.typname IN ('text', 'name', 'varchar', 'bpchar', 'cstring') THEN '''users''::' || t.typname
             WHEN t.typcategory = 'A' THEN 'NULL::' || format_type(t.oid, NULL)
             ELSE 'NULL::' || format_type(t.oid, NULL) END, ', ' ORDER BY n)
           FROM unnest(proargtypes::oid[]) WITH ORDINALITY a(type, n) JOIN pg_type t ON t.oid = a.type), ''))
  FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND proname !~ '^pg_sleep'
"""
"""A call of every overload of every function, with some value for each argument."""


_SCALARS = (
    "id",
    "age",
    "u.id",
    "1",
    "42",
    "-7",
    "length(u.name)",
    "coalesce(u.age, 0)",
    "(SELECT max(id) FROM orders)",
)
_TEXTS = (
    "u.name",
    "'x'",
    "u.email",
    "upper(u.name)",
    "u.name || 'y'",
    "$$DROP TABLE users$$",
    "u.data ->> 'a'",
    "E'\\n'",
)
_WRITES = (
    "nextval('counter')",
    "setval('counter', 5)",
    "app.touch()",
    "lo_create(0)",
    "length(pg_read_file('PG_VERSION'))",
    "lo_unlink(1)",
)
_CHANGES = (
    "INSERT INTO app.items VALUES (1, 'a') RETURNING id",
    "UPDATE users SET age = age + 1 WHERE id = 3 RETURNING id",
    "DELETE FROM orders WHERE id = 3 RETURNING id",
)


class _Maker:
    """Puts a statement together from pieces that fit."""

    def __init__(self, chance: random.Random, only_known: bool) -> None:
        self.chance = chance
        self.only_known = only_known

    def number(self, depth: int) -> str:
        one = self.chance.choice
        if depth <= 0 or self.chance.random() < 0.3:
            if not self.only_known and self.chance.random() < 0.04:
                return one(_WRITES)
            return one(_SCALARS).replace("id", "u.id") if one((True, False)) else one(("u.id", "u.age", "3", "0"))
        return one(
            (
                lambda: f"({self.number(depth - 1)} {one('+-*')} {self.number(depth - 1)})",
                lambda: f"abs({self.number(depth - 1)})",
                lambda: f"CASE WHEN {self.truth(depth - 1)} THEN {self.number(depth - 1)} ELSE 0 END",
                lambda: f"greatest({self.number(depth - 1)}, {self.number(depth - 1)})",
                lambda: f"length({self.text(depth - 1)})",
                lambda: f"({self.number(depth - 1)})::int",
                lambda: f"(SELECT count(*)::int FROM orders o WHERE o.user_id = {self.number(depth - 1)})",
            )
        )()

    def text(self, depth: int) -> str:
        one = self.chance.choice
        if depth <= 0 or self.chance.random() < 0.4:
            return one(_TEXTS)
        return one(
            (
                lambda: f"lower({self.text(depth - 1)})",
                lambda: f"({self.text(depth - 1)} || {self.text(depth - 1)})",
                lambda: f"substring({self.text(depth - 1)} FROM 1 FOR 2)",
                lambda: f"replace({self.text(depth - 1)}, 'a', 'b')",
                lambda: f"({self.number(depth - 1)})::text",
                lambda: f"format('%s', {self.text(depth - 1)})",
            )
        )()

    def truth(self, depth: int) -> str:
        one = self.chance.choice
        if depth <= 0:
            return one(("true", "u.id > 3", "u.name IS NOT NULL", "u.age BETWEEN 1 AND 9"))
        return one(
            (
                lambda: f"{self.number(depth - 1)} {one(('=', '<', '>=', '<>'))} {self.number(depth - 1)}",
                lambda: f"({self.truth(depth - 1)} {one(('AND', 'OR'))} {self.truth(depth - 1)})",
                lambda: f"NOT ({self.truth(depth - 1)})",
                lambda: f"{self.text(depth - 1)} {one(('LIKE', '~', '=', 'ILIKE'))} 'a'",
                lambda: f"EXISTS (SELECT 1 FROM orders o WHERE o.user_id = {self.number(depth - 1)})",
                lambda: f"{self.number(depth - 1)} IN (1, 2, {self.number(depth - 1)})",
            )
        )()

    def query(self, depth: int) -> str:
        columns = ", ".join(
            self.chance.choice((self.number, self.text))(depth) for _ in range(self.chance.randint(1, 3))
        )
        text = f"SELECT {columns} FROM users u"
        if self.chance.random() < 0.3:
            text += " JOIN orders ON orders.user_id = u.id"
        if self.chance.random() < 0.6:
            text += f" WHERE {self.truth(depth)}"
        if self.chance.random() < 0.2:
            text += f" ORDER BY {self.number(1)} LIMIT 5"
        return text

    def statement(self) -> str:
        kind = self.chance.random()
        query = self.query(self.chance.randint(0, 3))
        if not self.only_known and kind < 0.12:
            return f"WITH w AS ({self.chance.choice(_CHANGES)}) {query}"
        if not self.only_known and kind < 0.16:
            return self.chance.choice(_CHANGES)
        if not self.only_known and kind < 0.2:
            return (
                f"EXPLAIN ({self.chance.choice(('ANALYZE', 'ANALYZE off', 'VERBOSE'))}) {self.chance.choice(_CHANGES)}"
            )
        return self.chance.choice(
            (
                lambda: query,
                lambda: query,
                lambda: f"EXPLAIN {query}",
                lambda: f"EXPLAIN ANALYZE {query}",
                lambda: f"COPY ({query}) TO STDOUT",
                lambda: f"WITH w AS (SELECT 1 AS x) {query}",
                lambda: f"SELECT * FROM ({query}) AS q LIMIT 3",
                lambda: f"DECLARE c CURSOR FOR {query}",
            )
        )()


def generate(chance: random.Random, count: int, *, only_known: bool = False) -> Iterator[str]:
    """Yield `count` statements over the tables of the oracle; with `only_known` none that writes or is unknown."""
    maker = _Maker(chance, only_known)
    for _ in range(count):
        yield maker.statement()


@pytest.fixture(scope="module")
def cluster(postgres):
    """The throw-away server with tables to read and to harm."""
    made = postgres.psql(SCHEMA, "-v", "ON_ERROR_STOP=1")
    assert made.returncode == 0, made.stderr
    return postgres


@pytest.fixture(scope="module")
def bystander(cluster) -> Iterator[subprocess.Popen[str]]:
    """Another connection, which nothing may end."""
    process = subprocess.Popen(
        cluster.command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=cluster.environment | {"PGAPPNAME": "bystander"},
        text=True,
    )
    assert process.stdin and process.stdout
    process.stdin.write("\\echo ready\n")
    process.stdin.flush()
    assert process.stdout.readline() == "ready\n"
    yield process
    process.communicate("\\q\n", timeout=90)


def is_harmless(statement: str) -> bool:
    """Say whether all of it is judged complete, with no effect beyond read and session."""
    return all(
        operation.complete and set(operation.effects) <= HARMLESS_EFFECTS for operation in inspect_sql(statement)
    )


def ends_transaction(statement: str) -> bool:
    """Say whether it would leave the transaction that the oracle needs around it."""
    leaving = {"begin", "start", "commit", "rollback", "savepoint", "release", "rollback to", "discard temp"}
    actions = {operation.action for operation in inspect_sql(statement)}
    return bool(actions & leaving) or any(action.startswith("discard") for action in actions)


def violations(cluster, statements: list[str]) -> list[str]:
    """Run each statement in a READ ONLY transaction that commits; return those that the server refused as a write."""
    parts = [
        "\\set VERBOSITY sqlstate",
        "SET statement_timeout = '2s'; SET lock_timeout = '1s'; SET client_min_messages = error;",
    ]
    for number, statement in enumerate(statements):
        parts.append(f"\\warn @{number}")
        parts.append(
            f"BEGIN READ ONLY\\; SAVEPOINT s;\n{statement};\nCOMMIT;\nSELECT pg_advisory_unlock_all()\\; RESET ALL;"
        )
    outcome = cluster.psql("\n".join(parts))
    assert f"@{len(statements) - 1}" in outcome.stderr, "the server went away: " + outcome.stderr[-300:]
    found, current = [], -1
    for line in outcome.stderr.splitlines():
        if line.startswith("@"):
            current = int(line[1:])
        elif "25006" in line:
            found.append(statements[current])
    return found


def test_what_is_judged_harmless_is_no_write_to_the_server_and_leaves_no_trace(cluster, bystander) -> None:
    calls = cluster.psql(CALLS).stdout.splitlines()
    assert len(calls) > 2500
    made_up = list(generate(random.Random(SEED), GENERATED))
    candidates = [*calls, *made_up, *TABLES]
    harmless = [text for text in candidates if is_harmless(text) and not ends_transaction(text)]
    assert len(harmless) > 3500
    before, files = cluster.psql(SNAPSHOT).stdout, cluster.files()
    assert violations(cluster, harmless) == []
    assert cluster.psql(SNAPSHOT).stdout == before
    assert cluster.files() == files
    assert bystander.poll() is None


def test_the_oracle_itself_sees_a_write(cluster) -> None:
    assert violations(cluster, ["SELECT 1", "SELECT nextval('counter')", "DELETE FROM orders"]) == [
        "SELECT nextval('counter')",
        "DELETE FROM orders",
    ]


def test_little_of_what_is_harmless_is_conceded() -> None:
    made_up = list(generate(random.Random(SEED + 1), GENERATED, only_known=True))
    conceded = [text for text in made_up if not all(operation.complete for operation in inspect_sql(text))]
    assert len(conceded) <= len(made_up) // 100, conceded[:5]


def test_everything_that_the_server_refuses_as_a_write_is_judged_as_one(cluster) -> None:
    made_up = list(generate(random.Random(SEED + 2), 600))
    refused = violations(cluster, [text for text in made_up if not ends_transaction(text) and "COPY" not in text])
    assert len(refused) > 50
    assert [text for text in refused if is_harmless(text)] == []


def spliced(chance: random.Random, texts: list[str]) -> str:
    """Return one statement with a part of another put where it had a part in brackets, or behind it."""
    one, other = chance.choice(texts), chance.choice(texts)
    places = [match.span() for match in re.finditer(r"\([^()]*\)", one)]
    if not places or chance.random() < 0.2:
        return f"{one}; {other}"
    parts = re.findall(r"\([^()]*\)", other) or [f"({other})"]
    begin, end = chance.choice(places)
    return one[:begin] + chance.choice((*parts, f"({other})")) + one[end:]


def test_the_manner_of_regression_tests_is_judged_as_the_server_finds_it(cluster, bystander) -> None:
    chance = random.Random(SEED + 3)
    texts = [*regression.corpus(), *TABLES]
    before, files = cluster.psql(SNAPSHOT).stdout, cluster.files()
    ran = 0
    for number in range(ROUNDS):
        made = [*regression.generate(chance, A_ROUND), *(spliced(chance, texts) for _ in range(A_ROUND // 2))]
        candidates = [*regression.corpus(), *made] if number == 0 else made
        harmless = [text for text in candidates if is_harmless(text) and not ends_transaction(text)]
        ran += len(harmless)
        for place in range(0, len(harmless), 1000):
            assert violations(cluster, harmless[place : place + 1000]) == []
        assert cluster.psql(SNAPSHOT).stdout == before, f"seed {SEED}, round {number}"
        assert cluster.files() == files, f"seed {SEED}, round {number}"
    assert bystander.poll() is None
    print(f"{ran} statements ran")
    assert ran > ROUNDS * A_ROUND // 2


def test_what_a_regression_test_reads_is_hardly_ever_conceded() -> None:
    made = list(regression.generate(random.Random(SEED + 4), 2000, only_known=True))
    written = regression.corpus()
    conceded = [text for text in (*written, *made) if not is_harmless(text)]
    assert len(conceded) <= len([*written, *made]) // 100, conceded[:5]
    assert sum(not is_harmless(text) for text in written) <= len(written) // 100


def test_the_corpus_is_read_only_to_the_server_and_runs_there(cluster) -> None:
    """What PostgreSQL 15 does not know yet may fail; as a write nothing may."""
    texts = regression.corpus()
    assert violations(cluster, texts) == []
    script = "\n".join(f"BEGIN READ ONLY;\n{text};\nROLLBACK;" for text in texts if not ends_transaction(text))
    said = cluster.psql("SET client_min_messages = error;\n" + script).stderr
    failed = [line for line in said.splitlines() if "ERROR" in line]
    print(*failed, sep="\n")
    assert len(failed) <= len(texts) // 10, failed
