"""A throw-away PostgreSQL: a unix socket in a private directory, no network, a user without rights, made-up people."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from guardcli.demo.stage import Stage, child, wait_until
from guardcli.model.errors import UnavailableError

PEOPLE = (
    ("Ada Example", "ada@example.com", "4111 1111 1111 1111"),
    ("Bruno Muster", "bruno@example.net", "5555 5555 5555 4444"),
    ("Chidi Sample", "chidi@example.org", "4012 8888 8888 1881"),
    ("Dana Przyklad", "dana@example.com", "5105 1051 0510 5100"),
)
"""Nobody: reserved domains (RFC 2606), and the card numbers that payment networks publish for tests."""

TABLE = "CREATE TABLE people (id serial PRIMARY KEY, name text, email text, card text, paid boolean DEFAULT false);"
SPEED = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=16MB", "listen_addresses=")
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/lib/postgresql*/bin", "/usr/libexec/postgresql*")
UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Database:
    """A running server. `env` is what a client needs to reach it."""

    env: Mapping[str, str]
    version: str

    def query(self, statement: str) -> str:
        """Return what the server answers to the demo itself, past guard."""
        return _psql(self.env, statement)


def server_programs() -> Path | None:
    """Return the directory of PostgreSQL's server programs, the newest where there are several."""
    found = [Path(path).resolve().parent for path in [shutil.which("initdb")] if path]
    for place in PLACES:
        found += sorted(Path("/").glob(place[1:]), reverse=True)
    return next(
        (path for path in found if all(os.access(path / name, os.X_OK) for name in ("initdb", "postgres"))), None
    )


@contextmanager
def open_database(stage: Stage, programs: Path) -> Iterator[Database]:
    """Run a server below the stage's directory, filled, and end it with the block. Raises UnavailableError."""
    user = _other_user()
    directory = stage.directory / "db"
    directory.mkdir(mode=0o700)
    if user is not None:
        os.chown(directory, user, -1)
    data, log = directory / "data", stage.directory / "postgres.log"
    quiet = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    made = subprocess.run(
        [programs / "initdb", "-D", data, "-U", "demo", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"],
        env=quiet,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        user=user,
        extra_groups=None if user is None else [],
    )
    if made.returncode:
        raise UnavailableError("PostgreSQL's initdb failed", hint=made.stderr.strip().replace("\n", " / "))
    settings = [part for setting in (*SPEED, f"unix_socket_directories={directory}") for part in ("-c", setting)]
    # SIGINT is PostgreSQL's fast shutdown
    with child([str(programs / "postgres"), "-D", str(data), *settings], quiet, log, user, signal.SIGINT) as server:
        env = {**stage.env, "PGHOST": str(directory), "PGUSER": "demo", "PGDATABASE": "postgres"}
        wait_until(lambda: _answers(env), server, log, "the PostgreSQL")
        rows = ", ".join(f"('{name}', '{email}', '{card}')" for name, email, card in PEOPLE)
        _psql(env, f"{TABLE} INSERT INTO people (name, email, card) VALUES {rows}")  # noqa: S608 - from the constant above
        yield Database(env, _psql(env, "SHOW server_version").split()[0])


def _other_user() -> int | None:
    """Return the unprivileged user to run a server as, since PostgreSQL refuses root; None for the present one."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise UnavailableError("no unprivileged user to run PostgreSQL as", hint="run guard demo as a user other than root")


def _answers(env: Mapping[str, str]) -> bool:
    done = subprocess.run(["pg_isready", "-q"], env=env) if shutil.which("pg_isready") else None
    if done is not None and done.returncode:
        return False
    try:
        return _psql(env, "SELECT 1") == "1"
    except UnavailableError:
        return False


def _psql(env: Mapping[str, str], statement: str) -> str:
    done = subprocess.run(
        ["psql", "-XAtqc", statement], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        raise UnavailableError("the demo's PostgreSQL does not answer", hint=done.stderr.strip())
    return done.stdout.strip()
