"""``guard evidence``: what was recorded, for an auditor, signed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from guardcli.cli.connection import connect
from guardcli.cli.moments import FORMS, moment
from guardcli.cli.settings import load_settings
from guardcli.cli.tables import echo, paint
from guardcli.client.controls import FRAMEWORKS
from guardcli.model.errors import ConfigurationError, ConflictError, UnavailableError
from guardcli.model.events import canonical
from guardcli.playback.text import inert

KEY = "evidence.key"


@click.group()
def command() -> None:
    """Export what was recorded as evidence, and check such an export."""


@command.command(epilog="Example: guard evidence export --from 2026-01-01 --to 2026-04-01 -o first-quarter")
@click.option("--from", "since", type=moment, required=True, metavar="MOMENT", help=f"From then on: {FORMS}.")
@click.option("--to", "until", type=moment, required=True, metavar="MOMENT", help="Before then.")
@click.option("--framework", type=click.Choice(sorted(FRAMEWORKS)), default="nist-800-53", show_default=True)
@click.option("--output", "-o", type=click.Path(path_type=Path), required=True, help="A new directory, or FILE.zip.")
def export(since: float, until: float, framework: str, output: Path) -> None:
    """Write evidence.json, evidence.html, a manifest of both and its Ed25519 signature into a new directory.

    The whole record is verified for it, which takes as long as there is to read. The key is made on first use, in
    the state directory; give its fingerprint to the auditor on another way.

    With FILE.zip it is one file, made by the API and signed by the API's key (guard api keys list).
    """
    from guardcli.client.evidence import gather
    from guardcli.client.evidence_page import page
    from guardcli.client.sealing import seal
    from guardcli.signing import made_key

    if until <= since:
        raise ConfigurationError("--to is not later than --from", hint="nothing can lie between them")
    settings = load_settings()
    if output.suffix == ".zip":
        _export_zip(connect(settings).evidence(since, until, framework), output)
        return
    evidence = gather(connect(settings), since, until, framework, time.time())
    settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = {"evidence.json": canonical(evidence) + b"\n", "evidence.html": page(evidence).encode("utf-8", "replace")}
    name = seal(output, files, made_key(settings.state_dir / KEY))
    whole = evidence["verification"]["whole"]
    echo(f"wrote {inert(output)}; the record is {paint('whole', 'green') if whole else paint('broken', 'red')}")
    echo(f"signed by {name}")


def _export_zip(content: bytes, output: Path) -> None:
    from guardcli.client.sealing import opened

    try:
        with open(output, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(content)
    except FileExistsError:
        raise ConflictError(f"{output} exists already", hint="name a new file") from None
    except OSError as error:
        output.unlink(missing_ok=True)
        raise UnavailableError(f"cannot write {output}: {error.strerror}") from error
    names, faults = opened(output)
    if faults:
        raise UnavailableError(f"what the API sent does not hold: {'; '.join(faults)}", hint="see the API's log")
    echo(f"wrote {inert(output)}, signed by the API with {names[0]}")


@command.command(epilog="Example: guard evidence verify first-quarter --key 3f1c…")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--key", default="", metavar="FINGERPRINT", help="The key that must have signed it, as export told.")
def verify(directory: Path, key: str) -> int:
    """Check an export, offline: its signature, and every file; exit 1 and say what is wrong.

    Without --key this shows only that nothing was changed since somebody signed it.
    """
    from guardcli.client.sealing import opened

    names, faults = opened(directory)
    name = names[0] if names else ""
    if name and key and key.strip().lower() not in names:
        faults.append(f"it is signed by another key, {name}")
    for fault in faults:
        echo(f"{paint('broken', 'red')}  {inert(fault)}")
    if faults:
        return 1
    echo(f"{paint('whole', 'green')}  signed by {name}" + ("" if key else ": compare it with what export told"))
    return 0
