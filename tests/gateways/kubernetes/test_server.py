"""The gateway on the loopback before a small cluster: who gets in, what goes through, what hostile clients gain."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime

import pytest
from gateways.kubernetes.stand import PATIENCE, POD, Stand, run, target_of, until

from guardcli.gateways.kubernetes.authority import Bearer
from guardcli.gateways.kubernetes.target import TlsTerms
from guardcli.model.credentials import Credential
from guardcli.model.decisions import Verdict
from guardcli.model.errors import DeniedError
from guardcli.model.resources import Tls
from guardcli.model.secrets import Secret


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
