"""A real PostgreSQL server for the tests of SQL and psql."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVER = Path("/usr/lib/postgresql/15/bin")


def unprivileged() -> list[str]:
    """Return what to put before a command that must not run as root."""
    if os.geteuid():
        return []
    return ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]


class Cluster:
    """A throw-away server on a unix socket in its own directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "LC_ALL": "C.UTF-8"}

    def run(self, *command: str) -> None:
        """Run a server program and wait for it."""
        subprocess.run(
            [*unprivileged(), *command], check=True, env=self.environment, cwd=self.directory, stdout=subprocess.DEVNULL
        )

    def start(self) -> None:
        """Create the cluster and wait until it answers."""
        data = str(self.directory / "data")
        self.run(str(SERVER / "initdb"), "-D", data, "-U", "admin", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = (
            f"-k {self.directory} -c listen_addresses='' -c fsync=off -c autovacuum=off -c max_prepared_transactions=5"
        )
        self.run(str(SERVER / "pg_ctl"), "-D", data, "-o", options, "-l", str(self.directory / "log"), "-w", "start")

    def stop(self) -> None:
        """End the server."""
        self.run(str(SERVER / "pg_ctl"), "-D", str(self.directory / "data"), "-m", "immediate", "-w", "stop")

    @property
    def command(self) -> list[str]:
        """The command line of the real psql on this server, as the superuser."""
        return [str(SERVER / "psql"), "-X", "-q", "-h", str(self.directory), "-U", "admin", "-d", "postgres"]

    def psql(self, script: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run a script with psql, as the superuser."""
        return subprocess.run(
            [*self.command, "-At", *options],
            input=script,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=60,
        )

    def files(self) -> dict[str, str]:
        """Return the configuration files and the names of everything that is not the server's own bookkeeping."""
        data, found = self.directory / "data", {}
        for path in data.rglob("*"):
            name = str(path.relative_to(data))
            if path.suffix in (".conf", ".auto") or name == "PG_VERSION":
                found[name] = path.read_text()
            elif not re.match(
                r"(base|global|pg_wal|pg_stat|pg_stat_tmp|pg_notify|pg_subtrans|pg_xact|pg_multixact)/", name
            ):
                found[name] = ""
        for path in self.directory.iterdir():
            found[f"../{path.name}"] = ""
        return found


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    """A throw-away server, ended after the module."""
    directory = Path(tempfile.mkdtemp(prefix="guard-pg-", dir="/tmp"))
    if not os.geteuid():
        shutil.chown(directory, "nobody", "nogroup")
    server = Cluster(directory)
    try:
        server.start()
        yield server
    finally:
        if (directory / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(directory, ignore_errors=True)
