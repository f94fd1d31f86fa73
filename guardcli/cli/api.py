"""``guard api``: run the API, bring its database up to date, issue its tokens."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guardcli.cli.settings import load_settings
from guardcli.model.secrets import Secret

if TYPE_CHECKING:
    from guardcli.api.config import Config
    from guardcli.api.store import Store

ROLES = ("agent", "approver", "auditor", "admin")

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


@click.group()
def command() -> None:
    """Run the central API and issue its tokens.

    Without any of this an API for one user starts by itself when it is needed.
    """


@command.command(
    epilog="Example: guard api serve --host 127.0.0.1 --port 8300\n\nExample: guard api serve --config guard-api.yaml"
)
@config_option
@click.option("--uds", type=click.Path(path_type=Path), help="Listen on this unix socket; its owner needs no token.")
@click.option("--host", help="Listen on this address. Default: 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Listen on this TCP port; a token is always needed.")
@click.option("--workers", type=click.IntRange(1, 64), help="So many processes share the work. Default: 1.")
@database_option
@click.option("--idle", type=click.FloatRange(0), default=0, help="Stop after so many seconds without use; 0: never.")
def serve(
    config_file: Path | None,
    uds: Path | None,
    host: str | None,
    port: int | None,
    workers: int | None,
    database: str | None,
    idle: float,
) -> None:
    """Run the API until it is told to stop (SIGTERM, SIGINT).

    Options go before the environment (GUARD_API_DATABASE, GUARD_API_LISTEN__PORT, …), which goes before the file.
    """
    given = {"listen.uds": uds, "listen.host": host, "listen.port": port, "listen.workers": workers}
    given["log.requests"] = False if idle else None  # one that starts and stops by itself serves one user
    config = _config(config_file, database, {name: value for name, value in given.items() if value is not None})
    if (config.listen.uds is None) == (config.listen.port is None):
        raise click.UsageError("give either --uds or --port")
    if idle and config.listen.workers > 1:
        raise click.UsageError("--idle is for one worker")
    from guardcli.api.server import log_to_stderr
    from guardcli.api.server import serve as run

    log_to_stderr()
    run(config, idle)


@command.command()
@config_option
@database_option
def migrate(config_file: Path | None, database: str | None) -> None:
    """Bring the database's schema up to date; the server does so itself when it starts."""
    from guardcli.api.store.database import SCHEMA_VERSION, open_database, prepare

    done = prepare(open_database(_config(config_file, database).database.reveal()))
    click.echo(f"schema {SCHEMA_VERSION}: {done}")


@command.group()
def token() -> None:
    """Issue, list and revoke service tokens, on the machine that has the database."""


@token.command(epilog="Example: guard api token create --role approver --name bob --group dba --days 90")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What the bearer may do.")
@click.option("--name", required=True, help="Who or what bears it; shown with all that it does.")
@click.option("--group", "groups", multiple=True, help="An approver group that it belongs to; may be repeated.")
@click.option("--days", type=click.FloatRange(0), default=0, help="How long it is valid; 0: until it is revoked.")
@config_option
@database_option
def create(
    config_file: Path | None, role: str, name: str, groups: tuple[str, ...], days: float, database: str | None
) -> None:
    """Issue a token and print it, this one time."""
    from guardcli.api.auth import own_name
    from guardcli.api.store.tokens import Role

    store = _store(config_file, database)
    found, secret = store.tokens.issue(name, Role(role), groups, days * 86400, f"local:{own_name()}")
    click.echo(f"token {found.id} for {name}, {role}; keep it now, it is not shown again:", err=True)
    click.echo(secret.reveal())


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@config_option
@database_option
def list_tokens(config_file: Path | None, as_json: bool, database: str | None) -> None:
    """List the tokens, never their text."""
    from guardcli.api.store.database import now
    from guardcli.cli.tables import echo_table

    tokens = _store(config_file, database).tokens.all()
    if as_json:
        for found in tokens:
            facts = {name: getattr(found, name) for name in ("id", "name", "groups", "created", "expires", "revoked")}
            click.echo(json.dumps({**facts, "role": found.role.value, "used": found.used}))
        return
    rows = []
    for found in tokens:
        state = "valid" if found.valid(now()) else "revoked" if found.revoked else "ended"
        rows.append((found.id, found.name, found.role.value, ",".join(found.groups), state, _day(found.used)))
    echo_table(("ID", "NAME", "ROLE", "GROUPS", "STATE", "LAST USED"), rows)


@token.command()
@click.argument("token_id")
@config_option
@database_option
def revoke(config_file: Path | None, token_id: str, database: str | None) -> None:
    """End the token TOKEN_ID at once."""
    from guardcli.api.auth import own_name

    _store(config_file, database).tokens.revoke(token_id, f"local:{own_name()}")
    click.echo(f"token {token_id} is revoked")


def _config(config_file: Path | None, database: str | None, overrides: dict[str, object] | None = None) -> Config:
    """Return the API's configuration; what names no database means the one in the state directory."""
    from guardcli.api.config import load_config
    from guardcli.api.store.engines import database_url

    given = {**(overrides or {}), **({"database": database} if database else {})}
    config = load_config(config_file, os.environ, given)
    name = config.database.reveal() or str(load_settings().database)
    return config.model_copy(update={"database": Secret(database_url(name))})


def _store(config_file: Path | None, database: str | None) -> Store:
    from guardcli.api.store import Store
    from guardcli.api.store.database import open_database, prepare

    engine = open_database(_config(config_file, database).database.reveal())
    prepare(engine)
    return Store.over(engine)


def _day(seconds: float) -> str:
    if not seconds:
        return "never"
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
