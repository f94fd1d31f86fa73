"""A store in a temporary directory, chains of events, and a real server on a unix socket."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import warm
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from integration.servers import postgres
from sqlalchemy import URL, Engine, NullPool, create_engine, make_url, text

from guardcli.api import migrations
from guardcli.api.archive.objects import Objects
from guardcli.api.archive.ring import Ring
from guardcli.api.archive.segments import Segments
from guardcli.api.notify import RECHECK_SECONDS
from guardcli.api.store import Store
from guardcli.api.store.appended import Appended
from guardcli.api.store.approvals import Request
from guardcli.api.store.database import open_database, prepare, writing
from guardcli.client.api import ApiClient
from guardcli.model.events import GENESIS, Event, EventType, chained

BACKENDS = ("sqlite", "postgresql")

TEMPLATE = "guard_template"

TIME = "2026-01-01T00:00:00.000000Z"


WHOLE = """
SELECT to_regclass('alembic_version') IS NOT NULL AND NOT EXISTS (
    SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
)
"""
"""Whether a database has kept its schema's version, and nobody else uses it."""

SHAPE = """
SELECT (SELECT string_agg(version_num, ' ') FROM alembic_version) || (
    SELECT string_agg(concat_ws(' ', relname, relkind, relnatts, relchecks, relhastriggers), ',' ORDER BY relname)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
) || (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace)
"""
"""Changes with each table, column, index, trigger and function that is added or taken away."""

EMPTIED = """
DO $$ DECLARE one name; has boolean; BEGIN
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', one) INTO has;
        IF has THEN EXECUTE format('TRUNCATE %I RESTART IDENTITY', one); END IF;
    END LOOP;
END $$
"""


class Databases:
    """Empty databases, and ones with guard's schema, on the SQLite and the PostgreSQL of one test run."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._server = URL.create(
            "postgresql+psycopg",
            environment["PGUSER"],
            database=environment["PGDATABASE"],
            query={"host": environment["PGHOST"]},
        )
        self._admin = create_engine(self._server, isolation_level="AUTOCOMMIT")
        self._made = 0
        self._create(TEMPLATE)
        self._given_back: list[str] = []
        engine = open_database(self.url(TEMPLATE))
        prepare(engine)
        with engine.connect() as connection:
            self._shape = connection.execute(text(SHAPE)).scalar_one()
        engine.dispose()

    def url(self, name: str) -> str:
        return self._server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)

    def _create(self, name: str, template: str = "template1") -> None:
        with self._admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))

    def new(self, template: str = "template1") -> str:
        self._made += 1
        name = f"guard{self._made}"
        self._create(name, template)
        return self.url(name)

    def lend(self) -> str:
        """Give a database with guard's schema and nothing in it: one that was given back, or a new one."""
        return self._given_back.pop() if self._given_back else self.new(TEMPLATE)

    def give_back(self, url: str) -> None:
        """Empty a database for whoever is next; one that somebody still uses, or that was altered, is dropped."""
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
        with engine.begin() as connection:
            whole = connection.execute(text(WHOLE)).scalar_one()
            fits = whole and connection.execute(text(SHAPE)).scalar_one() == self._shape
            if fits:
                connection.execute(text(EMPTIED))
        if fits:
            self._given_back.append(url)
        else:
            self.drop(url)

    def drop(self, url: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {url.rpartition('/')[2].partition('?')[0]} WITH (FORCE)"))

    def close(self) -> None:
        self._admin.dispose()


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    with postgres() as environment:
        made = Databases(environment)
        yield made
        made.close()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def database(request: pytest.FixtureRequest, backend: str, directory: Path) -> Iterator[str]:
    """Give the URL of a database without a table."""
    if backend == "sqlite":
        yield f"sqlite:///{directory / 'guard.db'}"
        return
    databases: Databases = request.getfixturevalue("databases")
    url = databases.new()
    yield url
    databases.drop(url)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of SQLite with guard's schema, to be copied."""
    path = tmp_path_factory.mktemp("prepared") / "guard.db"
    engine = open_database(f"sqlite:///{path}")
    prepare(engine)
    engine.dispose()
    return path


@contextmanager
def with_schema(request: pytest.FixtureRequest, backend: str, directory: Path) -> Iterator[str]:
    """Give the URL of a database with guard's schema and nothing in it."""
    if backend == "sqlite":
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('prepared'), directory / 'guard.db')}"
        return
    databases: Databases = request.getfixturevalue("databases")
    url = databases.lend()
    yield url
    databases.give_back(url)


@pytest.fixture
def empty(request: pytest.FixtureRequest, backend: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without a table, on each backend in turn."""
    directory = tmp_path / "empty"
    directory.mkdir()
    with database(request, backend, directory) as url:
        yield url


@pytest.fixture(scope="module", params=BACKENDS)
def shared_empty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database without a table that the tests of a module share, on each backend in turn."""
    with database(request, request.param, tmp_path_factory.mktemp("empty")) as url:
        yield url


@pytest.fixture
def store(request: pytest.FixtureRequest, backend: str, tmp_path: Path) -> Iterator[Store]:
    """A store on each backend in turn."""
    with with_schema(request, backend, tmp_path) as url:
        engine = open_database(url)
        yield Store.over(engine, segments(tmp_path))
        engine.dispose()


def step(engine: Engine, revision: str) -> None:
    """Take one step of the migrations on what lies there as it was before it."""
    script = ScriptDirectory(str(Path(migrations.__file__).parent)).get_revision(revision)
    with writing(engine) as connection, Operations.context(MigrationContext.configure(connection)):
        script.module.upgrade()


def segments(directory: Path) -> Segments:
    """Return recordings in a directory, with identities of their own."""
    return Segments(Objects((directory / "recordings").as_uri()), Ring(directory / "recordings.key"))


def facts(id: str = "session-0001", **changes: object) -> dict[str, object]:
    return {
        "id": id,
        "identity": "agent@test",
        "groups": ["agents"],
        "command": ["sh", "-c", "true"],
        "cwd": "/work",
        "host": "here",
        "policy": "pack:default",
        "policy_digest": "d" * 64,
        "started": 1000.0,
        **changes,
    }


class Chain:
    """Makes the events of one session, with a recording."""

    def __init__(self, session: str = "session-0001") -> None:
        self.session = session
        self.items: list[Appended] = []
        self.recorded = 0

    @property
    def events(self) -> list[Event]:
        return [item.event for item in self.items]

    def add(self, type: EventType, data: dict[str, object] | None = None, call: int = 0) -> Appended:
        return self._append(type, data or {}, call, None)

    def output(self, content: bytes, call: int = 0) -> Appended:
        digest = hashlib.sha256(content).hexdigest()
        data = {"offset": self.recorded, "length": len(content), "sha256": digest}
        self.recorded += len(content)
        return self._append(EventType.OUTPUT, data, call, content)

    def add_at(self, time: str, type: EventType, data: dict[str, object], call: int = 0) -> Appended:
        return self._append(type, data, call, None, time)

    def _append(
        self, type: EventType, data: dict[str, object], call: int, content: bytes | None, time: str = TIME
    ) -> Appended:
        previous = self.items[-1].event.hash if self.items else GENESIS
        event = chained(self.session, len(self.items), time, type, call, data, previous)
        self.items.append(Appended(event, content))
        return self.items[-1]


def usual(session: str = "session-0001") -> Chain:
    """Return a session of two calls, closed."""
    chain = Chain(session)
    chain.add(EventType.OPENED, facts(session))
    chain.output(json.dumps({"version": 2, "width": 80, "height": 24}).encode() + b"\n")
    for call in (1, 2):
        chain.add(EventType.JUDGED, {"verdict": "deny" if call == 2 else "allow", "command": "psql"}, call)
        chain.output(json.dumps([call * 10.0, "o", f"line {call}\r\n"]).encode() + b"\n", call)
        chain.output(json.dumps([call * 10.5, "o", "é\r\n"], ensure_ascii=False).encode() + b"\n", call)
    chain.add(EventType.CLOSED, {"status": 0, "calls": 2})
    return chain


def request(store: Store, digest: str = "a" * 64, **changes: object) -> Request:
    values: dict[str, object] = {
        "session": "session-0001",
        "requester": "agent@test",
        "owner": "local:tester",
        "digest": digest,
        "quorum": 1,
        "lifetime": 600.0,
        "facts": {"tool": "psql", "command": "psql -c x", "effects": ["write"]},
    }
    return Request(**{**values, **changes})  # type: ignore[arg-type]


class Server:
    """A server of its own process; `kill` and `start` as often as a test likes."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self.socket = directory / "api.sock"
        self.database = directory / "guard.db"
        self.options = options or ("--uds", str(self.socket))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        self.log = open(self.directory / "api.log", "ab")  # noqa: SIM115
        command = ["api", "serve", *self.options, "--database", str(self.database)]
        env = {"GUARD_API_STATE": str(self.directory), **os.environ}
        if "--workers" in self.options:  # prometheus_client asks how many there are when it is loaded
            command = [sys.executable, "-m", "guardcli", *command]
            self.process = subprocess.Popen(command, stderr=self.log, stdin=subprocess.DEVNULL, env=env)
        else:
            self.process = warm.Guard(command, stderr=self.log, stdin=subprocess.DEVNULL, env=env)
        wait_until(self._answers)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.directory / "api.log").read_text()
        if "--uds" not in self.options:
            return b'"listening"' in (self.directory / "api.log").read_bytes()
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        self.log.close()
        return self.process.wait(60)

    def client(self) -> ApiClient:
        return ApiClient(self.url)

    def token(self, role: str, name: str) -> str:
        """Issue a token as its administrator does, with the program."""
        command = ["api", "token", "create", "--role", role, "--name", name, "--database", str(self.database)]
        issued = warm.run(command, capture_output=True, text=True, timeout=600)
        issued.check_returncode()
        return str(issued.stdout).strip()


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def woken(act: Callable[[int], None]) -> bool:
    """Tell whether one of three times `act` took less than it takes to look again; it is told which time it is.

    Waking is no promise: a machine that is busy, or a bus that is just being connected, may miss it once.
    """
    for number in range(3):
        began = time.monotonic()
        act(number)
        if time.monotonic() - began < RECHECK_SECONDS:
            return True
    return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("api"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def client(server: Server) -> Iterator[ApiClient]:
    found = server.client()
    yield found
    found.close()


@pytest.fixture(scope="session")
def make() -> type[_Make]:
    return _Make


class _Make:
    """What tests make of: importable by no name, since test directories are no packages."""

    facts = staticmethod(facts)
    Chain = Chain
    EventType = EventType
    usual = staticmethod(usual)
    request = staticmethod(request)
    segments = staticmethod(segments)
    step = staticmethod(step)
    Server = Server
    wait_until = staticmethod(wait_until)
    woken = staticmethod(woken)
