"""The authorisation matrix: every route of the document, every kind of principal, what is one's own and another's.

A route without a line here fails `test_every_route_has_its_lines`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from guardcli.api.ancestry import SessionTrees
from guardcli.api.app import create_app
from guardcli.api.config import Config
from guardcli.api.notify import Notifier
from guardcli.api.peers import Peer
from guardcli.api.permissions import GRANTS, Permission, Role
from guardcli.api.store import Store
from guardcli.api.store.policies import Wish
from guardcli.api.store.tokens import Login
from guardcli.policy.bundles import opened, packed
from guardcli.signing import KeyRing

REACH = "update of public.people: about 7 rows of 9"
"""What is said to reviewers of how far a statement would go, and to nobody else."""

OWN, OTHER, ENDED = "session-own0", "session-other", "session-ended"

PEERS = {"local": Peer(1, 0, ""), "inside": Peer(1, 0, "session-9999")}

EVERYBODY = frozenset(
    {
        "local",
        "inside",
        "session",
        "ended",
        "agent",
        "approver",
        "auditor",
        "admin",
        "login",
        "reader",
        "inside+approver",
        "inside+admin",
        "inside+login",
        "nobody",
    }
)
"""`ended` is the session's token after its end, `login` a person who approves, `reader` an auditor's token that is
narrowed to reading. What begins with ``inside+`` shows its token from within a session's process tree."""

READS = frozenset({"local", "approver", "auditor", "admin", "login", "reader"})
AUDITS = frozenset({"local", "auditor", "admin"})
MANAGES = frozenset({"local", "admin"})
DECIDES = frozenset({"local", "approver", "admin", "login"})
MINE = frozenset({"session", "agent"})
KNOWN = EVERYBODY - {"nobody"}

POLICY_TEXT = "version: 1\nname: a\nrules: [{id: all-ask, match: {tool: psql}, decision: approve}]\n"
POLICY_FILES = {"top": "a.yaml", "files": {"a.yaml": POLICY_TEXT}}
POLICY = {"policy": "a.yaml", "files": {"a.yaml": POLICY_TEXT}, "group": "agents"}

PROCESS = {"processes": [{"pid": 9, "start": 9}]}
FACTS = {"id": "session-new0", "identity": "x@y", "started": 1.0}


@dataclass(frozen=True)
class Line:
    """Whoever is in `may` is let through; all others are refused. `owner` says whose thing it is about."""

    method: str
    path: str
    may: frozenset[str]
    owner: str = ""
    body: object = None


TABLE = [
    Line("GET", "/health", EVERYBODY),
    Line("GET", "/ready", EVERYBODY),
    Line("GET", "/metrics", AUDITS),
    Line("GET", "/v1/health", EVERYBODY),
    Line("GET", "/v1/identity/providers", EVERYBODY),
    Line("GET", "/v1/keys", EVERYBODY),
    Line("GET", "/v1/policy?nonce=" + "0" * 32, KNOWN - {"ended"}),
    Line("GET", "/v1/policies", READS),
    Line("GET", "/v1/policies/{version}", READS),
    Line("POST", "/v1/policies", MANAGES, body=POLICY),
    Line("POST", "/v1/policies/{version}/assignment", MANAGES, body={"group": "agents"}),
    Line("POST", "/v1/policies/withdrawal?group=agents", MANAGES),
    Line("GET", "/v1/whoami", KNOWN),
    Line("POST", "/v1/logout", KNOWN),
    Line("GET", "/v1/tokens", MANAGES),
    Line("POST", "/v1/tokens", MANAGES, body={"name": "new", "role": "agent"}),
    Line("DELETE", "/v1/tokens/{id}", MANAGES),
    Line("GET", "/v1/sessions", KNOWN - {"inside", "ended", "inside+approver", "inside+admin", "inside+login"}),
    Line(
        "POST",
        "/v1/sessions",
        frozenset({"local", "inside", "agent", "admin", "inside+approver", "inside+admin", "inside+login"}),
        body={"session": FACTS},
    ),
    Line("GET", "/v1/sessions/{id}", READS | MINE, "own"),
    Line("GET", "/v1/sessions/{id}", READS, "other"),
    Line("GET", "/v1/sessions/{id}/events", READS | MINE, "own"),
    Line("GET", "/v1/sessions/{id}/events", READS, "other"),
    Line("GET", "/v1/sessions/{id}/recording", READS | MINE, "own"),
    Line("GET", "/v1/sessions/{id}/recording", READS, "other"),
    Line("POST", "/v1/sessions/{id}/events", MINE, "own", {"events": []}),
    Line("POST", "/v1/sessions/{id}/events", frozenset(), "other", {"events": []}),
    Line("POST", "/v1/sessions/{id}/processes", MINE, "own", PROCESS),
    Line("POST", "/v1/sessions/{id}/processes", frozenset(), "other", PROCESS),
    Line("POST", "/v1/sessions/{id}/revocation", MANAGES, "own"),
    Line("POST", "/v1/sessions/{id}/revocation", MANAGES, "other"),
    Line("POST", "/v1/sessions/{id}/hold", AUDITS, "own", {}),
    Line("POST", "/v1/sessions/{id}/hold", AUDITS, "other", {}),
    Line("POST", "/v1/sessions/{id}/release", AUDITS, "own", {}),
    Line("POST", "/v1/sessions/{id}/release", AUDITS, "other", {}),
    Line("POST", "/v1/sessions/{id}/events/lines", MINE, "own"),
    Line("POST", "/v1/sessions/{id}/events/lines", frozenset(), "other"),
    Line("GET", "/v1/search", KNOWN - {"inside", "ended", "inside+approver", "inside+admin", "inside+login"}),
    Line("GET", "/v1/approvals", KNOWN - {"inside", "ended", "inside+approver", "inside+admin", "inside+login"}),
    Line("POST", "/v1/approvals", MINE, "own", {"session": OWN, "digest": "b" * 64}),
    Line("POST", "/v1/approvals", frozenset(), "other", {"session": OTHER, "digest": "b" * 64}),
    Line("GET", "/v1/approvals/{id}", READS | MINE, "own"),
    Line("GET", "/v1/approvals/{id}", READS, "other"),
    Line("POST", "/v1/approvals/{id}/decision", DECIDES, "own", {"approve": True}),
    Line("POST", "/v1/approvals/{id}/decision", DECIDES, "other", {"approve": True}),
    Line("POST", "/v1/approvals/{id}/cancel", frozenset({"session"}), "own", {}),
    Line("POST", "/v1/approvals/{id}/cancel", frozenset(), "other", {}),
    Line("POST", "/v1/approvals/{id}/consume", frozenset({"session"}), "own", {"digest": "a" * 64}),
    Line("POST", "/v1/approvals/{id}/consume", frozenset(), "other", {"digest": "a" * 64}),
    Line("POST", "/v1/approvals/{id}/withdrawal", DECIDES, "own", {}),
    Line("POST", "/v1/approvals/{id}/withdrawal", DECIDES, "other", {}),
    Line("GET", "/v1/grants", KNOWN - {"inside", "ended", "inside+approver", "inside+admin", "inside+login"}),
    Line("POST", "/v1/grants/{id}/revocation", DECIDES | {"agent"}, body={}),
    Line("GET", "/v1/notices", MANAGES),
    Line("GET", "/v1/audit/verify", AUDITS),
    Line("GET", "/v1/audit/trail", AUDITS),
    Line("GET", "/v1/audit/heads", AUDITS),
    Line("GET", "/v1/audit/export", AUDITS),
    Line("GET", "/v1/audit/evidence?since=0&until=1", AUDITS),
]

ELSEWHERE = {("POST", "/v1/login"), ("GET", "/v1/approvals/stream")}
"""Routes whose caller proves who it is in the body, and that never end: `test_identity.py` and `test_feed.py`."""


@dataclass
class World:
    """An API with two sessions that run, one that has ended, and an approval that waits in each of the two."""

    app: FastAPI
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[tuple[str, str], str] = field(default_factory=dict)

    def ask(self, line: Line, who: str) -> httpx.Response:
        noun = line.path.split("/")[2] if line.path.count("/") > 1 else ""
        path = line.path.replace("{id}", self.ids.get((noun, line.owner), "none")).replace("{version}", "1")
        peer = PEERS.get(who.partition("+")[0])
        shown = self.tokens.get(who.rpartition("+")[2])
        headers = {"authorization": f"Bearer {shown}"} if shown else {}

        async def application(scope, receive, send) -> None:
            if peer is not None and scope["type"] == "http":
                scope["state"] = {**scope.get("state", {}), "peer": peer}
            await self.app(scope, receive, send)

        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(application, raise_app_exceptions=False)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
                return await client.request(line.method, path, json=line.body, headers=headers)

        return asyncio.run(go())


@pytest.fixture
def world(store: Store, make, tmp_path: Path) -> Iterator[World]:
    world = World(create_app(store, SessionTrees(), Notifier(), Config(keys=tmp_path / "keys")))
    content = packed(**POLICY_FILES)
    store.policies.publish(KeyRing(tmp_path / "keys"), content, opened(content), Wish("x", "agents"), "")
    for role in Role:
        token, secret = store.tokens.issue(role.value, role, ("dba",))
        world.tokens[role.value] = secret.reveal()
    world.ids["tokens", ""] = token.id
    world.tokens["reader"] = store.tokens.issue("reader", Role.AUDITOR, scopes=[Permission.READ])[1].reveal()
    login = Login("ann@corp.example", "corp:user-1", ("dba",), GRANTS[Role.APPROVER], "proof")
    world.tokens["login"] = store.tokens.log_in(login, 2**33)[1].reveal()
    for session, identity, owner in (
        (OWN, "a@own", "token:agent"),
        (OTHER, "a@other", "token:else"),
        (ENDED, "e", "x"),
    ):
        secret = store.sessions.open(make.facts(session, identity=identity), owner)
        world.tokens[session] = secret.reveal()
        if session != ENDED:
            name = "own" if session == OWN else "other"
            facts = {"reach": REACH, "changes": REACH}
            request = make.request(store, session=session, requester=identity, owner=owner, facts=facts)
            world.ids["approvals", name] = store.approvals.request(request).id
            world.ids["sessions", name] = session
    request = make.request(
        store,
        session=OWN,
        requester="a@own",
        owner="token:agent",
        digest="f" * 64,
        facts={"grant": 60.0, "grant_scope": ["rule:x"], "groups": ["dba"]},
    )
    store.approvals.decide(store.approvals.request(request).id, "bob", True, grant=30.0)
    world.ids["grants", ""] = store.grants.all()[0].id
    world.tokens["session"], world.tokens["ended"] = world.tokens[OWN], world.tokens[ENDED]
    store.sessions.revoke(ENDED, "test")
    yield world


def test_nobody_does_what_the_role_may_not(world: World) -> None:
    for line in TABLE:
        for who in sorted(EVERYBODY - line.may):
            status = world.ask(line, who).status_code
            assert status == (401 if who == "nobody" else 403), (line, who)


@pytest.mark.parametrize("who", sorted(EVERYBODY))
def test_everybody_does_what_the_role_may(world: World, who: str) -> None:
    """What has been done already, by an earlier line, is a conflict and no refusal."""
    for line in sorted(TABLE, key=lambda line: line.path in ("/v1/logout", "/v1/sessions/{id}/revocation")):
        if who in line.may and line.method != "DELETE":
            answer = world.ask(line, who)
            assert answer.status_code in (200, 201, 204, 409), (line, who)
            if who not in READS:
                assert REACH not in answer.text, (line, who)
            elif line.method == "GET" and line.path.startswith("/v1/approvals"):
                assert REACH in answer.text, (line, who)


def test_every_route_has_its_lines(world: World) -> None:
    routes = {(method.upper(), path) for path, item in world.app.openapi()["paths"].items() for method in item}
    known = {(line.method, line.path.partition("?")[0]) for line in TABLE}
    assert known | ELSEWHERE == routes
    for method, path in known:
        if path.startswith(("/v1/sessions/{id}", "/v1/approvals/{id}")):
            owners = {line.owner for line in TABLE if (line.method, line.path) == (method, path)}
            assert owners == {"own", "other"}, (method, path)
