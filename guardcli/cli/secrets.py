"""``guard secrets``: keep the credentials that guard logs in with, out of the agent's reach."""

from __future__ import annotations

import json
import sys

import click

from guardcli.cli.settings import load_settings
from guardcli.credentials.keyring import Keyring
from guardcli.credentials.lending import own_directory
from guardcli.credentials.provider import SECRET_MAX
from guardcli.model.errors import ConfigurationError, NotFoundError


@click.group(
    epilog="Example: guard secrets set orders-db, and in the policy `credential: keyring:orders-db`.",
)
def command() -> None:
    """Keep the credentials that guard logs in with.

    They lie in this user's keyring. A machine without one, such as a server or a container, has files that only this
    user can read, not encrypted; `guard secrets list` says which.
    """


@command.command(
    "set", epilog="Example: guard secrets set orders-db\n\nExample: pass show db/orders | guard secrets set orders-db"
)
@click.argument("name")
@click.option("--user", metavar="NAME", help="Also keep the name of the user whose password it is.")
def set_(name: str, user: str | None) -> None:
    """Keep a secret under NAME.

    It is asked for on a terminal and read from standard input otherwise, its last newline aside; never from the
    command line, where others could see it. JSON with `username` and `password` is taken apart when it is used.
    """
    kept = _keyring()
    value = _read(name)
    if user is not None:
        value = json.dumps({"username": user, "password": value})
    place = kept.place()
    kept.set(name, value)
    click.echo(f"guard: {name} is kept in {place}", err=True)


@command.command("list", epilog="Example: guard secrets list --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line: name, place.")
def list_(as_json: bool) -> None:
    """List the names of all secrets, and where each is kept; never a value."""
    for name, place in sorted(_keyring().names().items()):
        click.echo(json.dumps({"name": name, "place": place}) if as_json else f"{name}\t{place}")


@command.command("rm", epilog="Example: guard secrets rm orders-db")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def rm(names: tuple[str, ...]) -> None:
    """Forget secrets."""
    kept = _keyring()
    missing = [name for name in names if not kept.remove(name)]
    if missing:
        raise NotFoundError(f"no secret is named {', '.join(missing)}", hint="guard secrets list shows what there is")


def _keyring() -> Keyring:
    return Keyring(own_directory(load_settings().config_dir))


def _read(name: str) -> str:
    """Return the secret from the terminal, where one is there, else from standard input. Raises ConfigurationError."""
    if sys.stdin.isatty():
        value: str = click.prompt(f"Secret for {name}", hide_input=True, confirmation_prompt=True, err=True)
    else:
        raw = sys.stdin.buffer.read(SECRET_MAX + 2)
        if len(raw) > SECRET_MAX:
            raise ConfigurationError(f"a secret has {SECRET_MAX} bytes at the most")
        try:
            value = raw.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise ConfigurationError("a secret is text in UTF-8") from None
    if not value or "\0" in value:
        raise ConfigurationError("a secret is not empty and holds no NUL")
    return value
