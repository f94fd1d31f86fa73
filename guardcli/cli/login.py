"""``guard login``: as a person, by a code and an OIDC provider, or with a service token."""

from __future__ import annotations

import secrets
import sys

import click

from guardcli.cli.central import enrol
from guardcli.cli.logins import keep_login
from guardcli.cli.settings import Settings, load_settings
from guardcli.client.api import ApiClient
from guardcli.client.device import DeviceLogin
from guardcli.client.identity import IdentityApi
from guardcli.client.policies import PolicyApi
from guardcli.model.errors import ConfigurationError, NotFoundError, UnavailableError
from guardcli.model.secrets import Secret


@click.command(epilog="Example: guard login\n\nExample: guard login --token-stdin < token")
@click.option("--provider", metavar="NAME", help="Which of the API's issuers vouches; needed where it has several.")
@click.option("--token-stdin", is_flag=True, help="Keep the service token that stands on standard input.")
@click.option(
    "--key", metavar="FINGERPRINT", help="The key that the API must sign with, as guard api keys list shows it there."
)
def command(provider: str | None, token_stdin: bool, key: str | None) -> None:
    """Log in to the central API, as a person or with a service token.

    As a person: open the address that is shown on any device, type in the code, and say yes there. The login lasts some
    hours; what is kept of it is a token of guard's own, in the state directory.

    This also enrols the machine: from now on it trusts the key that the API signs policies with, and what follows on
    it. With --key, or policy_keys in config.yaml, it must be that one; otherwise compare what is printed.
    """
    settings = load_settings()
    if not settings.api_url:
        raise ConfigurationError("no central API is configured, and the embedded one knows you", hint="set GUARD_API")
    given = Secret(sys.stdin.readline().strip()) if token_stdin else None
    token = given or _by_device(ApiClient(settings.api_url), provider)
    client = ApiClient(settings.api_url, token)
    who = IdentityApi(client).who_am_i()
    enrolled = _enrolled(settings, client, key)
    client.close()
    keep_login(settings.state_dir, settings.api_url, token)
    click.echo(f"logged in to {settings.api_url} as {who['name']}: may {', '.join(who['permissions']) or 'nothing'}")
    click.echo(enrolled)


def _enrolled(settings: Settings, client: ApiClient, key: str | None) -> str:
    """Enrol the machine where the API has keys, and say what came of it. Raises ForgedError for another key's."""
    try:
        found = enrol(settings, PolicyApi(client).keys(), key)
    except (ConfigurationError, NotFoundError, UnavailableError) as error:
        if key is not None:
            raise
        return f"its policies have no say on this machine: {error}"
    return f"its policies are trusted where they are signed by {found}, or by a key that follows on it"


def _by_device(client: ApiClient, name: str | None) -> Secret:
    identity = IdentityApi(client)
    providers = [one for one in identity.providers() if name in (None, one["name"])]
    if len(providers) != 1:
        known = ", ".join(one["name"] for one in identity.providers()) or "none"
        raise ConfigurationError(f"name one of the API's issuers with --provider: {known}")
    found = providers[0]
    nonce = secrets.token_urlsafe(16) if found["need_nonce"] else ""
    login = DeviceLogin(found["issuer"], found["client"], found["scope"], nonce)
    prompt = login.begin()
    click.echo(f"open {prompt.address} and type in the code {prompt.code}", err=True)
    if prompt.complete:
        click.echo(f"or open {prompt.complete}", err=True)
    token = identity.log_in(login.wait(prompt), nonce).token
    client.close()
    return token
