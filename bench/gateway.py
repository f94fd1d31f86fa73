"""PostgreSQL straight, behind a plain TCP-style proxy, behind pgbouncer, and behind guard's gateway, in one run.

``python bench/gateway.py [SECONDS]`` with the time of each run of pgbench. Everything goes over unix sockets and in
turn, inside one session of guard for each policy: one without masks, one with two masked columns and every detector.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "tests")]

from stage import Stage, Table, machine  # noqa: E402 - the measurements lie beside this file

from guardcli.broker.spool_frames import KEY_BYTES, FrameReader  # noqa: E402
from guardcli.broker.spool_reader import read_shipped  # noqa: E402

SECONDS = 4
ROUNDS = 3
SUSTAINED = 4
ROWS = 500_000
STATEMENTS = 2000
PORT = 5432
TABLE = (
    f"CREATE TABLE people AS SELECT n AS id, 'person ' || n AS name, 'p' || n || '@example.com' AS email, "
    f"'born in ' || (1950 + n % 60) AS note, md5(n::text) AS token FROM generate_series(1, {ROWS}) AS n"
)
QUERY = "SELECT id, name, email, note, token FROM people"

POLICY = """
version: 1
name: bench
resources:
  bench:
    {{kind: postgres, host: {host}, dbname: postgres, credential: "file:{file}", expose: PGHOST,
     options: {{user: app}}}}
rules:
  - {{id: all, match: {{tool: psql, effects: [read, session]}}, decision: allow}}
{mask}"""
MASKS = """
mask:
  - {columns: [people.email, people.name], with: partial}
  - {detect: [credentials, personal, machines], with: redact}
"""

PROXY = """
import asyncio, sys, uvloop
class Server(asyncio.Protocol):
    def __init__(self, client): self.client = client
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data): self.client.write(data)
    def connection_lost(self, error): self.client.close()
class Client(asyncio.Protocol):
    server = None
    def connection_made(self, transport):
        self.transport, self.early = transport, []
        asyncio.ensure_future(self.connect())
    async def connect(self):
        loop = asyncio.get_running_loop()
        self.server, _ = await loop.create_unix_connection(lambda: Server(self.transport), sys.argv[1])
        for data in self.early: self.server.write(data)
    def data_received(self, data):
        self.server.write(data) if self.server else self.early.append(data)
    def connection_lost(self, error):
        if self.server: self.server.close()
async def main():
    await (await asyncio.get_running_loop().create_unix_server(Client, sys.argv[2])).serve_forever()
uvloop.run(main())
"""


@contextmanager
def started(argv: list[str], path: Path) -> Iterator[None]:
    """Run a program until the end of the block, from when its socket is there."""
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 20
        while not path.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{argv[0]} does not start")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def between(server: str, root: Path) -> Iterator[dict[str, str]]:
    """Yield the directories of sockets of what stands in front of the server for comparison."""
    hosts = {"straight to the server": server}
    root.chmod(0o755)
    proxy = root / "proxy"
    proxy.mkdir()
    name = f".s.PGSQL.{PORT}"
    with started([sys.executable, "-c", PROXY, f"{server}/{name}", f"{proxy}/{name}"], proxy / name):
        hosts["plain proxy (asyncio, uvloop)"] = str(proxy)
        pgbouncer = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        if pgbouncer is None:
            yield hosts
            return
        pool = root / "pool"
        pool.mkdir(mode=0o777)
        pool.chmod(0o777)
        config = root / "pgbouncer.ini"
        config.write_text(
            f"[databases]\n* = host={server} port={PORT} user=app\n[pgbouncer]\nauth_type = any\nlisten_addr =\n"
            f"unix_socket_dir = {pool}\nlisten_port = {PORT}\npool_mode = session\n"
            f"ignore_startup_parameters = extra_float_digits\nauth_file = /dev/null\n"
            + ("" if os.getuid() else "user = nobody\n")
        )
        with started([pgbouncer, str(config)], pool / name):
            hosts["pgbouncer, pool_mode=session"] = str(pool)
            yield hosts


def program(name: str) -> str:
    """Return the path of the real program, not of a shim or a wrapper."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(found[0]) if found else str(shutil.which(name))


def pgbench(host: str, mode: str, seconds: int) -> tuple[float, int]:
    """Return the transactions a second of one client that only selects, and how many there were."""
    argv = [program("pgbench"), "-S", "-n", "-T", str(seconds), "-M", mode, "-h", host, "-U", "app", "postgres"]
    out = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    return float(re.search(r"tps = ([\d.]+)", out)[1]), int(re.search(r"processed: (\d+)", out)[1])  # type: ignore[index]


def rows(host: str) -> float:
    """Return the seconds that psql takes for all rows as text."""
    began = time.perf_counter()
    argv = [program("psql"), "-XAt", "-h", host, "-U", "app", "-d", "postgres", "-c", QUERY]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        lines = 0
        while chunk := os.read(process.stdout.fileno(), 1 << 20):  # type: ignore[union-attr]
            lines += chunk.count(b"\n")
    if lines != ROWS:
        raise SystemExit(f"{lines} rows came from {host}")
    return time.perf_counter() - began


def latencies(host: str) -> float:
    """Return the median seconds of one trivial statement."""
    import psycopg

    taken = []
    with psycopg.connect(host=host, user="app", dbname="postgres", autocommit=True) as connection:
        for _ in range(STATEMENTS):
            began = time.perf_counter()
            connection.execute("SELECT 1").fetchone()
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def listener(path: str) -> int:
    """Return the process that listens at a unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(path)
        pid: int = struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    return pid


def memory(host: str) -> float:
    """Return the resident megabytes of the process that listens there."""
    status = Path(f"/proc/{listener(f'{host}/.s.PGSQL.{PORT}')}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def processor(pid: int) -> float:
    """Return the processor seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def recorded(root: Path) -> tuple[int, int]:
    """Return how many events of the session are recorded, and how many of them the API has not acknowledged."""
    (events,) = root.glob("state/**/events")
    frames, count = FrameReader(events, bytes(KEY_BYTES)), 0  # which are counted, not opened
    while frames.skip() is not None:
        count += 1
    frames.close()
    return count, count - read_shipped(events.parent)


def settled(root: Path) -> float:
    """Return the seconds until the API has all that is recorded."""
    began = time.perf_counter()
    while recorded(root)[1]:
        time.sleep(0.05)
    return time.perf_counter() - began


def sustained(gateway: str, root: Path, seconds: int) -> dict[str, float]:
    """Return what goes on beside statements that follow on each other for several seconds, and after them."""
    settled(root)
    sides = {"broker": listener(f"{gateway}/.s.PGSQL.{PORT}"), "API": listener(f"{root}/run/api.sock")}
    before = {name: processor(pid) for name, pid in sides.items()}
    events = recorded(root)[0]
    _, statements = pgbench(gateway, "simple", SUSTAINED * seconds)
    count, backlog = recorded(root)
    found = {"statements": statements, "events": count - events, "backlog": backlog, "drained": settled(root)}
    return found | {name: processor(pid) - before[name] for name, pid in sides.items()}


def inside(hosts: Mapping[str, str], seconds: int, masked: bool, root: Path) -> None:
    """Be the agent: measure everything in turn and print the best of each as JSON."""
    gateway = os.environ["PGHOST"]
    every = {**hosts, "guard's gateway": gateway}
    found: dict[str, dict[str, float]] = {name: {} for name in every}
    found["guard's gateway"]["memory before"] = memory(gateway)
    for _ in range(ROUNDS):
        for name, host in every.items():
            of = found[name]
            of["rows"] = min(of.get("rows", 1e9), rows(host))
            if masked:
                continue
            for mode in ("simple", "extended", "prepared"):
                of[mode] = max(of.get(mode, 0.0), pgbench(host, mode, seconds)[0])
            of["latency"] = min(of.get("latency", 1e9), latencies(host))
    found["guard's gateway"]["memory after"] = memory(gateway)
    if not masked:
        found["guard's gateway"] |= sustained(gateway, root, seconds)
    print(json.dumps(found))


def session(server: str, hosts: Mapping[str, str], seconds: int, masked: bool) -> dict[str, dict[str, float]]:
    """Measure inside one session of guard."""
    with Stage() as stage:
        policy, file = stage.root / "policy.yaml", stage.root / "password"
        file.write_text("none is needed")
        file.chmod(0o600)
        policy.write_text(POLICY.format(host=server, file=file, mask=MASKS if masked else ""))
        stage.env["GUARD_POLICY"] = str(policy)
        arguments = [json.dumps(hosts), str(seconds), "masked" if masked else "plain", str(stage.root)]
        found: dict[str, dict[str, float]] = json.loads(
            stage.run(sys.executable, str(HERE / "gateway.py"), "inside", *arguments)
        )
        return found


def measure(seconds: int = SECONDS) -> Table:
    """Run everything and return the table."""
    from integration.servers import postgres

    before = machine()
    with postgres() as env, TemporaryDirectory(prefix="gb", dir="/tmp") as root:
        server = env["PGHOST"]
        full = {**os.environ, **env}
        subprocess.run([program("psql"), "-XAtqc", TABLE], env=full, check=True)
        subprocess.run([program("pgbench"), "-i", "-q", "-s", "10"], env=full, check=True, capture_output=True)
        with between(server, Path(root)) as hosts:
            plain = session(server, hosts, seconds, masked=False)
            masked = session(server, hosts, seconds, masked=True)
    names = list(plain)
    base = plain[names[0]]
    table = []
    for name in names:
        of = plain[name]
        cells = [f"{of[mode]:.0f} ({100 * of[mode] / base[mode]:.0f} %)" for mode in ("simple", "extended", "prepared")]
        cells.append(f"{of['latency'] * 1000:.3f} (+{(of['latency'] - base['latency']) * 1000:.3f})")
        cells.append(f"{ROWS / of['rows'] / 1000:.0f} ({100 * base['rows'] / of['rows']:.0f} %)")
        table.append([name, *cells])
    last = masked[names[-1]]
    share = 100 * masked[names[0]]["rows"] / last["rows"]
    cells = ["", "", "", "", f"{ROWS / last['rows'] / 1000:.0f} ({share:.0f} %)"]
    table.append(["the same, two columns masked, every detector", *cells])
    of = plain[names[-1]]
    notes = [
        f"`python bench/gateway.py {seconds}` on {before}. PostgreSQL, its clients and what stands between share the "
        f"cores; best of {ROUNDS}, all in turn. pgbench with one client that only selects, a trivial statement by "
        f"psycopg (median of {STATEMENTS}), and {ROWS} rows of text through `psql -At`. The broker held "
        f"{of['memory before']:.0f} MB before and {of['memory after']:.0f} MB after {ROUNDS} × {ROWS} rows.",
        f"What is recorded goes to the API meanwhile, on the same cores. After {SUSTAINED * seconds} s of simple "
        f"statements, {of['statements']} of them with {of['events']} events, {of['backlog']} events waited for the "
        f"API, and none {of['drained']:.1f} s later. Of the processor a statement cost "
        f"{1e6 * of['broker'] / of['statements']:.0f} µs in the broker, shipping included, and "
        f"{1e6 * of['API'] / of['statements']:.0f} µs in the API.",
    ]
    header = ["", "simple, 1/s", "extended, 1/s", "prepared, 1/s", "one statement, ms", "1000 rows/s"]
    return Table("PostgreSQL through the gateway", notes, header, table)


if __name__ == "__main__":
    if sys.argv[1:2] == ["inside"]:
        inside(json.loads(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "masked", Path(sys.argv[5]))
    else:
        print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS).markdown())
