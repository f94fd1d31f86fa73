"""``guard tui``: sessions, approvals, replay and live tail in the terminal."""

from __future__ import annotations

import sys

import click

from guardcli.cli.connection import connect
from guardcli.cli.settings import load_settings
from guardcli.model.errors import ConfigurationError


@click.command(epilog="\b\nExamples:\n  guard tui\n  GUARD_API=https://guard.example.com guard tui")
def command() -> None:
    """Watch sessions, answer what waits, replay what was recorded.

    Keys are shown at the foot of each screen; ctrl+p opens the palette of commands, ctrl+q ends.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigurationError(
            "guard tui needs a terminal", hint="guard sessions and guard approvals serve scripts, with --json"
        )
    from guardcli.tui.app import GuardApp

    settings = load_settings()
    client = connect(settings)
    client.health()
    GuardApp(client, settings.policy).run()
