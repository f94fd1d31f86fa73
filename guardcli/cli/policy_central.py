"""``guard policy publish``, ``history``, ``version``, ``diff``, ``assign``, ``rollback``, ``withdraw``: the centre."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from guardcli.cli.connection import connect
from guardcli.cli.moments import shown
from guardcli.cli.settings import load_settings
from guardcli.cli.tables import echo, echo_table, paint
from guardcli.client.policies import PolicyApi
from guardcli.model.errors import NotFoundError
from guardcli.playback.text import inert
from guardcli.policy.differences import differences, last_before
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


@click.command(
    epilog="\b\nExamples:\n  guard policy version 7\n  guard policy version 7 --file team.yaml > team.yaml\n"
    "  guard policy version 7 --json"
)
@click.argument("version", type=click.IntRange(1))
@click.option("--file", "name", metavar="NAME", help="Print this file alone, as it is.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with what was published and the files.")
def version(version: int, name: str | None, as_json: bool) -> None:
    """Show VERSION of the centre's policies: who published it when, and every file that it is made of."""
    found = _api().show(version)
    published, files = found["published"], found["files"]
    if name is not None and name not in files:
        raise NotFoundError(f"version {version} has no file {name!r}", hint=f"it has {', '.join(sorted(files))}")
    if as_json:
        click.echo(json.dumps({**found, "files": files if name is None else {name: files[name]}}))
    elif name is not None:
        click.echo(files[name], nl=False)
    else:
        _describe(published)
        for one in (found["policy"], *sorted(set(files) - {found["policy"]})):
            echo(f"\n{inert(one)}", bold=True)
            for line in files[one].splitlines():
                echo(inert(line))


def _describe(published: Mapping[str, Any]) -> None:
    echo(f"version {published['version']}: {inert(published['name'])}, digest {published['digest'][:12]}", bold=True)
    why = f": {inert(published['comment'])}" if published["comment"] else ""
    echo(f"published {shown(published['at'])} by {inert(published['by'])}{why}")


@click.command(
    epilog="\b\nExamples:\n  guard policy diff 7\n  guard policy diff 7 --against 4\n  guard policy diff 7 --json"
)
@click.argument("version", type=click.IntRange(1))
@click.option("--against", type=click.IntRange(1), help="Default: the version of the same name before it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with the lines of each file that differs.")
def diff(version: int, against: int | None, as_json: bool) -> None:
    """Show what VERSION of the centre's policies changed, file by file, as diff -u does.

    The packs that a policy extends are files of its version: what another guard brings along is shown too.
    """
    api = _api()
    found = api.show(version)
    named = [(one["version"], one["name"]) for one in api.history()["versions"]] if against is None else []
    other = against or last_before(named, version, found["published"]["name"])
    changed = differences(api.show(other)["files"] if other else {}, found["files"])
    if as_json:
        files = [{"name": name, "lines": lines} for name, lines in changed]
        click.echo(json.dumps({"version": version, "against": other, "files": files}))
        return
    _describe(found["published"])
    echo(f"against version {other}" if other else "the first of its name")
    for name, lines in changed:
        echo(f"\n{inert(name)}", bold=True)
        for line in lines:
            echo(paint(inert(line), _COLOURS.get(line[:1], "")))
    if not changed:
        echo("no file differs")


_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


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
