"""What hostile clients and clusters gain from the gateway: odd HTTP, hidden requests, answers that nobody can trust."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from gateways.kubernetes.stand import PATIENCE, POD, Stand, answer, run, target_of

from guardcli.gateways.kubernetes.target import TlsTerms
from guardcli.model.decisions import Verdict
from guardcli.model.resources import Tls


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/namespaces/a/../b/pods",
        "/api/v1/namespaces/a/%2e%2e/b/pods",
        "/api/v1/namespaces/a%2fb/pods",
        "//api/v1/pods",
        "/api/v1//pods",
        "/api/v1/pods/%00",
        "http://127.0.0.1/api/v1/pods",
        "/api/v1/pods?watch=0&watch=1",
        "/api/v1/pods?a=1;b=2",
    ],
)
def test_a_path_that_could_be_read_in_two_ways_goes_nowhere(masker, cluster, target: str) -> None:
    async def work(stand: Stand) -> None:
        assert (await stand.ask(target))[0] == 400

    house = run(masker, target_of(cluster), work)
    assert cluster.requests == [] and len(house.unread) == 1


ODD = [
    ("two lengths", "POST", ["Content-Length: 3", "Content-Length: 4"], b"abcd"),
    ("a length and chunks", "POST", ["Content-Length: 5", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
    ("a coding that is none", "POST", ["Transfer-Encoding: xchunked"], b"0\r\n\r\n"),
    ("two codings", "POST", ["Transfer-Encoding: gzip, chunked"], b"0\r\n\r\n"),
    ("a negative length", "POST", ["Content-Length: -1"], b""),
    ("a length with a sign", "POST", ["Content-Length: +3"], b"abc"),
    ("a chunk without a size", "POST", ["Transfer-Encoding: chunked"], b"zz\r\nabc\r\n0\r\n\r\n"),
    ("a body where none is", "GET", ["Content-Length: 3"], b"abc"),
    ("a space before the colon", "GET", ["X-A : b"], b""),
    ("a NUL in a field", "GET", ["X-A: b\0c"], b""),
    ("a bare line feed", "GET", ["X-A: b\nImpersonate-User: root"], b""),
    ("another method", "CONNECT", [], b""),
    ("a trace", "TRACE", [], b""),
    ("a head without end", "GET", [f"X-A: {'a' * 300_000}"], b""),
    ("acting as somebody else", "GET", ["Impersonate-User: root"], b""),
    ("acting as a group", "GET", ["impersonate-group: system:masters"], b""),
    ("a body too large", "POST", [f"Content-Length: {4 << 20}"], b"a" * (4 << 20)),
    ("an upgrade that is none", "GET", ["Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: AA"], b""),
]


@pytest.mark.parametrize(("method", "fields", "body"), [case[1:] for case in ODD], ids=[case[0] for case in ODD])
def test_odd_http_goes_nowhere(masker, cluster, method: str, fields: list[str], body: bytes) -> None:
    async def work(stand: Stand) -> None:
        heard = await stand.say(
            stand.head("/api/v1/namespaces/default/pods", method, "Connection: close", *fields) + body
        )
        status, _ = answer(heard)
        assert status in (0, 400, 403, 405, 413, 431, 501), heard[:200]

    run(masker, target_of(cluster), work)
    assert cluster.requests == []


SENDING = [("a body too large", 413, None), ("a token of nobody", 401, "x"), ("no HTTP", 400, None)]


@pytest.mark.parametrize(("status", "token"), [case[1:] for case in SENDING], ids=[case[0] for case in SENDING])
def test_the_answer_arrives_at_a_client_that_first_sends_all(masker, cluster, monkeypatch, status, token) -> None:
    monkeypatch.setattr("guardcli.gateways.kubernetes.wire.PARTING_SECONDS", PATIENCE)

    async def work(stand: Stand) -> None:
        size = 8 << 20
        head = stand.head("/api/v1/namespaces/default/pods", "POST", f"Content-Length: {size}", token=token)
        said = (head if status != 400 else bytes(100)) + bytes(size)
        assert answer(await asyncio.to_thread(told, stand, said))[0] == status

    run(masker, target_of(cluster), work)
    assert cluster.requests == []


def told(stand: Stand, said: bytes) -> bytes:
    """Say all of it, and only then listen."""
    context = ssl.create_default_context(cadata=stand.identity.authority.decode())
    with (
        socket.create_connection(("127.0.0.1", stand.port), timeout=PATIENCE) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as client,
    ):
        client.sendall(said)
        heard = b""
        while not heard.endswith(b"}\n"):
            piece = client.recv(65536)
            assert piece, heard
            heard += piece
        return heard


def test_a_request_hidden_in_a_body_is_a_body(masker, cluster) -> None:
    async def work(stand: Stand) -> None:
        hidden = stand.head("/api/v1/namespaces/default/secrets/db")
        head = stand.head(
            "/api/v1/namespaces/default/pods", "POST", f"Content-Length: {len(hidden)}", "Connection: close"
        )
        await stand.say(head + hidden)

    run(masker, target_of(cluster), work, verdicts={"create": Verdict.DENY})
    assert cluster.requests == []


def test_requests_sent_at_once_are_answered_one_by_one(masker, cluster) -> None:
    async def work(stand: Stand) -> None:
        two = stand.head("/version") + stand.head(
            "/api/v1/namespaces/default/secrets/db", "DELETE", "Connection: close"
        )
        heard = await stand.say(two)
        assert heard.count(b"HTTP/1.1 200") == 1 and heard.count(b"HTTP/1.1 403") == 1

    run(masker, target_of(cluster), work, verdicts={"delete": Verdict.DENY})
    assert [request.path for request in cluster.requests] == ["version"]


def test_http_2_is_not_offered(masker, cluster) -> None:
    async def work(stand: Stand) -> None:
        _, writer = await stand.connect()
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        writer.transport.abort()
        assert b"200" not in await stand.say(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 9)

    run(masker, target_of(cluster), work)
    assert cluster.requests == []


def test_plain_text_at_the_port_gets_nothing(masker, cluster) -> None:
    async def work(stand: Stand) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", stand.port)
        writer.write(stand.head("/version"))
        assert b"200" not in await reader.read()
        writer.transport.abort()

    run(masker, target_of(cluster), work)
    assert cluster.requests == []


@contextmanager
def answering(data: bytes) -> Iterator[int]:
    """Serve these very bytes to whoever sends a head, then hang up; yield the port."""
    import socket
    from threading import Thread

    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                heard = b""
                while b"\r\n\r\n" not in heard and (piece := connection.recv(65536)):
                    heard += piece
                connection.sendall(data)

    thread = Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(PATIENCE)


JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense\r\n\r\n",
        JSON_HEAD + b"Content-Length: 100\r\n\r\n{",
        JSON_HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        JSON_HEAD + b"Content-Length: 5\r\n\r\n{oops",
        JSON_HEAD + b"Content-Encoding: br\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.kubernetes.protobuf\r\nContent-Length: 2\r\n\r\nk8",
        b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
    ids=["nothing", "nonsense", "broken off", "two lengths", "no JSON", "brotli", "protobuf", "elsewhere", "unasked"],
)
def test_an_answer_that_cannot_be_masked_or_trusted_is_refused(masker, cluster, data: bytes) -> None:
    with answering(data) as port:

        async def work(stand: Stand) -> None:
            status, form = await stand.ask(POD)
            assert (status, form["kind"]) == (502, "Status")

        target = target_of(cluster, tls=TlsTerms(Tls.DISABLE), port=port)
        run(masker, target, work)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
        b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
    ids=["no upgrade", "another protocol", "the wrong key", "no key"],
)
def test_a_client_gets_no_raw_line_to_the_cluster_by_an_upgrade_that_was_not_agreed(
    masker, cluster, data: bytes
) -> None:
    with answering(data) as port:

        async def work(stand: Stand) -> None:
            fields = [
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Key: k",
                "Sec-WebSocket-Protocol: v5.channel.k8s.io",
            ]
            smuggled = stand.head("/api/v1/namespaces/default/secrets/db", "DELETE", "Connection: close")
            heard = await stand.say(stand.head(f"{POD}/exec?command=ls", "GET", *fields) + smuggled)
            assert b"101" not in heard.partition(b"\r\n")[0]

        target = target_of(cluster, tls=TlsTerms(Tls.DISABLE), port=port)
        house = run(masker, target, work, verdicts={"delete": Verdict.DENY})
        assert [one.info.verb for one in house.admitted if one.info.verb == "delete"] in ([], ["delete"])
