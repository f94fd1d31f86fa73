"""``guard sessions``: what was recorded, as a list, a timeline, or the terminal itself."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from guardcli.cli.connection import connect
from guardcli.cli.picking import find
from guardcli.cli.search import search
from guardcli.cli.settings import load_settings
from guardcli.cli.tables import echo, echo_table, paint
from guardcli.client.api import ApiClient, SessionInfo
from guardcli.model.errors import UnavailableError
from guardcli.model.events import Event
from guardcli.playback import timeline
from guardcli.playback.text import age, clock, inert

STATE_COLOURS = {"live": "green", "lost": "red"}
COMMAND_COLUMNS = 50

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
reason_option = click.option("--reason", default="", help="Kept in the trail.")
call_option = click.option("--call", type=click.IntRange(1), help="Only the call of this number.")


@click.group()
def command() -> None:
    """List, show, search and replay what was recorded.

    A session is named by its id, the beginning of it, or `last`.
    """


command.add_command(search)


@command.command("list", epilog="Example: guard sessions list --state live")
@click.option("--state", type=click.Choice(["live", "lost", "closed"]), help="Only those in this state.")
@click.option("--identity", default="", help="Only those of this identity.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many, newest first.")
@json_option
def list_sessions(state: str | None, identity: str, limit: int, as_json: bool) -> None:
    """List sessions, newest first."""
    found = list(connect(load_settings()).sessions(state=state or "", identity=identity, limit=limit))
    if as_json:
        for session in found:
            click.echo(json.dumps(dataclasses.asdict(session)))
        return
    if not found:
        echo("no session is recorded")
        return
    head = ("ID", "STATE", "BEGAN", "TOOK", "WHO", "CALLS", "DENIED", "ASKED", "MASKED", "COMMAND")
    echo_table(head, [_row(session) for session in found], [STATE_COLOURS.get(one.state, "") for one in found])


def _row(session: SessionInfo) -> tuple[str, ...]:
    counts = [str(session.counts.get(name, 0)) for name in ("calls", "deny", "asked", "masked")]
    command = " ".join(session.command)
    return (
        session.id,
        session.state,
        clock(session.started),
        age((session.closed or time.time()) - session.started),
        session.identity,
        *counts,
        command if len(command) <= COMMAND_COLUMNS else command[: COMMAND_COLUMNS - 1] + "…",
    )


@command.command(epilog="Example: guard sessions show last")
@click.argument("session_id")
@call_option
@click.option("--all", "everything", is_flag=True, help="Also the stretches of the recording.")
@click.option("--follow", "-f", is_flag=True, help="Go on as the session goes on, until it ends.")
@json_option
def show(session_id: str, call: int | None, everything: bool, follow: bool, as_json: bool) -> None:
    """Show the timeline: calls, decisions, rules, approvals, what was masked, how it ended."""
    client = connect(load_settings())
    session = find(client, session_id)
    events = client.events(session.id, call=call, follow=follow)
    if as_json:
        for event in events:
            click.echo(json.dumps(event.as_json()))
        return
    _describe(session)
    for event in events:
        if everything or event.type not in timeline.HIDDEN:
            _echo_event(event)


def _describe(session: SessionInfo) -> None:
    state = paint(session.state, STATE_COLOURS.get(session.state, ""))
    echo(f"session {inert(session.id)}  {state}")
    took = age((session.closed or time.time()) - session.started)
    rows = {
        "who": f"{session.identity} ({', '.join(session.groups)}), opened by {session.owner}",
        "command": " ".join(session.command),
        "where": f"{session.cwd} on {session.host}",
        "policy": f"{session.policy} {session.policy_digest[:12]}",
        "began": f"{clock(session.started)}, took {took}",
        "inside of": session.parent,
        "recording": "deleted" if session.erased else "",
        "held since": clock(session.held) if session.held else "",
        "counted": ", ".join(f"{name} {count}" for name, count in session.counts.items()),
    }
    for name, value in rows.items():
        if value:
            echo(f"  {name:<10} {inert(value)}")


def _echo_event(event: Event) -> None:
    call = f"#{event.call}" if event.call else ""
    word = paint(f"{event.type.value:<9}", timeline.colour(event))
    echo(f"{inert(event.time[11:23])} {call:>5}  {word}  {inert(timeline.sentence(event))}")


@command.command(epilog='Example: guard sessions hold 018f --reason "case 42"')
@click.argument("session_id")
@reason_option
def hold(session_id: str, reason: str) -> None:
    """Let nothing of the session be deleted, whatever the rules say; for auditors and admins."""
    _note(session_id, lambda client, id: client.hold_session(id, reason), "is held")


@command.command(epilog='Example: guard sessions release 018f --reason "case 42 is closed"')
@click.argument("session_id")
@reason_option
def release(session_id: str, reason: str) -> None:
    """End a hold: the recording goes when the rules say so; for auditors and admins."""
    _note(session_id, lambda client, id: client.release_session(id, reason), "is no longer held")


def _note(session_id: str, act: Callable[[ApiClient, str], None], done: str) -> None:
    client = connect(load_settings())
    session = find(client, session_id)
    act(client, session.id)
    echo(f"session {inert(session.id)} {done}")


@command.command(epilog="Example: guard sessions replay last --speed 4 --idle-limit 1")
@click.argument("session_id")
@call_option
@click.option("--speed", type=click.FloatRange(0.01, 1000), default=1.0, show_default=True, help="How fast.")
@click.option("--idle-limit", type=click.FloatRange(0), default=0.0, help="No pause longer than so many seconds.")
@click.option("--no-wait", is_flag=True, help="All at once.")
def replay(session_id: str, call: int | None, speed: float, idle_limit: float, no_wait: bool) -> None:
    """Play the recording on this terminal; nothing of it can act on the terminal."""
    from guardcli.cli.replay import play

    client = connect(load_settings())
    session = find(client, session_id)

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    def wait(seconds: float) -> None:
        if not no_wait:
            time.sleep(seconds)

    play(client.recording(session.id, call), write, wait, speed=speed, idle_limit=idle_limit)


@command.command(epilog="Example: guard sessions export last -o session.cast && asciinema play session.cast")
@click.argument("session_id")
@call_option
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="The file. Default: stdout.")
def export(session_id: str, call: int | None, output: Path | None) -> None:
    """Write the recording as asciicast v2, which `asciinema play` plays."""
    if output is None and sys.stdout.isatty():
        raise click.UsageError("a recording is not for a terminal: name a file with -o, or use replay")
    client = connect(load_settings())
    session = find(client, session_id)
    lines = client.recording(session.id, call)
    if output is None:
        for line in lines:
            sys.stdout.buffer.write(line)
        sys.stdout.flush()
        return
    made = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with open(made, "xb") as file:
            for line in lines:
                file.write(line)
        made.replace(output)
    except OSError as error:
        raise UnavailableError(f"cannot write {output}: {error.strerror}") from error
    finally:
        made.unlink(missing_ok=True)
    echo(f"wrote {inert(output)}")
