"""The central API on PostgreSQL: events taken in, approvals decided, clients that wait.

``python bench/api.py [SECONDS]``. Server, database and clients share the machine. PostgreSQL runs as it comes, each
commit flushed to the disk.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests
from stage import Table, machine

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "integration"))
from servers import postgres

from guardcli.api.archive.opening import segments_of
from guardcli.api.config import Config
from guardcli.api.permissions import Role
from guardcli.api.store import Store
from guardcli.api.store.approvals import Request
from guardcli.api.store.database import open_database, prepare
from guardcli.model.events import GENESIS, EventType, chained

SECONDS = 6.0
WORKERS = 2
CLIENTS = 4
BATCH = 500
WAITING = 2000
DELIVERED = 200


@dataclass(frozen=True)
class Central:
    """A server that runs, and the store behind it."""

    url: str
    port: int
    store: Store
    process: subprocess.Popen[bytes]

    def token(self, role: Role) -> str:
        """Issue a token."""
        return self.store.tokens.issue(os.urandom(4).hex(), role)[1].reveal()

    def memory(self) -> float:
        """Return what all of the server's processes hold together, in MB (PSS)."""
        pids = [self.process.pid, *_children(self.process.pid)]
        return sum(_pss(pid) for pid in pids) / 1e6


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


@contextlib.contextmanager
def central() -> Iterator[Central]:
    """Run PostgreSQL and the API with `WORKERS` workers."""
    with postgres("fsync=on") as env, tempfile.TemporaryDirectory(prefix="gba", dir="/tmp") as directory:
        port = f"&port={env['PGPORT']}" if "PGPORT" in env else ""
        url = f"postgresql://{env['PGUSER']}@/{env['PGDATABASE']}?host={env['PGHOST']}{port}"
        engine = open_database(url)
        prepare(engine)
        kept = segments_of(Config(state=Path(directory)), engine.url)
        log = Path(directory) / "log"
        command = [sys.executable, "-m", "guardcli", "api", "serve", "--port", "0", "--workers", str(WORKERS)]
        settings = {"GUARD_API_LOG__REQUESTS": "false", "GUARD_API_DATABASE": url, "GUARD_STATE_DIR": directory}
        with log.open("wb") as out:
            process = subprocess.Popen(command, stderr=out, env={**os.environ, **settings})
        while '"listening"' not in log.read_text():
            time.sleep(0.05)
        listening = next(json.loads(line) for line in log.read_text().splitlines() if '"listening"' in line)
        try:
            time.sleep(3)
            yield Central(f"http://127.0.0.1:{listening['port']}", listening["port"], Store.over(engine, kept), process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
            engine.dispose()


def batches(session: str, count: int) -> list[bytes]:
    """Return bodies of `BATCH` events each, every tenth with a stretch of the recording."""
    found, previous, position = [], GENESIS, 0
    for start in range(0, count * BATCH, BATCH):
        items = []
        for sequence in range(start, start + BATCH):
            item: dict[str, object] = {}
            data: dict[str, object] = {"verdict": "allow", "command": "psql -c 'SELECT 1'", "rule": "reads"}
            kind = EventType.JUDGED
            if sequence % 10 == 9:
                kind, content = EventType.OUTPUT, b'[1.5, "o", "a line of output\\r\\n"]\n' * 4
                data = {"offset": position, "length": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                position += len(content)
                item["content"] = base64.b64encode(content).decode()
            event = chained(session, sequence, "2026-01-01T00:00:00.000000Z", kind, sequence // 10, data, previous)
            previous = event.hash
            items.append({**item, "event": event.as_json()})
        found.append(json.dumps({"events": items}).encode())
    return found


def facts(session: str) -> dict[str, object]:
    """Return what a session says of itself when it begins."""
    return {"id": session, "identity": "agent@bench", "started": time.time()}


def _upload(url: str, token: str, number: int, seconds: float, count: int, start, results) -> None:
    session = f"session-{os.getpid()}-{number}"
    bodies = batches(session, count)
    with requests.Session() as client:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        opened = client.post(f"{url}/v1/sessions", json={"session": facts(session)}, headers=headers)
        headers["authorization"] = f"Bearer {opened.json()['token']}"
        start.wait()
        began, done = time.monotonic(), []
        for body in bodies:
            answer = client.post(f"{url}/v1/sessions/{session}/events", data=body, headers=headers)
            answer.raise_for_status()
            done.append(time.monotonic() - began)
            if done[-1] > seconds:
                break
    results.put(done)


def ingest(api: Central, seconds: float) -> list[list[str]]:
    """Return rows on events taken in, over quarters of the time: whether it slows as the tables grow."""
    token = api.token(Role.AGENT)
    results = multiprocessing.Queue()
    start = multiprocessing.Barrier(CLIENTS)
    count = int(seconds * 12000 / BATCH / CLIENTS) + 1
    arguments = [(api.url, token, number, seconds, count, start, results) for number in range(CLIENTS)]
    clients = [multiprocessing.Process(target=_upload, args=one) for one in arguments]
    for client in clients:
        client.start()
    times = sorted(moment for _ in clients for moment in results.get())
    for client in clients:
        client.join()
    rows = []
    for quarter in range(4):
        share = times[len(times) * quarter // 4 : len(times) * (quarter + 1) // 4]
        before = times[len(times) * quarter // 4 - 1] if quarter else 0.0
        rate = len(share) * BATCH / (share[-1] - before)
        rows.append([f"events a second, quarter {quarter + 1}", f"{rate:.0f}", "≥ 5000"])
    whole = len(times) * BATCH / times[-1]
    return [[f"events a second, {len(times) * BATCH} in all", f"{whole:.0f}", "≥ 5000"], *rows]


def _decide(url: str, token: str, ids: list[str], start, results) -> None:
    with requests.Session() as client:
        headers = {"authorization": f"Bearer {token}"}
        start.wait()
        began = time.monotonic()
        for id in ids:
            client.post(f"{url}/v1/approvals/{id}/decision", json={"approve": True}, headers=headers).raise_for_status()
        results.put((began, time.monotonic()))


def asked(api: Central, count: int) -> list[str]:
    """Return so many requests that wait."""
    return [
        api.store.approvals.request(
            Request("session-none", f"agent-{number // 400}-{count}", "token:bench", f"{number:064x}", 1, 3600.0, {})
        ).id
        for number in range(count)
    ]


def decisions(api: Central, seconds: float) -> list[list[str]]:
    """Return a row on approvals decided."""
    ids = asked(api, int(seconds * 200))
    token = api.token(Role.APPROVER)
    results = multiprocessing.Queue()
    start = multiprocessing.Barrier(CLIENTS)
    arguments = [(api.url, token, ids[number::CLIENTS], start, results) for number in range(CLIENTS)]
    clients = [multiprocessing.Process(target=_decide, args=one) for one in arguments]
    for client in clients:
        client.start()
    spans = [results.get() for _ in clients]
    for client in clients:
        client.join()
    rate = len(ids) / (max(end for _, end in spans) - min(began for began, _ in spans))
    return [["approvals decided a second", f"{rate:.0f}", "≥ 300"]]


async def _wait(port: int, token: str, id: str, arrived: dict[str, float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET /v1/approvals/{id}?wait=60 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
    writer.write(request.encode())
    await reader.readuntil(b"\r\n\r\n")
    arrived[id] = time.monotonic()
    writer.close()


async def _deliver(api: Central, ids: list[str]) -> tuple[float, list[float]]:
    reader, approver = api.token(Role.AUDITOR), api.token(Role.APPROVER)
    arrived: dict[str, float] = {}
    waiters = []
    for place, id in enumerate(ids):
        waiters.append(asyncio.create_task(_wait(api.port, reader, id, arrived)))
        if place % 50 == 49:
            await asyncio.sleep(0.2)
    await asyncio.sleep(8)
    held = api.memory()
    delays = []
    with requests.Session() as client:
        headers = {"authorization": f"Bearer {approver}"}
        for id in ids[:: len(ids) // DELIVERED]:
            place = f"{api.url}/v1/approvals/{id}/decision"
            began = time.monotonic()
            await asyncio.to_thread(client.post, place, json={"approve": False}, headers=headers)
            while id not in arrived:
                await asyncio.sleep(0.001)
            delays.append(arrived[id] - began)
    for waiter in waiters:
        waiter.cancel()
    await asyncio.gather(*waiters, return_exceptions=True)
    return held, delays


def waiting(api: Central) -> list[list[str]]:
    """Return rows on `WAITING` clients that wait, each for a decision of its own."""
    held, delays = asyncio.run(_deliver(api, asked(api, WAITING)))
    p95 = statistics.quantiles(delays, n=20)[-1] * 1000
    return [
        [f"memory with {WAITING} clients that wait, MB", f"{held:.0f}", "≤ 500"],
        ["a decision, from being sent to its waiter, median ms", f"{statistics.median(delays) * 1000:.0f}", "–"],
        ["a decision, from being sent to its waiter, p95 ms", f"{p95:.0f}", "≤ 100"],
    ]


def measure(seconds: float = SECONDS) -> Table:
    """Measure all of it."""
    before = machine()
    with central() as api:
        rows = [*ingest(api, seconds), *decisions(api, seconds), *waiting(api)]
    notes = [
        f"`python bench/api.py {seconds:.0f}` on {before}. PostgreSQL, {WORKERS} workers and {CLIENTS} clients share",
        f"the machine; a batch has {BATCH} events, each verified in the chain, and is on the disk when acknowledged.",
    ]
    return Table("The central API on PostgreSQL", notes, ["", "measured", "aim"], rows)


if __name__ == "__main__":
    print(measure(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS).markdown())
