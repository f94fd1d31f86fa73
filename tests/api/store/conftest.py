"""A store whose index is searched, one a module on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from api.conftest import BACKENDS, database, with_schema
from api.store.searching import ME, filled
from sqlalchemy import delete

from guardcli.api.store import Store
from guardcli.api.store.database import open_database, writing
from guardcli.api.store.schema import METADATA


@pytest.fixture(scope="module", params=BACKENDS)
def kept(request: pytest.FixtureRequest, make, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for the whole module, on each backend in turn."""
    place = tmp_path_factory.mktemp("search")
    with with_schema(request, request.param, place) as url:
        engine = open_database(url)
        yield Store.over(engine, make.segments(place))
        engine.dispose()


@pytest.fixture
def searched(kept: Store) -> Iterator[Store]:
    """That store, with nothing in it."""
    yield kept
    with writing(kept.engine) as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(delete(table))


@pytest.fixture
def before_schema(request: pytest.FixtureRequest, kept: Store, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without a table, of the kind of that store's."""
    with database(request, kept.engine.dialect.name, tmp_path) as url:
        yield url


@pytest.fixture
def chain(searched: Store, make):
    """The chain of a session that is in that store."""
    chain = filled(searched, make)
    searched.events.append(chain.session, chain.items, ME)
    return chain
