"""``guard api keys``: what the API signs with, on the machine that has it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from guardcli.cli.api_options import api_config, config_option, database_option, open_store
from guardcli.cli.moments import shown


@click.group()
def keys() -> None:
    """List and rotate the keys that the API signs with, where they lie."""


@keys.command("list", epilog="Example: guard api keys list --json > keys.json")
@click.option("--json", "as_json", is_flag=True, help="The public keys, as whoever verifies offline needs them.")
@config_option
@database_option
def list_keys(as_json: bool, config_file: Path | None, database: str | None) -> None:
    """List the public keys, oldest first; the last one signs. The first key is made here where there is none.

    A fingerprint is what machines pin: policy_keys in their config.yaml, or guard login --key.
    """
    from guardcli.api.keys import key_ring
    from guardcli.api.store.database import open_database
    from guardcli.cli.tables import echo_table

    config = api_config(config_file, database)
    found = key_ring(config, open_database(config.database.reveal())).public()
    if as_json:
        click.echo(json.dumps(found.as_json()))
        return
    rows = [(link.key.id, link.key.fingerprint, shown(link.since)) for link in found.links]
    echo_table(("ID", "FINGERPRINT", "ROTATED"), rows)


@keys.command(epilog="Example: guard api keys rotate")
@config_option
@database_option
def rotate(config_file: Path | None, database: str | None) -> None:
    """Make a new key that signs from now on; the private half of the old one is deleted.

    Machines that trust the old one trust the new one, and what the old one has signed stays good. API processes that
    run take the new one at once. A key that somebody else has got hold of is not made harmless by this: stop the API,
    move the directory away, have everything signed again, and give every machine the fingerprint of the new key.
    """
    from guardcli.api.auth import own_name
    from guardcli.api.keys import key_ring
    from guardcli.api.store.database import now, writing
    from guardcli.api.store.trail import Action

    config = api_config(config_file, database)
    store = open_store(config_file, database)
    ring = key_ring(config, store.engine)
    before = ring.public().current
    with writing(store.engine) as connection:
        at = now()
        current = ring.rotate(at).current
        data = {"before": before.fingerprint, "key": current.fingerprint}
        store.trail.append(connection, at, f"local:{own_name()}", Action.KEY_ROTATED, current.id, data)
    click.echo(f"key {current.id} signs now, with the fingerprint {current.fingerprint}")


@keys.command("sign-again", epilog="Example: guard api keys sign-again")
@config_option
@database_option
def sign_again(config_file: Path | None, database: str | None) -> None:
    """Sign every policy and order with the key there is now, after the keys were lost or replaced.

    What the database holds is taken as it stands: look through guard policy history and the versions afterwards.
    """
    from guardcli.api.auth import own_name
    from guardcli.api.keys import key_ring

    config = api_config(config_file, database)
    store = open_store(config_file, database)
    ring = key_ring(config, store.engine)
    count = store.policies.sign_again(ring, f"local:{own_name()}")
    click.echo(f"{count} statements are signed by {ring.public().current.fingerprint}")
