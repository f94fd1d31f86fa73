"""Clients of other databases: their statements are found wherever they stand, reads are reads, the rest is conceded."""

from __future__ import annotations

import shlex
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from guardcli.inspectors.registry import inspect
from guardcli.inspectors.sql_clients import CLIENTS
from guardcli.model.effects import Effect
from guardcli.model.facts import FactUnavailable, NoFacts
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Input, Inspection
from guardcli.model.tools import ToolPattern, ToolRules


class Files(NoFacts):
    def __init__(self, files: Mapping[str, str], stdin: str = "") -> None:
        self.files, self.text = files, stdin

    def read_file(self, path: str) -> bytes:
        if path not in self.files:
            raise FactUnavailable(f"{path} is missing")
        return self.files[path].encode()

    def stdin(self) -> bytes:
        return self.text.encode()


def judge(line: str, files: Mapping[str, str] | None = None, stdin: str = "", name: str = "") -> Inspection:
    argv = tuple(shlex.split(line))
    kind = Stdin.STREAM if stdin else Stdin.NULL
    call = Invocation(argv[0], argv, {"HOME": "/home/me"}, cwd="/work", stdin=kind)
    rules = {argv[0]: ToolRules(argv[0], (), name or argv[0])}
    return inspect(call, Files(files or {}, stdin), rules)


def is_read(inspection: Inspection) -> bool:
    return all(one.complete and one.effects <= {Effect.READ, Effect.SESSION} for one in inspection.operations)


READS = [
    "mysql -h db -u app -psecret shop -e 'SELECT id FROM orders WHERE id = 7'",
    "mysql -hdb -uapp shop -Ne 'SELECT count(*) FROM orders'",
    "mysql --host=db --execute='SHOW TABLES' shop",
    "mysql shop -e 'USE shop; SELECT a FROM `orders`'",
    "mysql shop -e 'DESCRIBE orders'",
    "mysql shop -e 'EXPLAIN SELECT a FROM orders'",
    "mariadb -B shop -e 'SELECT 1'",
    "sqlite3 app.db 'SELECT name FROM users'",
    "sqlite3 -header -csv app.db 'SELECT a FROM t' 'SELECT b FROM t'",
    "sqlite3 app.db .tables",
    "sqlite3 app.db 'PRAGMA table_info(users)'",
    "sqlcmd -S db -d shop -E -Q 'SELECT name FROM users'",
    "clickhouse-client --query 'SELECT count(*) FROM events'",
    "duckdb data.db -c 'SELECT a FROM t'",
    "snowsql -c prod -q 'SELECT a FROM t'",
    "bq query --use_legacy_sql=false 'SELECT a FROM `shop.orders`'",
    "bq query --nouse_legacy_sql --format=json 'SELECT a FROM shop.orders'",
    "mysql -e \"SELECT 'DROP TABLE orders'\"",
]
CHANGES = [
    ("mysql shop -e 'DROP TABLE orders'", Effect.DEFINE),
    ("mysql shop -e 'SELECT 1; DELETE FROM orders'", Effect.DELETE),
    ("mysql shop --execute='UPDATE orders SET a = 1'", Effect.WRITE),
    ("mysql shop -Ne 'INSERT INTO orders VALUES (1)'", Effect.WRITE),
    ("mysql shop -e 'SELECT a FROM t INTO OUTFILE \"/tmp/x\"'", Effect.FILE),
    ("mysql shop -e 'GRANT ALL ON *.* TO x'", Effect.PRIVILEGE),
    ("mysql shop -e 'system rm -rf /'", Effect.UNKNOWN),
    ("mysql shop -e '\\! rm -rf /'", Effect.UNKNOWN),
    ("mysql shop -e 'source /tmp/x.sql'", Effect.UNKNOWN),
    ("mysql --init-command='DROP TABLE t' -e 'SELECT 1'", Effect.UNKNOWN),
    ("mysql --defaults-file=/tmp/x -e 'SELECT 1'", Effect.UNKNOWN),
    ("mysql --pager=/tmp/x -e 'SELECT 1'", Effect.UNKNOWN),
    ("mysql shop -e 'SELECT sleep(100)'", Effect.UNKNOWN),
    ("mysql shop -e 'SHOW GRANTS'", Effect.UNKNOWN),
    ("sqlite3 app.db 'DELETE FROM users'", Effect.DELETE),
    ("sqlite3 app.db 'SELECT 1' 'DROP TABLE users'", Effect.DEFINE),
    ("sqlite3 app.db '.shell rm -rf /'", Effect.UNKNOWN),
    ("sqlite3 app.db '.import x y'", Effect.UNKNOWN),
    ("sqlite3 -cmd 'DROP TABLE users' app.db 'SELECT 1'", Effect.DEFINE),
    ("sqlite3 --cmd 'DROP TABLE users' app.db 'SELECT 1'", Effect.DEFINE),
    ("sqlite3 app.db \"SELECT load_extension('x')\"", Effect.UNKNOWN),
    ("sqlite3 app.db \"SELECT writefile('x', 'y')\"", Effect.UNKNOWN),
    ("sqlite3 app.db \"ATTACH 'x' AS y\"", Effect.FILE),
    ("sqlite3 app.db 'PRAGMA journal_mode = delete'", Effect.SESSION),
    ("sqlcmd -S db -Q 'DROP TABLE users'", Effect.DEFINE),
    ("sqlcmd -S db -Q \"EXEC xp_cmdshell 'dir'\"", Effect.EXECUTE),
    ("sqlcmd -S db -Q 'SELECT 1\n!! dir'", Effect.UNKNOWN),
    ("sqlcmd -S db -Q 'SELECT 1\nGO\nED'", Effect.UNKNOWN),
    ("sqlcmd -S db -o out.txt -Q 'SELECT 1'", Effect.UNKNOWN),
    ("clickhouse-client -q 'DROP TABLE events'", Effect.DEFINE),
    ("clickhouse-client -q \"SELECT a FROM url('http://x')\"", Effect.UNKNOWN),
    ("duckdb data.db -c \"COPY t TO '/tmp/x'\"", Effect.FILE),
    ("duckdb -c \"SELECT a FROM 'https://evil/x.csv'\"", Effect.UNKNOWN),
    ("duckdb -c \"SELECT a FROM t, '/etc/passwd'\"", Effect.UNKNOWN),
    ("snowsql -q 'DROP TABLE users'", Effect.DEFINE),
    ("snowsql -q '!system rm'", Effect.UNKNOWN),
    ("bq query 'DELETE FROM shop.orders WHERE true'", Effect.DELETE),
    ("bq query --destination_table=a.b 'SELECT 1'", Effect.UNKNOWN),
    ("bq rm -r shop", Effect.UNKNOWN),
    ("mysql shop extra -e 'SELECT 1'", Effect.UNKNOWN),
]


@pytest.mark.parametrize("line", READS)
def test_a_read_is_recognised(line: str) -> None:
    assert is_read(judge(line)), judge(line).operations


@pytest.mark.parametrize(("line", "effect"), CHANGES)
def test_what_may_change_something_is_conceded_with_what_it_seems_to_do(line: str, effect: Effect) -> None:
    operations = judge(line).operations
    assert any(not one.complete for one in operations)
    assert any(effect in one.effects for one in operations)


@pytest.mark.parametrize("statement", ["SELECT a FROM t", "DROP TABLE t"])
@pytest.mark.parametrize(
    "line", ["mysql shop", "sqlite3 app.db", "sqlcmd -S x -q 'SELECT 1'", "duckdb x -cmd 'SELECT 1'"]
)
def test_standard_input_is_read_where_the_client_reads_it(line: str, statement: str) -> None:
    assert is_read(judge(line, stdin=statement)) is (statement == "SELECT a FROM t")


def test_standard_input_is_nothing_where_the_statement_is_given() -> None:
    assert is_read(judge("mysql shop -e 'SELECT 1'", stdin="DROP TABLE t"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sqlcmd -S db -i q.sql", Input("/work/q.sql", 4)),
        ("sqlcmd -iq.sql", Input("/work/q.sql", 1, "-i")),
        ("duckdb x -f q.sql", Input("/work/q.sql", 3)),
        ("clickhouse-client --queries-file=q.sql", Input("/work/q.sql", 1, "--queries-file=")),
    ],
)
def test_a_file_of_statements_is_judged_and_handed_over_as_it_was(line: str, expected: Input) -> None:
    good = judge(line, {"/work/q.sql": "SELECT a FROM t;"})
    assert is_read(good)
    assert good.inputs == (expected,)
    assert not is_read(judge(line, {"/work/q.sql": "DROP TABLE t;"}))
    assert not is_read(judge(line))


def test_a_start_file_of_the_users_own_concedes() -> None:
    assert is_read(judge("sqlite3 app.db 'SELECT 1'"))
    assert not is_read(judge("sqlite3 app.db 'SELECT 1'", {"/home/me/.sqliterc": ".shell x"}))


def test_the_tool_of_a_policy_may_have_any_name_and_patterns_go_first() -> None:
    assert is_read(judge("shopdb -e 'SELECT 1'", name="mysql"))
    rules = ToolRules("shopdb", (ToolPattern("^--dump", frozenset({Effect.FILE}), "dump"),), "mysql")
    (operation,) = inspect(Invocation("shopdb", ("shopdb", "--dump")), NoFacts(), {"shopdb": rules}).operations
    assert (operation.action, operation.complete) == ("dump", True)


@pytest.mark.skipif(not shutil.which("sqlite3"), reason="the real sqlite3 is the witness")
def test_what_sqlite3_is_said_to_only_read_changes_nothing(tmp_path: Path) -> None:
    database = tmp_path / "app.db"
    with sqlite3.connect(database) as made:
        made.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
        made.execute("INSERT INTO users (name) VALUES ('a'), ('b')")
    made.close()
    before, known = database.read_bytes(), 0
    statements = [line.partition("app.db")[2] for line in (*READS, *(line for line, _ in CHANGES)) if "sqlite3" in line]
    for rest in [*statements, "'SELECT a; DELETE FROM users'", "'WITH x AS (SELECT 1) DELETE FROM users'"]:
        line = f"sqlite3 {database}{rest}"
        if not is_read(judge(line)):
            continue
        known += 1
        subprocess.run(shlex.split(line), cwd=tmp_path, env={"HOME": str(tmp_path)}, capture_output=True, timeout=20)
        assert database.read_bytes() == before, line
        assert [path.name for path in tmp_path.iterdir()] == ["app.db"], line
    assert known >= 3


def test_every_client_that_the_policy_may_name_is_known() -> None:
    from guardcli.policy.schema import ToolSection

    for name in CLIENTS:
        assert ToolSection.model_validate({"sql": name}).sql == name
