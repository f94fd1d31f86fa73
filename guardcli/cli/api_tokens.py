"""``guard api token``: on the machine that has the database, or as an admin through the API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from guardcli.cli.api_options import config_option, database_option, open_store
from guardcli.cli.moments import shown
from guardcli.cli.settings import load_settings
from guardcli.client.api import ApiClient
from guardcli.client.identity import IdentityApi
from guardcli.model.secrets import Secret

ROLES = ("agent", "approver", "auditor", "admin")
SCOPES = ("open", "read", "decide", "audit", "manage")


@click.group()
def token() -> None:
    """Issue, list and revoke service tokens.

    With --database or --config, or where no central API is configured, that happens in the database itself; otherwise
    through the API, which needs an admin.
    """


@token.command(epilog="Example: guard api token create --role approver --name bob --group dba --days 90")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What the bearer may do.")
@click.option("--name", required=True, help="Who or what bears it; shown with all that it does.")
@click.option("--group", "groups", multiple=True, help="An approver group that it belongs to; may be repeated.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="Narrows the role; may be repeated.")
@click.option("--owner", default="", help="Who answers for it: ISSUER:SUBJECT, as guard whoami shows it.")
@click.option("--days", type=click.FloatRange(0), default=0, help="How long it is valid; 0: until it is revoked.")
@config_option
@database_option
def create(
    role: str,
    name: str,
    groups: tuple[str, ...],
    scopes: tuple[str, ...],
    owner: str,
    days: float,
    config_file: Path | None,
    database: str | None,
) -> None:
    """Issue a token and print it, this one time.

    Its owner never decides what is asked for in the sessions that it opens.
    """
    if client := _central(config_file, database):
        found, text = client.issue_token(name, role, groups, scopes, owner, days)
    else:
        found, text = _issue(config_file, database, (name, role, groups, scopes, owner, days))
    click.echo(f"token {found['id']} for {name}, {role}; keep it now, it is not shown again:", err=True)
    click.echo(text.reveal())


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@config_option
@database_option
def list_tokens(as_json: bool, config_file: Path | None, database: str | None) -> None:
    """List the tokens of services and logins, never their text."""
    from guardcli.cli.tables import echo_table

    client = _central(config_file, database)
    tokens = client.tokens() if client else _all(config_file, database)
    if as_json:
        for one in tokens:
            click.echo(json.dumps(one))
        return
    rows = [
        (
            one["id"],
            one["name"],
            one["role"] or one["kind"],
            ",".join(one["permissions"]),
            ",".join(one["groups"]),
            one["state"],
            shown(one["expires"]),
            shown(one["used"]),
        )
        for one in tokens
    ]
    echo_table(("ID", "NAME", "ROLE", "MAY", "GROUPS", "STATE", "UNTIL", "LAST USED"), rows)


@token.command()
@click.argument("token_id")
@config_option
@database_option
def revoke(token_id: str, config_file: Path | None, database: str | None) -> None:
    """End the token TOKEN_ID at once."""
    from guardcli.api.auth import own_name

    if client := _central(config_file, database):
        client.revoke_token(token_id)
    else:
        open_store(config_file, database).tokens.revoke(token_id, f"local:{own_name()}")
    click.echo(f"token {token_id} is revoked")


def _central(config_file: Path | None, database: str | None) -> IdentityApi | None:
    settings = load_settings()
    if config_file or database or not settings.api_url:
        return None
    return IdentityApi(ApiClient(settings.api_url, settings.token or None))


def _issue(config_file: Path | None, database: str | None, wanted: tuple[Any, ...]) -> tuple[Mapping[str, Any], Secret]:
    from guardcli.api.auth import own_name
    from guardcli.api.permissions import Permission, Role
    from guardcli.api.store.database import now
    from guardcli.api.token_bodies import TokenView

    name, role, groups, scopes, owner, days = wanted
    found, text = open_store(config_file, database).tokens.issue(
        name,
        Role(role),
        groups,
        days * 86400,
        f"local:{own_name()}",
        scopes=[Permission(scope) for scope in scopes],
        owner=owner,
    )
    return TokenView.of(found, now()).model_dump(mode="json"), text


def _all(config_file: Path | None, database: str | None) -> Sequence[Mapping[str, Any]]:
    from guardcli.api.store.database import now
    from guardcli.api.token_bodies import TokenView

    at = now()
    return [TokenView.of(one, at).model_dump(mode="json") for one in open_store(config_file, database).tokens.all()]
