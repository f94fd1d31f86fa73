"""The PostgreSQL gateway in a whole session: real psql and drivers, a real server that wants a password."""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from servers import find_server, postgres

PASSWORD = f"correct-horse-battery-{secrets.token_hex(8)}"
"""Another one in each process, so that a run beside this one is not taken for a leak."""

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


PASSWORDS = {"variable": {"PGPASSWORD": PASSWORD}, "file": {"PGPASSFILE": "{file}"}}


@pytest.mark.parametrize("way", PASSWORDS)
def test_a_server_that_nobody_named_is_passed_on_to_with_the_clients_own_password(unnamed: Any, way: str) -> None:
    file = unnamed.root / "pgpass"
    file.write_text(f"*:*:*:reporting:{PASSWORD}\n")
    file.chmod(0o600)
    unnamed.env |= {name: value.format(file=file) for name, value in PASSWORDS[way].items()}
    done = unnamed.script("psql -XAt -c 'SELECT current_user, count(*) FROM orders'")
    assert done.stdout == "reporting|5\n", done.stderr
    judged = [event["data"] for event in unnamed.events(type="judged")]
    assert [one.get("statement_sha256") is not None for one in judged] == [False, True]
    assert judged[1]["resource"] == "" and PASSWORD not in str(judged)


TYPED = """
import pexpect
psql = pexpect.spawn('psql -X -P pager=off', encoding='utf-8', timeout=60)
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


SEARCH = """
import glob, os, psycopg, subprocess, sys, threading, time
needle = bytes(int(x) for x in sys.argv[1].split(','))
found = []
def look(path):
    try:
        with open(path, 'rb') as f: data = f.read(4_000_000)
    except OSError: return
    if needle in data: found.append(path)
def tree():
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try: environ = open(f'/proc/{pid}/environ', 'rb').read()
        except OSError: continue
        if needle in environ: found.append(f'/proc/{pid}/environ')
        look(f'/proc/{pid}/cmdline')
busy = True
def work():
    while busy:
        with psycopg.connect(os.environ['DATABASE_URL']) as c: c.execute('SELECT count(*) FROM orders')
        subprocess.run(['psql', '-XAtc', 'SELECT 1', os.environ['DATABASE_URL']], capture_output=True)
threads = [threading.Thread(target=work) for _ in range(2)]
for t in threads: t.start()
until = time.time() + 5
while time.time() < until: tree()
assert not any(needle in f'{k}={v}'.encode() for k, v in os.environ.items())
for root in (os.environ['GUARD_STATE_DIR'], os.environ['GUARD_RUNTIME_DIR'], '/tmp', '/dev/shm', os.getcwd()):
    for path, _, names in os.walk(root):
        for name in names:
            full = os.path.join(path, name)
            if os.path.isfile(full) and not os.path.islink(full) and full not in sys.argv[2:]: look(full)
busy = False
for t in threads: t.join()
found = sorted(set(found))
print('found in', [p for p in found if not p.startswith(f'/proc/{os.getpid()}')])
"""


def test_the_credential_is_nowhere_that_an_agent_looks_while_it_is_busy(guarded: Any, database: Database) -> None:
    sandbox = guarded()
    secret = sandbox.root / "password"
    program = sandbox.root / "search.py"
    program.write_text(SEARCH)
    spelled = ",".join(str(byte) for byte in PASSWORD.encode())
    done = sandbox.run(sys.executable, str(program), spelled, str(secret), timeout=100)
    assert done.stdout == "found in []\n", done.stdout + done.stderr
    assert PASSWORD not in done.stdout + done.stderr


def test_the_record_and_the_logs_hold_no_credential(guarded: Any, database: Database) -> None:
    sandbox = guarded()
    sandbox.script("psql -XAtc 'SELECT 1' \"$DATABASE_URL\"")
    shown = "".join(str(event) for event in sandbox.events())
    assert "SELECT 1" in shown and PASSWORD not in shown
    for path in (sandbox.root / "state").rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes(), path


def test_a_credential_from_the_environment_is_guards_alone(guarded: Any, database: Database) -> None:
    sandbox = guarded()
    text = sandbox.policy.read_text()
    file = text.partition('credential: "')[2].partition('"')[0]
    sandbox.policy.write_text(text.replace(file, "env:ORDERS_PASSWORD"))
    sandbox.env["ORDERS_PASSWORD"] = PASSWORD
    done = sandbox.python(
        "import os, psycopg\n"
        "pid, shown = os.getppid(), b''\n"
        "while pid > 1:\n"
        "    shown += b'|' + open(f'/proc/{pid}/environ', 'rb').read() if b'guardcli' in "
        "open(f'/proc/{pid}/cmdline', 'rb').read() else b''\n"
        "    pid = int(open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[1])\n"
        "print('ORDERS_PASSWORD' in os.environ, b'battery' in shown, b'ORDERS_PASSWORD=' in shown)\n"
        "with psycopg.connect(os.environ['DATABASE_URL']) as c: print(c.execute('SELECT 1').fetchone())\n"
    )
    assert done.stdout == "False False True\n(1,)\n", done.stdout + done.stderr


def test_a_credential_that_is_not_there_is_told_to_the_client_with_what_to_do(guarded: Any, database: Database) -> None:
    sandbox = guarded()
    (sandbox.root / "password").unlink()
    done = sandbox.script("psql -XAtc 'SELECT 1' \"$DATABASE_URL\"; echo $?")
    assert done.stdout == "2\n"
    assert "cannot be read" in done.stderr


AGENT = """
import os, psycopg, sys
c = psycopg.connect(os.environ['DATABASE_URL'], autocommit=True)
print(c.execute('SELECT pg_backend_pid()').fetchone()[0], flush=True)
try:
    for n in range(100000): c.execute('SELECT count(*) FROM orders WHERE id <> %s', [n])
except psycopg.Error as e:
    print(type(e).__name__, str(e).splitlines()[0], flush=True)
"""


def test_a_server_process_killed_in_the_middle_is_told_and_the_record_stays_whole(
    guarded: Any, database: Database
) -> None:
    sandbox = guarded()
    program = sandbox.root / "agent.py"
    program.write_text(AGENT)
    agent = sandbox.start(sys.executable, str(program))
    try:
        assert agent.stdout is not None
        pid = int(agent.stdout.readline())
        os.kill(pid, 9)
        said, _ = agent.communicate(timeout=60)
    finally:
        agent.kill()
        agent.wait(30)
    assert "the server closed the connection unexpectedly" in said or "terminating connection" in said, said
    sandbox.verify()
    judged = sandbox.events(type="judged")
    ended = {event["call"] for event in sandbox.events(type="ended")}
    failed = {event["call"] for event in sandbox.events(type="failed")}
    assert {event["call"] for event in judged} == ended | failed


def test_a_broker_killed_in_the_middle_ends_the_agent_and_says_no_more_than_is_known(
    guarded: Any, database: Database, wait_for: Any
) -> None:
    sandbox = guarded()
    wait_for(lambda: subprocess.run(["pg_isready", "-q"], env=database.env).returncode == 0)
    program = sandbox.root / "agent.py"
    program.write_text(AGENT)
    agent = sandbox.start(sys.executable, str(program))
    try:
        assert agent.stdout is not None
        assert int(agent.stdout.readline())
        children = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
        (broker,) = [int(pid) for pid in children if b"guardcli" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(broker, 9)
        agent.communicate(timeout=60)
    finally:
        agent.kill()
        agent.wait(30)
    assert agent.returncode == 69
    backends = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reporting'"
    wait_for(lambda: database.sql(backends).strip() == "0")
    sandbox.run("true")
    sandbox.verify()


ROUNDS = int(os.environ.get("GUARD_TEST_CRASHES", "1"))
"""Rounds for each victim; scripts/soak makes it many."""
SEED = int(os.environ.get("GUARD_TEST_SEED", "0")) or random.randrange(1 << 30)
INSERTS = """
import os, psycopg, sys
told = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
with psycopg.connect(os.environ['DATABASE_URL'], autocommit=True) as c:
    print(os.getpid(), c.execute('SELECT pg_backend_pid()').fetchone()[0], flush=True)
    for n in range(100000):
        c.execute('INSERT INTO ledger VALUES (%s)', [n])
        os.write(told, b'%d\\n' % n)
"""


def broker_of(pid: int) -> int:
    """Return the broker of the session whose front is `pid`."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    (broker,) = [int(one) for one in below if b"guardcli" in Path(f"/proc/{one}/cmdline").read_bytes()]
    return broker


@pytest.mark.parametrize("kind", ["server", "gateway", "client"])
def test_killed_at_a_random_moment_the_record_says_what_is_known_and_never_more(
    guarded: Any, database: Database, wait_for: Any, kind: str
) -> None:
    sandbox, chance = guarded(), random.Random(f"{SEED} {kind}")
    program, told = sandbox.root / "inserts.py", sandbox.root / "told"
    program.write_text(INSERTS)
    for number in range(ROUNDS):
        wait_for(lambda: subprocess.run(["pg_isready", "-q"], env=database.env).returncode == 0)
        database.sql("DROP TABLE IF EXISTS ledger; CREATE TABLE ledger (n int)")
        agent = sandbox.start(sys.executable, str(program), str(told))
        try:
            client, server = map(int, agent.stdout.readline().split())
            enough = chance.randrange(2000)
            wait_for(lambda enough=enough: told.stat().st_size > enough)
            os.kill({"server": server, "gateway": broker_of(agent.pid), "client": client}[kind], 9)
            agent.communicate(timeout=60)
        finally:
            agent.kill()
            agent.wait(30)
        wait_for(lambda: subprocess.run(["pg_isready", "-q"], env=database.env).returncode == 0)
        running = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reporting'"
        wait_for(lambda running=running: database.sql(running).strip() == "0")
        sandbox.run("true")
        wait_for(lambda: not list((sandbox.root / "state" / "spool").iterdir()))
        where = f"round {number}, seed {SEED}"
        session = next(one for one in sandbox.sessions() if "inserts.py" in " ".join(one["command"]))
        check_ledger(sandbox.events(session["id"]), told, database, kind, where)
        sandbox.verify()


def check_ledger(events: list[Any], told: Path, database: Database, kind: str, where: str) -> None:
    """Hold the record against what the client was told, and against what the database has."""
    inserts = [one for one in events if one["type"] == "judged" and "ledger" in one["data"]["command"]]
    judged = {int(one["data"]["parameters"][0]): one["call"] for one in inserts if "parameters" in one["data"]}
    good = {one["call"] for one in events if one["type"] == "ended" and one["data"].get("tags") == ["INSERT 0 1"]}
    over = {one["call"] for one in events if one["type"] in ("ended", "failed")}
    ran = {int(line) for line in database.sql("SELECT n FROM ledger").split()}
    heard = {int(line) for line in told.read_text().split()}
    ended = {number for number, call in judged.items() if call in good}
    assert heard, where
    assert ran <= set(judged), f"{where}: ran unrecorded: {sorted(ran - set(judged))}"
    assert heard <= ended, f"{where}: told and not recorded: {sorted(heard - ended)}"
    assert ended <= ran, f"{where}: recorded and never done: {sorted(ended - ran)}"
    unknown = set(judged.values()) - over
    assert len(unknown) <= (kind == "gateway"), where
    assert any(one["type"] == "recovered" for one in events) == (kind == "gateway"), where


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
