"""Approvals as server-sent events: each change once, to those who may see it, until they leave or their token ends."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import requests

from guardcli.api.ancestry import SessionTrees
from guardcli.api.app import create_app
from guardcli.api.notify import Notifier
from guardcli.api.permissions import Role
from guardcli.api.store import Store
from guardcli.api.store.database import open_database, prepare
from guardcli.client.api import ApiClient
from guardcli.model.secrets import Secret


class Central:
    """A server with two workers on TCP, and the store behind it."""

    def __init__(self, make, directory: Path, database: str) -> None:
        self.server = make.Server(directory, "--port", "0", "--workers", "2")
        self.server.database = database
        engine = open_database(database)
        prepare(engine)
        self.store = Store.over(engine, make.segments(directory))
        self.server.start()
        lines = (directory / "api.log").read_text().splitlines()
        port = next(json.loads(line)["port"] for line in lines if '"listening"' in line)
        self.url = f"http://127.0.0.1:{port}"

    def token(self, role: Role, *groups: str) -> str:
        return self.store.tokens.issue(os.urandom(4).hex(), role, groups)[1].reveal()

    def close(self) -> None:
        self.server.stop()
        self.store.engine.dispose()


@pytest.fixture
def central(
    make, empty: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Central]:
    monkeypatch.setenv("GUARD_API_LIMITS__STOP_SECONDS", "600")
    found = Central(make, tmp_path_factory.mktemp("central"), empty)
    yield found
    found.close()


class Listener:
    """Collects the approvals of one stream as (id, state)."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"authorization": f"Bearer {token}"}
        self.answer = requests.get(f"{url}/v1/approvals/stream", headers=headers, stream=True, timeout=60)
        self.seen: list[tuple[str, str]] = []
        self.told: set[str] = set()
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self) -> None:
        try:
            for line in self.answer.iter_lines(chunk_size=1):
                if line.startswith(b"data: "):
                    form = json.loads(line[6:])
                    self.seen.append((form["id"], form["state"]))
                    self.told.add(form["reach"])
        except requests.RequestException:
            return


def test_a_change_reaches_all_who_may_see_it_once_whichever_worker_they_ask(central: Central, make) -> None:
    token = central.token(Role.AGENT)
    agent = ApiClient(central.url, Secret(token))
    own = agent.with_token(agent.create_session(make.facts()))
    first = own.request_approval("session-0001", "a" * 64, reach="seven rows").id
    approver = central.token(Role.APPROVER)
    listeners = [Listener(central.url, approver) for _ in range(6)]
    stranger = Listener(central.url, central.token(Role.AGENT))
    mine = Listener(central.url, token)
    make.wait_until(lambda: all(listener.seen for listener in [*listeners, mine]))
    second = own.request_approval("session-0001", "b" * 64, reach="seven rows").id
    reviewer = ApiClient(central.url, Secret(approver))
    reviewer.decide_approval(first, False, "no")
    wanted = {(first, "pending"), (first, "denied"), (second, "pending")}
    make.wait_until(lambda: all(set(listener.seen) == wanted for listener in [*listeners, mine]))
    time.sleep(0.2)
    assert all(len(listener.seen) == 3 for listener in listeners), [listener.seen for listener in listeners]
    assert stranger.seen == []
    assert [listener.told for listener in [*listeners, mine]] == [{"seven rows"}] * 6 + [{""}]
    assert central.server.stop() == 0, "a stop lets listeners go, long before it would cut them off"
    for listener in [*listeners, mine, stranger]:
        listener.thread.join(60)
        assert not listener.thread.is_alive(), "a stop lets listeners go"
        listener.answer.close()
    for client in (agent, own, reviewer):
        client.close()


@pytest.mark.parametrize("role", [None, "ended"])
def test_a_stream_is_for_those_who_may_list(store: Store, make, role: str | None) -> None:
    headers = {}
    if role:
        secret = store.sessions.open(make.facts(), "token:x")
        store.sessions.revoke("session-0001", "admin")
        headers = {"authorization": f"Bearer {secret.reveal()}"}
    app = create_app(store, SessionTrees(), Notifier())

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
            return await asyncio.wait_for(client.get("/v1/approvals/stream", headers=headers), 90)

    assert asyncio.run(ask()).status_code == (403 if role else 401)
