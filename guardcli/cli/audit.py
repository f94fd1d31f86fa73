"""``guard audit``: is the record whole, and who did what to it."""

from __future__ import annotations

import dataclasses
import json

import click

from guardcli.cli.connection import connect
from guardcli.cli.settings import load_settings
from guardcli.cli.tables import echo, echo_table, paint
from guardcli.playback.text import inert


@click.group()
def command() -> None:
    """Verify that the chain of records is whole."""


@command.command(epilog="Example: guard audit verify --json")
@click.argument("session_id", default="")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def verify(session_id: str, as_json: bool) -> int:
    """Recompute every chain and digest, or those of SESSION_ID; exit 1 and name what is wrong.

    Found: what was changed, removed, added, reordered or cut off, event by event. Not found: that somebody who may
    write the whole database replaced all of it consistently.
    """
    report = connect(load_settings()).verify(session_id)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(report)))
        return 0 if report.whole else 1
    for fault in report.faults:
        place = f"session {fault.session}" if fault.session else "trail"
        echo(f"{paint('broken', 'red')}  {inert(place)}: {inert(fault.message)}")
    looked = f"{report.sessions} sessions, {report.events} events, {report.bytes} bytes of recordings"
    if report.whole:
        echo(f"{paint('whole', 'green')}  {looked}")
        return 0
    echo(f"{len(report.faults)} faults in {looked}")
    return 1


@command.command(epilog="Example: guard audit trail 4f2a90c1d2e3f405")
@click.argument("subject", default="")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def trail(subject: str, as_json: bool) -> None:
    """Show who opened, decided, used, issued and revoked; of one session, approval or token where SUBJECT names it."""
    entries = connect(load_settings()).trail(subject)
    if as_json:
        for entry in entries:
            click.echo(json.dumps(entry))
        return
    rows = [
        (entry["time"], entry["actor"], entry["action"], entry["subject"], str(entry["data"].get("reason", "")))
        for entry in entries
    ]
    echo_table(("TIME", "WHO", "DID", "TO", "REASON"), rows)
