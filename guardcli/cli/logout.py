"""``guard logout``: end the login at the API and forget it here."""

from __future__ import annotations

import click

from guardcli.cli.logins import keep_login, stored_login
from guardcli.cli.settings import load_settings
from guardcli.client.api import ApiClient
from guardcli.client.identity import IdentityApi
from guardcli.model.errors import ConflictError, UnauthorizedError


@click.command(epilog="Example: guard logout")
def command() -> None:
    """End the login to the central API, there and here.

    A service token is only forgotten here; `guard api token revoke` ends one.
    """
    settings = load_settings()
    token = stored_login(settings.state_dir, settings.api_url)
    if not token:
        click.echo("there is no login to end")
        return
    client = ApiClient(settings.api_url, token)
    try:
        IdentityApi(client).log_out()
    except (ConflictError, UnauthorizedError) as error:
        click.echo(f"guard: {error.message}; forgotten here all the same", err=True)
    finally:
        client.close()
    keep_login(settings.state_dir, settings.api_url, None)
    click.echo(f"logged out of {settings.api_url}")
