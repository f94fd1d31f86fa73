"""``guard whoami``: who the API takes the caller for, and what that one may do."""

from __future__ import annotations

import datetime
import json

import click

from guardcli.cli.connection import connect
from guardcli.cli.settings import load_settings
from guardcli.client.identity import IdentityApi
from guardcli.playback.text import inert


@click.command(epilog="Example: guard whoami --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(as_json: bool) -> None:
    """Show who the API takes you for, and what you may do there."""
    client = connect(load_settings())
    who = IdentityApi(client).who_am_i()
    client.close()
    if as_json:
        click.echo(json.dumps(who))
        return
    lines = [f"{who['name']} ({who['kind']}, {who['owner']}) at {client.url}"]
    lines.append(f"may: {', '.join(who['permissions']) or 'nothing by itself'}")
    if who["groups"]:
        lines.append(f"groups: {', '.join(who['groups'])}")
    if who["session"] or who["inside"]:
        lines.append(f"inside of session {who['session'] or who['inside']}: approvals are decided elsewhere")
    if who["expires"]:
        end = datetime.datetime.fromtimestamp(who["expires"]).astimezone()
        lines.append(f"until: {end:%Y-%m-%d %H:%M}")
    click.echo("\n".join(inert(line) for line in lines))
