"""``guard completion``: print the script that makes a shell complete guard's commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

INSTRUCTIONS = {
    "bash": 'eval "$(guard completion bash)"    # in ~/.bashrc',
    "zsh": 'eval "$(guard completion zsh)"    # in ~/.zshrc',
    "fish": "guard completion fish > ~/.config/fish/completions/guard.fish",
}


@click.command(epilog="\b\n" + "\n".join(INSTRUCTIONS.values()))
@click.argument("shell", type=click.Choice(list(INSTRUCTIONS)))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script for SHELL. Load it in the shell's start-up file."""
    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    click.echo(script(context.find_root().command, {}, "guard", "_GUARD_COMPLETE").source())
