"""``guard shims``: put the shims into an image or a CI container, where no `guard run` sets the PATH.

A directory of shims holds the static program ``guard-shim``, one symbolic link to it for each tool, and the file
``links``, which names every link that was made in other directories, so that `uninstall` removes exactly those.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from guardcli.broker.shim_binary import shim_binary
from guardcli.cli.protecting import protect, release
from guardcli.model.errors import ConfigurationError, GuardError
from guardcli.policy import load_policy

PROGRAM = "guard-shim"
LINKS = "links"


def default_directory() -> Path:
    """Return where shims go unless told otherwise: below /usr/local for root, below the home for a person."""
    if os.geteuid() == 0:
        return Path("/usr/local/lib/guard/shims")
    return Path.home() / ".local" / "share" / "guard" / "shims"


@click.group()
def command() -> None:
    """Install the shims into an image or a CI container.

    `guard run` needs none of this: it puts shims on the PATH of the session by itself. An installed shim that
    finds no session answers 69, and nothing runs.
    """


directory_option = click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=default_directory,
    show_default="/usr/local/lib/guard/shims for root, otherwise ~/.local/share/guard/shims",
    help="Where the shims lie.",
)


@command.command()
@directory_option
@click.option(
    "--links",
    "link_directories",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    multiple=True,
    help="Also link the shims in this directory, where nothing has the tool's name yet. Can be repeated.",
)
@click.option(
    "--tool", "tools", multiple=True, help="A tool to stand in for, instead of the policy's. Can be repeated."
)
@click.option(
    "--policy", default="pack:default", show_default=True, metavar="FILE|pack:NAME", help="Whose tools to stand in for."
)
def install(directory: Path, link_directories: tuple[Path, ...], tools: tuple[str, ...], policy: str) -> None:
    """Write the shims. Running it again brings them up to date. Real tools are never touched."""
    chosen = checked_tools(tools or load_policy(policy).guarded)
    directory = directory.absolute()
    try:
        put_program(directory)
        for tool in chosen:
            put_shim(directory, tool)
        put_links(directory, [place.absolute() for place in link_directories], chosen)
    except OSError as error:
        raise GuardError(f"cannot write {error.filename or directory}: {error.strerror}") from error
    if str(directory) not in os.environ.get("PATH", "").split(os.pathsep) and not link_directories:
        click.echo(f'put them first on the PATH: export PATH="{directory}:$PATH"')


def checked_tools(tools: Iterable[str]) -> list[str]:
    """Return `tools` without repetition. Raises ConfigurationError for what is no plain file name."""
    names = list(dict.fromkeys(tools))
    for name in names:
        if name in {"", ".", "..", PROGRAM, LINKS} or "/" in name or "\0" in name or name.startswith("-"):
            raise ConfigurationError(f"{name!r} is no name of a tool", hint="give it without a directory: psql")
    return names


def put_program(directory: Path) -> None:
    """Copy the shim's program, replacing one that may be running right now in one step."""
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    unfinished = directory / f".{PROGRAM}.new"
    shutil.copyfile(shim_binary(), unfinished)
    unfinished.chmod(0o755)
    unfinished.replace(directory / PROGRAM)


def put_shim(directory: Path, tool: str) -> None:
    """Link `tool` to the program beside it. Raises GuardError where something else has the name."""
    shim = directory / tool
    if shim.is_symlink() and os.readlink(shim) == PROGRAM:
        return
    if shim.is_symlink() or shim.exists():
        raise GuardError(f"{shim} is not a shim of guard", hint="choose another --dir")
    shim.symlink_to(PROGRAM)
    click.echo(f"installed {shim}")


def put_links(directory: Path, places: Sequence[Path], tools: Sequence[str]) -> None:
    """Link every shim in `places` too, except where the name is taken. Remembers each link before it is made."""
    known = recorded_links(directory)
    for place in places:
        for tool in tools:
            link, shim = place / tool, directory / tool
            if is_link_to(link, directory):
                continue
            if link.is_symlink() or link.exists():
                click.echo(f"left {link} alone: it is not from guard")
                continue
            known.append(link)
            (directory / LINKS).write_text("".join(f"{item}\n" for item in dict.fromkeys(known)))
            link.symlink_to(shim)
            click.echo(f"linked {link}")


def recorded_links(directory: Path) -> list[Path]:
    """Return the links that were made outside of `directory`."""
    try:
        return [Path(line) for line in (directory / LINKS).read_text().splitlines() if line]
    except FileNotFoundError:
        return []


def is_link_to(link: Path, directory: Path) -> bool:
    """Say whether `link` is a symbolic link to something directly in `directory`."""
    return link.is_symlink() and Path(os.readlink(link)).parent == directory


@command.command()
@directory_option
def uninstall(directory: Path) -> None:
    """Remove the shims and every link to them, and nothing else."""
    directory = directory.absolute()
    if not directory.is_dir():
        click.echo(f"nothing is installed in {directory}")
        return
    links = [link for link in recorded_links(directory) if is_link_to(link, directory)]
    shims = [path for path in sorted(directory.iterdir()) if path.is_symlink() and os.readlink(path) == PROGRAM]
    try:
        for path in (*links, *shims):
            path.unlink()
            click.echo(f"removed {path}")
        for path in (directory / PROGRAM, directory / LINKS):
            path.unlink(missing_ok=True)
        if not any(directory.iterdir()):
            directory.rmdir()
    except OSError as error:
        raise GuardError(f"cannot remove {error.filename}: {error.strerror}") from error


@command.command("list")
@directory_option
def list_shims(directory: Path) -> None:
    """Show each shim, and what a shell with this PATH would run. Exit 1 where that is not the shim."""
    directory = directory.absolute()
    shims = sorted(path for path in directory.glob("*") if path.is_symlink() and os.readlink(path) == PROGRAM)
    if not shims:
        click.echo(f"nothing is installed in {directory}")
        return
    program = (directory / PROGRAM).resolve()
    passed_by = 0
    for shim in shims:
        found = shutil.which(shim.name)
        guarded = found is not None and Path(found).resolve() == program
        passed_by += not guarded
        standing = "first on the PATH" if guarded else f"NOT first: {found or 'not on the PATH'}"
        click.echo(f"{shim.name:<10} {shim}  {standing}")
    if passed_by:
        raise click.exceptions.Exit(1)


command.add_command(protect)
command.add_command(release)
