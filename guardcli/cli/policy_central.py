"""``guard policy publish``, ``history``, ``assign``, ``rollback`` and ``withdraw``: the policies of the centre."""

from __future__ import annotations

import json
from typing import Any

import click

from guardcli.cli.connection import connect
from guardcli.cli.moments import shown
from guardcli.cli.settings import load_settings
from guardcli.cli.tables import echo, echo_table
from guardcli.client.policies import PolicyApi
from guardcli.playback.text import inert
from guardcli.policy.loader import read_source

group_option = click.option("--group", required=True, metavar="GROUP", help="Who is judged by it; * is everybody.")
priority_option = click.option(
    "--priority",
    type=click.IntRange(1, 10**6),
    help="Which group goes first for somebody who is in several: the highest. Default: what the group has.",
)


def _api() -> PolicyApi:
    return PolicyApi(connect(load_settings()))


@click.command(
    epilog="\b\nExamples:\n  guard policy publish team.yaml --group agents --comment 'writes ask the DBA'\n"
    "  guard policy publish pack:default --group '*'"
)
@click.argument("policy")
@group_option
@click.option("--comment", default="", help="Why, for the history.")
@priority_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def publish(policy: str, group: str, comment: str, priority: int | None, as_json: bool) -> None:
    """Publish POLICY, a file or a pack, with all that it extends, and let GROUP be judged by it.

    It must load without a problem, and its tests must pass, which the API runs; nothing is published otherwise. The API
    signs it. Sessions that run take it within seconds. For administrators.
    """
    from guardcli.policy.bundles import gather, unpacked

    content, loaded = gather(policy, read_source)
    top, files = unpacked(content)
    found = _api().publish(top, files, group, comment, priority)
    if as_json:
        click.echo(json.dumps(found))
        return
    version = found["published"]
    tests = f"{len(loaded.tests)} tests pass" if loaded.tests else "it has no tests"
    echo(f"version {version['version']}: {inert(version['name'])}, digest {version['digest'][:12]}, {tests}")
    _tell(found["order"])


def _tell(order: dict[str, Any]) -> None:
    what = f"version {order['version']}, priority {order['priority']}" if order["version"] else "no version of its own"
    echo(f"{inert(order['group'])} is judged by {what}, from serial {order['serial']} on")


@click.command(epilog="\b\nExamples:\n  guard policy history\n  guard policy history --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with the versions and the orders.")
def history(as_json: bool) -> None:
    """Show every version of the centre's policies, and since when which group is judged by which."""
    found = _api().history()
    if as_json:
        click.echo(json.dumps(found))
        return
    versions = [
        (str(one["version"]), one["name"], one["digest"][:12], shown(one["at"]), one["by"], one["comment"])
        for one in found["versions"]
    ]
    echo_table(("VERSION", "POLICY", "DIGEST", "PUBLISHED", "BY", "COMMENT"), versions)
    orders = [
        (
            *(str(one[name]) for name in ("serial", "group", "version", "priority", "action")),
            shown(one["at"]),
            one["by"],
        )
        for one in found["orders"]
    ]
    echo("")
    echo_table(("SERIAL", "GROUP", "VERSION", "PRIORITY", "ACT", "AT", "BY"), orders)


@click.command(epilog="Example: guard policy assign 7 --group careful --priority 200")
@click.argument("version", type=click.IntRange(1))
@group_option
@priority_option
def assign(version: int, group: str, priority: int | None) -> None:
    """Let GROUP be judged by VERSION, which was published before. For administrators."""
    _tell(dict(_api().assign(version, group, priority)))


@click.command(epilog="Example: guard policy rollback 6 --group agents")
@click.argument("version", type=click.IntRange(1))
@group_option
def rollback(version: int, group: str) -> None:
    """Let GROUP be judged again by VERSION, which it was judged by before. For administrators.

    That is an order of its own with a later serial: brokers take it, where they refuse an old answer.
    """
    _tell(dict(_api().assign(version, group, rollback=True)))


@click.command(epilog="Example: guard policy withdraw --group careful")
@group_option
def withdraw(group: str) -> None:
    """Let GROUP be judged by no version of its own any more. For administrators."""
    _tell(dict(_api().withdraw(group)))
