"""The gateway on the loopback before a small cluster: who gets in, what goes through, what hostile clients gain."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "integration"))
from cluster import Cluster, kubernetes

from guardcli.gateways.kubernetes.authority import Bearer, Outcome, Request, Ticket
from guardcli.gateways.kubernetes.bearers import Bearers
from guardcli.gateways.kubernetes.bodies import Body, Raw
from guardcli.gateways.kubernetes.certificates import Identity, make_identity
from guardcli.gateways.kubernetes.documents import DocumentMask
from guardcli.gateways.kubernetes.server import Gateway
from guardcli.gateways.kubernetes.target import Target, TlsTerms
from guardcli.model.credentials import Credential
from guardcli.model.decisions import Decision, Verdict
from guardcli.model.errors import DeniedError
from guardcli.model.resources import Tls
from guardcli.model.secrets import Secret

POD = "/api/v1/namespaces/default/pods/web-1"
PATIENCE = 60.0


@dataclass
class House:
    """Decides by the verb, and notes what it is told."""

    masker: object
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    answer: Callable[[], Awaitable[None]] | None = None
    admitted: list[Request] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    withdrawn: int = 0

    def admit(self, bearer: Bearer, request: Request) -> Ticket:
        self.admitted.append(request)
        verdict = self.verdicts.get(request.info.verb, Verdict.ALLOW)
        decision = Decision(verdict, "the-rule", "Not like this.", request.operations)
        return Ticket(len(self.admitted), request, decision, time.time())

    def refused(self, bearer: Bearer, said: str, reason: str) -> None:
        self.unread.append(said)

    async def obtain(self, bearer: Bearer, ticket: Ticket) -> None:
        try:
            if self.answer is not None:
                await self.answer()
        except asyncio.CancelledError:
            self.withdrawn += 1
            raise

    def started(self, ticket: Ticket) -> None:
        pass

    def ended(self, ticket: Ticket, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def document_mask(self, ticket: Ticket) -> DocumentMask:
        return DocumentMask(self.masker, "kubectl")

    def text(self, ticket: Ticket) -> Body:
        return Raw()

    def mask(self, text: str) -> str:
        return text


@dataclass
class Stand:
    """A gateway that listens, with a token for it."""

    gateway: Gateway
    house: House
    bearers: Bearers
    identity: Identity
    port: int
    token: Secret

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = ssl.create_default_context(cadata=self.identity.authority.decode())
        context.set_alpn_protocols(["h2", "http/1.1"])
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=context, server_hostname="127.0.0.1")

    async def say(self, data: bytes) -> bytes:
        """Send bytes and return all that comes back until the gateway hangs up."""
        reader, writer = await self.connect()
        writer.write(data)
        async with asyncio.timeout(PATIENCE):
            heard = b""
            try:
                while piece := await reader.read(65536):
                    heard += piece
            except OSError:
                pass
        writer.transport.abort()
        return heard

    def head(self, target: str, method: str = "GET", *fields: str, token: str | None = None) -> bytes:
        lines = [f"{method} {target} HTTP/1.1", "Host: x", f"Authorization: Bearer {token or self.token.reveal()}"]
        return "\r\n".join([*lines, *fields, "", ""]).encode()

    async def ask(self, target: str, method: str = "GET", *fields: str, body: bytes = b"", token: str | None = None):
        more = [f"Content-Length: {len(body)}"] if body else []
        heard = await self.say(self.head(target, method, *more, "Connection: close", *fields, token=token) + body)
        return answer(heard)


def answer(heard: bytes) -> tuple[int, dict[str, object]]:
    head, _, body = heard.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        body = b"".join(body.split(b"\r\n")[1::2])
    try:
        form = json.loads(body or b"{}")
    except ValueError:
        form = {"text": body}
    return int(head.split()[1]) if head else 0, form


@pytest.fixture(scope="module")
def identity() -> Identity:
    return make_identity(datetime.now(UTC))


@pytest.fixture(scope="module")
def _shared(identity, tmp_path_factory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp("cluster")
    (home / "ca.pem").write_bytes(identity.authority)
    context = make_identity(datetime.now(UTC))
    (home / "other.pem").write_bytes(context.authority)
    identity.context.load_verify_locations(home / "ca.pem")
    with kubernetes(home, identity.context) as api:
        api.cwd = str(home)
        api.token = "of-the-cluster"
        yield api


@pytest.fixture
def cluster(_shared) -> Cluster:
    _shared.requests.clear()
    _shared.seen.clear()
    _shared.objects.clear()
    _shared.go.clear()
    _shared.compress = False
    _shared.put("pods", "Pod", "web-1", spec={"containers": [{"name": "c", "image": "i"}]})
    _shared.put("secrets", "Secret", "db", type="Opaque", data={"p": "Y29ycmVjdA=="})
    return _shared


def target_of(cluster: Cluster, text: str = "of-the-cluster", **options: object) -> Target:
    async def credential() -> Credential:
        return Credential(Secret(text))

    port = int(cluster.url.rpartition(":")[2])
    tls = TlsTerms(ca=f"{cluster.cwd}/ca.pem")
    return replace(Target("small", "127.0.0.1", port, tls=tls, credential=credential), **options)


@asynccontextmanager
async def standing(masker, target: Target, **options: object) -> AsyncIterator[Stand]:
    identity = make_identity(datetime.now(UTC))
    house, bearers = House(masker, **options), Bearers()
    gateway = Gateway({"small": target}, house, bearers, time.time)
    port = await gateway.listen(identity)
    try:
        yield Stand(gateway, house, bearers, identity, port, bearers.issue(Bearer("small", 1)))
    finally:
        await gateway.close()


def run(masker, target: Target, work: Callable[[Stand], Awaitable[None]], **options: object) -> House:
    async def main() -> House:
        async with standing(masker, target, **options) as stand:
            async with asyncio.timeout(100):
                await work(stand)
            return stand.house

    return asyncio.run(main())


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_request_goes_on_with_the_clusters_credential_and_comes_back_masked(masker, cluster) -> None:
    async def work(stand: Stand) -> None:
        status, form = await stand.ask(
            "/api/v1/namespaces/default/secrets/db", "GET", "Cookie: a=b", "X-Remote-User: root"
        )
        assert (status, form["data"]) == (200, {"p": "KioqKioqKg=="})

    house = run(masker, target_of(cluster), work)
    (seen,) = cluster.seen
    assert seen["authorization"] == "Bearer of-the-cluster"
    assert not {"cookie", "x-remote-user"} & seen.keys() and seen["accept-encoding"] == "identity"
    assert (house.outcomes[0].status, house.outcomes[0].masked) == (200, {"secret data": 1})


def test_nobody_gets_in_without_a_token_that_holds(masker, cluster) -> None:
    async def work(stand: Stand) -> None:
        ended = stand.bearers.issue(Bearer("small", 2))
        stand.bearers.revoke(ended)
        for token in ("guessed", ended.reveal(), "", "of-the-cluster"):
            assert (await stand.ask("/api/v1/pods", token=token or " "))[0] == 401
        assert (await stand.say(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")).startswith(b"HTTP/1.1 401")
        basic = (
            b"GET /version HTTP/1.1\r\nHost: x\r\nAuthorization: Basic " + stand.token.reveal().encode() + b"\r\n\r\n"
        )
        assert (await stand.say(basic)).startswith(b"HTTP/1.1 401")

    run(masker, target_of(cluster), work)
    assert cluster.requests == []


def test_a_token_of_another_cluster_leads_there_only(masker, cluster) -> None:
    async def work(stand: Stand) -> None:
        other = stand.bearers.issue(Bearer("other", 2))
        assert (await stand.ask("/api/v1/pods", token=other.reveal()))[0] == 503

    run(masker, target_of(cluster), work)
    assert cluster.requests == []


def test_what_is_denied_is_said_in_kubernetes_own_form_and_never_sent(masker, cluster) -> None:
    async def work(stand: Stand) -> None:
        status, form = await stand.ask(POD, "DELETE")
        assert (status, form["kind"], form["reason"]) == (403, "Status", "Forbidden")
        assert "the-rule" in str(form["message"]) and "Not like this." in str(form["message"])

    run(masker, target_of(cluster), work, verdicts={"delete": Verdict.DENY})
    assert cluster.requests == []


def test_what_was_not_allowed_is_not_asked_again_by_another_protocol(masker, cluster) -> None:
    asked = []

    async def no() -> None:
        asked.append(1)
        raise DeniedError("denied by ann")

    async def work(stand: Stand) -> None:
        key = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: k", "Sec-WebSocket-Version: 13"]
        socket = [*key, "Sec-WebSocket-Protocol: v5.channel.k8s.io"]
        first = await stand.say(stand.head(f"{POD}/exec?command=ls", "GET", *socket) + b"")
        again = await stand.say(
            stand.head(f"{POD}/exec?command=ls", "POST", "Connection: Upgrade", "Upgrade: SPDY/3.1")
        )
        assert b"denied by ann" in first and b"denied by ann" in again

    both = {"get": Verdict.APPROVE, "create": Verdict.APPROVE}
    run(masker, target_of(cluster), work, verdicts=both, answer=no)
    assert (len(asked), cluster.requests) == (1, [])


def test_a_client_that_leaves_ends_the_wait_for_a_person(masker, cluster) -> None:
    async def work(stand: Stand) -> None:
        waiting = asyncio.Event()

        async def wait() -> None:
            waiting.set()
            await asyncio.sleep(PATIENCE)

        stand.house.answer = wait
        _, writer = await stand.connect()
        writer.write(stand.head(POD))
        await waiting.wait()
        writer.transport.abort()
        await until(lambda: stand.house.withdrawn)
        await until(lambda: stand.house.outcomes)
        assert stand.house.outcomes[0].lost

    run(masker, target_of(cluster), work, verdicts={"get": Verdict.APPROVE})
    assert cluster.requests == []


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


def test_a_watch_streams_and_ends_with_its_token(masker, cluster) -> None:
    async def work(stand: Stand) -> None:
        reader, writer = await stand.connect()
        writer.write(stand.head("/api/v1/namespaces/default/secrets?watch=1"))
        secret = cluster.objects["api/v1/namespaces/default/secrets/db"]
        for kind in ("ADDED", "MODIFIED"):
            cluster.news.put({"type": kind, "object": secret})
            async with asyncio.timeout(PATIENCE):
                while kind.encode() not in (line := await reader.readline()):
                    pass
            assert json.loads(line)["object"]["data"] == {"p": "KioqKioqKg=="}
        stand.bearers.revoke(stand.token)
        async with asyncio.timeout(PATIENCE):
            try:
                while await reader.read(4096):
                    pass
            except OSError:
                pass
        assert (await stand.ask("/version"))[0] == 401

    run(masker, target_of(cluster), work)


def test_fifty_at_once(masker, cluster) -> None:
    async def work(stand: Stand) -> None:
        found = await asyncio.gather(
            *(stand.ask(POD if number % 2 else "/api/v1/namespaces/default/secrets/db") for number in range(50))
        )
        assert [status for status, _ in found] == [200] * 50
        assert not any("Y29ycmVjdA" in json.dumps(form) for _, form in found)

    house = run(masker, target_of(cluster), work)
    assert len(house.outcomes) == 50


def test_what_the_cluster_compresses_is_masked_too(masker, cluster) -> None:
    cluster.compress = True

    async def work(stand: Stand) -> None:
        status, form = await stand.ask("/api/v1/namespaces/default/secrets/db")
        assert (status, form["data"]) == (200, {"p": "KioqKioqKg=="})

    run(masker, target_of(cluster), work)


def test_a_credential_that_the_cluster_refuses_is_asked_for_anew_once(masker, cluster) -> None:
    given = iter(["old", "of-the-cluster", "never"])
    told = []

    async def credential() -> Credential:
        told.append(next(given))
        return Credential(Secret(told[-1]))

    async def work(stand: Stand) -> None:
        for _ in range(2):
            assert (await stand.ask(POD))[0] == 200
            assert (await stand.ask(POD, "PATCH", body=b'{"metadata":{"labels":{"a":"b"}}}'))[0] == 200

    run(masker, target_of(cluster, credential=credential), work)
    assert told == ["old", "of-the-cluster"]


def test_a_credential_that_is_refused_for_good_is_said_so_and_not_shown(masker, cluster) -> None:
    async def work(stand: Stand) -> None:
        status, form = await stand.ask(POD)
        assert status == 502 and "credential" in str(form["message"]) and "wrong-one" not in str(form)

    run(masker, target_of(cluster, "wrong-one"), work)


def test_an_exec_credential_holds_until_its_end(masker, cluster) -> None:
    asked = []

    async def credential() -> Credential:
        asked.append(1)
        ends = datetime.fromtimestamp(time.time() + 3600, UTC).isoformat()
        status = {"token": "of-the-cluster", "expirationTimestamp": ends}
        form = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
        return Credential(Secret(json.dumps(form)))

    async def work(stand: Stand) -> None:
        for _ in range(3):
            assert (await stand.ask(POD))[0] == 200

    run(masker, target_of(cluster, credential=credential), work)
    assert asked == [1]


@pytest.mark.parametrize(
    ("terms", "status"),
    [
        ({"ca": "ca.pem"}, 200),
        ({"ca": "other.pem"}, 503),
        ({"ca": "other.pem", "mode": Tls.REQUIRE}, 200),
        ({"ca": "other.pem", "mode": Tls.VERIFY_CA}, 503),
        ({"ca": "ca.pem", "name": "another.example"}, 503),
        ({"ca": "ca.pem", "name": "localhost"}, 200),
        ({"ca": "none.pem"}, 403),
        ({"mode": Tls.DISABLE}, 502),
    ],
)
def test_the_cluster_must_be_who_the_resource_says(masker, cluster, terms: dict[str, object], status: int) -> None:
    given = {**terms, "ca": f"{cluster.cwd}/{terms['ca']}"} if "ca" in terms else terms

    async def work(stand: Stand) -> None:
        assert (await stand.ask(POD))[0] == status

    run(masker, target_of(cluster, tls=TlsTerms(**given)), work)
    assert len(cluster.requests) == (status == 200)


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
