"""The entry point: finds the command group, loads only that, and turns errors into words and a status."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from guardcli import __version__
from guardcli.model.errors import GuardError

COMMANDS = {
    "agents": ("guardcli.cli.agents", "Put guard's hook into the settings of agents."),
    "api": ("guardcli.cli.api", "Run the central API and issue its tokens."),
    "approvals": ("guardcli.cli.approvals", "List, show and decide what waits for a person."),
    "audit": ("guardcli.cli.audit", "Verify that the chain of records is whole."),
    "completion": ("guardcli.cli.completion", "Print the completion script for a shell."),
    "demo": ("guardcli.cli.demo", "See a block, a mask, an approval and a replay on throw-away data."),
    "doctor": ("guardcli.cli.doctor", "Check that guard is really in the path."),
    "evidence": ("guardcli.cli.evidence", "Export what was recorded as signed evidence for an auditor."),
    "login": ("guardcli.cli.login", "Log in to the central API, as a person or with a service token."),
    "logout": ("guardcli.cli.logout", "End the login to the central API."),
    "mask": ("guardcli.cli.mask", "Redact secrets and personal data from standard input."),
    "policy": ("guardcli.cli.policy", "Write, check and explain policies."),
    "run": ("guardcli.cli.run", "Run an agent, or any command, under guard."),
    "secrets": ("guardcli.cli.secrets", "Keep the credentials that guard logs in with."),
    "sessions": ("guardcli.cli.sessions", "List, show, search and replay what was recorded."),
    "sidecar": ("guardcli.cli.sidecar", "Be the broker of an agent in another container of a pod."),
    "shims": ("guardcli.cli.shims", "Install the shims into an image or a CI container."),
    "tui": ("guardcli.cli.tui", "Watch sessions, answer what waits, replay what was recorded."),
    "whoami": ("guardcli.cli.whoami", "Show who the API takes you for, and what you may do there."),
}
"""Command name → (module whose attribute `command` is the click command, one line of help). Loading only the
module that is called keeps `guard run` free of what it does not need."""


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is looked up."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command, or None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        gc.disable()  # what is imported stays: looking through it for garbage again and again only takes time
        try:
            command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        finally:
            gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `guard demo`, then `guard run -- YOUR-AGENT`.",
)
@click.version_option(__version__, prog_name="guard")
def guard() -> None:
    """Put a control point between an AI agent and the systems that it reaches.

    Every call of psql, kubectl, ssh and git is judged before it runs, its output is masked, what is risky waits
    for a person, and the record is kept where the agent cannot touch it.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run guard and exit. A `GuardError` becomes one message on stderr and its own status."""
    try:
        status = guard.main(args=arguments, prog_name="guard", standalone_mode=False)
    except GuardError as error:
        click.echo(f"guard: {error}", err=True)
        sys.exit(error.exit_status)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        click.echo("guard: interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stdout = None  # its reader is gone: nothing is to be flushed at exit
        sys.exit(141)
    sys.exit(status if isinstance(status, int) else 0)
