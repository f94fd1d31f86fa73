"""The PostgreSQL gateway in a whole session: real psql and drivers, a real server that wants a password."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from integration.guarded import PASSWORD, Database
from integration.servers import find_server

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


WAYS: dict[str, tuple[dict[str, str], list[list[str]]]] = {
    "arguments": (
        {},
        [
            ["-h", "{host}", "-d", "postgres"],
            ["-h{host}", "-dpostgres", "-Uapp"],
            ["--host={host}", "--dbname", "postgres"],
            ["-h", "{host}", "postgres", "app"],
            ["host={host} dbname=postgres user=app sslmode=disable application_name='a b'"],
            ["-d", "host={host} dbname=postgres"],
            ["postgresql:///postgres?host={host}&user=app"],
            ["{url}"],
        ],
    ),
    "environment": ({"PGHOST": "{host}", "PGDATABASE": "postgres", "PGUSER": "app", "PGSSLMODE": "require"}, [[]]),
    "service": ({"PGSERVICEFILE": "{services}"}, [["service=orders"]]),
    "service by environment": ({"PGSERVICE": "orders", "PGSERVICEFILE": "{services}"}, [[]]),
}
"""What a session's environment says, and what each call of it does."""


@pytest.mark.parametrize("way", WAYS)
def test_psql_is_led_to_the_gateway_however_it_names_the_server(guarded: Any, database: Database, way: str) -> None:
    sandbox = guarded()
    services = sandbox.root / "services.conf"
    services.write_text(f"[orders]\nhost={database.host}\ndbname=postgres\nuser=app\n")
    words = {"host": database.host, "services": str(services), "url": "$DATABASE_URL"}
    env, calls = WAYS[way]
    sandbox.env.update({name: value.format(**words) for name, value in env.items()})
    script = ""
    for number, arguments in enumerate(calls):
        line = " ".join(f'"{argument.format(**words)}"' for argument in arguments)
        script += f"psql -XAt -c 'SELECT {number}, current_user, count(*) FROM orders' {line}\n"
    done = sandbox.script(script)
    assert done.stdout.splitlines() == [f"{number}|reporting|5" for number in range(len(calls))], done.stderr
    judged = [event["data"] for event in sandbox.events(type="judged")]
    assert [one.get("resource") for one in judged] == [None, "orders-db"] * len(calls)


def test_a_routed_statement_is_denied_once_and_on_the_wire(guarded: Any, database: Database) -> None:
    sandbox = guarded()
    done = sandbox.script(f"psql -XAt -h {database.host} -d postgres -c 'DROP TABLE orders'; echo $?")
    assert done.stdout == "1\n"
    assert "Not here." in done.stderr
    verdicts = [event["data"]["verdict"] for event in sandbox.events(type="judged")]
    assert verdicts == ["allow", "deny"]


UNNAMED = """
version: 1
name: unnamed
rules:
  - {id: reads, match: {tool: psql, effects: [read, session]}, decision: allow}
  - {id: drops, match: {tool: psql, effects: [define, delete]}, decision: deny, message: Not here.}
"""


@pytest.fixture
def unnamed(guarded: Any, database: Database) -> Any:
    """A session whose policy names no server, and whose agent knows a password."""
    sandbox = guarded()
    sandbox.policy.write_text(UNNAMED)
    sandbox.env |= {"PGHOST": database.host, "PGDATABASE": "postgres", "PGUSER": "reporting"}
    return sandbox


def test_a_server_that_nobody_named_is_passed_on_to_with_the_clients_own_password(unnamed: Any) -> None:
    file = unnamed.root / "pgpass"
    file.write_text(f"*:*:*:reporting:{PASSWORD}\n")
    file.chmod(0o600)
    unnamed.env["PGPASSFILE"] = str(file)
    select = "psql -XAt -c 'SELECT current_user, count(*) FROM orders'"
    (unnamed.root / "word").write_text(PASSWORD)
    done = unnamed.script(
        f"{select}; PGPASSFILE=/dev/null {select} -w; PGPASSFILE=/dev/null PGPASSWORD=$(cat '{unnamed.root}/word') {select}"
    )
    assert done.stdout == "reporting|5\nreporting|5\n" and "no password supplied" in done.stderr, done.stderr
    judged = [event["data"] for event in unnamed.events(type="judged")]
    assert [one.get("statement_sha256") is not None for one in judged] == [False, True, False, False, True]
    assert judged[1]["resource"] == "" and PASSWORD not in str(judged)


TYPED = """
import pexpect
psql = pexpect.spawn('psql -X -P pager=off', encoding='utf-8', timeout=600)
for line, answer in (('SELECT count(*) FROM orders;', '5'), ('DROP TABLE orders;', 'Not here'), ('\\\\q', pexpect.EOF)):
    psql.expect('postgres=[#>] ')
    psql.sendline(line)
    psql.expect(answer)
print('done')
"""


def test_what_is_typed_into_psql_is_judged_as_it_is_typed_for_any_server(unnamed: Any, database: Database) -> None:
    unnamed.env["PGPASSWORD"] = PASSWORD
    done = unnamed.python(TYPED)
    assert done.stdout == "done\n", done.stdout + done.stderr
    assert database.sql("SELECT count(*) FROM orders") == "5\n"


def test_what_is_denied_where_it_is_called_never_reaches_a_server(unnamed: Any) -> None:
    done = unnamed.script("psql -XAt -h /nowhere -c 'DROP TABLE orders'; echo $?")
    assert done.stdout == "77\n"
    assert [event["data"]["verdict"] for event in unnamed.events(type="judged")] == ["deny"]


def test_a_wrong_password_and_a_server_that_is_not_there_are_told_as_such(unnamed: Any) -> None:
    unnamed.env["PGPASSWORD"] = "wrong"
    done = unnamed.script("psql -XAt -c 'SELECT 1'; echo $?; psql -XAt -h /nowhere -c 'SELECT 1'; echo $?")
    assert done.stdout == "2\n2\n"
    assert "password authentication failed" in done.stderr
    assert "/nowhere" in done.stderr


RECORDED = """
version: 1
name: recorded
resources:
  orders-db: {{kind: postgres, host: {host}, dbname: postgres, credential: "file:{file}", expose: PGHOST, options: {{user: reporting}}}}
rules:
  - {{id: reads, match: {{tool: psql, effects: [read, session]}}, decision: allow}}
  - {{id: deletes-ask, match: {{tool: psql, effects: [delete], resource: orders-db}}, decision: approve}}
mask:
  - {{columns: [orders.item], with: mask}}
  - {{detect: [credit_card, email], with: redact}}
"""


def test_a_person_says_yes_to_a_statement_and_the_record_says_all_of_it(guarded: Any, database: Database) -> None:
    sandbox = guarded()
    database.sql("CREATE TABLE doomed AS SELECT n FROM generate_series(1, 3) n")
    sandbox.policy.write_text(RECORDED.format(host=database.host, file=sandbox.root / "password"))
    script = (
        "import psycopg\n"
        "with psycopg.connect(autocommit=True) as c:\n"
        "    try: print(c.execute('DELETE FROM doomed WHERE n > %s', [0]).rowcount)\n"
        "    except psycopg.Error as e: print(e.sqlstate, e.diag.message_primary)\n"
        "    print(c.execute(\"SELECT item, upper(item), 'card 4111111111111111' FROM orders WHERE id = 1\").fetchone())\n"
    )
    path = sandbox.root / "agent.py"
    path.write_text(script)
    first = sandbox.run(sys.executable, str(path), options=["--approval-wait", "0"])
    assert first.stdout.startswith("55000 guard: approval "), first.stderr
    assert database.sql("SELECT count(*) FROM doomed").strip() == "3"
    identifier = first.stdout.split()[3]
    shown = sandbox.guard("approvals", "show", identifier).stdout
    assert "DELETE FROM doomed WHERE n > $1" in shown and "$1 = '0'" in shown
    assert sandbox.guard("approvals", "approve", identifier).returncode == 0
    again = sandbox.run(sys.executable, str(path), options=["--approval-wait", "0"])
    assert again.stdout.splitlines() == ["3", "('******', '******', 'card [CREDIT_CARD]')"], again.stderr
    events = sandbox.events()
    deleted = [event["type"] for event in events if event["call"] == 1]
    assert deleted == ["judged", "asked", "decided", "started", "ended"]
    ended = [event["data"] for event in events if event["type"] == "ended"]
    assert [(one["tags"], one["rows"]) for one in ended] == [(["DELETE 3"], 0), (["SELECT 1"], 1)]
    masked = [event["data"]["findings"] for event in events if event["type"] == "masked"]
    assert masked == [{"column ITEM": 2, "credit_card": 1}]
    judged = next(event["data"] for event in events if event["type"] == "judged")
    assert (judged["resource"], judged["parameters"], judged["user"]) == ("orders-db", ["0"], "reporting")
    sandbox.verify()


def test_an_isolated_agent_reaches_the_gateway_and_nothing_else_of_the_server(guarded: Any, database: Database) -> None:
    sandbox = guarded()
    program = (
        "echo $DATABASE_URL; "
        "psql -XAtc 'SELECT current_user' \"$DATABASE_URL\"; "
        f"psql -XAt -h {database.host} -d postgres -c 'SELECT 1 + 1'; "
        f"ls {sandbox.root / 'password'} 2>&1 | tail -1"
    )
    done = sandbox.run("sh", "-c", program, options=["--isolate"])
    lines = done.stdout.splitlines()
    assert lines[0].startswith("postgresql:///postgres?host=/run/guard/pg/orders-db"), done.stderr
    assert lines[1:3] == ["reporting", "2"], done.stderr
    assert "No such file" in lines[3] or "Permission" in lines[3]


SHELL = """
  - {id: shells-ask, match: {tool: psql, effects: [execute]}, decision: approve}
"""


@pytest.mark.parametrize("options", ["{user: reporting}", "{user: reporting, listen: tcp}"], ids=["unix", "loopback"])
def test_a_yes_holds_in_the_next_session_whose_gateway_listens_elsewhere(guarded: Any, options: str) -> None:
    sandbox = guarded("PGHOST", options)
    sandbox.policy.write_text(sandbox.policy.read_text().rstrip() + SHELL)
    call = ["psql", "-XAtc", r"\! echo ran"]
    first = sandbox.run(*call, options=["--approval-wait", "0"])
    assert first.returncode == 75, first.stderr
    identifier = first.stderr.partition("approval ")[2].split()[0].rstrip(";")
    assert sandbox.guard("approvals", "approve", identifier).returncode == 0
    both = r"PGHOST=/nowhere psql -XAtc '\! echo ran'; echo $?; psql -XAtc '\! echo ran'; echo $?"
    again = sandbox.script(both, options=["--approval-wait", "0"])
    assert again.stdout == "75\nran\n0\n", again.stderr
