"""A gateway between a client and a real PostgreSQL, on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest
from integration import servers

from guardcli.gateways.postgres.codec.backend import error
from guardcli.gateways.postgres.codec.frames import FROM_CLIENT, FROM_SERVER_BUT_DATA, Frame, Splitter
from guardcli.gateways.postgres.codec.frontend import Query, decode_frontend
from guardcli.gateways.postgres.codec.limits import BACKEND, FRONTEND
from guardcli.gateways.postgres.contract import Opening, Refused, Step
from guardcli.gateways.postgres.server import Gateway
from guardcli.gateways.postgres.target import Target

T = TypeVar("T")


class Plain:
    """A conversation that lets everything pass, message by message; ``-- wait`` in a statement waits for `release`."""

    def __init__(self, opening: Opening, keeper: PlainKeeper) -> None:
        self.opening, self._keeper = opening, keeper
        self._client, self._server = Splitter(FRONTEND), Splitter(BACKEND)
        self._held: bytes = b""
        self.settings: Mapping[str, str] = {}
        self.reason = ""
        self.looked = 0

    def begin(self, settings: Mapping[str, str]) -> Step:
        self.settings = settings
        return Step()

    def passes_to_server(self, chunk: bytes) -> bool:
        return False

    def passes_to_client(self, chunk: bytes) -> bool:
        return False

    def passed(self) -> None:
        raise AssertionError("nothing passes by itself here")

    def from_client(self, chunk: bytes) -> Step:
        self._client.feed(chunk)
        return self._pass_client(Step())

    def _pass_client(self, step: Step) -> Step:
        while (piece := self._client.take(FROM_CLIENT)) is not None:
            assert isinstance(piece, Frame)
            message = decode_frontend(piece)
            if isinstance(message, Query) and b"-- wait" in message.text:
                self._held = piece.raw
                step.client_wait = self._keeper.release()
                return step
            step.to_server.append(piece.raw)
        return step

    def from_server(self, chunk: bytes) -> Step:
        self._server.feed(chunk)
        step = Step()
        while (piece := self._server.take(FROM_SERVER_BUT_DATA)) is not None:
            step.to_client.append(piece.raw)
        return step

    def client_goes_on(self, result: object) -> Step:
        held, self._held = self._held, b""
        return self._pass_client(Step(to_server=[held]))

    def server_goes_on(self, result: object) -> Step:
        return Step()

    @property
    def client_is_full(self) -> bool:
        return False

    @property
    def between(self) -> bool:
        return self._server.between

    def unanswered(self) -> Step:
        self.looked += 1
        return Step()

    def cancelled(self) -> Step:
        if self._held:
            self._held = b""
            told = error("ERROR", "57014", "the wait was cancelled").encode() + b"Z\0\0\0\5I"
            return self._pass_client(Step(to_client=[told], drop_wait=True))
        return Step(cancel=True)

    def end(self, sqlstate: str, message: str) -> Step:
        told = [error("FATAL", sqlstate, message).encode()] if self.between else []
        return Step(to_client=told, cancel=True, end=True)

    def closed(self, reason: str) -> None:
        assert not self.reason, "closed comes once"
        self.reason = reason or "?"


class PlainKeeper:
    """Lets everybody in but the user ``nobody``."""

    def __init__(self) -> None:
        self.met: list[Plain] = []
        self.released = asyncio.Event()

    async def release(self) -> None:
        await self.released.wait()

    async def admit(self, opening: Opening) -> Plain:
        if opening.parameters["user"] == "nobody":
            raise Refused("not you", "be somebody")
        self.met.append(Plain(opening, self))
        return self.met[-1]

    def masked(self, text: str) -> str:
        return text.replace("hush", "[HUSH]")


class Stage:
    """An event loop in a thread, and what runs on it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self._gateways: list[Gateway] = []

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the loop; return what it gives."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def gateway(self, target: Target, **options: Any) -> tuple[Gateway, PlainKeeper]:
        """Start a gateway on the socket of port 5432 in the stage's directory."""
        keeper = PlainKeeper()
        made = Gateway(target, keeper, **options)
        self._gateways.append(made)
        self.do(made.listen(f"{self.directory}/.s.PGSQL.5432"))
        return made, keeper

    def close(self) -> None:
        """End everything; fail where something is left on the loop."""

        async def end() -> list[asyncio.Task[Any]]:
            for gateway in self._gateways:
                await gateway.close()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            return list((await asyncio.wait(left, timeout=50))[1]) if left else []

        left = self.do(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(60)
        self.loop.close()
        assert not left, left


@pytest.fixture
def stage() -> Iterator[Stage]:
    directory = Path(tempfile.mkdtemp(prefix="gw", dir="/tmp"))
    made = Stage(directory)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def real_server() -> Iterator[dict[str, str]]:
    """A real PostgreSQL on a unix socket, trusting everybody."""
    with servers.postgres() as env:
        yield env


@pytest.fixture
def psql() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return what runs the real psql to its end: ``psql(host, *arguments, env={…}, input=…)``."""
    program = servers.find_server("psql")

    def run(host: object, *arguments: str, env: Mapping[str, str] = {}, **options: Any) -> Any:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        settings = {"PGUSER": "app", "PGDATABASE": "postgres", "PGHOST": str(host), "PGCONNECT_TIMEOUT": "20", **env}
        options = {"text": True, "capture_output": True, "timeout": 600, **options}
        return subprocess.run([program, "-X", "-At", *arguments], env={**clean, **settings}, **options)

    return run


@pytest.fixture
def wait_until() -> Callable[[Callable[[], Any]], Any]:
    """Return what waits for something to come true, and fails when it does not."""

    def wait(condition: Callable[[], Any]) -> Any:
        until = time.monotonic() + 60
        while not (found := condition()):
            assert time.monotonic() < until, "waited in vain"
            time.sleep(0.02)
        return found

    return wait
