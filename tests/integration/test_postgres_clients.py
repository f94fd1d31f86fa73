"""Every client ends through the gateway as it ends without it, under a policy that allows what it does."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pexpect
import psycopg
import pytest
import sqlalchemy
from integration.gateway_rig import Rig, gateway
from integration.servers import postgres, sleeps

from guardcli.model.events import EventType

POLICY = """
version: 1
name: clients
rules:
  - {id: all, match: {tool: psql}, decision: allow}
  - {id: all-not-known, match: {tool: psql, complete: false}, decision: allow}
"""
MASKING = """
mask:
  - {columns: [people.secret], with: partial}
  - {detect: [credit_card, email, aws_key, jwt, private_key], with: redact}
"""
TABLES = """
CREATE TABLE people (id int PRIMARY KEY, name text, born date, height numeric, tags text[], about jsonb,
                     raw bytea, seen timestamptz, secret text);
INSERT INTO people SELECT n, 'name ' || n, date '2000-01-01' + n, n / 7.0, array['a', 'b' || n],
    jsonb_build_object('n', n), decode(md5(n::text), 'hex'), timestamptz '2020-02-02 02:02:02+00' + n * interval '1 s', 'x'
    FROM generate_series(1, 500) n;
CREATE VIEW adults AS SELECT id, name FROM people WHERE born < '2001-01-01';
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE SEQUENCE tickets;
"""


@pytest.fixture(scope="module")
def database() -> Iterator[Mapping[str, str]]:
    with postgres() as env:
        subprocess.run(["psql", "-Xqc", TABLES], env={**os.environ, **env}, check=True)
        yield env


@pytest.fixture(scope="module", params=["", MASKING], ids=["plain", "masking"])
def rig(database: Mapping[str, str], request: pytest.FixtureRequest) -> Iterator[Rig]:
    with gateway(database, POLICY + request.param) as rig:
        yield rig


def both(database: Mapping[str, str], rig: Rig, act: Callable[[Mapping[str, str]], Any]) -> Any:
    """Return what `act` gives through the gateway, after it has given the same without."""
    direct, through = act(database), act(rig.env)
    assert through == direct
    return through


def unless_newer(database: Mapping[str, str]) -> None:
    """Skip where the server is newer than the clients that are installed: pg_dump and pg_basebackup then refuse."""
    asked = subprocess.run(
        ["psql", "-XAtc", "SHOW server_version_num"], env={**os.environ, **database}, capture_output=True, check=True
    )
    told = subprocess.run(["pg_dump", "--version"], capture_output=True, text=True, check=True).stdout
    if int(asked.stdout) // 10000 > int(re.search(r"\) (\d+)", told)[1]):  # type: ignore[index]
        pytest.skip("this pg_dump takes no server that is newer")


def run(*command: str, stdin: str = "") -> Callable[[Mapping[str, str]], tuple[int, str, str]]:
    def act(env: Mapping[str, str]) -> tuple[int, str, str]:
        merged = {**os.environ, "PAGER": "", **env}
        done = subprocess.run(command, env=merged, input=stdin, capture_output=True, text=True, timeout=600)
        out = re.sub(r"restrict \w+", "restrict", done.stdout)  # pg_dump draws a new word each time
        return done.returncode, out, done.stderr.replace(env["PGHOST"], "HOST")

    return act


SCRIPT = r"""
\set ON_ERROR_STOP off
\pset format unaligned
SELECT id, name, born, height, tags, about, raw, seen FROM people WHERE id < 4 ORDER BY id;
\gdesc
SELECT 1 / 0;
\d people
\df twice
\l
BEGIN; SELECT nextval('tickets') > 0; SAVEPOINT a; SELEC; ROLLBACK TO a; COMMIT;
SELECT 'SELECT ' || n FROM generate_series(1, 3) n \gexec
\set FETCH_COUNT 100
SELECT id FROM people ORDER BY id;
\unset FETCH_COUNT
CREATE TEMP TABLE here (a int, b text);
COPY here FROM STDIN;
1	one
2	two
\.
COPY here TO STDOUT;
\copy here TO STDOUT csv header
UPDATE here SET b = b || '!' RETURNING *;
DO $$ BEGIN RAISE NOTICE 'a notice %', 7; END $$;
LISTEN bells; NOTIFY bells, 'ring';
SELECT $1 || $2 \bind a b \g
EXPLAIN (COSTS off) SELECT * FROM people;
\watch 0 1
"""


def test_psql_script(database: Mapping[str, str], rig: Rig) -> None:
    status, out, err = both(database, rig, _without_numbers(run("psql", "-X", "-f", "-", stdin=SCRIPT)))
    assert status == 0 and "name 3" in out and "division by zero" in err


def _without_numbers(act: Callable[[Mapping[str, str]], tuple[int, str, str]]) -> Callable[[Mapping[str, str]], Any]:
    """Leave out the process number that a notification has."""

    def acted(env: Mapping[str, str]) -> tuple[int, str, str]:
        status, out, err = act(env)
        return status, re.sub(r"PID \d+", "PID", out), err

    return acted


def test_psql_at_a_terminal(database: Mapping[str, str], rig: Rig, wait_for: Any) -> None:
    def act(env: Mapping[str, str]) -> str:
        merged = {**os.environ, "PAGER": "", "TERM": "dumb", "PSQL_HISTORY": "/dev/null", **env}
        child = pexpect.spawn("psql", ["-X"], env=merged, encoding="utf-8", timeout=600)
        try:
            child.expect_exact("postgres=# ")
            seen = ""
            for line, prompt in (
                ("BEGIN;", "postgres=*# "),
                ("SELECT name FROM people WHERE id = 7;", "postgres=*# "),
                ("SELECT 1/0;", "postgres=!# "),
                ("ROLLBACK;", "postgres=# "),
                ("\\dt", "postgres=# "),
            ):
                child.sendline(line)
                child.expect_exact(prompt)
                seen += child.before
            child.sendline("SELECT pg_sleep(100);")
            child.expect_exact("pg_sleep(100);")
            wait_for(lambda: sleeps(database))
            child.sendintr()
            child.expect_exact("canceling statement due to user request")
            child.expect_exact("postgres=# ")
            child.sendline("\\q")
            child.expect(pexpect.EOF)
            return seen
        finally:
            child.close(force=True)

    assert "name 7" in both(database, rig, act)


def test_psycopg(database: Mapping[str, str], rig: Rig) -> None:
    def act(env: Mapping[str, str]) -> list[Any]:
        found: list[Any] = []
        with psycopg.connect(host=env["PGHOST"], user="app", dbname="postgres") as link:
            for binary in (False, True):
                cursor = link.cursor(binary=binary)
                query = "SELECT id, name, born, height, tags, about, raw, seen FROM people WHERE id < %s ORDER BY id"
                found.append(cursor.execute(query, [20]).fetchall())
                found.append([(c.name, c.type_code) for c in cursor.description or ()])
            with link.cursor("named") as named:
                named.itersize = 50
                named.execute("SELECT id FROM people ORDER BY id")
                found.append([row[0] for row in named])
            with link.cursor().copy("COPY people (id, name, tags) TO STDOUT") as copy:
                found.append(b"".join(copy))
            with link.cursor().copy("COPY (SELECT id, about FROM people) TO STDOUT (FORMAT binary)") as copy:
                found.append(b"".join(copy))
            link.execute("CREATE TEMP TABLE copied (n int, t text)")
            with link.cursor().copy("COPY copied FROM STDIN (FORMAT binary)") as copy:
                copy.set_types(["int4", "text"])
                for number in range(2000):
                    copy.write_row((number, f"row {number}"))
            found.append(link.execute("SELECT count(*), sum(n) FROM copied").fetchone())
            with link.pipeline() as pipe:
                cursors = [link.execute("SELECT %s::int * 2", [n]) for n in range(100)]
                pipe.sync()
                cursors += [link.execute("SELECT name FROM people WHERE id = %s", [n]) for n in range(1, 50)]
            found.append([cursor.fetchall() for cursor in cursors])
            many = link.cursor()
            many.executemany(
                "INSERT INTO copied VALUES (%s, %s) RETURNING n", [(n, "x") for n in range(50)], returning=True
            )
            for _ in range(8):
                found.append(link.execute("SELECT name FROM people WHERE id = %s", [3]).fetchone())
            with pytest.raises(psycopg.errors.DivisionByZero), link.transaction():
                link.execute("SELECT 1 / %s", [0])
            list(link.cursor().stream("SELECT id FROM people"))
        return found

    both(database, rig, act)


def test_asyncpg(database: Mapping[str, str], rig: Rig) -> None:
    async def work(env: Mapping[str, str]) -> list[Any]:
        found: list[Any] = []
        link = await asyncpg.connect(host=env["PGHOST"], user="app", database="postgres")
        try:
            found.append(
                [tuple(row) for row in await link.fetch("SELECT id, name, born, tags FROM people WHERE id < $1", 20)]
            )
            async with link.transaction():
                cursor = await link.cursor("SELECT id FROM people ORDER BY id")
                found.append([row[0] for row in await cursor.fetch(70)])
                found.append([row[0] for row in await cursor.fetch(7)])
                await link.execute("CREATE TEMP TABLE made (n int) ON COMMIT DROP")
                await link.executemany("INSERT INTO made VALUES ($1)", [(n,) for n in range(500)])
                found.append(await link.fetchval("SELECT sum(n) FROM made"))
                await link.copy_records_to_table("made", records=[(n,) for n in range(500)])
                found.append(await link.fetchval("SELECT sum(n) FROM made"))
            statement = await link.prepare("SELECT twice($1)")
            found.append([await statement.fetchval(n) for n in range(5)])
            with pytest.raises(asyncpg.DivisionByZeroError):
                await link.fetchval("SELECT 1 / $1::int", 0)
            with pytest.raises(asyncpg.QueryCanceledError):
                await link.execute("SET statement_timeout TO 100; SELECT pg_sleep(20)")
            found.append(await link.fetchval("SELECT count(*) FROM people"))
        finally:
            await link.close()
        return found

    both(database, rig, lambda env: asyncio.run(work(env)))


def test_sqlalchemy(database: Mapping[str, str], rig: Rig) -> None:
    def act(env: Mapping[str, str]) -> list[Any]:
        engine = sqlalchemy.create_engine(f"postgresql+psycopg://app@/postgres?host={env['PGHOST']}")
        try:
            tables = sqlalchemy.MetaData()
            tables.reflect(engine, only=["people"], views=True)
            people = tables.tables["people"]
            notes = sqlalchemy.Table(
                "notes",
                tables,
                sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True),
                sqlalchemy.Column("text", sqlalchemy.String(20)),
            )
            found: list[Any] = [sorted((column.name, str(column.type)) for column in people.columns)]
            with engine.begin() as link:
                notes.create(link)
                link.execute(notes.insert(), [{"text": f"note {n}"} for n in range(30)])
                found.append(link.execute(sqlalchemy.select(sqlalchemy.func.count()).select_from(notes)).scalar())
                found += [tuple(row) for row in link.execute(people.select().where(people.c.id < 5).order_by("id"))]
                notes.drop(link)
            return [
                [one for one in row if one not in ("x", "[masked]")] if isinstance(row, tuple) else row for row in found
            ]
        finally:
            engine.dispose()

    direct, through = act(database), act(rig.env)
    assert [row[:8] if isinstance(row, list) else row for row in direct] == [
        row[:8] if isinstance(row, list) else row for row in through
    ]


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
def test_pgbench(database: Mapping[str, str], rig: Rig, mode: str) -> None:
    def act(env: Mapping[str, str]) -> tuple[int, bool]:
        made = run("pgbench", "-i", "-q", "-s", "1")(env)
        assert made[0] == 0, made
        status, out, _ = run("pgbench", "-M", mode, "-c", "2", "-t", "30")(env)
        return status, "number of transactions actually processed: 60/60" in out

    assert both(database, rig, act) == (0, True)


def test_pg_dump_and_pg_restore(database: Mapping[str, str], rig: Rig, tmp_path: Path) -> None:
    if rig.masks:
        pytest.skip("a dump through a policy that masks is masked, and not the same")
    unless_newer(database)

    def act(env: Mapping[str, str]) -> list[Any]:
        plain = run("pg_dump", "-t", "people", "-t", "adults", "-t", "tickets")(env)
        path = tmp_path / "dump"
        custom = run("pg_dump", "-Fc", "-f", str(path), "-t", "people")(env)
        merged = {**os.environ, **env}
        subprocess.run(["dropdb", "--if-exists", "restored"], env=merged, check=True, capture_output=True)
        subprocess.run(["createdb", "restored"], env=merged, check=True)
        restored = run("pg_restore", "-d", "restored", str(path))(env)
        count = run("psql", "-XAtc", "SELECT count(*), sum(id) FROM people", "-d", "restored")(env)
        return [plain, custom, restored, count]

    found = both(database, rig, act)
    assert found[3][1] == "500|125250\n"


NODE = """
const { Client } = require('pg');
(async () => {
  const client = new Client({ host: process.env.PGHOST, user: 'app', database: 'postgres' });
  await client.connect();
  const out = [];
  out.push((await client.query('SELECT id, name, tags, about FROM people WHERE id < $1 ORDER BY id', [4])).rows);
  out.push((await client.query({ name: 'named', text: 'SELECT name FROM people WHERE id = $1', values: [5] })).rows);
  out.push((await client.query({ name: 'named', text: 'SELECT name FROM people WHERE id = $1', values: [6] })).rows);
  out.push((await client.query('SELECT 1 AS a; SELECT 2 AS b')).map((one) => one.rows));
  try { await client.query('SELECT 1 / $1::int', [0]); } catch (error) { out.push(error.code); }
  await client.query('BEGIN'); await client.query('ROLLBACK');
  console.log(JSON.stringify(out));
  await client.end();
})();
"""


def test_node_postgres(database: Mapping[str, str], rig: Rig) -> None:
    modules = os.environ.get("GUARD_TEST_NODE_MODULES", "")
    if not shutil.which("node") or not (Path(modules) / "pg").is_dir():
        pytest.skip("node-postgres is not here: npm install pg, and name its node_modules in GUARD_TEST_NODE_MODULES")

    def act(env: Mapping[str, str]) -> tuple[int, str, str]:
        return run("node", "-e", NODE)({**env, "NODE_PATH": modules})

    assert '"22012"' in both(database, rig, act)[1]


def test_replication_where_the_policy_allows_it(database: Mapping[str, str], tmp_path: Path) -> None:
    resource = """
resources:
  db: {kind: postgres, host: /nowhere, credential: "env:NONE", options: {replication: allow}}
"""
    unless_newer(database)
    with gateway(database, POLICY + resource + MASKING) as rig:
        env = {**os.environ, **rig.env}
        copied = subprocess.run(
            ["pg_basebackup", "-D", str(tmp_path / "copy"), "-X", "stream", "-c", "fast"],
            env=env,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert copied.returncode == 0, copied.stderr
        assert (tmp_path / "copy" / "backup_label").exists()
        asked = run("psql", "-XAt", "dbname=postgres replication=database", "-c", "IDENTIFY_SYSTEM")(rig.env)
        assert asked[0] == 0 and "postgres" in asked[1]
        commands = [event["command"].split()[0] for event in rig.events(EventType.JUDGED)]
    assert {"IDENTIFY_SYSTEM", "BASE_BACKUP", "START_REPLICATION"} <= set(commands)
