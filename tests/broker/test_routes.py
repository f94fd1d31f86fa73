"""Which calls of psql go to a gateway, and what is changed of them."""

from __future__ import annotations

import pytest

from guardcli.broker.postgres_address import Address
from guardcli.broker.routes import Route, Routes
from guardcli.model.facts import FactUnavailable, NoFacts
from guardcli.model.invocation import Invocation
from guardcli.model.resources import Resource

SOCKET = "/run/guard/pg/orders-db"
ORDERS = Resource(
    "orders-db", "postgres", ("db.internal", "10.0.0.7"), (5432,), ("orders", "orders_*"), credential="x:y"
)
LOCAL = Resource("local", "postgres", ("localhost",), (5433,), credential="x:y")
OWN = Resource("own", "postgres", ("own.internal",), expose="OWN_URL")
SERVICES = "[here]\nhost=db.internal\ndbname=orders\n[there]\nhost=elsewhere\n"


class Services(NoFacts):
    """A service file, and nothing else."""

    def read_file(self, path: str) -> bytes:
        if path == "/home/ann/.pg_service.conf":
            return SERVICES.encode()
        raise FactUnavailable("not there")


def found(*arguments: str, tool: str = "psql", **env: str) -> Route | None:
    routes = Routes()
    for resource, directory in ((ORDERS, SOCKET), (LOCAL, "/run/guard/pg/local"), (OWN, "/run/guard/pg/own")):
        routes.add(resource, Address(resource.name, f"/outside{directory}", directory))
    call = Invocation(tool, (tool, *arguments), {"HOME": "/home/ann", **env})
    return routes.find(call, Services())


MEANT = [
    (("-h", "db.internal", "-d", "orders"), {}, "orders-db"),
    (("-h", "DB.INTERNAL", "orders"), {}, "orders-db"),
    (("-h", "10.0.0.7", "-p", "5432", "orders_old"), {}, "orders-db"),
    (("-h", "db.internal"), {}, "orders-db"),
    (("postgres://bob:pw@db.internal/orders?sslmode=require",), {}, "orders-db"),
    (("host=db.internal,10.0.0.7 dbname=orders",), {}, "orders-db"),
    (("service=here",), {}, "orders-db"),
    ((), {"PGSERVICE": "here"}, "orders-db"),
    ((), {"PGHOST": "db.internal", "PGDATABASE": "orders"}, "orders-db"),
    (("-h", SOCKET), {}, "orders-db"),
    (("host=db.internal hostaddr=10.0.0.7 dbname=orders",), {}, "orders-db"),
    (("-h", "127.0.0.1", "-p", "5433"), {}, "local"),
    (("-h", "localhost", "-p5433", "whatever"), {}, "local"),
]
NOT_MEANT = [
    ((), {}),
    (("-d", "orders"), {}),
    (("-h", "elsewhere", "-d", "orders"), {}),
    (("-h", "db.internal", "-d", "payroll"), {}),
    (("-h", "db.internal", "-p", "5433", "-d", "orders"), {}),
    (("-h", "db.internal,elsewhere", "-d", "orders"), {}),
    (("-h", "db.internal.evil", "-d", "orders"), {}),
    (("-h", "localhost"), {}),
    (("-h", "/var/run/postgresql", "-p", "5433"), {}),
    (("service=there",), {}),
    (("service=nowhere",), {}),
    (("-h", "db.internal", "--version"), {}),
    (("-h", "db.internal", "--no-such-option"), {}),
    (("postgres://db.internal/orders?x",), {}),
    ((), {"PGHOST": "elsewhere", "PGSERVICE": "there"}),
    (("-h", SOCKET), {"PGHOSTADDR": "192.0.2.1"}),
    ((f"host={SOCKET} hostaddr=192.0.2.1 dbname=orders",), {}),
    ((f"postgresql:///orders?host={SOCKET}&hostaddr=192.0.2.1",), {}),
    (("host=db.internal hostaddr=192.0.2.1 dbname=orders",), {}),
]


@pytest.mark.parametrize(("arguments", "env", "resource"), MEANT)
def test_a_call_that_means_a_resource_goes_to_its_gateway(arguments, env, resource) -> None:
    route = found(*arguments, **env)
    assert route is not None and route.resource == resource


@pytest.mark.parametrize(("arguments", "env"), NOT_MEANT)
def test_a_call_that_may_mean_something_else_goes_where_it_says(arguments, env) -> None:
    assert found(*arguments, **env) is None


def test_another_tool_is_not_led_anywhere() -> None:
    assert found("-h", "db.internal", "-d", "orders", tool="git") is None


def test_what_is_changed_and_what_stays() -> None:
    route = found(
        "-hdb.internal", "-p", "5432", "--dbname=host=db.internal dbname=orders application_name='a b' password=pw"
    )
    assert route is not None
    assert route.arguments == {
        1: f"-h{SOCKET}",
        3: "5432",
        4: f"--dbname=dbname='orders' application_name='a b' host='{SOCKET}' port='5432'",
    }
    assert route.environment["PGHOST"] == SOCKET
    assert route.environment["PGSSLMODE"] is None and route.environment["PGPASSWORD"] is None
    assert route.environment["PGDATABASE"] == "orders"


def test_a_call_of_the_gateway_itself_is_left_as_it_is() -> None:
    assert found(f"postgresql:///orders?host={SOCKET}") == Route("orders-db")


def test_who_logs_in_alone_keeps_the_password() -> None:
    route = found("host=own.internal user=bob password='it''s'", PGPASSWORD="other")
    assert route is None or "PGPASSWORD" not in route.environment
    route = found("postgres://bob:it%27s@own.internal/x")
    assert route is not None
    assert route.arguments[1] == "user='bob' password='it\\'s' dbname='x' host='/run/guard/pg/own' port='5432'"
    assert "PGPASSWORD" not in route.environment
