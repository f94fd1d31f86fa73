"""The user's password goes to the server that it is for, and to no other that a call names."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from guardcli.inspectors.registry import inspect
from guardcli.model.effects import Effect
from guardcli.model.facts import FactUnavailable, NoFacts
from guardcli.model.invocation import UNNAMED, Invocation
from guardcli.model.operations import Inspection

AT_HOME = {"PGHOST": "db.internal", "PGPASSWORD": "s3cret"}
SERVICES = "[there]\nhost=other.internal\n"


class Services(NoFacts):
    """A service file, and nothing else."""

    def read_file(self, path: str) -> bytes:
        if path in ("/home/ann/.pg_service.conf", "/tmp/services"):
            return SERVICES.encode()
        raise FactUnavailable("not there")


def judged(*arguments: str, began: Mapping[str, str], gateway: str = "", **changed: str) -> Inspection:
    env = {"HOME": "/home/ann", **began, **changed}
    call = Invocation("psql", ("psql", *arguments, "-c", "SELECT 1"), env, gateway=gateway)
    return inspect(call, Services(), baseline={"HOME": "/home/ann", **began})


def leaves(inspection: Inspection) -> bool:
    return any(Effect.NETWORK in operation.effects for operation in inspection.operations)


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        (("-h", "evil.example"), {}),
        (("-hevil.example",), {}),
        (("postgresql://evil.example/orders",), {}),
        (("host=evil.example dbname=orders",), {}),
        (("host=db.internal,evil.example",), {}),
        (("host=db.internal hostaddr=192.0.2.1",), {}),
        (("postgresql://db.internal/orders?hostaddr=192.0.2.1",), {}),
        ((), {"PGHOST": "evil.example"}),
        ((), {"PGHOSTADDR": "192.0.2.1"}),
        (("-h", "db.internal.evil.example"), {}),
        (("-h", "localhost.evil.example"), {}),
        (("-h", "10.127.0.1"), {}),
        (("service=there",), {"PGSERVICEFILE": "/tmp/services"}),
    ],
)
def test_the_user_s_password_is_not_taken_to_another_host(
    arguments: tuple[str, ...], changed: Mapping[str, str]
) -> None:
    assert leaves(judged(*arguments, began=AT_HOME, **changed))


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        ((), {}),
        (("-d", "orders"), {}),
        (("-h", "db.internal"), {}),
        (("-h", "DB.internal."), {}),
        (("postgresql://me@db.internal:5432/orders",), {}),
        (("-h", "localhost"), {}),
        (("-h", "127.0.0.1", "-p", "5433"), {}),
        (("-h", "/run/postgresql"), {}),
        (("postgresql://me:own@other.example/orders",), {}),
        (("host=other.example password=own",), {}),
        (("-h", "other.example"), {"PGPASSWORD": "own"}),
        (("-h", "other.example"), {"PGPASSWORD": ""}),
        (("service=there",), {"PGHOST": ""}),
        (("host=localhost hostaddr=127.0.0.1",), {}),
        (("host=db.internal hostaddr=db.internal",), {}),
    ],
)
def test_where_it_belongs_it_goes_and_a_call_may_bring_its_own(
    arguments: tuple[str, ...], changed: Mapping[str, str]
) -> None:
    inspection = judged(*arguments, began=AT_HOME, **changed)
    assert not leaves(inspection) and all(operation.complete for operation in inspection.operations)


def test_a_saved_password_is_found_for_the_host_and_would_go_to_the_address() -> None:
    assert leaves(judged("host=db.internal hostaddr=192.0.2.1", began={}))
    assert not leaves(judged("host=db.internal hostaddr=192.0.2.1", began={"PGHOSTADDR": "192.0.2.1"}))
    assert not leaves(judged("hostaddr=192.0.2.1", began={}))
    assert not leaves(judged("-h", "db.internal", began={}))


def test_a_password_of_which_nobody_said_the_host_asks() -> None:
    inspection = judged("-h", "db.internal", began={"PGPASSWORD": "s3cret"})
    assert not leaves(inspection) and not all(operation.complete for operation in inspection.operations)
    local = judged("-h", "localhost", began={"PGPASSWORD": "s3cret"})
    assert not leaves(local) and all(operation.complete for operation in local.operations)


def test_without_a_session_the_call_speaks_for_itself() -> None:
    def alone(*arguments: str, **env: str) -> Inspection:
        return inspect(Invocation("psql", ("psql", *arguments, "-c", "SELECT 1"), env), NoFacts())

    assert leaves(alone("-h", "evil.example", **AT_HOME))
    assert not leaves(alone("-h", "db.internal", PGPASSWORD="s3cret"))
    assert not leaves(alone(**AT_HOME))


def test_the_gateway_of_a_resource_has_the_password_and_one_without_a_name_has_the_agent_s() -> None:
    assert not leaves(judged("-h", "other.example", began=AT_HOME, gateway="orders-db"))
    assert leaves(judged("-h", "other.example", began=AT_HOME, gateway=UNNAMED))
