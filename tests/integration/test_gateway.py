"""The PostgreSQL gateway in a whole session: real psql and drivers, a real server that wants a password."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from servers import find_server, postgres

PASSWORD = "correct-horse-battery-staple-7491"

POLICY = """
version: 1
name: gateway
resources:
  orders-db:
    kind: postgres
    host: {host}
    dbname: postgres
    credential: "file:{file}"
    expose: {expose}
    options: {options}
rules:
  - {{id: reads, match: {{tool: psql, effects: [read, session]}}, decision: allow}}
  - {{id: writes, match: {{tool: psql, effects: [read, write, session]}}, decision: allow}}
  - {{id: drops, match: {{tool: psql, effects: [define, delete]}}, decision: deny, message: Not here.}}
"""


class Database:
    """A server that lets nobody in without a password."""

    def __init__(self, env: dict[str, str]) -> None:
        self.host = env["PGHOST"]
        self.env = {**os.environ, **env}
        self.sql("CREATE TABLE orders AS SELECT n AS id, 'item ' || n AS item FROM generate_series(1, 5) AS n")
        self.sql(f"CREATE ROLE reporting LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
        self.sql("ALTER SYSTEM SET log_statement = 'all'")
        self.sql("SELECT pg_reload_conf()")
        data = Path(self.sql("SHOW data_directory").strip())
        (data / "pg_hba.conf").write_text("local all app trust\nlocal all all scram-sha-256\n")
        self.sql("SELECT pg_reload_conf()")

    def sql(self, text: str) -> str:
        done = subprocess.run(
            ["psql", "-XAtq", "-c", text], env=self.env, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with postgres() as env:
        yield Database(env)


@pytest.fixture
def guarded(shared_sandbox: Any, database: Database) -> Any:
    """Return a function that puts the policy in place: ``guarded(expose=…, options=…)``."""

    def put(expose: str = "DATABASE_URL", options: str = "{user: reporting}") -> Any:
        file = shared_sandbox.root / "password"
        file.write_text(PASSWORD + "\n")
        file.chmod(0o600)
        text = POLICY.format(host=database.host, file=file, expose=expose, options=options)
        shared_sandbox.policy.write_text(text)
        for name in [name for name in shared_sandbox.env if name.startswith("PG")]:
            del shared_sandbox.env[name]
        return shared_sandbox

    return put


PSQL = find_server("psql")


def test_a_driver_reads_through_the_exposed_address(guarded: Any) -> None:
    sandbox = guarded()
    done = sandbox.python(
        "import os, psycopg\n"
        "with psycopg.connect(os.environ['DATABASE_URL']) as c:\n"
        "    print(c.execute('SELECT count(*), current_user FROM orders').fetchone())\n"
        "    try:\n        c.execute('DROP TABLE orders')\n"
        "    except psycopg.errors.InsufficientPrivilege as e: print('denied:', e.diag.message_primary)\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "(5, 'reporting')"
    assert "denied: " in done.stdout and "drops" in done.stdout


def test_pghost_is_enough_for_libpq_and_the_loopback_asks_for_the_sessions_password(guarded: Any) -> None:
    sandbox = guarded("PGHOST", "{user: reporting, listen: tcp}")
    done = sandbox.python(
        "import os, psycopg\n"
        "print(sorted(n for n in os.environ if n.startswith('PG')))\n"
        "with psycopg.connect() as c: print(c.execute('SELECT 1').fetchone())\n"
        "os.environ['PGPASSWORD'] = 'wrong'\n"
        "try: psycopg.connect()\n"
        "except psycopg.OperationalError as e: print('refused', 'authentication failed' in str(e))\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "['PGDATABASE', 'PGHOST', 'PGPASSWORD', 'PGPORT', 'PGUSER']",
        "(1,)",
        "refused True",
    ]


WAYS = [
    ("options", ["-h", "{host}", "-d", "postgres"], {}),
    ("glued", ["-h{host}", "-dpostgres", "-Uapp"], {}),
    ("long", ["--host={host}", "--dbname", "postgres"], {}),
    ("arguments", ["-h", "{host}", "postgres", "app"], {}),
    ("conninfo", ["host={host} dbname=postgres user=app sslmode=disable application_name='a b'"], {}),
    ("conninfo by -d", ["-d", "host={host} dbname=postgres"], {}),
    ("uri", ["postgresql:///postgres?host={host}&user=app"], {}),
    ("environment", [], {"PGHOST": "{host}", "PGDATABASE": "postgres", "PGUSER": "app", "PGSSLMODE": "require"}),
    ("service", ["service=orders"], {"PGSERVICEFILE": "{services}"}),
    ("service by environment", [], {"PGSERVICE": "orders", "PGSERVICEFILE": "{services}"}),
    ("the gateway itself", ["{url}"], {}),
]


@pytest.mark.parametrize(("arguments", "env"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS])
def test_psql_is_led_to_the_gateway_however_it_names_the_server(
    guarded: Any, database: Database, arguments, env
) -> None:
    sandbox = guarded()
    services = sandbox.root / "services.conf"
    services.write_text(f"[orders]\nhost={database.host}\ndbname=postgres\nuser=app\n")
    words = {"host": database.host, "services": str(services), "url": "$DATABASE_URL"}
    line = " ".join(f'"{argument.format(**words)}"' for argument in arguments)
    sandbox.env.update({name: value.format(**words) for name, value in env.items()})
    done = sandbox.script(f"psql -XAt -c 'SELECT current_user, count(*) FROM orders' {line}")
    assert done.stdout == "reporting|5\n", done.stderr
    judged = [event["data"] for event in sandbox.events(type="judged")]
    assert [one.get("resource") for one in judged] == [None, "orders-db"]


def test_a_routed_statement_is_denied_once_and_on_the_wire(guarded: Any, database: Database) -> None:
    sandbox = guarded()
    done = sandbox.script(f"psql -XAt -h {database.host} -d postgres -c 'DROP TABLE orders'; echo $?")
    assert done.stdout == "1\n"
    assert "Not here." in done.stderr
    verdicts = [event["data"]["verdict"] for event in sandbox.events(type="judged")]
    assert verdicts == ["allow", "deny"]


def test_another_server_is_not_led_anywhere(guarded: Any, database: Database) -> None:
    sandbox = guarded()
    done = sandbox.script("psql -XAt -h /nowhere -d postgres -c 'SELECT 1'; echo $?")
    assert done.stdout == "2\n"
    assert "/nowhere" in done.stderr
