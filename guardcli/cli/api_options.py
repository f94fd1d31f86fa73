"""What the commands of ``guard api`` share: which settings, which database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guardcli.cli.settings import DATABASE, own_state_dir
from guardcli.model.secrets import Secret

if TYPE_CHECKING:
    from guardcli.api.config import Config
    from guardcli.api.store import Store

database_option = click.option(
    "--database",
    metavar="URL",
    help="A path, sqlite:///PATH or postgresql://…. Default: guard.db in the state directory.",
)

config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    envvar="GUARD_API_CONFIG",
    help="The API's settings, TOML or YAML. Default: GUARD_API_CONFIG, or none.",
)


def api_config(config_file: Path | None, database: str | None, overrides: dict[str, object] | None = None) -> Config:
    """Return the API's configuration; what names no database means the one in the state directory."""
    from guardcli.api.config import load_config
    from guardcli.api.store.engines import database_url

    given = {**(overrides or {}), **({"database": database} if database else {})}
    config = load_config(config_file, os.environ, given)
    url = database_url(config.database.reveal() or str(own_state_dir(os.environ) / DATABASE))
    beside = None if url.startswith("sqlite") else own_state_dir(os.environ)
    state, keys = config.state or beside, config.keys or (beside and beside / "keys")
    return config.model_copy(update={"database": Secret(url), "state": state, "keys": keys})


def open_store(config_file: Path | None, database: str | None) -> Store:
    """Return the store in that database, its schema brought up to date."""
    from guardcli.api.archive.opening import segments_of
    from guardcli.api.store import Store
    from guardcli.api.store.database import open_database, prepare

    config = api_config(config_file, database)
    engine = open_database(config.database.reveal())
    prepare(engine)
    return Store.over(engine, segments_of(config, engine.url))
