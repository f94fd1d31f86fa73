"""Which groups one is judged by: those that the API knows, never those that one says, and inside those of around."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from guardcli.api.ancestry import SessionTrees
from guardcli.api.app import create_app
from guardcli.api.config import Config
from guardcli.api.notify import Notifier
from guardcli.api.peers import Peer
from guardcli.api.permissions import Role
from guardcli.api.store import Store
from guardcli.policy.bundles import Question, verify
from guardcli.signing import KeyRing, KeySet

NONCE = "0" * 32
TEXT = "version: 1\nname: {name}\nrules: [{{id: all-ask, match: {{tool: psql}}, decision: approve}}]\n"


class World:
    def __init__(self, store: Store, keys: Path) -> None:
        self.store = store
        self.app: FastAPI = create_app(store, SessionTrees(), Notifier(), Config(keys=keys))
        self.admin = store.tokens.issue("root", Role.ADMIN)[1].reveal()
        self.ring = KeyRing(keys)

    def ask(
        self, method: str, path: str, token: str = "", peer: Peer | None = None, body: object = None
    ) -> httpx.Response:
        async def application(scope, receive, send) -> None:
            if peer is not None and scope["type"] == "http":
                scope["state"] = {**scope.get("state", {}), "peer": peer}
            await self.app(scope, receive, send)

        async def go() -> httpx.Response:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            transport = httpx.ASGITransport(application)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
                return await client.request(method, path, json=body, headers=headers)

        return asyncio.run(go())

    def publish(self, group: str, name: str, **more: object) -> httpx.Response:
        body = {"policy": "a.yaml", "files": {"a.yaml": TEXT.format(name=name)}, "group": group, **more}
        return self.ask("POST", "/v1/policies", self.admin, body=body)

    def answer(self, token: str = "", peer: Peer | None = None, more: str = "") -> dict[str, Any]:
        found = self.ask("GET", f"/v1/policy?nonce={NONCE}{more}", token, peer)
        assert found.status_code == 200, found.text
        bearer = hashlib.sha256(token.encode()).hexdigest() if token else ""
        verify(found.json(), KeySet.parse(found.json()["keys"]), Question(NONCE, bearer, 0))
        return found.json()["answer"]


@pytest.fixture
def world(store: Store, tmp_path: Path) -> Iterator[World]:
    found = World(store, tmp_path / "keys")
    for priority, group in enumerate(("agents", "lax"), 1):
        assert found.publish(group, group, priority=priority).status_code == 201
    yield found


def opened(world: World, id: str, token: str = "", peer: Peer | None = None, groups: tuple[str, ...] = ()) -> str:
    facts = {"id": id, "identity": "a@b", "started": 1.0, "groups": list(groups)}
    answer = world.ask("POST", "/v1/sessions", token, peer, {"session": facts})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def test_a_policy_whose_own_tests_fail_is_not_published_whoever_sends_it(world: World) -> None:
    text = TEXT.format(name="tested") + 'tests: [{run: [psql, -c, "SELECT 1"], expect: VERDICT}]\n'
    for verdict, status in (("deny", 422), ("approve", 201)):
        body = {"policy": "a.yaml", "files": {"a.yaml": text.replace("VERDICT", verdict)}, "group": "agents"}
        answer = world.ask("POST", "/v1/policies", world.admin, body=body)
        assert answer.status_code == status, answer.text
        assert status == 201 or "1 of 1 tests fail" in answer.json()["error"]
    assert [one.name for one in world.store.policies.versions(world.ring.public())] == ["agents", "lax", "tested"]


def test_a_service_s_groups_are_those_of_its_token_and_its_sessions_too(world: World) -> None:
    token = world.store.tokens.issue("agent", Role.AGENT, ["agents"])[1].reveal()
    assert (world.answer(token)["group"], world.answer(token, more="&group=lax")["group"]) == ("agents", "agents")
    session = opened(world, "session-0001", token, groups=("lax",))
    assert world.answer(session, more="&group=lax")["groups"] == ["agents"]


def test_the_local_user_s_word_counts_and_nobody_s_inside_does(world: World) -> None:
    local = Peer(1, 0, "")
    assert world.answer(peer=local, more="&group=lax&group=x")["groups"] == ["lax", "x"]
    assert world.answer(peer=local)["version"] == 0
    around = opened(world, "session-0002", peer=local, groups=("agents",))
    inside = Peer(1, 0, "session-0002")
    assert world.answer(peer=inside, more="&group=lax")["group"] == "agents"
    admin_inside = world.answer(world.admin, inside, "&group=lax")
    assert admin_inside["group"] == "agents"
    nested = opened(world, "session-0003", peer=inside, groups=("lax",))
    assert world.answer(nested)["group"] == world.answer(around)["group"] == "agents"
    assert world.answer(peer=Peer(1, 0, "session-gone"), more="&group=lax")["group"] == ""


def test_a_session_that_has_ended_is_told_nothing(world: World) -> None:
    token = world.store.tokens.issue("agent", Role.AGENT, ["agents"])[1].reveal()
    session = opened(world, "session-0004", token)
    world.store.sessions.revoke("session-0004", "test")
    assert world.ask("GET", f"/v1/policy?nonce={NONCE}", session).status_code == 403


@pytest.mark.parametrize("query", ["", "nonce=", "nonce=xyz", f"nonce={NONCE}&serial=-1", f"nonce={NONCE}&have=x"])
def test_a_question_that_is_none_is_refused(world: World, query: str) -> None:
    assert world.ask("GET", f"/v1/policy?{query}", world.admin).status_code == 422


def test_what_is_wrong_with_a_policy_is_said_with_its_place(world: World) -> None:
    body = {"policy": "a.yaml", "files": {"a.yaml": "version: 1\nname: a\nnonsense: 1\n"}, "group": "agents"}
    told = world.ask("POST", "/v1/policies", world.admin, body=body)
    assert told.status_code == 422 and "a.yaml:3:1" in told.json()["error"]
    for wrong in ({"group": "a b"}, {"group": ""}, {"files": {}}, {"policy": "b.yaml"}, {"priority": 0}):
        assert world.ask("POST", "/v1/policies", world.admin, body={**body, **wrong}).status_code == 422
    assert world.publish("others", "x").status_code == 409, "no priority said"
    assert world.publish("others", "x", priority=1).status_code == 409, "a priority that is taken"


def test_a_version_is_shown_with_its_files_and_the_history_is_whole(world: World) -> None:
    shown = world.ask("GET", "/v1/policies/1", world.admin).json()
    assert shown["files"] == {"a.yaml": TEXT.format(name="agents")}
    found = world.ask("GET", "/v1/policies", world.admin).json()
    assert [one["version"] for one in found["versions"]] == [one["serial"] for one in found["orders"]] == [1, 2]
    assert world.ask("GET", "/v1/policies/9", world.admin).status_code == 404
