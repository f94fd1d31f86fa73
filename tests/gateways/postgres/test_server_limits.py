"""How sessions end, and what bounds them: time, number, memory; with real clients and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import signal
import struct
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from gateways.postgres.dialling import READY, STARTUP, dial, enter, local, nothing, query, read_all, read_until, sealed

from guardcli.gateways.postgres.house import Limits
from guardcli.gateways.postgres.target import Target
from guardcli.model.secrets import Secret


def test_the_end_of_the_server_is_told_as_libpq_would_tell_it(stage, real_server) -> None:
    stage.gateway(local(real_server))
    with psycopg.connect(host=str(stage.directory), user="app", dbname="postgres", autocommit=True) as connection:
        pid = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
        admin = psycopg.connect(host=real_server["PGHOST"], user="app", dbname="postgres", autocommit=True)
        admin.execute("SELECT pg_terminate_backend(%s)", [pid])
        admin.close()
        with pytest.raises(psycopg.OperationalError, match="terminating connection due to administrator command"):
            connection.execute("SELECT 1")
            connection.execute("SELECT 1")


def test_a_server_that_cannot_be_reached_and_a_credential_that_cannot_be_had_are_told(stage, real_server, psql) -> None:
    stage.gateway(Target("db", "/nowhere/at/all", user="app", credential=nothing))
    done = psql(stage.directory, "-c", "SELECT 1")
    assert done.returncode == 2 and "/nowhere/at/all/.s.PGSQL.5432 cannot be reached" in done.stderr


def test_a_credential_that_cannot_be_had_is_told_with_what_to_do(stage, real_server, psql) -> None:
    stage.gateway(local(real_server, credential=sealed))
    done = psql(stage.directory, "-c", "SELECT 1")
    assert done.returncode == 2 and "the vault is sealed" in done.stderr and "unseal it" in done.stderr


@pytest.mark.parametrize(
    ("asked", "answer"),
    [({}, "postgres"), ({"PGDATABASE": "app"}, "postgres"), ({"PGDATABASE": "template1"}, None)],
)
def test_only_the_databases_of_the_resource(stage, real_server, psql, asked, answer) -> None:
    stage.gateway(local(real_server, databases=("postgres",)))
    done = psql(stage.directory, "-c", "SELECT current_database()", env={"PGDATABASE": "", **asked})
    if answer:
        assert done.stdout == f"{answer}\n", done.stderr
    else:
        assert 'database "template1" is not part of db' in done.stderr


def test_idle_sessions_and_old_ones_are_ended_and_waiting_ones_are_not(stage, real_server) -> None:
    stage.gateway(local(real_server), limits=Limits(idle=2.0))
    waiting, _ = enter(stage)
    waiting.sendall(query("SELECT 1 -- wait"))
    idle, _ = enter(stage)
    with idle, waiting:
        assert b"57P05" in read_all(idle)
        waiting.settimeout(0.2)
        with pytest.raises(TimeoutError):
            waiting.recv(1)


def test_sessions_have_a_lifetime_and_what_is_unanswered_meanwhile_is_looked_at(stage, real_server) -> None:
    _, keeper = stage.gateway(local(real_server), limits=Limits(lifetime=2.0))
    client, _ = enter(stage)
    with client:
        client.sendall(query("SELECT pg_sleep(20)"))
        assert b"lifetime" in read_all(client)
    assert keeper.met[0].looked


def test_who_stops_the_gateway_stops_what_runs_on_the_server(stage, real_server, wait_until) -> None:
    gateway, _ = stage.gateway(local(real_server))
    client, _ = enter(stage)
    admin = psycopg.connect(host=real_server["PGHOST"], user="app", dbname="postgres", autocommit=True)
    running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(61)%'"
    with client, admin:
        client.sendall(query("SELECT pg_sleep(61)"))
        wait_until(lambda: admin.execute(running).fetchone() == (1,))
        stage.do(gateway.close())
        assert b"57P01" in read_all(client)
        wait_until(lambda: admin.execute(running).fetchone() == (0,))


def test_one_client_too_many_is_told_so_and_the_next_one_gets_the_free_place(stage, real_server) -> None:
    stage.gateway(local(real_server), limits=Limits(connections=2))
    first, _ = enter(stage)
    second, _ = enter(stage)
    with dial(stage) as third:
        third.sendall(STARTUP)
        assert b"53300" in read_all(third)
    first.close()
    until = time.monotonic() + 60
    while True:
        with dial(stage) as fourth:
            fourth.sendall(STARTUP)
            if b"53300" not in fourth.recv(65536):
                break
        assert time.monotonic() < until
    second.close()


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_a_slow_reader_slows_the_server_and_costs_no_memory(stage, real_server) -> None:
    stage.gateway(local(real_server))
    client, _ = enter(stage)
    with client:
        before = resident()
        client.sendall(query("SELECT repeat('x', 1000) FROM generate_series(1, 200000)"))
        time.sleep(1.5)
        assert resident() - before < 30_000_000
        count, tail = 0, b""
        while not tail.endswith(READY):
            chunk = client.recv(1 << 20)
            count, tail = count + len(chunk), (tail + chunk)[-6:]
        assert count > 200_000_000
        assert resident() - before < 30_000_000


def test_a_slow_server_slows_the_writer_and_costs_no_memory(stage, real_server) -> None:
    stage.gateway(local(real_server))
    client, _ = enter(stage)
    with client:
        before = resident()
        client.sendall(query("SELECT pg_sleep(2)"))
        client.setblocking(False)
        sent, message, until = 0, query("SELECT '" + "x" * 100_000 + "'"), time.monotonic() + 1.5
        pending = memoryview(b"")
        while time.monotonic() < until:
            try:
                pending = pending or memoryview(message)
                done = client.send(pending)
                sent, pending = sent + done, pending[done:]
            except BlockingIOError:
                time.sleep(0.02)
        assert sent < 20_000_000
        assert resident() - before < 30_000_000


def test_a_thousand_clients_at_once(stage, wait_until) -> None:
    """The server here is a small one that says yes to everybody: the real one would need a thousand processes."""

    async def yes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        await reader.readexactly(length - 4)
        writer.write(b"R\0\0\0\x08\0\0\0\0K\0\0\0\x0c\0\0\0\1abcd" + READY)
        while await reader.read(65536):
            writer.write(READY)
        writer.close()

    server_place = stage.directory / "server"
    server_place.mkdir()
    server = stage.do(asyncio.start_unix_server(yes, f"{server_place}/.s.PGSQL.5432", backlog=2000))
    gateway, keeper = stage.gateway(Target("db", str(server_place), user="app", credential=nothing))
    with ExitStack() as closing:
        closing.callback(stage.loop.call_soon_threadsafe, server.close)
        clients = []
        for _ in range(1000):
            clients.append(closing.enter_context(dial(stage)))
            clients[-1].sendall(STARTUP)
        for client in clients:
            read_until(client, READY)
        assert gateway.connections == 1000
        for client in clients:
            client.sendall(query("SELECT 1"))
        for client in clients:
            assert read_until(client, READY) == READY
    wait_until(lambda: gateway.connections == 0)
    assert all(one.reason for one in keeper.met)


def test_the_end_of_guard_is_told_to_every_client(stage, real_server) -> None:
    gateway, _ = stage.gateway(local(real_server))
    client, _ = enter(stage)
    with client:
        stage.do(gateway.close())
        assert b"57P01" in read_all(client)


def test_killed_clients_leave_nothing_on_the_server(stage, real_server, wait_until) -> None:
    gateway, _ = stage.gateway(local(real_server))
    code = (
        "import psycopg, sys\n"
        f"c = psycopg.connect(host={str(stage.directory)!r}, user='app', dbname='postgres')\n"
        "c.execute('SELECT 1'); print('in', flush=True); c.execute('SELECT pg_sleep(60)')\n"
    )
    clients = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(3)]
    for client in clients:
        assert client.stdout is not None and client.stdout.readline() == b"in\n"
    for client in clients:
        client.send_signal(signal.SIGKILL)
        client.wait(60)
        client.stdout.close()  # type: ignore[union-attr]
    wait_until(lambda: gateway.connections == 0)


def test_the_loopback_lets_in_who_knows_the_sessions_password(stage, real_server, psql) -> None:
    gateway, keeper = stage.gateway(local(real_server))
    port = stage.do(gateway.listen_loopback(Secret("of this session")))
    way = {"PGPORT": str(port), "PGSSLMODE": "prefer"}
    good = psql("127.0.0.1", "-c", "SELECT 1", env={**way, "PGPASSWORD": "of this session"})
    assert good.stdout == "1\n", good.stderr
    bad = psql("127.0.0.1", "-c", "SELECT 1", env={**way, "PGPASSWORD": "of another"})
    assert bad.returncode == 2 and "password authentication failed" in bad.stderr
    none = psql("127.0.0.1", "-w", "-c", "SELECT 1", env=way)
    assert none.returncode == 2
    assert len(keeper.met) == 1
