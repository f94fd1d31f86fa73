"""The gateways of a policy's resources: where they connect, where they listen, what the agent is told."""

from __future__ import annotations

from pathlib import Path

import psycopg.conninfo
import pytest

from guardcli.broker.place import SOCKET_PATH_MAX
from guardcli.broker.postgres import addresses, exposed, is_served, target_of
from guardcli.broker.postgres_address import Address
from guardcli.model.errors import ConfigurationError
from guardcli.model.resources import Access, Resource, Tls
from guardcli.model.secrets import Secret

HERE = Address("db", "/s/pg/db", "/run/guard/pg/db")


def resource(**more: object) -> Resource:
    return Resource("db", "postgres", **{"hosts": ("db.internal",), "credential": "env:X", **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "served"),
    [
        (resource(), True),
        (resource(credential="", expose="URL"), True),
        (resource(credential=""), False),
        (Resource("k", "kubernetes", credential="env:X"), False),
    ],
)
def test_who_gets_a_gateway(made: Resource, served: bool) -> None:
    assert is_served(made) == served


def test_it_connects_where_the_policy_says_and_asks_for_tls_unless_told_otherwise() -> None:
    target = target_of(resource(hosts=("*.internal", "db.internal"), ports=(6432, 5432), databases=("a", "b*")), None)
    assert (target.host, target.port, target.databases) == ("db.internal", 6432, ("a", "b*"))
    assert target.tls.mode is Tls.VERIFY_FULL
    assert target_of(resource(hosts=("/run/pg",)), None).tls.mode is Tls.DISABLE
    assert target_of(resource(access=Access(tls=Tls.REQUIRE)), None).tls.mode is Tls.REQUIRE
    with pytest.raises(ConfigurationError, match="no host"):
        target_of(resource(hosts=("*.internal",)), None)


@pytest.mark.parametrize(
    ("asked", "given"),
    [("orders", "orders"), ("", "orders"), ("ann", "orders"), ("orders_7", "orders_7"), ("payroll", None)],
)
def test_which_database_a_client_gets(asked: str, given: str | None) -> None:
    assert target_of(resource(databases=("orders", "orders_*")), None).database_for(asked, "ann") == given
    assert target_of(resource(), None).database_for(asked, "ann") == (asked or "ann")


def test_a_long_name_gets_a_short_directory() -> None:
    long = Resource("x" * 100, "postgres", ("h",), credential="env:X")
    found = addresses((resource(), long), Path("/run/user/1000/guard/s/0123456789abcdef01234567"), "/run/guard")
    assert found["db"].directory.endswith("/pg/db") and found["db"].shown == "/run/guard/pg/db"
    assert found[long.name].directory.endswith("/pg/1") and found[long.name].shown == "/run/guard/pg/1"
    assert all(len(f"{one.directory}/.s.PGSQL.5432") <= SOCKET_PATH_MAX for one in found.values())


SECRET = Secret("s/e:c@r?e t")


def test_the_address_is_one_that_libpq_reads_and_holds_no_credential() -> None:
    made = resource(expose="DATABASE_URL", databases=("my orders", "x"), access=Access(user="re&porting"))
    (url,) = exposed(made, HERE, 0, SECRET).values()
    assert psycopg.conninfo.conninfo_to_dict(url) == {
        "dbname": "my orders",
        "host": "/run/guard/pg/db",
        "port": "5432",
        "user": "re&porting",
    }
    (url,) = exposed(made, HERE, 50001, SECRET).values()
    assert psycopg.conninfo.conninfo_to_dict(url) == {
        "dbname": "my orders",
        "host": "127.0.0.1",
        "port": "50001",
        "user": "re&porting",
        "password": SECRET.reveal(),
        "sslmode": "disable",
    }


def test_pghost_stands_for_all_that_libpq_reads() -> None:
    made = resource(expose="PGHOST")
    assert exposed(made, HERE, 0, SECRET) == {
        "PGHOST": "/run/guard/pg/db",
        "PGPORT": "5432",
        "PGDATABASE": "postgres",
        "PGUSER": "agent",
    }
    assert exposed(made, HERE, 50001, SECRET)["PGPASSWORD"] == SECRET.reveal()
    assert exposed(resource(), HERE, 0, SECRET) == {}
