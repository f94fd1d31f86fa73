"""``guard api encryption``: the age identities that recordings are sealed for, on the machine that has them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from guardcli.cli.api_options import config_option, database_option, open_store
from guardcli.model.errors import ConflictError
from guardcli.playback.text import inert


@click.group()
def encryption() -> None:
    """List and rotate the age identities that recordings are sealed for, and seal recordings anew."""


@encryption.command("list", epilog="Example: guard api encryption list --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@config_option
@database_option
def list_identities(as_json: bool, config_file: Path | None, database: str | None) -> None:
    """List the identities by name, the present one first, and how many blocks are sealed for each.

    One that is missing here is listed too: what is sealed for it cannot be opened. No identity itself is ever shown.
    """
    from guardcli.api.store.rewrapping import Rewrapping
    from guardcli.cli.tables import echo_table

    store = open_store(config_file, database)
    work = Rewrapping(store.engine, store.stretches)
    here, used = store.stretches.segments.ring.names(), work.in_use()
    rows = [(name, "present" if name == here[0] else "old", used.get(name, 0)) for name in here]
    rows += [(name, "missing", count) for name, count in sorted(used.items()) if name not in here]
    if as_json:
        found = [{"name": name, "state": state, "blocks": count} for name, state, count in rows]
        click.echo(json.dumps({"identities": found, "unsealed": work.left()[1]}))
        return
    echo_table(("NAME", "STATE", "BLOCKS"), [(name, state, str(count)) for name, state, count in rows])


@encryption.command(epilog="Example: guard api encryption rotate && guard api encryption rewrap")
@config_option
@database_option
def rotate(config_file: Path | None, database: str | None) -> None:
    """Make a new identity that recordings are sealed for from now on, by processes that run too.

    The old ones stay in the file, and are needed until `rewrap` is done. Back the file up before anything else.
    """
    from guardcli.api.auth import own_name
    from guardcli.api.store.database import now, writing
    from guardcli.api.store.trail import Action

    store = open_store(config_file, database)
    ring = store.stretches.segments.ring
    before = ring.current()
    with writing(store.engine) as connection:
        name = ring.rotate()
        data = {"before": before, "identity": name}
        store.trail.append(connection, now(), f"local:{own_name()}", Action.ENCRYPTION_ROTATED, name, data)
    click.echo(f"recordings are sealed for {name} from now on; {inert(ring.path)} has the identity: back it up")


@encryption.command(epilog="Example: guard api encryption rewrap --quiet")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@config_option
@database_option
def rewrap(quiet: bool, config_file: Path | None, database: str | None) -> int:
    """Seal all recordings for the present identity, also those that still lie in the database itself.

    Ended at any moment, it goes on where it was when it is called again; the API may run meanwhile. Exits 1 where
    something was damaged or missing, names it, and does the rest.
    """
    from guardcli.api.store.rewrapping import Rewrapping

    store = open_store(config_file, database)
    work = Rewrapping(store.engine, store.stretches)
    total, done, faults = sum(work.left()), 0, 0
    for step in work.run():
        done += step.blocks
        if step.fault:
            faults += 1
            click.echo(f"guard: session {inert(step.session)}: {inert(step.fault)}", err=True)
        if not quiet and sys.stderr.isatty():
            click.echo(f"\r{done} of {total}", nl=False, err=True)
    if not quiet and sys.stderr.isatty():
        click.echo("", err=True)
    click.echo(f"{done} of {total} sealed for {store.stretches.segments.ring.current()}")
    return 1 if faults else 0


@encryption.command(epilog="Example: guard api encryption retire 3f1c90aa5b7e2d10")
@click.argument("name")
@click.option("--force", is_flag=True, help="Even though spools may come that only it opens: they are lost then.")
@config_option
@database_option
def retire(name: str, force: bool, config_file: Path | None, database: str | None) -> None:
    """Take the identity NAME out of the file, once nothing is sealed for it any more.

    It stays while a session that began under it has not ended, and for 30 days after another took its place: a machine
    that was away comes back with a spool that only it opens. Copies of the database and of recordings from before then
    cannot be opened without it: keep it elsewhere, or not.
    """
    from guardcli.api.auth import own_name
    from guardcli.api.store.database import now, writing
    from guardcli.api.store.retiring import needed
    from guardcli.api.store.rewrapping import Rewrapping
    from guardcli.api.store.trail import Action
    from guardcli.model.errors import NotFoundError

    store = open_store(config_file, database)
    ring = store.stretches.segments.ring
    if name not in ring.names():
        raise NotFoundError(f"there is no identity {name}", hint="guard api encryption list")
    if count := Rewrapping(store.engine, store.stretches).in_use().get(name):
        raise ConflictError(f"{count} blocks are sealed for {name}", hint="guard api encryption rewrap")
    why = needed(store.engine, name).why(now())
    if why and not force:
        raise ConflictError(
            why, hint="let these machines come back, and keep it until then, which costs nothing; --force gives them up"
        )
    with writing(store.engine) as connection:
        ring.retire([name])
        actor, data = f"local:{own_name()}", {"identity": name, **({"forced": why} if why else {})}
        store.trail.append(connection, now(), actor, Action.ENCRYPTION_RETIRED, name, data)
    click.echo(f"{name} is retired")
