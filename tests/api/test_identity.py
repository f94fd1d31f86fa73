"""Logging in by a provider's word, tokens by an admin's, and the end of both; each act is in the trail."""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from oidc_provider import OidcProvider, oidc_provider

from guardcli.api.ancestry import SessionTrees
from guardcli.api.app import create_app
from guardcli.api.config import Config
from guardcli.api.notify import Notifier
from guardcli.api.permissions import Permission, Role
from guardcli.api.store import Store
from guardcli.model.errors import ConflictError, DeniedError


@pytest.fixture(scope="module")
def oidc() -> Iterator[OidcProvider]:
    with warnings.catch_warnings(), oidc_provider() as running:
        warnings.filterwarnings("ignore", message="EdDSA is deprecated")
        yield running


@pytest.fixture
def config(oidc: OidcProvider) -> Config:
    grants = [
        {"role": "agent", "when": {"sub": "repo:corp/*"}},
        {"role": "agent", "when": {"groups": "g-*"}},
        {"role": "approver", "when": {"groups": "g-dba"}, "groups": ["dba"]},
        {"role": "admin", "when": {"groups": "g-admin"}},
    ]
    issuer = {"name": "corp", "issuer": oidc.issuer, "audience": ["guard"], "client": "cli", "grants": grants}
    limits = {"failed_logins": 5}
    return Config.model_validate({"issuers": [issuer], "open_metrics": True, "limits": limits})


@pytest.fixture
def app(store: Store, config: Config) -> FastAPI:
    return create_app(store, SessionTrees(), Notifier(), config)


def ask(app: FastAPI, method: str, path: str, token: str = "", body: object = None, **more: str) -> httpx.Response:
    headers = {**({"authorization": f"Bearer {token}"} if token else {}), **more}

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.request(method, path, json=body, headers=headers)

    return asyncio.run(go())


def logged_in(app: FastAPI, oidc: OidcProvider, **claims: object) -> str:
    answer = ask(app, "POST", "/v1/login", body={"token": oidc.token("EdDSA", jti=time.time_ns(), **claims)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def test_a_person_logs_in_and_out(app: FastAPI, store: Store, oidc: OidcProvider) -> None:
    listed = ask(app, "GET", "/v1/identity/providers").json()["providers"]
    assert [(one["name"], one["client"]) for one in listed] == [("corp", "cli")]
    token = logged_in(app, oidc)
    assert token.startswith("guard-login.")
    who = ask(app, "GET", "/v1/whoami", token).json()
    assert (who["kind"], who["name"], who["owner"]) == ("login", "ann@corp.example", "corp:user-1")
    assert (who["groups"], who["permissions"]) == (["dba"], ["decide", "open", "read"])
    assert ask(app, "GET", "/v1/sessions", token).status_code == 200
    assert ask(app, "POST", "/v1/logout", token).status_code == 204
    assert ask(app, "GET", "/v1/sessions", token).status_code == 401
    acts = [(entry.actor, entry.action) for entry in store.trail.entries()]
    assert acts == [("corp:user-1", "logged-in"), ("corp:user-1", "token-revoked")]


def test_one_proof_is_worth_one_login(app: FastAPI, oidc: OidcProvider) -> None:
    proof = oidc.token("EdDSA")
    assert ask(app, "POST", "/v1/login", body={"token": proof}).status_code == 201
    assert ask(app, "POST", "/v1/login", body={"token": proof}).status_code == 401


def test_a_login_ends(app: FastAPI, store: Store, oidc: OidcProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    from guardcli.api import auth

    token = logged_in(app, oidc)
    monkeypatch.setattr(auth, "now", lambda: time.time() + 9 * 3600)
    assert ask(app, "GET", "/v1/whoami", token).status_code == 401


def test_a_nonce_that_is_needed_is_needed(store: Store, config: Config, oidc: OidcProvider) -> None:
    issuer = config.issuers[0].model_copy(update={"need_nonce": True})
    app = create_app(store, SessionTrees(), Notifier(), config.model_copy(update={"issuers": (issuer,)}))
    proof = oidc.token("EdDSA", nonce="n-1")
    for body in ({"token": proof}, {"token": proof, "nonce": "n-2"}):
        assert ask(app, "POST", "/v1/login", body=body).status_code == 401
    assert ask(app, "POST", "/v1/login", body={"token": proof, "nonce": "n-1"}).status_code == 201


def test_a_workload_shows_its_issuers_token_and_opens_a_session(app: FastAPI, oidc: OidcProvider, make) -> None:
    token = oidc.token("ES256", sub="repo:corp/shop:ref:refs/heads/main", email=None)
    answer = ask(app, "POST", "/v1/sessions", token, {"session": make.facts()})
    assert answer.status_code == 201
    assert ask(app, "GET", "/v1/sessions/session-0001", answer.json()["token"]).status_code == 200
    other = oidc.token("ES256", sub="repo:evil/shop", groups=[])
    assert ask(app, "POST", "/v1/sessions", other, {"session": make.facts("session-0002")}).status_code == 401


def test_nobody_decides_for_an_agent_that_is_ones_own(app: FastAPI, store: Store, oidc: OidcProvider, make) -> None:
    """By the same login, by another of the same person, and through a service token that the person answers for."""
    ann, again = logged_in(app, oidc), logged_in(app, oidc)
    bob = logged_in(app, oidc, sub="user-2", email="bob@corp.example")
    _, bot = store.tokens.issue("bot", Role.AGENT, owner="corp:user-1")
    for number, opener in enumerate((ann, bot.reveal())):
        id = f"session-000{number}"
        own = ask(app, "POST", "/v1/sessions", opener, {"session": make.facts(id)}).json()["token"]
        asked = ask(app, "POST", "/v1/approvals", own, {"session": id, "digest": "a" * 64, "groups": ["dba"]}).json()
        for who, status in ((ann, 403), (again, 403), (own, 403), (bob, 200)):
            answer = ask(app, "POST", f"/v1/approvals/{asked['id']}/decision", who, {"approve": True})
            assert answer.status_code == status, answer.text


def test_tokens_are_issued_narrowed_and_revoked_by_an_admin(app: FastAPI, store: Store, oidc: OidcProvider) -> None:
    admin = logged_in(app, oidc, groups=["g-admin"], sub="root")
    body = {"name": "watch", "role": "auditor", "scopes": ["read"], "days": 1, "groups": ["x"], "owner": "corp:user-1"}
    issued = ask(app, "POST", "/v1/tokens", admin, body)
    assert issued.status_code == 201
    text, id = issued.json()["text"], issued.json()["token"]["id"]
    assert text.startswith("guard-service.") and text.rpartition(".")[2] not in str(issued.json()["token"])
    assert ask(app, "GET", "/v1/sessions", text).status_code == 200
    assert ask(app, "GET", "/v1/audit/trail", text).status_code == 403
    listed = {one["id"]: one for one in ask(app, "GET", "/v1/tokens", admin).json()["tokens"]}
    assert (listed[id]["state"], listed[id]["permissions"], listed[id]["used"] > 0) == ("valid", ["read"], True)
    assert ask(app, "POST", "/v1/tokens", admin, body).status_code == 409
    assert ask(app, "POST", "/v1/tokens", admin, {**body, "name": "n", "scopes": ["decide"]}).status_code == 409
    assert ask(app, "DELETE", f"/v1/tokens/{id}", admin).status_code == 204
    assert ask(app, "DELETE", f"/v1/tokens/{id}", admin).status_code == 409
    assert ask(app, "GET", "/v1/sessions", text).status_code == 401
    acts = [(entry.actor, entry.action, entry.subject) for entry in store.trail.entries(id)]
    assert acts == [("corp:root", "token-issued", id), ("corp:root", "token-revoked", id)]
    assert list(store.trail.faults()) == []


WRONG_TOKENS = [
    {"name": "", "role": "agent"},
    {"name": "a\nb", "role": "agent"},
    {"name": "\0", "role": "agent"},
    {"name": "x", "role": "king"},
    {"name": "x", "role": "agent", "days": -1},
    {"name": "x", "role": "agent", "scopes": ["all"]},
    {"name": "x" * 201, "role": "agent"},
    {"name": "x", "role": "agent", "more": 1},
]


@pytest.mark.parametrize("body", WRONG_TOKENS)
def test_a_token_that_makes_no_sense_is_not_issued(app: FastAPI, store: Store, body: dict[str, object]) -> None:
    _, admin = store.tokens.issue("admin", Role.ADMIN)
    assert ask(app, "POST", "/v1/tokens", admin.reveal(), body).status_code == 422


def test_a_sessions_token_ends_with_the_session(app: FastAPI, store: Store, make) -> None:
    own = store.sessions.open(make.facts(), "token:x").reveal()
    chain = make.usual()
    events = [{"event": item.event.as_json(), "content": _content(item.content)} for item in chain.items]
    body = {"events": [{name: value for name, value in one.items() if value is not None} for one in events]}
    assert ask(app, "POST", "/v1/sessions/session-0001/events", own, body).json() == {"acknowledged": len(events)}
    again = ask(app, "POST", "/v1/sessions/session-0001/events", own, body)
    assert again.json() == {"acknowledged": len(events)}, "an answer that was lost may be asked for again"
    for method, path in (("GET", "/v1/sessions"), ("GET", "/v1/sessions/session-0001"), ("GET", "/v1/approvals")):
        assert ask(app, method, path, own).status_code == 403
    wanted = {"session": "session-0001", "digest": "a" * 64}
    assert ask(app, "POST", "/v1/approvals", own, wanted).status_code == 403


def _content(content: bytes | None) -> str | None:
    import base64

    return None if content is None else base64.b64encode(content).decode()


def test_a_session_that_was_ended_by_an_admin_asks_for_nothing_and_uses_nothing(store: Store, make) -> None:
    store.sessions.open(make.facts(), "local:tester")
    approval = store.approvals.request(make.request(store))
    store.approvals.decide(approval.id, "bob", True, "")
    store.sessions.revoke("session-0001", "admin")
    with pytest.raises(DeniedError, match="ended"):
        store.approvals.consume(approval.id, "a" * 64, "session-0001")
    with pytest.raises(DeniedError, match="ended"):
        store.approvals.request(make.request(store, digest="b" * 64))
    with pytest.raises(ConflictError):
        store.sessions.revoke("session-0001", "admin")
    assert store.events.append("session-0001", make.usual().items, "x") == 9, "its record still comes in"


def test_a_sessions_token_ends_after_a_long_silence(
    app: FastAPI, store: Store, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from guardcli.api import auth

    own = store.sessions.open(make.facts(), "token:x").reveal()
    monkeypatch.setattr(auth, "now", lambda: time.time() + 13 * 3600)
    assert ask(app, "GET", "/v1/sessions", own).status_code == 401


def test_attempts_that_fail_too_often_are_not_looked_at(app: FastAPI, store: Store, oidc: OidcProvider) -> None:
    token, good = store.tokens.issue("good", Role.AUDITOR)
    bad = f"guard-service.{token.id}." + "0" * 64
    statuses = [ask(app, "GET", "/v1/sessions", bad).status_code for _ in range(8)]
    assert statuses == [401] * 5 + [429] * 3
    assert ask(app, "GET", "/v1/sessions", good.reveal()).status_code == 429, "guessing at this token is over"
    _, other = store.tokens.issue("other", Role.AUDITOR)
    assert ask(app, "GET", "/v1/sessions", other.reveal()).status_code == 200
    logins = [ask(app, "POST", "/v1/login", body={"token": "a.b.c"}).status_code for _ in range(7)]
    assert logins == [401] * 5 + [429] * 2
    assert 'guard_logins_refused_total{reason="token"} 5.0' in ask(app, "GET", "/metrics").text


def test_who_is_counted_behind_a_proxy_is_whom_it_speaks_for(store: Store, config: Config) -> None:
    limits = config.limits.model_copy(update={"trusted_proxies": ("127.0.0.1",)})
    app = create_app(store, SessionTrees(), Notifier(), config.model_copy(update={"limits": limits}))
    for forged in ("6.6.6.6, 1.1.1.1", "1.1.1.1"):
        for _ in range(5):
            ask(app, "GET", "/v1/sessions", "a.b.c", **{"x-forwarded-for": forged})
    assert ask(app, "GET", "/v1/sessions", "a.b.c", **{"x-forwarded-for": "7.7.7.7, 1.1.1.1"}).status_code == 429
    assert ask(app, "GET", "/v1/sessions", "a.b.c", **{"x-forwarded-for": "1.1.1.1, 2.2.2.2"}).status_code == 401


def test_without_an_issuer_nobody_logs_in(store: Store) -> None:
    app = create_app(store, SessionTrees(), Notifier())
    assert ask(app, "POST", "/v1/login", body={"token": "a.b.c"}).status_code == 401
    assert ask(app, "GET", "/v1/whoami", "a.b.c").status_code == 401


def test_a_logins_token_is_no_services(app: FastAPI, oidc: OidcProvider) -> None:
    token = logged_in(app, oidc)
    assert ask(app, "GET", "/v1/whoami", token.replace("guard-login", "guard-service")).status_code == 401
    assert Permission.MANAGE.value not in ask(app, "GET", "/v1/whoami", token).json()["permissions"]
