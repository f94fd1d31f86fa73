"""The server around a conversation, with real clients and a real PostgreSQL, and with clients that are neither."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from guardcli.gateways.postgres.codec.startup import (
    VERSION_3_0,
    VERSION_3_2,
    CancelRequest,
    GSSENCRequest,
    SSLRequest,
    StartupMessage,
)
from guardcli.gateways.postgres.house import Limits
from guardcli.gateways.postgres.target import Target
from guardcli.model.credentials import Credential
from guardcli.model.errors import UnavailableError
from guardcli.model.secrets import Secret

STARTUP = StartupMessage(VERSION_3_0, ((b"user", b"app"), (b"database", b"postgres"))).encode()


async def nothing() -> Credential:
    return Credential(None)


async def sealed() -> Credential:
    raise UnavailableError("the vault is sealed", hint="unseal it")


def local(env: dict[str, str], **more: object) -> Target:
    return Target("db", env["PGHOST"], user="app", **{"credential": nothing, **more})  # type: ignore[arg-type]


def dial(stage) -> socket.socket:
    found = socket.socket(socket.AF_UNIX)
    found.connect(f"{stage.directory}/.s.PGSQL.5432")
    found.settimeout(20)
    return found


def read_all(client: socket.socket) -> bytes:
    """Return what comes until the end; a connection that is reset has ended too."""
    found = b""
    try:
        while chunk := client.recv(65536):
            found += chunk
    except ConnectionResetError:
        pass
    return found


def read_until(client: socket.socket, end: bytes) -> bytes:
    found = b""
    while not found.endswith(end):
        chunk = client.recv(65536)
        assert chunk, found
        found += chunk
    return found


READY = b"Z\0\0\0\5I"


def enter(stage, startup: bytes = STARTUP) -> tuple[socket.socket, bytes]:
    client = dial(stage)
    client.sendall(startup)
    return client, read_until(client, READY)


def key_in(begun: bytes) -> tuple[int, bytes]:
    at = begun.index(b"K\0\0\0")
    (length,) = struct.unpack_from(">I", begun, at + 1)
    (process,) = struct.unpack_from(">I", begun, at + 5)
    return process, begun[at + 9 : at + 1 + length]


def query(text: str) -> bytes:
    return b"Q" + (len(text) + 5).to_bytes(4) + text.encode() + b"\0"


def test_psql_runs_through_it(stage, real_server, psql, wait_until) -> None:
    _, keeper = stage.gateway(local(real_server))
    done = psql(stage.directory, "-c", "SELECT 1", "-c", "SELECT current_user", env={"PGUSER": "whoever"})
    assert (done.stdout, done.stderr, done.returncode) == ("1\napp\n", "", 0)
    (conversation,) = keeper.met
    assert conversation.opening.user == "app"
    assert conversation.opening.parameters["user"] == "whoever"
    assert conversation.opening.pid
    assert conversation.settings["server_version"]
    assert wait_until(lambda: conversation.reason) == "the client left"


def test_the_socket_is_its_owners_alone(stage, real_server) -> None:
    stage.gateway(local(real_server))
    assert Path(f"{stage.directory}/.s.PGSQL.5432").stat().st_mode & 0o777 == 0o600


def test_encryption_may_be_asked_for_once_each_and_is_not_spoken(stage, real_server) -> None:
    stage.gateway(local(real_server))
    client = dial(stage)
    with client:
        for request in (GSSENCRequest(), SSLRequest()):
            client.sendall(request.encode())
            assert client.recv(10) == b"N"
        client.sendall(STARTUP)
        read_until(client, READY)


BEGINNINGS = [
    ("behind a request for TLS", SSLRequest().encode() + STARTUP, b"in clear text"),
    ("a request twice", SSLRequest().encode(), b"in clear text"),
    ("HTTP", b"GET / HTTP/1.1\r\n\r\n", b"length of startup packet"),
    ("TLS at once", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100, b"length of startup packet"),
    ("length 0", b"\0\0\0\0", b"length of startup packet"),
    ("length 3", b"\0\0\0\3", b"length of startup packet"),
    ("length 2^31-1", b"\x7f\xff\xff\xff", b"length of startup packet"),
    ("version 2", struct.pack(">II", 8, 2 << 16), b"unsupported frontend protocol"),
    ("no user", StartupMessage(VERSION_3_0, ((b"database", b"x"),)).encode(), b"no PostgreSQL user name"),
    ("a user who may not", StartupMessage(VERSION_3_0, ((b"user", b"nobody"),)).encode(), b"be somebody"),
    ("garbage", os.urandom(0) + b"\0\0\0\x20" + b"\xff" * 28, b"unsupported frontend protocol"),
]


@pytest.mark.parametrize(("sent", "said"), [one[1:] for one in BEGINNINGS], ids=[one[0] for one in BEGINNINGS])
def test_a_beginning_that_is_wrong_is_told_so_and_reaches_nobody(stage, real_server, sent: bytes, said: bytes) -> None:
    _, keeper = stage.gateway(local(real_server))
    with dial(stage) as client:
        client.sendall(sent)
        if sent == SSLRequest().encode():
            assert client.recv(1) == b"N"
            client.sendall(sent + b"x")
        answer = read_all(client)
    assert b"FATAL" in answer and said in answer
    assert keeper.met == []


def test_a_startup_cut_anywhere_and_left_there_leaves_nothing(stage, real_server, psql, wait_until) -> None:
    gateway, keeper = stage.gateway(local(real_server))
    for place in range(len(STARTUP)):
        with dial(stage) as client:
            client.sendall(STARTUP[:place])
    assert psql(stage.directory, "-c", "SELECT 1").stdout == "1\n"
    assert len(keeper.met) == 1
    wait_until(lambda: gateway.connections == 0)


def test_a_session_byte_by_byte(stage, real_server) -> None:
    stage.gateway(local(real_server))
    with dial(stage) as client:
        for byte in STARTUP:
            client.sendall(bytes([byte]))
        read_until(client, READY)
        for byte in query("SELECT 41 + 1"):
            client.sendall(bytes([byte]))
        assert b"42" in read_until(client, READY)


@pytest.mark.parametrize(
    "broken",
    [b"Q\0\0\0\0", b"Q\0\0\0\3", b"Q\x7f\xff\xff\xff", b"\0\0\0\0\5x", b"Z\0\0\0\5I", b"S\0\0\0\5x", b"Q\0\0\0\6a\0b"],
)
def test_a_message_that_is_broken_ends_the_session_with_a_clear_error(
    stage, real_server, wait_until, broken: bytes
) -> None:
    _, keeper = stage.gateway(local(real_server))
    client, _ = enter(stage)
    with client:
        client.sendall(broken + query("SELECT 'never'"))
        answer = read_all(client)
    assert b"FATAL" in answer and b"08P01" in answer and b"never" not in answer
    assert wait_until(lambda: keeper.met[0].reason)


def test_protocol_3_2_has_long_keys_and_later_ones_are_told(stage, real_server) -> None:
    stage.gateway(local(real_server))
    parameters = ((b"user", b"app"), (b"database", b"postgres"))
    client, begun = enter(stage, StartupMessage(VERSION_3_2, parameters).encode())
    client.close()
    assert len(key_in(begun)[1]) == 32 and not begun.startswith(b"v")
    later = StartupMessage(3 << 16 | 99, (*parameters, (b"_pq_.new", b"1"))).encode()
    client, begun = enter(stage, later)
    client.close()
    assert begun.startswith(b"v") and struct.unpack_from(">I", begun, 5)[0] == VERSION_3_2 and b"_pq_.new" in begun


@pytest.mark.skipif(psycopg.pq.version() < 180000, reason="this libpq does not speak protocol 3.2")
def test_a_libpq_that_speaks_3_2_cancels_with_its_long_key(stage, real_server, wait_until) -> None:
    stage.gateway(local(real_server))
    where = {"user": "app", "dbname": "postgres", "autocommit": True}
    with (
        psycopg.connect(host=real_server["PGHOST"], **where) as direct,
        psycopg.connect(host=str(stage.directory), max_protocol_version="3.2", **where) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        sleeping = pool.submit(client.execute, "SELECT pg_sleep(300)")
        busy = "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(300)' AND state = 'active'"
        wait_until(lambda: direct.execute(busy).fetchone())
        client.cancel_safe(timeout=60)
        with pytest.raises(psycopg.errors.QueryCanceled):
            sleeping.result(60)


def test_the_servers_own_key_stays_in_the_gateway(stage, real_server) -> None:
    stage.gateway(local(real_server))
    client, begun = enter(stage)
    with client:
        client.sendall(query("SELECT pg_backend_pid()"))
        answer = read_until(client, READY)
        assert str(key_in(begun)[0]).encode() not in answer


def test_a_cancel_request_ends_what_the_session_does_and_only_with_its_own_key(stage, real_server) -> None:
    stage.gateway(local(real_server))
    client, begun = enter(stage)
    process, key = key_in(begun)
    with client:
        client.sendall(query("SELECT pg_sleep(30)"))
        for wrong in (CancelRequest(process, bytes(4)), CancelRequest(process ^ 1, key)):
            with dial(stage) as other:
                other.sendall(wrong.encode())
                assert read_all(other) == b""
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(20)
        with dial(stage) as other:
            other.sendall(CancelRequest(process, key).encode())
            assert read_all(other) == b""
        assert b"57014" in read_until(client, READY)


def test_a_wait_for_a_person_ends_with_a_cancel_and_nothing_was_sent(stage, real_server) -> None:
    stage.gateway(local(real_server))
    client, begun = enter(stage)
    with client:
        client.sendall(query("CREATE TABLE waited (x int) -- wait"))
        with dial(stage) as other:
            other.sendall(CancelRequest(*key_in(begun)).encode())
            read_all(other)
        assert b"the wait was cancelled" in read_until(client, READY)
        client.sendall(query("SELECT to_regclass('waited') IS NULL"))
        assert b"\1t" in read_until(client, READY)


def test_a_client_that_leaves_while_it_waits_is_let_go(stage, real_server, wait_until) -> None:
    gateway, keeper = stage.gateway(local(real_server))
    client, _ = enter(stage)
    client.sendall(query("CREATE TABLE waited (x int) -- wait"))
    client.close()
    wait_until(lambda: keeper.met[0].reason)
    assert gateway.connections == 0


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
    stage.gateway(local(real_server), limits=Limits(idle=1.0))
    waiting, _ = enter(stage)
    waiting.sendall(query("SELECT 1 -- wait"))
    idle, _ = enter(stage)
    with idle, waiting:
        assert b"57P05" in read_all(idle)
        waiting.settimeout(0.2)
        with pytest.raises(TimeoutError):
            waiting.recv(1)


def test_sessions_have_a_lifetime(stage, real_server) -> None:
    stage.gateway(local(real_server), limits=Limits(lifetime=0.5))
    client, _ = enter(stage)
    with client:
        client.sendall(query("SELECT pg_sleep(20)"))
        assert b"lifetime" in read_all(client)


def test_one_client_too_many_is_told_so_and_the_next_one_gets_the_free_place(stage, real_server) -> None:
    stage.gateway(local(real_server), limits=Limits(connections=2))
    first, _ = enter(stage)
    second, _ = enter(stage)
    with dial(stage) as third:
        third.sendall(STARTUP)
        assert b"53300" in read_all(third)
    first.close()
    until = time.monotonic() + 20
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
        client.wait(20)
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
