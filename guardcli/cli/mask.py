"""`guard mask`: a filter from standard input to standard output."""

from __future__ import annotations

import json
import os
import secrets
import select
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from guardcli.cli.settings import Settings, load_settings
from guardcli.client.dumps import forbid_dumps
from guardcli.masking import DEFAULT_RULES, Masker, Stream
from guardcli.masking.cache import PatternCache
from guardcli.model.masking import MaskRule

_BLOCK = 1 << 19
_SILENCE = 0.05
INPUT_OUTPUT_ERROR = 74
"""The exit status EX_IOERR of sysexits.h."""


_EXAMPLES = """\b
Examples:
  kubectl get secret db -o yaml | guard mask
  psql -c 'table customers' | guard mask --tool psql
  guard mask --policy team.yaml < build.log > build.masked.log
  guard mask --explain --json < build.log
"""


@click.command("mask", epilog=_EXAMPLES)
@click.option("--policy", metavar="FILE", default="", help="Mask as this policy says. Default: the one in force.")
@click.option("--tool", metavar="NAME", default="", help="Mask as in the output of psql, kubectl, ssh or git.")
@click.option("--explain", is_flag=True, help="List what is found and where, without showing it, in place of the text.")
@click.option("--json", "as_json", is_flag=True, help="With --explain: one JSON object a line.")
def command(policy: str, tool: str, explain: bool, as_json: bool) -> None:
    """Redact secrets and personal data from standard input.

    The policy in force is that of GUARD_POLICY or of the configuration; without one everything that guard knows is
    masked, and with --tool what the default masks in that tool's output. Exits 0 when all was read and written, 2 for
    a wrong option, 74 when reading or writing fails, 78 for a faulty policy, and 141 when the reader is gone.
    """
    forbid_dumps()
    if as_json and not explain:
        raise click.UsageError("--json goes with --explain: masked text has no JSON form")
    settings = load_settings()
    chosen = policy or (settings.policy if settings.policy_is_chosen else "")
    masker = _masker(_rules(chosen), settings)
    if sys.stdin is None or sys.stdout is None:
        _fail("guard mask needs a standard input and a standard output: guard mask < FILE > OTHER")
    source, sink = sys.stdin.fileno(), sys.stdout.fileno()
    try:
        if explain:
            _explain(masker, tool, source, as_json)
        else:
            _filter(masker.stream(tool), source, sink)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sink)  # what is left in Python's own buffer has nowhere to go
        sys.exit(141)  # as a filter that SIGPIPE ended; click would make it a failure of its own
    except OSError as error:
        _fail(f"cannot read or write: {error.strerror}; nothing that was not masked has been let out")


def _fail(reason: str) -> NoReturn:
    click.echo(f"guard: {reason}", err=True)
    sys.exit(INPUT_OUTPUT_ERROR)


def _rules(policy: str) -> Sequence[MaskRule]:
    if not policy:
        return DEFAULT_RULES
    from guardcli.policy.loader import load_policy

    return load_policy(policy).mask


def _masker(rules: Sequence[MaskRule], settings: Settings) -> Masker:
    cache = PatternCache(settings.state_dir / "cache")
    return Masker(rules, key=secrets.token_bytes(32), load=cache.load, store=cache.store)


def _filter(stream: Stream, source: int, sink: int) -> None:
    """Pass everything through `stream`; let out what is held when nothing comes for a while."""
    while True:
        if stream.held and not select.select([source], [], [], _SILENCE)[0]:
            _write(sink, stream.idle())
            continue
        data = os.read(source, _BLOCK)
        if not data:
            break
        _write(sink, stream.feed(data))
    _write(sink, stream.finish())


def _write(sink: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(sink, view) :]


def _explain(masker: Masker, tool: str, source: int, as_json: bool) -> None:
    """Tell detector, line, column and length of each finding, in the order of the text."""
    found: list[tuple[str, int, int]] = []
    stream = masker.stream(tool, observer=lambda name, offset, length: found.append((name, offset, length)))
    line, begin, offset, total = 1, 0, 0, 0
    newlines: list[int] = []
    while data := os.read(source, _BLOCK):
        place = data.find(b"\n")
        while place >= 0:
            newlines.append(offset + place)
            place = data.find(b"\n", place + 1)
        offset += len(data)
        stream.feed(data)
        line, begin, total = _report(found, newlines, line, begin, total, as_json)
    stream.finish()
    line, begin, total = _report(found, newlines, line, begin, total, as_json)
    if not as_json:
        kinds = ", ".join(f"{count} {name}" for name, count in sorted(stream.findings.items()))
        click.echo(f"guard: {total} found{': ' + kinds if kinds else ''}", err=True)


def _report(
    found: list[tuple[str, int, int]], newlines: list[int], line: int, begin: int, total: int, as_json: bool
) -> tuple[int, int, int]:
    """Print what was found so far; return line and offset where the text stands, and the count."""
    used = 0
    for name, offset, length in found:
        while used < len(newlines) and newlines[used] < offset:
            begin, line, used = newlines[used] + 1, line + 1, used + 1
        column = offset - begin + 1
        if as_json:
            click.echo(json.dumps({"detector": name, "line": line, "column": column, "length": length}))
        else:
            click.echo(f"{line}:{column}: {name} ({length} bytes)")
    del newlines[:used]
    count = len(found)
    found.clear()
    return line, begin, total + count
