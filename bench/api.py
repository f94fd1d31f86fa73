"""The central API on PostgreSQL: events taken in, approvals decided, clients that wait.

``python bench/api.py [--events 60000] [--approvals 1200] [--waiting 2000] [--workers 2] [--clients 4]
[--seal-events]``; 0 leaves a part out. Server, database and clients share the machine. PostgreSQL runs as it comes,
each commit flushed to the disk. Beside the time on the clock, which other work on the machine disturbs, stands the
processor time of each side, and what two cores would give at that price.
"""

from __future__ import annotations

import argparse
import asyncio
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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import requests
from stage import Table, machine

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from integration.servers import postgres

from guardcli.api.archive.opening import segments_of
from guardcli.api.config import Config
from guardcli.api.permissions import Role
from guardcli.api.store import Store
from guardcli.api.store.approvals import Request
from guardcli.api.store.database import open_database, prepare
from guardcli.model.events import GENESIS, EventType, chained

CORES = 2
BATCH = 500
DELIVERED = 200
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Central:
    """A server that runs, and the store behind it."""

    url: str
    port: int
    store: Store
    process: subprocess.Popen[bytes]
    postmaster: int

    def token(self, role: Role) -> str:
        """Issue a token."""
        return self.store.tokens.issue(os.urandom(4).hex(), role)[1].reveal()

    def memory(self) -> float:
        """Return what all of the server's processes hold together, in MB (PSS)."""
        return sum(_pss(pid) for pid in self.pids()) / 1e6

    def pids(self) -> list[int]:
        """Return the server's processes."""
        return [self.process.pid, *_children(self.process.pid)]

    def database_pids(self) -> list[int]:
        """Return PostgreSQL's processes."""
        return [self.postmaster, *_children(self.postmaster)]


@dataclass
class Spent:
    """Processor seconds of the API, of PostgreSQL and of the clients, which are this process and its children."""

    api: float
    database: float
    clients: float

    @staticmethod
    def so_far(api: Central) -> Spent:
        """Return what was spent until now. Workers of either that ended meanwhile count with who started them."""
        own = os.times()
        mine = own.user + own.system + own.children_user + own.children_system
        return Spent(sum(map(_cpu, api.pids())), sum(map(_cpu, api.database_pids())), mine)

    def since(self, before: Spent) -> Spent:
        """Return the difference."""
        return Spent(self.api - before.api, self.database - before.database, self.clients - before.clients)

    def cells(self, count: int) -> list[str]:
        """Return microseconds for each of `count` on every side, and how many a second `CORES` would give."""
        each = [1e6 * part / count for part in (self.api, self.database, self.clients)]
        return [*(f"{part:.0f}" for part in each), f"{CORES * 1e6 / max(1.0, sum(each)):,.0f}"]


def _cpu(pid: int) -> float:
    """Return the processor seconds of a process and of its children that ended; none where it has ended itself."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


@contextlib.contextmanager
def central(workers: int, seals: bool) -> Iterator[Central]:
    """Run PostgreSQL and the API with so many workers; with `seals` what events say is sealed as well."""
    with postgres("fsync=on") as env, tempfile.TemporaryDirectory(prefix="gba", dir="/tmp") as directory:
        url = f"postgresql://{env['PGUSER']}@/{env['PGDATABASE']}?host={env['PGHOST']}"
        engine = open_database(url)
        prepare(engine)
        kept = segments_of(Config(state=Path(directory)), engine.url)
        log, port = Path(directory) / "log", _free_port()
        command = [sys.executable, "-m", "guardcli", "api", "serve", "--port", str(port), "--workers", str(workers)]
        settings = {"GUARD_API_LOG__REQUESTS": "false", "GUARD_API_DATABASE": url, "GUARD_STATE_DIR": directory}
        settings |= {"GUARD_API_ENCRYPTION__EVENTS": "true"} if seals else {}
        root = str(Path(__file__).resolve().parents[1])
        with log.open("wb") as out:
            env_ = {**os.environ, **settings, "PYTHONPATH": root}
            process = subprocess.Popen(command, stderr=out, env=env_)
        try:
            base = f"http://127.0.0.1:{port}"
            for _ in range(8 * workers):  # until every worker has answered, as good as surely
                _until_ready(base, process)
            yield Central(base, port, Store.over(engine, kept), process, _postmaster(env["PGHOST"]))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            engine.dispose()


def _free_port() -> int:
    from integration.servers import free_port

    return free_port()


def _until_ready(base: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"{base}/ready", timeout=60).status_code == 200:
                return
        time.sleep(0.05)
    raise SystemExit("the API ended by itself")


def _postmaster(host: str) -> int:
    """Return the process that listens on the socket in the directory `host`."""
    [lock] = Path(host).glob(".s.PGSQL.*.lock")
    return int(lock.read_text().split()[0])


BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def batches(session: str, count: int) -> Iterator[tuple[int, bytes]]:
    """Give bodies of up to `BATCH` events, as a broker sends them, with how many these are.

    They are calls of psql of four events each: ``judged``, ``started``, ``output`` with its stretch, and ``ended``.
    """
    previous, position, parts = GENESIS, 0, []
    for sequence in range(count):
        call, kind = sequence // 4 + 1, sequence % 4
        content = b""
        if kind == 0:
            type, data = EventType.JUDGED, _judged(call)
        elif kind == 1:
            type, data = EventType.STARTED, {"program": "/usr/lib/postgresql/15/bin/psql"}
        elif kind == 2:
            shown = f" id | name\\r\\n {call} | order number {call} of many\\r\\n(1 row)\\r\\n"
            content = f'[{call}.5, "o", "{shown}"]\n'.encode()
            digest = hashlib.sha256(content).hexdigest()
            type, data = EventType.OUTPUT, {"offset": position, "length": len(content), "sha256": digest}
            position += len(content)
        else:
            streams = {
                "stdout": {"bytes": len(content), "sha256": "a" * 64},
                "stderr": {"bytes": 0, "sha256": "b" * 64},
            }
            type, data = EventType.ENDED, {"status": 0, "seconds": 0.031415, "streams": streams}
        moment = (BEGAN + timedelta(milliseconds=7 * sequence)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        event = chained(session, sequence, moment, type, call, data, previous)
        previous = event.hash
        parts += [event.line(), content]
        if len(parts) == 2 * BATCH or sequence == count - 1:
            yield len(parts) // 2, b"".join(parts)
            parts = []


def _judged(call: int) -> dict[str, object]:
    target = f"table:shop/public/orders_{call % 50}"
    operation = {"tool": "psql", "action": "select", "effects": ["read"], "targets": [target], "complete": True}
    return {
        "tool": "psql",
        "command": f"psql -At -h db -U app -d shop -c 'SELECT id, name FROM orders_{call % 50} WHERE id = {call}'",
        "argv_sha256": f"{call:064x}",
        "cwd": "/home/agent/project",
        "verdict": "allow",
        "rule": "reads",
        "message": "",
        "matched": ["reads"],
        "operations": [{**operation, "reason": ""}],
    }


def facts(session: str) -> dict[str, object]:
    """Return what a session says of itself when it begins."""
    return {"id": session, "identity": "agent@bench", "started": time.time()}


def _upload(url: str, token: str, number: int, count: int, start, results) -> None:
    session = f"session-{os.getpid()}-{number}"
    bodies = list(batches(session, count))
    with requests.Session() as client:
        headers = {"authorization": f"Bearer {token}"}
        opened = client.post(f"{url}/v1/sessions", json={"session": facts(session)}, headers=headers)
        headers = {"authorization": f"Bearer {opened.json()['token']}", "content-type": "application/octet-stream"}
        start.wait()
        start.wait()
        done = []
        for events, body in bodies:
            answer = client.post(f"{url}/v1/sessions/{session}/events/lines", data=body, headers=headers)
            answer.raise_for_status()
            done.append((time.monotonic(), events))
    results.put(done)


def together(clients: int, work: Callable[..., None], arguments: Callable[[int], tuple[object, ...]], api: Central):
    """Run `work` in so many processes at once; return what they found, when all began, and what was spent meanwhile.

    What a process does before it waits for the second time is not counted, but for the processor time of clients.
    """
    results, start = multiprocessing.Queue(), multiprocessing.Barrier(clients + 1)
    processes = [multiprocessing.Process(target=work, args=(*arguments(one), start, results)) for one in range(clients)]
    for process in processes:
        process.start()
    start.wait()
    before, clients_before = Spent.so_far(api), sum(_cpu(process.pid or 0) for process in processes)
    began = time.monotonic()
    start.wait()
    found = [results.get(timeout=3600) for _ in processes]
    for process in processes:
        process.join()
    spent = Spent.so_far(api).since(before)
    spent.clients -= clients_before
    return found, began, spent


def ingest(api: Central, events: int, clients: int) -> list[list[str]]:
    """Return rows on events taken in, over quarters of the time: whether it slows as the tables grow."""
    token = api.token(Role.AGENT)
    found, began, spent = together(clients, _upload, lambda number: (api.url, token, number, events // clients), api)
    moments = sorted(one for each in found for one in each)
    rows, last, taken = [], began, 0
    for quarter in range(4):
        share = moments[len(moments) * quarter // 4 : len(moments) * (quarter + 1) // 4]
        count = sum(events for _, events in share)
        rows.append([f"events, quarter {quarter + 1}", f"{count / (share[-1][0] - last):,.0f}", "", "", "", "", ""])
        last, taken = share[-1][0], taken + count
    rate = taken / (last - began)
    return [[f"events a second, {taken:,} in all", f"{rate:,.0f}", *spent.cells(taken), "≥ 5,000"], *rows]


def _decide(url: str, token: str, ids: list[str], start, results) -> None:
    where = urlsplit(url)
    client = HTTPConnection(where.hostname or "", where.port)  # one, kept open, as a reviewer's page has
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    start.wait()
    start.wait()
    for id in ids:
        client.request("POST", f"/v1/approvals/{id}/decision", b'{"approve": true}', headers)
        answer = client.getresponse()
        found = json.loads(answer.read())
        if (answer.status, found["state"]) != (200, "approved"):
            raise SystemExit(f"{answer.status}: {found}")
    results.put(time.monotonic())
    client.close()


def asked(api: Central, count: int) -> list[str]:
    """Return so many requests that wait."""
    run = os.urandom(4).hex()
    return [
        api.store.approvals.request(
            Request("session-none", f"agent-{number // 400}-{run}", "token:bench", f"{number:064x}", 1, 3600.0, {})
        ).id
        for number in range(count)
    ]


def decisions(api: Central, approvals: int, clients: int) -> list[list[str]]:
    """Return a row on approvals decided."""
    ids = asked(api, approvals)
    token = api.token(Role.APPROVER)
    ends, began, spent = together(clients, _decide, lambda number: (api.url, token, ids[number::clients]), api)
    rate = len(ids) / (max(ends) - began)
    return [[f"approvals decided a second, {approvals:,} in all", f"{rate:,.0f}", *spent.cells(len(ids)), "≥ 300"]]


async def _wait(port: int, token: str, id: str, arrived: dict[str, float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET /v1/approvals/{id}?wait=60 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
    writer.write(request.encode())
    await reader.readuntil(b"\r\n\r\n")
    arrived[id] = time.monotonic()
    writer.close()


async def _deliver(api: Central, ids: list[str]) -> tuple[float, list[float], list[float]]:
    """Return the server's memory, and the seconds of each decision until its answer and until its waiter had it."""
    reader, approver = api.token(Role.AUDITOR), api.token(Role.APPROVER)
    arrived: dict[str, float] = {}
    waiters = []
    for place, id in enumerate(ids):
        waiters.append(asyncio.create_task(_wait(api.port, reader, id, arrived)))
        if place % 50 == 49:
            await asyncio.sleep(0.2)
    await asyncio.sleep(8)
    held = api.memory()
    answers, delays = [], []
    with requests.Session() as client:
        headers = {"authorization": f"Bearer {approver}"}
        for id in ids[:: max(1, len(ids) // DELIVERED)]:
            place = f"{api.url}/v1/approvals/{id}/decision"
            began = time.monotonic()
            await asyncio.to_thread(client.post, place, json={"approve": False}, headers=headers)
            answers.append(time.monotonic() - began)
            while id not in arrived:
                await asyncio.sleep(0.001)
            delays.append(arrived[id] - began)
    for waiter in waiters:
        waiter.cancel()
    await asyncio.gather(*waiters, return_exceptions=True)
    return held, answers, delays


def waiting(api: Central, clients: int) -> list[list[str]]:
    """Return rows on so many clients that wait, each for a decision of its own."""
    held, answers, delays = asyncio.run(_deliver(api, asked(api, clients)))
    rows = [[f"memory with {clients:,} clients that wait, MB", f"{held:.0f}", "≤ 500"]]
    for name, taken, aim in (("until it is answered", answers, "–"), ("until its waiter has it", delays, "≤ 100")):
        p95 = statistics.quantiles(taken, n=20)[-1] * 1000
        rows.append([f"a decision {name}, median ms", f"{statistics.median(taken) * 1000:.0f}", "–"])
        rows.append([f"a decision {name}, p95 ms", f"{p95:.0f}", aim])
    return [[name, found, "", "", "", "", aim] for name, found, aim in rows]


def measure(options: argparse.Namespace) -> Table:
    """Measure all of it."""
    before, rows = machine(), []
    with central(options.workers, options.seal_events) as api:
        if options.events:
            rows += ingest(api, options.events, options.clients)
        if options.approvals:
            rows += decisions(api, options.approvals, options.clients)
        if options.waiting:
            rows += waiting(api, options.waiting)
    asked_for = f"--events {options.events} --approvals {options.approvals} --waiting {options.waiting}"
    notes = [
        f"`python bench/api.py {asked_for}` on {before}. PostgreSQL, {options.workers} workers and {options.clients} "
        f"clients share the machine; a batch has {BATCH} events, each verified in the chain, indexed, its recording "
        "sealed, and on the disk when acknowledged. A decision is one `POST` of a reviewer, answered: the token looked "
        "up, the vote of a quorum of one, the step to approved and their two entries in the trail, all on the disk; "
        "what was asked for, and its use, are not counted. Processor time in µs each; *at that price* is how "
        f"many a second {CORES} cores give."
    ]
    header = ["", "measured", "API", "PostgreSQL", "clients", "at that price", "aim"]
    return Table("The central API on PostgreSQL", notes, header, rows)


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the sizes asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, size in {"events": 60_000, "approvals": 1_200, "waiting": 2_000, "workers": 2, "clients": 4}.items():
        parser.add_argument(f"--{name}", type=int, default=size)
    parser.add_argument("--seal-events", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    print(measure(options()).markdown())
