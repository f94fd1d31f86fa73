"""Killed at any moment, a worker or PostgreSQL itself: what was acknowledged is there, and the chain holds."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from integration.servers import find_server, postgres

from guardcli.api.store import Store
from guardcli.api.store.database import open_database
from guardcli.api.store.verification import verify
from guardcli.api.workers import SHORT_LIVES, SHORT_SECONDS
from guardcli.client.api import ApiClient
from guardcli.model.approvals import ApprovalState
from guardcli.model.errors import ConflictError, UnavailableError
from guardcli.model.events import EventType

CALLS = int(os.environ.get("GUARD_TEST_CRASH_CALLS", "60"))
"""Batches of each of two uploaders, and an approval for each five of them; scripts/soak makes them 10,000 together."""

SECONDS = 600.0 + CALLS
"""How long they may take, with what is killed meanwhile."""


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Uploader:
    """Sends events and approvals until all are acknowledged, and notes what was."""

    def __init__(self, client: ApiClient, make, number: int) -> None:
        self.id = f"session-{number:04}"
        self.client, self.chain = client, make.Chain(self.id)
        self.own = client.with_token(self._until(lambda: client.create_session(make.facts(self.id))))
        self.acknowledged = 0
        self.used: list[str] = []
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _until(self, act: Callable):
        while True:
            try:
                return act()
            except UnavailableError:
                time.sleep(0.05)

    def _run(self) -> None:
        for call in range(CALLS):
            items = [self.chain.add(EventType.JUDGED, {"verdict": "allow"}, call), self.chain.output(b"x" * 100, call)]
            batch = [(item.event, item.content) for item in items]
            self.acknowledged = self._until(lambda batch=batch: self.own.append_events(self.id, batch))
            if call % 5 == 0:
                self._approve(f"{call:060x}{self.id[-4:]}")

    def _approve(self, digest: str) -> None:
        id = self._until(lambda: self.own.request_approval(self.id, digest)).id
        self._settled(lambda: self.client.decide_approval(id, True))
        self._settled(lambda: self.own.consume_approval(id, digest))
        self.used.append(id)

    def _settled(self, act: Callable) -> None:
        """Do it; a conflict says that it was done and the answer lost, for the client tries twice: `check` looks."""
        with suppress(ConflictError):
            self._until(act)


def kill_now_and_then(uploaders: list[Uploader], kills: int, least: float, most: float, kill: Callable) -> None:
    """Call `kill` so often, after pauses of `least` to `most` seconds, for as long as something is uploaded."""
    pick = random.Random(1)
    for _ in range(kills):
        time.sleep(pick.uniform(least, most))
        if not any(uploader.thread.is_alive() for uploader in uploaders):
            break
        kill()


def check(uploaders: list[Uploader], store: Store) -> None:
    end = time.monotonic() + SECONDS
    for uploader in uploaders:
        uploader.thread.join(max(0.0, end - time.monotonic()))
        assert not uploader.thread.is_alive()
        assert uploader.acknowledged == 2 * CALLS
        assert store.events.read(uploader.id, limit=10**6) == uploader.chain.events
        for id in uploader.used:
            assert store.approvals.get(id).state is ApprovalState.CONSUMED
            steps = [entry.action for entry in store.trail.entries(id)]
            assert steps == ["approval-requested", "approval-voted", "approval-approved", "approval-consumed"]
    assert verify(store).faults == []


def test_workers_that_are_killed_lose_nothing_that_was_acknowledged(empty: str, tmp_path: Path, make) -> None:
    server = make.Server(tmp_path, "--uds", str(tmp_path / "api.sock"), "--workers", "2")
    server.database = empty
    server.start()
    uploaders = [Uploader(server.client(), make, number) for number in range(2)]

    def kill() -> None:
        if victims := children(server.process.pid):
            os.kill(victims[0], signal.SIGKILL)  # the oldest: workers of short lives only, and the server gives up

    kills = CALLS // 15
    least = 0.3 if kills < SHORT_LIVES else SHORT_SECONDS * 0.7
    kill_now_and_then(uploaders, kills, least, least + 0.7, kill)
    engine = open_database(empty)
    check(uploaders, Store.over(engine, make.segments(server.directory)))
    engine.dispose()
    assert server.stop() == 0


def test_a_postgresql_that_is_killed_loses_nothing_that_was_acknowledged(tmp_path: Path, make) -> None:
    """kill -9 of the whole of it, started again on what it left; it flushes to the disk as it does for users."""
    with postgres("fsync=on") as env:
        database = Database(Path(env["PGHOST"]))
        url = f"postgresql://{env['PGUSER']}@/{env['PGDATABASE']}?host={database.host}"
        server = make.Server(tmp_path, "--uds", str(tmp_path / "api.sock"), "--workers", "2")
        server.database = url
        server.start()
        try:
            uploaders = [Uploader(server.client(), make, number) for number in range(2)]

            def kill() -> None:
                database.kill()
                database.start()

            kill_now_and_then(uploaders, CALLS // 30, 1.0, 1.0, kill)
            engine = open_database(url)
            check(uploaders, Store.over(engine, make.segments(server.directory)))
            engine.dispose()
        finally:
            stopped = server.stop()
            database.kill()
        assert stopped == 0
    log = [json.loads(line) for line in (tmp_path / "api.log").read_text().splitlines()]
    assert not [line for line in log if line["event"] == "unexpected failure"]


class Database:
    """A PostgreSQL that runs on what lies at `host`, to be killed and started again."""

    def __init__(self, host: Path) -> None:
        self.host = host
        self.process: subprocess.Popen[bytes] | None = None

    def kill(self) -> None:
        """End all of it at once, and wait until it is gone."""
        pid = int((self.host / "data" / "postmaster.pid").read_text().split()[0])
        group = [pid, *children(pid)]
        for one in group:
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if self.process is not None:
            self.process.wait(60)
        limit = time.monotonic() + 60
        while any(alive(one) for one in group):
            assert time.monotonic() < limit
            time.sleep(0.02)
        # Its locks name a process that the fixture, its parent, has not waited for yet, so that it seems to be there.
        for lock in (self.host / "data" / "postmaster.pid", self.host / ".s.PGSQL.5432.lock"):
            lock.unlink(missing_ok=True)

    def start(self) -> None:
        """Start it, and wait until it has recovered."""
        user = [] if os.getuid() else ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        options = ["-k", str(self.host), "-c", "listen_addresses=", "-c", "log_min_messages=fatal"]
        program = find_server("postgres")
        assert program
        command = [*user, program, "-D", str(self.host / "data"), *options]
        self.process = subprocess.Popen(command, cwd=self.host, stderr=subprocess.DEVNULL)
        limit = time.monotonic() + 60
        while subprocess.run(["pg_isready", "-q", "-h", str(self.host)], check=False).returncode:
            assert time.monotonic() < limit
            time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
