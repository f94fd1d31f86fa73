"""Every request is counted and logged, with who and how long, and without anything secret."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from guardcli.api.ancestry import SessionTrees
from guardcli.api.app import create_app
from guardcli.api.config import Config
from guardcli.api.notify import Notifier
from guardcli.api.server import JsonLines
from guardcli.api.store import Store
from guardcli.api.store.tokens import Role


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What the API logs, as it goes to stderr."""
    found: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(JsonLines().format(record))

    log, keep = logging.getLogger("guard.api"), Keep()
    log.addHandler(keep)
    before = log.level
    log.setLevel(logging.INFO)
    yield found
    log.removeHandler(keep)
    log.setLevel(before)


def ask(app: FastAPI, method: str, path: str, **options: object) -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.request(method, path, **options)  # type: ignore[arg-type]

    return asyncio.run(go())


def test_a_request_is_logged_with_who_and_without_secrets(store: Store, lines: list[str], make) -> None:
    app = create_app(store, SessionTrees(), Notifier())
    _, token = store.tokens.issue("ci", Role.AGENT)
    headers = {"authorization": f"Bearer {token.reveal()}", "x-request-id": "abc-1"}
    body = {"session": make.facts("session-0001", cwd="/hunter2")}
    answer = ask(app, "POST", "/v1/sessions?x=hunter2", headers=headers, json=body)
    assert answer.status_code == 201
    assert answer.headers["x-request-id"] == "abc-1"
    (line,) = (json.loads(line) for line in lines)
    assert (line["event"], line["method"], line["route"], line["status"]) == ("request", "POST", "/v1/sessions", 201)
    assert (line["who"], line["request"]) == ("token:ci", "abc-1")
    secret = answer.json()["token"].rpartition(".")[2]
    for hidden in (token.reveal().rpartition(".")[2], secret, "hunter2"):
        assert hidden not in "".join(lines)


def test_ids_do_not_become_routes(store: Store, lines: list[str], make) -> None:
    app = create_app(store, SessionTrees(), Notifier(), Config(open_metrics=True))
    for path in ("/v1/sessions/session-0001", "/v1/sessions/session-0002/events", "/v1/nothing/here"):
        ask(app, "GET", path)
    text = ask(app, "GET", "/metrics").text
    routes = set(re.findall(r'guard_http_requests_total\{.*route="([^"]*)"', text))
    assert routes == {"/v1/sessions/{id}", "/v1/sessions/{id}/events", "none"}
    assert "session-000" not in text


@pytest.mark.parametrize("id", ["a b", "x" * 65, 'a"b', "a\u00e9"])
def test_an_odd_request_id_is_replaced(store: Store, id: str) -> None:
    app = create_app(store, SessionTrees(), Notifier())
    answer = ask(app, "GET", "/v1/health", headers={b"x-request-id": id.encode("latin-1")})
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])


def test_what_is_asked_every_few_seconds_is_not_logged(store: Store, lines: list[str]) -> None:
    app = create_app(store, SessionTrees(), Notifier(), Config(open_metrics=True))
    for path in ("/health", "/ready", "/metrics", "/v1/health"):
        assert ask(app, "GET", path).status_code == 200
    assert lines == []


def test_a_server_without_a_database_lives_and_is_not_ready(store: Store, lines: list[str]) -> None:
    app = create_app(store, SessionTrees(), Notifier())
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    assert ask(app, "GET", "/health").status_code == 200
    answer = ask(app, "GET", "/ready")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert answer.json()["checks"]["database"] != "ok"
