"""The OpenAPI document is true: whatever is asked of any route, by whomever, is answered as it says, never by a 500.

Schemathesis makes the questions, from the document alone, once for each kind of principal.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from guardcli.api.ancestry import SessionTrees
from guardcli.api.app import create_app
from guardcli.api.config import Config
from guardcli.api.notify import Notifier
from guardcli.api.permissions import Role
from guardcli.api.store import Store
from guardcli.api.store.database import open_database, prepare

EXAMPLES = int(os.environ.get("GUARD_TEST_CONTRACT", "6"))
"""Questions of each kind to each route; scripts/soak asks more."""

NEVER_ENDING = "/v1/approvals/stream"

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

WHO = ("nobody", "session", *(role.value for role in Role))

ON_POSTGRESQL = WHO if "GUARD_TEST_CONTRACT" in os.environ else ("session", "admin")
"""Who asks there: all of them where more is asked, otherwise those that get furthest."""


class World:
    """An API with something in it, and the token of each kind of principal."""

    def __init__(self, store: Store, make, keys: Path) -> None:
        config = Config.model_validate({"limits": {"failed_logins": 10**6}, "keys": keys})
        self.app: FastAPI = create_app(store, SessionTrees(), Notifier(), config)
        self.tokens = {role.value: store.tokens.issue(role.value, role, ["dba"])[1].reveal() for role in Role}
        self.tokens["session"] = store.sessions.open(make.facts(), "token:agent").reveal()
        store.events.append("session-0001", make.usual().items[:6], "x")
        request = make.request(store, owner="token:agent", facts={"grant": 60.0, "grant_scope": ["rule:x"]})
        self.approval = store.approvals.request(request).id


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, make) -> Iterator[World]:
    kind = request.param
    if kind == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('contract') / Path('guard.db')}"
    else:
        url = request.getfixturevalue("databases").new()
    engine = open_database(url)
    prepare(engine)
    store = Store.over(engine, make.segments(tmp_path_factory.mktemp("archive")))
    yield World(store, make, tmp_path_factory.mktemp("keys"))
    engine.dispose()
    if kind == "postgresql":
        request.getfixturevalue("databases").drop(url)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("world", "who"),
    [*(("sqlite", who) for who in WHO), *(("postgresql", who) for who in ON_POSTGRESQL)],
    indirect=["world"],
)
def test_every_answer_is_one_that_the_document_names(world: World, who: str) -> None:
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", world.app)
    token = world.tokens.get(who)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path == NEVER_ENDING:
            continue
        asked += 1

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            _within_bounds(case, world)
            case.call_and_validate(headers=headers, checks=CHECKS)

        ask()
    assert asked > 25


def _within_bounds(case: schemathesis.Case, world: World) -> None:
    """Let no question wait, and let half of them be about what is there."""
    if case.query and "wait" in case.query:
        case.query["wait"] = 0
    if case.path_parameters and "id" in case.path_parameters and len(str(case.path_parameters["id"])) % 2:
        noun = case.operation.path.split("/")[2]
        case.path_parameters["id"] = {"sessions": "session-0001", "approvals": world.approval}.get(noun, "x")
