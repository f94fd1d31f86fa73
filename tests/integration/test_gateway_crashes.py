"""A server, a gateway or a client that is killed: what is told to whom is left, and what the record then says."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from integration.guarded import Database

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
        said, _ = agent.communicate(timeout=600)
    finally:
        agent.kill()
        agent.wait(60)
    # libpq drops what the gateway says of it where it comes between two statements, and then finds the end by itself
    assert "server closed the connection unexpectedly" in said or "terminating connection" in said, said
    sandbox.verify()
    judged = sandbox.events(type="judged")
    ended = {event["call"] for event in sandbox.events(type="ended")}
    ended |= {event["call"] for event in judged if "ended" in event["data"]}
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
        agent.communicate(timeout=600)
    finally:
        agent.kill()
        agent.wait(60)
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
        c.execute('SELECT count(*) FROM ledger WHERE n = %s', [n])
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
            agent.communicate(timeout=600)
        finally:
            agent.kill()
            agent.wait(60)
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
    judged, reads = (
        {
            int(one["data"]["parameters"][0]): one["call"]
            for one in events
            if one["type"] == "judged" and one["data"]["command"].startswith(verb) and "parameters" in one["data"]
        }
        for verb in ("INSERT", "SELECT count")
    )
    good = {one["call"] for one in events if one["type"] == "ended" and one["data"].get("tags") == ["INSERT 0 1"]}
    over = {one["call"] for one in events if one["type"] in ("ended", "failed")}
    ran = {int(line) for line in database.sql("SELECT n FROM ledger").split()}
    heard = {int(line) for line in told.read_text().split()}
    ended = {number for number, call in judged.items() if call in good}
    assert heard, where
    assert ran <= set(judged), f"{where}: ran unrecorded: {sorted(ran - set(judged))}"
    assert heard <= ended, f"{where}: told and not recorded: {sorted(heard - ended)}"
    assert heard <= set(reads), f"{where}: read and not recorded: {sorted(heard - set(reads))}"
    assert ended <= ran, f"{where}: recorded and never done: {sorted(ended - ran)}"
    unknown = set(judged.values()) - over
    assert len(unknown) <= (kind == "gateway"), where
    assert any(one["type"] == "recovered" for one in events) == (kind == "gateway"), where


HEARD = """
import os, pathlib, psycopg, signal, sys, time
broker = pathlib.Path(sys.argv[1])
with psycopg.connect(os.environ['DATABASE_URL'], autocommit=True) as c:
    print(os.getpid(), flush=True)
    while not broker.exists(): time.sleep(0.01)
    pid = int(broker.read_text())
    for n in range(100, 130): c.pgconn.exec_(b'SELECT id FROM orders WHERE id = %d' % n)
    os.kill(pid, signal.SIGKILL)
"""


def test_who_kills_the_broker_as_soon_as_an_answer_is_there_does_not_hide_what_was_asked(
    guarded: Any, database: Database, wait_for: Any
) -> None:
    sandbox = guarded()
    wait_for(lambda: subprocess.run(["pg_isready", "-q"], env=database.env).returncode == 0)
    program, place = sandbox.root / "heard.py", sandbox.root / "broker"
    program.write_text(HEARD)
    agent = sandbox.start(sys.executable, str(program), str(place))
    try:
        assert agent.stdout is not None and int(agent.stdout.readline())
        (sandbox.root / "broker.new").write_text(str(broker_of(agent.pid)))
        (sandbox.root / "broker.new").rename(place)
        agent.communicate(timeout=600)
    finally:
        agent.kill()
        agent.wait(60)
    sandbox.run("true")
    wait_for(lambda: not list((sandbox.root / "state" / "spool").iterdir()))
    session = next(one for one in sandbox.sessions() if "heard.py" in " ".join(one["command"]))
    commands = [one["data"]["command"] for one in sandbox.events(session["id"]) if one["type"] == "judged"]
    assert [f"SELECT id FROM orders WHERE id = {n}" in commands for n in range(100, 130)] == [True] * 30
    sandbox.verify()
