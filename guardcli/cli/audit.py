"""``guard audit``: is the record whole, and who did what to it."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from guardcli import __version__
from guardcli.cli.connection import connect
from guardcli.cli.moments import FORMS, moment
from guardcli.cli.settings import load_settings
from guardcli.cli.tables import echo, echo_table, paint
from guardcli.client.api import ApiClient
from guardcli.client.faults import Fault
from guardcli.model.errors import ConfigurationError, ConflictError, UnavailableError
from guardcli.model.events import canonical
from guardcli.playback.text import inert

EXPORT_MAX = 1_000_000
"""Sessions that one export looks at."""


@click.group()
def command() -> None:
    """Verify that the chain of records is whole."""


@command.command(
    epilog="Example: guard audit verify --json\n\nExample: guard audit verify --file record.jsonl --key 3f1c…"
)
@click.argument("session_id", default="")
@click.option(
    "--file", "-f", "path", type=click.Path(path_type=Path), help="An export, checked offline, without an API."
)
@click.option(
    "--key", default="", metavar="FINGERPRINT", help="With --file: a key that must be among those that signed."
)
@click.option("--head", default="", metavar="DIGEST", help="With --file: a signed head that must be there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def verify(session_id: str, path: Path | None, key: str, head: str, as_json: bool) -> int:
    """Recompute every chain and digest, or those of SESSION_ID; exit 1 and name what is wrong.

    Found: what was changed, removed, added, reordered or cut off, event by event, and whatever is not what a signed
    head says. Not found: what was never signed, and that all of it was set back to an earlier head, but with --head, a
    later one that was kept elsewhere. Without --key an export shows only that nothing was changed since somebody
    signed it.
    """
    if path is not None:
        return _verify_file(path, key.strip().lower(), head.strip().lower(), as_json)
    if key or head:
        raise click.UsageError("--key and --head go with --file")
    report = connect(load_settings()).verify(session_id)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(report)))
        return 0 if report.whole else 1
    return _tell(report.faults, report.notes, report)


def _tell(faults: Sequence[Fault], notes: Sequence[Fault], looked: Any) -> int:
    for fault in faults:
        place = f"session {fault.session}" if fault.session else "trail"
        echo(f"{paint('broken', 'red')}  {inert(place)}: {inert(fault.message)}")
    for note in notes:
        echo(f"{paint('deleted', 'yellow')}  session {inert(note.session)}: {inert(note.message)}")
    said = f"{looked.sessions} sessions, {looked.events} events, {looked.bytes} bytes of recordings"
    said += f", {looked.heads} signed heads"
    if not faults:
        echo(f"{paint('whole', 'green')}  {said}")
        return 0
    echo(f"{len(faults)} faults in {said}")
    return 1


def _verify_file(path: Path, key: str, head: str, as_json: bool) -> int:
    """Check an export, offline."""
    from guardcli.client.exports import LINE_MAX, verify_export

    try:
        with open(path, "rb") as file:
            outcome = verify_export(iter(lambda: file.readline(LINE_MAX + 1), b""), key, head)
    except OSError as error:
        raise UnavailableError(f"cannot read {path}: {error.strerror}") from error
    if as_json:
        click.echo(json.dumps({"whole": not outcome.faults, **dataclasses.asdict(outcome)}))
        return 1 if outcome.faults else 0
    status = _tell(outcome.faults, outcome.notes, outcome)
    if outcome.keys:
        echo(f"signed by {', '.join(outcome.keys)}" + ("" if key else ": compare it with guard api keys list"))
        echo(f"the last head is {outcome.last_head}")
    else:
        echo("no head was signed yet: whoever may write all of it could have replaced all of it")
    return status


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


@command.command(
    epilog="Example: guard audit export --format ocsf --from 1d --to 2090-01-01 | ship-to-siem\n\n"
    "Example: guard audit export --format record -o record.jsonl"
)
@click.option("--format", "form", type=click.Choice(["ocsf", "record"]), default="ocsf", show_default=True)
@click.option("--from", "since", type=moment, metavar="MOMENT", help=f"For ocsf, from then on: {FORMS}.")
@click.option("--to", "until", type=moment, metavar="MOMENT", help="For ocsf, before then.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="For record: a new file.")
def export(form: str, since: float | None, until: float | None, output: Path | None) -> int:
    """Write events for other systems, or the whole record for `guard audit verify --file`.

    ocsf: JSON lines of OCSF 1.3.0, class API Activity: the acts of the trail, the signed heads, then sessions newest
    first, the events of each in order; for whoever may verify the record. What has no time is left out, told on stderr,
    and makes the exit status 1.

    record: all sessions with their recordings, the trail, the signed heads and the public keys, in clear: the file is
    readable by its owner alone.
    """
    if form == "record":
        if output is None or since is not None or until is not None:
            raise click.UsageError("--format record takes --output, and neither --from nor --to")
        return _export_record(output)
    if since is None or until is None or output is not None:
        raise click.UsageError("--format ocsf takes --from and --to, and writes to its standard output")
    return _export_ocsf(since, until)


def _export_record(output: Path) -> int:
    """Write the record into a new file; what could not be written whole is taken away again."""
    pieces = connect(load_settings()).export_record()
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise ConflictError(f"{output} exists already", hint="name a new file") from None
    except OSError as error:
        raise UnavailableError(f"cannot write {output}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                file.write(piece)
    except OSError as error:
        output.unlink(missing_ok=True)
        raise UnavailableError(f"cannot write {output}: {error.strerror}") from error
    except BaseException:
        output.unlink(missing_ok=True)
        raise
    echo(f"wrote {inert(output)}: guard audit verify --file checks it, without the API")
    return 0


def _ocsf_records(client: ApiClient, since: float, until: float) -> Iterator[Callable[[], dict[str, Any]]]:
    """Give what makes each record of the acts, the heads and the events of a span, and of some around it."""
    from guardcli.playback.ocsf import act_record, head_record, record

    for entry in client.trail():
        yield partial(act_record, entry, __version__)
    for head in client.heads():
        yield partial(head_record, head["number"], head["body"], head["signature"], __version__)
    for session in client.sessions(until=until, limit=EXPORT_MAX):
        if not session.closed or session.closed >= since:
            for event in client.events(session.id):
                yield partial(record, event, session.identity, session.host, __version__)


def _export_ocsf(since: float, until: float) -> int:
    if until <= since:
        raise ConfigurationError("--to is not later than --from", hint="nothing can lie between them")
    client = connect(load_settings())
    left_out = 0
    for make in _ocsf_records(client, since, until):
        try:
            found = make()
        except (ValueError, OverflowError):
            left_out += 1
            continue
        if since <= found["time"] / 1000 < until:
            sys.stdout.buffer.write(canonical(found) + b"\n")
    sys.stdout.buffer.flush()
    if left_out:
        click.echo(f"guard: {left_out} records have no time and were left out; guard sessions show has them", err=True)
    return 1 if left_out else 0
