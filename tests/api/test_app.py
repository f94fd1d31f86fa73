"""Whatever comes in, the answer is an answer: never a 500, never half stored."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from guardcli.api.ancestry import SessionTrees
from guardcli.api.app import create_app
from guardcli.api.auth import user_name
from guardcli.api.limits import MAX_BODY
from guardcli.api.notify import Notifier
from guardcli.api.peers import Peer
from guardcli.api.store import Store
from guardcli.api.store.database import open_database, prepare
from guardcli.broker.spool_key import new_key, sealed
from guardcli.model.errors import UnavailableError


class Local:
    """The application, asked by the local user."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        scope["state"] = {"peer": Peer(1, 0, "")}
        await self.app(scope, receive, send)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self, raise_app_exceptions=False)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
                return await client.request(
                    method, path, content=body, headers={"content-type": "application/json", **headers}
                )

        return asyncio.run(go())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all tests here: what is refused leaves nothing in it."""
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('api') / 'guard.db'}")
    prepare(engine)
    yield Store.over(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def api(shared: Store, make) -> Local:
    shared.sessions.open(make.facts(), f"local:{user_name(0)}")
    return Local(create_app(shared, SessionTrees(), Notifier()))


EVENT = {
    "session": "session-0001",
    "sequence": 0,
    "time": "2026-01-01T00:00:00Z",
    "type": "failed",
    "call": 0,
    "data": {},
    "previous": "0" * 64,
    "hash": "0" * 64,
}


def batch(content: object = None, **changes: object) -> bytes:
    item: dict[str, object] = {"event": {**EVENT, **changes}}
    if content is not None:
        item["content"] = content
    return json.dumps({"events": [item]}).encode()


BODIES = {
    "nothing": b"",
    "no JSON": b"nonsense",
    "not UTF-8": b'{"events": "\xff\xfe"}',
    "another shape": b"[]",
    "a number": b"5",
    "null": b"null",
    "cut off": b'{"events": [',
    "deep": b'{"events": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "deep data": batch()[:-2].replace(b'"data": {}', b'"data": {"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "not a number": batch().replace(b'"data": {}', b'"data": {"x": NaN}'),
    "infinity": batch().replace(b'"data": {}', b'"data": {"x": Infinity}'),
    "a huge number": batch().replace(b'"data": {}', b'"data": {"x": ' + b"9" * 5000 + b"}"),
    "a lone surrogate": batch(data={"x": "\ud800"}),
    "a lone surrogate for a name": batch(data={"\ud800": 1}),
    "a lone surrogate for a session": batch(session="session-\ud800"),
    "a lone surrogate for a time": batch(time="\ud800"),
    "a null character": batch(time="\0"),
    "a negative sequence": batch(sequence=-1),
    "a huge sequence": batch(sequence=2**70),
    "a sequence with a point": batch(sequence=0.5),
    "a yes for a sequence": batch(sequence=True),
    "a type that is none": batch(type="bogus"),
    "more than belongs": batch(more=1),
    "content that is no Base64": batch("?", type="output"),
    "content that is no text": batch(7, type="output"),
    "content with white space": batch("eA==\n", type="output"),
    "content without an offset": batch("eA==", type="output"),
    "content with an odd length": batch("eA==", type="output", data={"offset": [], "length": {}, "sha256": 5}),
    "a twice-named part": b'{"events": [], "events": {}}',
    "too many events": b'{"events": [' + b",".join([b"{}"] * 3000) + b"]}",
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_none_is_refused_and_said(api: Local, shared: Store, name: str) -> None:
    answer = api.ask("POST", "/v1/sessions/session-0001/events", BODIES[name])
    assert answer.status_code in (400, 409, 422), answer.text
    assert {"code", "error", "hint"} == set(answer.json())
    assert shared.sessions.get("session-0001").events == 0


SESSIONS = {
    "an id with a path": {"id": "../../etc"},
    "an id that is short": {"id": "x"},
    "an id with a point": {"id": "session.0001"},
    "an id with a new line": {"id": "session-0001\n"},
    "no identity": {"identity": ""},
    "a long identity": {"identity": "x" * 300},
    "a lone surrogate": {"cwd": "\ud800"},
    "a beginning that is none": {"started": "NaN"},
    "a beginning after all time": {"started": 1e300},
    "more than belongs": {"more": 1},
}


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_with_odd_facts_is_refused(api: Local, make, name: str) -> None:
    body = json.dumps({"session": {**make.facts("session-0002"), **SESSIONS[name]}}).encode()
    assert api.ask("POST", "/v1/sessions", body).status_code in (400, 422)


def test_facts_with_characters_of_every_kind_come_back_the_same(api: Local, make) -> None:
    odd = "\0\x1b]0;x\x07 é 漢 😀 \u2028 ' \" ; --"
    facts = make.facts("session-0003", cwd=odd, command=[odd], identity=odd[1:])
    assert api.ask("POST", "/v1/sessions", json.dumps({"session": facts}).encode()).status_code == 201
    shown = api.ask("GET", "/v1/sessions/session-0003").json()
    assert (shown["cwd"], shown["command"], shown["identity"]) == (odd, [odd], odd[1:])


PATHS = [
    "/v1/sessions/none",
    "/v1/sessions/%00",
    "/v1/sessions/%ff",
    "/v1/sessions/..%2f..",
    "/v1/sessions/none/events",
    "/v1/sessions/none/recording",
    "/v1/approvals/none",
    "/v1/approvals/%00",
    "/v1/nothing",
    "/nothing",
    "/v1/sessions?after=none",
]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_not_there_is_not_found(api: Local, path: str) -> None:
    answer = api.ask("GET", path)
    assert answer.status_code == 404, answer.text
    assert {"code", "error", "hint"} == set(answer.json())


QUERIES = [
    "/v1/sessions?limit=0",
    "/v1/sessions?limit=99999",
    "/v1/sessions?since=nan",
    "/v1/sessions?since=inf",
    "/v1/sessions?state=odd",
    "/v1/sessions/session-0001/events?wait=1e9",
    "/v1/sessions/session-0001/events?start=-1",
    "/v1/sessions/session-0001/events?call=99999999999999999999",
    "/v1/sessions/session-0001/recording?call=x",
    "/v1/approvals?state=odd",
]


@pytest.mark.parametrize("path", QUERIES)
def test_a_question_that_makes_no_sense_is_refused(api: Local, path: str) -> None:
    assert api.ask("GET", path).status_code == 422


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(api: Local) -> None:
    path = "/v1/sessions/session-0001/events"
    assert api.ask("POST", path, b" " * (MAX_BODY + 1)).status_code == 413
    declared = api.ask("POST", path, b"{}", **{"content-length": str(MAX_BODY + 1)})
    assert declared.status_code == 413

    async def stream() -> httpx.Response:
        async def parts():
            for _ in range(MAX_BODY // 65536 + 2):
                yield b" " * 65536

        transport = httpx.ASGITransport(api, raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.post(path, content=parts())

    assert asyncio.run(stream()).status_code == 413


def test_the_key_of_a_spool_is_given_to_who_may_take_the_session_over_and_to_nobody_else(
    api: Local, shared: Store, make
) -> None:
    mine, facts = "session-spool-01", make.facts("session-spool-01")
    shared.sessions.open(make.facts("session-spool-02"), "token:somebody-else")
    key, recipient = new_key(), shared.stretches.segments.ring.recipient()

    def ask(id: str, about: str, **headers: str) -> httpx.Response:
        closed = base64.b64encode(sealed(key, about, recipient)).decode()
        body = json.dumps({"session": {**facts, "id": id}, "spool_key": closed}).encode()
        return api.ask("POST", "/v1/sessions", body, **headers)

    assert ask(mine, mine).json()["spool_key"] == key.hex()
    assert ask(mine, mine).json()["recipient"] == recipient
    own = shared.sessions.open(facts, f"local:{user_name(0)}").reveal()
    refused = {
        409: ask("session-spool-02", "session-spool-02"),
        403: ask(mine, mine, authorization=f"Bearer {own}"),
        422: ask(mine, "session-spool-02"),
    }
    for status, answer in refused.items():
        assert answer.status_code == status, answer.text
        assert key.hex() not in answer.text


def test_a_database_that_cannot_be_written_is_said_and_nothing_is_acknowledged(
    api: Local, shared: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise UnavailableError("the database cannot be written: database or disk is full", hint="free space")

    monkeypatch.setattr(type(shared.events), "append", full)
    answer = api.ask("POST", "/v1/sessions/session-0001/events", b'{"events": []}')
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_every_answer_of_the_document_is_documented(api: Local) -> None:
    document = api.ask("GET", "/v1/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert {"401", "403", "404", "409", "422"} <= set(operation["responses"]), (method, path)
