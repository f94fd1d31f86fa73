"""The server around a conversation, with real clients and a real PostgreSQL, and with clients that are neither."""

from __future__ import annotations

import os
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from gateways.postgres.dialling import READY, STARTUP, dial, enter, key_in, local, query, read_all, read_until

from guardcli.gateways.postgres.codec.startup import (
    VERSION_3_0,
    VERSION_3_2,
    CancelRequest,
    GSSENCRequest,
    SSLRequest,
    StartupMessage,
)


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
        client.settimeout(60)
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
