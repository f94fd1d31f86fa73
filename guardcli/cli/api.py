"""``guard api``: run the API, bring its database up to date, issue its tokens."""

from __future__ import annotations

import json
from pathlib import Path

import click

from guardcli.cli.api_encryption import encryption
from guardcli.cli.api_keys import keys
from guardcli.cli.api_options import api_config, config_option, database_option
from guardcli.cli.api_tokens import token
from guardcli.cli.settings import load_settings
from guardcli.playback.text import inert


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
    config = api_config(config_file, database, {name: value for name, value in given.items() if value is not None})
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

    done = prepare(open_database(api_config(config_file, database).database.reveal()))
    click.echo(f"schema {SCHEMA_VERSION}: {done}")


@command.command(epilog="Example: guard api status --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(as_json: bool) -> None:
    """Show whether the API is ready, and how the channels do that people are told by; for admins.

    Exits 69 where it is not ready.
    """
    from guardcli.cli.connection import connect
    from guardcli.cli.tables import echo, echo_table
    from guardcli.client.identity import IdentityApi

    client = connect(load_settings())
    api = IdentityApi(client)
    checks, channels = api.readiness()["checks"], api.channels()
    if as_json:
        click.echo(json.dumps({"checks": checks, "channels": channels}))
        return
    for name, found in checks.items():
        echo(f"{name}: {inert(found)}")
    if channels:
        rows = [[str(one[name]) for name in ("channel", "waiting", "sent", "failed", "error")] for one in channels]
        echo_table(("CHANNEL", "WAITING", "SENT", "FAILED", "LAST ERROR"), rows)


command.add_command(token)
command.add_command(keys)
command.add_command(encryption)
