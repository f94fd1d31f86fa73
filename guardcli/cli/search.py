"""``guard sessions search``: events by what they say and what they did."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click

from guardcli.cli.connection import connect
from guardcli.cli.moments import FORMS, moment
from guardcli.cli.picking import find
from guardcli.cli.settings import load_settings
from guardcli.cli.tables import echo, paint
from guardcli.client.api import ApiClient
from guardcli.client.search import Hit, SearchFilters
from guardcli.model.effects import Effect
from guardcli.model.errors import ConfigurationError
from guardcli.model.events import EventType
from guardcli.playback.text import inert
from guardcli.playback.timeline import VERDICT_COLOURS

PAGE = 200
COMMAND_COLUMNS = 100

EXAMPLES = """\b
Examples:
  guard sessions search --since 03:12Z --until 03:13Z --type judged   which query ran at 03:12 UTC?
  guard sessions search --detector credit_card --since 7d             did any response hold a card number?
  guard sessions search --effect delete --verdict allow               what was deleted without a question?
  guard sessions search customers 'ssn*' --tool psql                  where do these words stand?
"""

NAMES = {
    "identity": "Whose session it was.",
    "tool": "psql, kubectl, ssh, git, …",
    "rule": "The rule that decided.",
    "target": "Whole, as table:public/orders, or a part of its name.",
    "resource": "A resource of the policy.",
    "table": "orders, or with its schema public.orders.",
    "namespace": "Of a cluster.",
    "host": "With or without user and port.",
    "ref": "main, refs/heads/main or origin/refs/heads/main.",
    "approver": "Who decided an approval.",
    "detector": "What was found in output, and masked.",
}


def _named(function: Any) -> Any:
    for name, help in reversed(NAMES.items()):
        function = click.option(f"--{name}", default="", metavar="NAME", help=help)(function)
    return function


@click.command(epilog=EXAMPLES)
@click.argument("words", nargs=-1)
@_named
@click.option("--effect", type=click.Choice([one.value for one in Effect]), help="What the call was judged to do.")
@click.option("--verdict", type=click.Choice(sorted(VERDICT_COLOURS)), help="What was decided.")
@click.option("--type", type=click.Choice([one.value for one in EventType]), help="Only events of this kind.")
@click.option("--since", type=moment, default=0.0, metavar="MOMENT", help=f"From then on: {FORMS}.")
@click.option("--until", type=moment, default=0.0, metavar="MOMENT", help="Before then.")
@click.option("--session", "session_id", default="", metavar="ID", help="Only this session; `last` is one too.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many, newest first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
def search(words: tuple[str, ...], session_id: str, limit: int, as_json: bool, **asked: Any) -> int:
    """Find events in all sessions that you may read: all that is given must hold.

    WORDS are looked for in commands, statements, reasons and output, as they were masked: each whole, or as a
    beginning with a * behind it. What a call printed or asked is also found by what the call was. Exit status 1
    says that nothing was found.
    """
    if asked["since"] and asked["until"] and asked["until"] <= asked["since"]:
        raise ConfigurationError("--until is not later than --since", hint="nothing can lie between them")
    client = connect(load_settings())
    filters: SearchFilters = {name: value for name, value in asked.items() if value}  # type: ignore[assignment]
    if session_id:
        filters["session"] = find(client, session_id).id
    found = False
    for hit in hits(client, " ".join(words), filters, limit):
        found = True
        if as_json:
            click.echo(json.dumps(dataclasses.asdict(hit)))
        else:
            _show(hit)
    if not found and not as_json:
        echo("nothing was found")
    return 0 if found else 1


def hits(client: ApiClient, words: str, filters: SearchFilters, limit: int) -> Iterator[Hit]:
    """Give up to `limit` hits, newest first, a page at a time."""
    filters, after = filters.copy(), ""
    while limit > 0:
        filters["limit"], filters["after"] = min(limit, PAGE), after
        page = client.search(words, **filters)
        yield from page.hits
        limit -= len(page.hits)
        after = page.next
        if not after:
            return


def _show(hit: Hit) -> None:
    verdict = paint(inert(f"{hit.verdict or '-':<7}"), VERDICT_COLOURS.get(hit.verdict, ""))
    place = f"{hit.session} #{hit.call}" if hit.call else hit.session
    rule = f"  rule {hit.rule}" if hit.rule else ""
    echo(f"{inert(_clock(hit.time))}  {verdict}  {inert(hit.type):<8}  {inert(place + '  ' + hit.identity + rule)}")
    command = hit.command if len(hit.command) <= COMMAND_COLUMNS else hit.command[: COMMAND_COLUMNS - 1] + "…"
    if command:
        echo(f"    {inert(command)}")
    if hit.excerpt and hit.type != EventType.JUDGED.value:
        echo(f"    {inert(hit.excerpt)}")


def _clock(time: str) -> str:
    """Return an event's time, UTC, with a Z; text that is no time as it is."""
    try:
        return datetime.fromisoformat(time).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError):
        return time
