"""Calls that name a server of no resource are led to a gateway that reaches that server as the call wanted it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from guardcli.broker.passing import GATEWAYS_MAX, Passing, saved_password, target_of_call
from guardcli.gateways.postgres.target import Target, TlsTerms
from guardcli.model.facts import FactUnavailable
from guardcli.model.invocation import Invocation
from guardcli.model.resources import Tls


def tcp(host: str = "db", port: int = 5432, mode: Tls = Tls.PREFER, *files: str) -> Target:
    return Target("", host, port, tls=TlsTerms(mode, *files))


@pytest.mark.parametrize(
    ("said", "env", "target"),
    [
        ({"host": "db"}, {}, tcp()),
        ({"host": "DB.Example", "port": "6000"}, {}, tcp("db.example", 6000)),
        ({"hostaddr": "10.0.0.1"}, {}, tcp("10.0.0.1")),
        ({"host": "/run/pg"}, {}, tcp("/run/pg", 5432, Tls.DISABLE)),
        ({"host": "/run/pg"}, {"PGSSLMODE": "require"}, tcp("/run/pg", 5432, Tls.DISABLE)),
        ({"host": "db", "sslmode": "disable"}, {}, tcp(mode=Tls.DISABLE)),
        ({"host": "db", "sslmode": "require"}, {}, tcp(mode=Tls.REQUIRE)),
        ({"host": "db"}, {"PGSSLMODE": "require"}, tcp(mode=Tls.REQUIRE)),
        ({"host": "db", "sslmode": "disable"}, {"PGSSLMODE": "require"}, tcp(mode=Tls.DISABLE)),
        ({"host": "db", "sslmode": "verify-full", "sslrootcert": "/ca"}, {}, tcp("db", 5432, Tls.VERIFY_FULL, "/ca")),
        ({"host": "db", "sslmode": "verify-ca", "sslrootcert": "/ca"}, {}, tcp("db", 5432, Tls.VERIFY_CA, "/ca")),
        ({"host": "db", "sslmode": "verify-full", "sslrootcert": "system"}, {}, tcp(mode=Tls.VERIFY_FULL)),
        ({"host": "db", "sslcert": "/c", "sslkey": "/k"}, {}, tcp("db", 5432, Tls.PREFER, "", "/c", "/k")),
        ({"host": "db", "sslcert": "/c", "sslcertmode": "disable"}, {}, tcp()),
        ({"host": "db", "channel_binding": "prefer", "gssencmode": "disable"}, {}, tcp()),
    ],
)
def test_a_server_is_reached_as_the_call_says(said: dict[str, str], env: dict[str, str], target: Target) -> None:
    assert target_of_call(said, env) == target


@pytest.mark.parametrize(
    ("said", "env"),
    [
        ({"host": "one,two"}, {}),
        ({"host": "db", "hostaddr": "10.0.0.1"}, {}),
        ({"host": "db", "port": "1,2"}, {}),
        ({"host": "db", "port": "0"}, {}),
        ({"host": "@abstract"}, {}),
        ({"host": "db", "channel_binding": "require"}, {}),
        ({"host": "db"}, {"PGCHANNELBINDING": "require"}),
        ({"host": "db"}, {"PGREQUIREAUTH": "scram-sha-256"}),
        ({"host": "db"}, {"PGTARGETSESSIONATTRS": "read-write"}),
        ({"host": "db", "requirepeer": "postgres"}, {}),
        ({"host": "db", "sslnegotiation": "direct"}, {}),
        ({"host": "db", "gssencmode": "require"}, {}),
        ({"host": "db", "sslmode": "sometimes"}, {}),
        ({"host": "db", "sslmode": "verify-full"}, {"HOME": "/nonexistent"}),
        ({"host": "db", "sslcrl": "/crl"}, {}),
        ({}, {"PGCLUSTER": "15/main"}),
        ({"port": "1"}, {}),
    ],
)
def test_what_a_gateway_cannot_keep_goes_its_own_way(said: dict[str, str], env: dict[str, str]) -> None:
    assert target_of_call(said, env) is None


def test_files_in_the_home_directory_count_as_for_libpq(tmp_path: Path) -> None:
    own = tmp_path / ".postgresql"
    own.mkdir()
    env = {"HOME": str(tmp_path)}
    assert target_of_call({"host": "db", "sslmode": "require"}, env) == tcp(mode=Tls.REQUIRE)
    root = own / "root.crt"
    root.touch()
    assert target_of_call({"host": "db", "sslmode": "require"}, env) == tcp("db", 5432, Tls.VERIFY_CA, str(root))
    assert target_of_call({"host": "db", "sslmode": "verify-full"}, env) == tcp("db", 5432, Tls.VERIFY_FULL, str(root))
    assert target_of_call({"host": "db"}, env) == tcp()
    for name in ("postgresql.crt", "postgresql.key"):
        (own / name).touch()
    files = ("", str(own / "postgresql.crt"), str(own / "postgresql.key"))
    assert target_of_call({"host": "db"}, env) == tcp("db", 5432, Tls.PREFER, *files)


def call(env: Mapping[str, str] | None = None) -> Invocation:
    return Invocation("psql", ("psql",), env or {}, "/work")


@pytest.fixture
def in_loop() -> Any:
    """Run a coroutine function with a `Passing`, and close that."""

    def run(directory: Path, work: Any, isolated: bool = False) -> None:
        async def whole() -> None:
            made = Passing(directory, "/shown", lambda: cast(Any, None), isolated)
            try:
                await work(made)
            finally:
                await made.close()

        asyncio.run(whole())

    return run


def test_one_server_has_one_gateway_and_it_can_be_reached_at_once(tmp_path: Path, in_loop: Any) -> None:
    async def work(made: Passing) -> None:
        first = made.address({"host": "db"}, call())
        again = made.address({"host": "db", "dbname": "other"}, call())
        other = made.address({"host": "db", "sslmode": "require"}, call())
        assert first is not None and other is not None
        assert first == again != other
        assert Path(first.directory, ".s.PGSQL.5432").is_socket()
        assert Path(first.directory, ".s.PGSQL.5432").stat().st_mode & 0o077 == 0
        assert made.is_own([first.shown]) and not made.is_own(["/shown/pg/elsewhere"])

    in_loop(tmp_path, work)


def test_there_is_a_bound(tmp_path: Path, in_loop: Any) -> None:
    async def work(made: Passing) -> None:
        for number in range(GATEWAYS_MAX):
            assert made.address({"host": f"db{number}"}, call()) is not None
        assert made.address({"host": "one-more"}, call()) is None
        assert made.address({"host": "db1"}, call()) is not None

    in_loop(tmp_path, work)


@pytest.mark.parametrize(
    ("said", "passed"),
    [
        ({"host": "db"}, True),
        ({"host": "/var/run/postgresql"}, False),
        ({"host": "db", "sslcert": "/c", "sslkey": "/k"}, False),
        ({"host": "db", "sslmode": "verify-full", "sslrootcert": "/ca"}, False),
    ],
)
def test_an_isolated_agent_is_lent_no_socket_and_no_file(
    tmp_path: Path, in_loop: Any, said: dict[str, str], passed: bool
) -> None:
    async def work(made: Passing) -> None:
        assert (made.address(said, call()) is not None) == passed

    in_loop(tmp_path, work, isolated=True)


class Files:
    """Facts that know one file."""

    def __init__(self, path: str, text: str) -> None:
        self._path, self._text = path, text

    def read_file(self, path: str) -> bytes:
        if path != self._path:
            raise FactUnavailable("not there")
        return self._text.encode()


@pytest.mark.parametrize(
    ("said", "env", "found"),
    [
        ({"host": "db", "user": "me"}, {"HOME": "/home/me"}, "secret"),
        ({"host": "db", "user": "me", "password": "own"}, {"HOME": "/home/me"}, None),
        ({"host": "db", "user": "me"}, {"HOME": "/home/me", "PGPASSWORD": "own"}, None),
        ({"host": "db", "user": "me"}, {}, None),
        ({"host": "db", "user": "me"}, {"HOME": "/home/me", "PGPASSFILE": "/elsewhere"}, None),
        ({"host": "db", "user": "me", "passfile": "/home/me/.pgpass"}, {}, "secret"),
        ({"host": "/var/run/postgresql", "user": "me"}, {"HOME": "/home/me"}, "local"),
        ({"host": "other", "user": "me"}, {"HOME": "/home/me"}, None),
    ],
)
def test_the_agents_own_password_file_still_counts(
    said: dict[str, str], env: dict[str, str], found: str | None
) -> None:
    files = cast(Any, Files("/home/me/.pgpass", "db:5432:*:me:secret\nlocalhost:*:*:*:local\n"))
    assert saved_password(said, call(env), files) == found
