"""Alembic's steps from each schema to the next, run by `upgrade`."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Engine

from guardcli.api.store.engines import locking
from guardcli.model.errors import ConfigurationError


def upgrade(engine: Engine, found: str = "") -> None:
    """Run every step that the database behind `engine`, now at revision `found`, lacks.

    Raises ConfigurationError for a revision that this guard does not know.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.connect().execution_options(guard_write=True) as connection, connection.begin():
        locking(connection, "schema")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise ConfigurationError(
                f"the database has revision {found!r}, which this guard does not know",
                hint="it was written by a newer guard: upgrade guard",
            ) from error
