"""Who is asking, and what that one may do where it takes more than a look; `test_principals.py` has every route."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI

from guardcli.api.ancestry import SessionTrees
from guardcli.api.app import create_app
from guardcli.api.notify import Notifier
from guardcli.api.peers import Peer
from guardcli.api.store import Store
from guardcli.api.store.schema import METADATA
from guardcli.api.store.tokens import Role

OWN, OTHER = "session-own0", "session-other"

LOCAL, INSIDE = Peer(1, 0, ""), Peer(1, 0, "session-9999")


class AsPeer:
    """Puts a peer into the scope, as the server's protocol does for a unix socket."""

    def __init__(self, app: FastAPI, peer: Peer | None) -> None:
        self.app, self.peer = app, peer

    async def __call__(self, scope, receive, send) -> None:
        if self.peer is not None and scope["type"] == "http":
            scope["state"] = {**scope.get("state", {}), "peer": self.peer}
        await self.app(scope, receive, send)


def request_once(app: object, method: str, path: str, body: object, headers: dict[str, str]) -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.request(method, path, json=body, headers=headers)

    return asyncio.run(go())


@dataclass
class World:
    """An API with two sessions and a waiting approval in each; `headers` by the name of the principal."""

    app: FastAPI
    store: Store
    tokens: dict[str, str] = field(default_factory=dict)
    approvals: dict[str, str] = field(default_factory=dict)

    def ask(self, who: str, method: str, path: str, body: object = None) -> httpx.Response:
        peer = {"local": LOCAL, "inside": INSIDE}.get(who)
        if who.startswith("inside+"):
            peer, who = INSIDE, who.removeprefix("inside+")
        headers = {"authorization": f"Bearer {self.tokens[who]}"} if who in self.tokens else {}
        return request_once(AsPeer(self.app, peer), method, path, body, headers)


@pytest.fixture
def world(store: Store, make) -> Iterator[World]:
    world = World(create_app(store, SessionTrees(), Notifier()), store)
    for role in Role:
        _, secret = store.tokens.issue(role.value, role, ("dba",) if role is Role.APPROVER else ())
        world.tokens[role.value] = secret.reveal()
    _, secret = store.tokens.issue("other-agent", Role.AGENT)
    world.tokens["other-agent"] = secret.reveal()
    for session, identity, owner in ((OWN, "agent@own", "token:agent"), (OTHER, "agent@other", "token:other-agent")):
        secret = store.sessions.open(make.facts(session, identity=identity), owner)
        world.tokens[session] = secret.reveal()
        request = make.request(store, session=session, requester=identity, owner=owner)
        world.approvals[session] = store.approvals.request(request).id
    yield world


EVERYBODY = (
    "local",
    "inside",
    OWN,
    "agent",
    "approver",
    "auditor",
    "admin",
    "inside+approver",
    "inside+admin",
    "nobody",
)


@pytest.mark.parametrize("who", EVERYBODY)
def test_sessions_are_opened_by_those_who_may(world: World, make, who: str) -> None:
    response = world.ask(who, "POST", "/v1/sessions", {"session": make.facts("session-new0")})
    allowed = {"local", "inside", "agent", "admin", "inside+approver", "inside+admin"}
    assert response.status_code == (201 if who in allowed else 401 if who == "nobody" else 403)
    if who.startswith("inside"):
        assert world.store.sessions.get("session-new0").parent == INSIDE.inside


def test_a_running_session_is_not_taken_over_from_inside_of_one(world: World, make) -> None:
    facts = make.facts("session-mine")
    token = world.ask("local", "POST", "/v1/sessions", {"session": facts}).json()["token"]
    assert world.ask("inside", "POST", "/v1/sessions", {"session": facts}).status_code == 409
    assert world.ask("agent", "POST", "/v1/sessions", {"session": facts}).status_code == 409
    again = world.ask("local", "POST", "/v1/sessions", {"session": facts})
    assert again.status_code == 201 and again.json()["token"] != token
    world.tokens["old"], world.tokens["new"] = token, again.json()["token"]
    assert world.ask("old", "GET", "/v1/sessions/session-mine").status_code == 401
    assert world.ask("new", "GET", "/v1/sessions/session-mine").status_code == 200
    changed = {"session": {**facts, "identity": "somebody@else"}}
    assert world.ask("local", "POST", "/v1/sessions", changed).status_code == 409


def test_a_session_sees_its_own_in_lists(world: World) -> None:
    sessions = world.ask(OWN, "GET", "/v1/sessions").json()["sessions"]
    approvals = world.ask(OWN, "GET", "/v1/approvals").json()["approvals"]
    assert [one["id"] for one in sessions] == [OWN]
    assert [one["id"] for one in approvals] == [world.approvals[OWN]]
    assert [one["id"] for one in world.ask("agent", "GET", "/v1/sessions").json()["sessions"]] == [OWN]
    assert [one["session"] for one in world.ask("agent", "GET", "/v1/approvals").json()["approvals"]] == [OWN]


def test_an_approval_for_a_group_is_decided_by_that_group(world: World, make) -> None:
    for groups, status in ((["dba"], 200), (["security", "dba"], 200), (["security"], 403)):
        request = make.request(world.store, digest=str(len(groups)) * 64, facts={"groups": groups, "tool": groups[0]})
        id = world.store.approvals.request(request).id
        assert world.ask("approver", "POST", f"/v1/approvals/{id}/decision", {"approve": True}).status_code == status
        world.store.approvals.sweep()
        if status == 200:
            world.store.approvals.consume(id, request.digest, OWN)


def test_nobody_decides_what_the_same_token_or_name_asked_for(world: World, make) -> None:
    for owner, requester in (("token:admin", "agent@own"), ("token:agent", "admin")):
        request = make.request(world.store, owner=owner, requester=requester, digest="c" * 64)
        id = world.store.approvals.request(request).id
        assert world.ask("admin", "POST", f"/v1/approvals/{id}/decision", {"approve": True}).status_code == 403


def test_a_yes_is_used_by_any_session_of_the_same_identity_and_owner_alone(world: World, make) -> None:
    id = world.approvals[OWN]
    world.ask("local", "POST", f"/v1/approvals/{id}/decision", {"approve": True})
    for who in (OTHER, "local", "admin", "agent", "inside"):
        assert world.ask(who, "POST", f"/v1/approvals/{id}/consume", {"digest": "a" * 64}).status_code == 403
    facts = make.facts("session-next", identity="agent@own")
    world.tokens["next"] = world.store.sessions.open(facts, "token:agent").reveal()
    used = world.ask("next", "POST", f"/v1/approvals/{id}/consume", {"digest": "a" * 64})
    assert used.json()["state"] == "consumed"


def test_the_requester_learns_of_a_denial_once(world: World) -> None:
    id = world.approvals[OWN]
    world.ask("local", "POST", f"/v1/approvals/{id}/decision", {"approve": False, "reason": "no"})
    assert world.ask("local", "GET", f"/v1/approvals/{id}").json()["state"] == "denied"
    body = {"session": OWN, "digest": "a" * 64}
    first = world.ask(OWN, "POST", "/v1/approvals", body).json()
    assert (first["id"], first["state"], first["reason"]) == (id, "denied", "no")
    assert world.ask(OWN, "POST", "/v1/approvals", body).json()["state"] == "pending"


BAD = {
    "none": "",
    "another scheme": "Basic eDp5",
    "no token": "Bearer",
    "nonsense": "Bearer x",
    "of no session": "Bearer guard-session.session-none." + "0" * 64,
    "of a session, with another secret": f"Bearer guard-session.{OWN}." + "0" * 64,
    "of no service": "Bearer guard-service.000000000000." + "0" * 64,
    "with a quote": "Bearer guard-session.'; DROP TABLE sessions; --.x",
}


@pytest.mark.parametrize("name", BAD)
def test_a_token_that_is_none_is_refused_also_on_the_socket(world: World, name: str) -> None:
    for peer in (None, LOCAL):
        response = request_once(AsPeer(world.app, peer), "GET", "/v1/sessions", None, {"authorization": BAD[name]})
        assert response.status_code == 401
        assert response.json()["code"] == "unauthorized"


def test_a_session_token_is_for_that_session_alone(world: World) -> None:
    mixed = world.tokens[OWN].replace(OWN, OTHER)
    world.tokens["mixed"] = mixed
    assert world.ask("mixed", "GET", f"/v1/sessions/{OTHER}").status_code == 401


def test_a_revoked_and_an_ended_token_are_refused(world: World) -> None:
    _, secret = world.store.tokens.issue("short", Role.AUDITOR, lifetime=0.001)
    kept, other = world.store.tokens.issue("kept", Role.AUDITOR, lifetime=1000)
    world.tokens["short"], world.tokens["kept"] = secret.reveal(), other.reveal()
    assert world.ask("short", "GET", "/v1/sessions").status_code == 401
    assert world.ask("kept", "GET", "/v1/sessions").status_code == 200
    world.store.tokens.revoke(kept.id)
    assert world.ask("kept", "GET", "/v1/sessions").status_code == 401


def test_the_database_holds_no_token(world: World) -> None:
    world.ask(OWN, "GET", "/v1/sessions")
    with world.store.engine.connect() as connection:
        dump = "\n".join(str(row) for table in METADATA.sorted_tables for row in connection.execute(table.select()))
    assert "agent@own" in dump
    for token in world.tokens.values():
        assert token.rpartition(".")[2] not in dump


@pytest.mark.parametrize("who", EVERYBODY)
def test_a_search_finds_what_its_asker_may_read(world: World, make, who: str) -> None:
    for session in (OWN, OTHER):
        chain = make.Chain(session)
        chain.add(make.EventType.JUDGED, {"command": "needle", "verdict": "deny", "tool": "psql"}, 1)
        world.store.events.append(session, chain.items, "x")
    everything = {"local", "approver", "auditor", "admin"}
    sees = {OWN, OTHER} if who in everything else {OWN} if who in (OWN, "agent") else None
    for question in ("", "?words=needle", "?verdict=deny&tool=psql", f"?session={OTHER}", "?identity=agent@other"):
        answer = world.ask(who, "GET", f"/v1/search{question}")
        if sees is None:
            assert answer.status_code == (401 if who == "nobody" else 403)
            continue
        found = {hit["session"] for hit in answer.json()["hits"]}
        assert found == (sees & {OTHER} if "session=" in question or "identity=" in question else sees)
