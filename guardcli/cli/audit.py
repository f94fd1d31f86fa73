"""``guard audit``: is the record whole, and who did what to it."""

from __future__ import annotations

import dataclasses
import json
import sys

import click

from guardcli import __version__
from guardcli.cli.connection import connect
from guardcli.cli.moments import FORMS, moment
from guardcli.cli.settings import load_settings
from guardcli.cli.tables import echo, echo_table, paint
from guardcli.model.errors import ConfigurationError
from guardcli.model.events import canonical
from guardcli.playback.text import inert

EXPORT_MAX = 1_000_000
"""Sessions that one export looks at."""


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
    for note in report.notes:
        echo(f"{paint('deleted', 'yellow')}  session {inert(note.session)}: {inert(note.message)}")
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


@command.command(epilog="Example: guard audit export --format ocsf --from 1d --to 2090-01-01 | ship-to-siem")
@click.option("--format", "form", type=click.Choice(["ocsf"]), default="ocsf", show_default=True, help="The schema.")
@click.option("--from", "since", type=moment, required=True, metavar="MOMENT", help=f"From then on: {FORMS}.")
@click.option("--to", "until", type=moment, required=True, metavar="MOMENT", help="Before then.")
def export(form: str, since: float, until: float) -> int:
    """Print events as JSON lines of OCSF 1.3.0, class API Activity: sessions newest first, the events of each in order.

    An event whose time is none is left out, told on stderr, and makes the exit status 1.
    """
    from guardcli.playback.ocsf import record

    if until <= since:
        raise ConfigurationError("--to is not later than --from", hint="nothing can lie between them")
    client = connect(load_settings())
    left_out = 0
    for session in client.sessions(until=until, limit=EXPORT_MAX):
        if session.closed and session.closed < since:
            continue
        for event in client.events(session.id):
            try:
                found = record(event, session.identity, session.host, __version__)
            except (ValueError, OverflowError):
                left_out += 1
                continue
            if since <= found["time"] / 1000 < until:
                sys.stdout.buffer.write(canonical(found) + b"\n")
    sys.stdout.buffer.flush()
    if left_out:
        click.echo(f"guard: {left_out} events have no time and were left out; guard sessions show has them", err=True)
    return 1 if left_out else 0
