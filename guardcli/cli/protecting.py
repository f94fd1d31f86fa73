"""``guard shims protect``: close the real tools to everybody but one group, the broker's; ``release`` undoes it.

For images in which the agent is a user of its own (``guard run --as-user``). Each program that `guard run` would put
its shim over is closed: what a tool's name leads to, hard links, copies, versioned directories, and git's programs for
remotes. What was before is written down first, a line of JSON each, so that a half-done run can be undone. Where there
is dpkg the change is made as its own override (dpkg-statoverride(1)), which upgrades of packages keep.
"""

from __future__ import annotations

import grp
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from guardcli.isolation.standins import find_stand_ins, real_tools
from guardcli.isolation.users import GUARD
from guardcli.model.errors import ConfigurationError, GuardError
from guardcli.policy import load_policy

RECORD = Path("/usr/local/lib/guard/protected")
OTHERS = 0o027
"""What a mode loses: writing for the group, everything for all others."""
OVERRIDES = "dpkg-statoverride"
MACHINES_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

record_option = click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    default=RECORD,
    show_default=True,
    help="Where it is written down what was before.",
)


@dataclass(frozen=True, slots=True)
class Before:
    """How a program was before it was closed; `override` says that dpkg was told."""

    path: str
    uid: int
    gid: int
    mode: int
    override: bool


@click.command(
    epilog="Example: guard shims protect --group guard\n\nExample: guard shims protect --tool git --tool mysql"
)
@click.option("--group", default=GUARD, show_default=True, help="The group that keeps the tools: the broker's.")
@click.option("--tool", "tools", multiple=True, help="A tool to close, instead of the policy's. Can be repeated.")
@click.option("--policy", default="pack:default", show_default=True, metavar="FILE|pack:NAME", help="Whose tools.")
@record_option
def protect(group: str, tools: tuple[str, ...], policy: str, record: Path) -> None:
    """Close the real tools to all users but those of one group, and root.

    For an image in which an agent is a user of its own: guard run --as-user. Running it again closes what has come
    since. `guard shims release` gives back what was.
    """
    number = group_number(group)
    known = {one.path for one in recorded(record)}
    chosen = tools or load_policy(policy).guarded
    path = os.pathsep.join((os.environ.get("PATH", ""), MACHINES_PATH))
    done = 0
    for real in real_tools(find_stand_ins(chosen, path)):
        found = os.stat(real)
        if found.st_gid == number and not found.st_mode & OTHERS:
            continue
        try:
            close(real, found, number, record, known)
        except OSError as error:
            raise GuardError(f"cannot close {real}: {error.strerror}", hint="this needs root") from error
        click.echo(f"closed {real}")
        done += 1
    click.echo(f"{done} programs are open to the group {group} alone" if done else "nothing was left to close")


@click.command()
@record_option
def release(record: Path) -> None:
    """Give the real tools back to whom `guard shims protect` took them from."""
    left = []
    for before in recorded(record):
        try:
            give_back(before)
            click.echo(f"opened {before.path}")
        except FileNotFoundError:
            click.echo(f"left out {before.path}: it is gone")
        except OSError as error:
            left.append(f"{before.path}: {error.strerror}")
    if left:
        raise GuardError(f"cannot open {', '.join(left)}", hint="this needs root")
    record.unlink(missing_ok=True)


def group_number(group: str) -> int:
    """Return the number of `group`, a name or a number. Raises ConfigurationError."""
    try:
        return int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    except KeyError:
        raise ConfigurationError(
            f"there is no group {group!r}", hint="install.sh --system --protect makes it"
        ) from None


def recorded(record: Path) -> list[Before]:
    """Return what was written down, the newest first. Raises GuardError."""
    try:
        lines = record.read_text().splitlines()
        return [Before(**json.loads(line)) for line in reversed(lines)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        raise GuardError(f"{record} cannot be read: {error}") from error


def close(path: str, found: os.stat_result, group: int, record: Path, known: set[str]) -> None:
    """Close one program, which is as `found` says. Raises OSError."""
    override = shutil.which(OVERRIDES) is not None and not _overridden(path)
    if path not in known:
        record.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        before = Before(path, found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode), override)
        with record.open("a") as lines:
            lines.write(json.dumps(asdict(before)) + "\n")
    mode = stat.S_IMODE(found.st_mode) & ~OTHERS
    os.chown(path, -1, group)
    os.chmod(path, mode)
    if override:
        _tell_dpkg(["--add", f"#{found.st_uid}", f"#{group}", f"{mode:o}", path])


def give_back(before: Before) -> None:
    """Undo `close`. Raises OSError."""
    if before.override and _overridden(before.path):
        _tell_dpkg(["--remove", before.path])
    os.chown(before.path, before.uid, before.gid)
    os.chmod(before.path, before.mode)


def _overridden(path: str) -> bool:
    """Tell whether somebody has told dpkg about `path`."""
    if shutil.which(OVERRIDES) is None:
        return False
    return subprocess.run([OVERRIDES, "--list", path], capture_output=True, check=False).returncode == 0


def _tell_dpkg(arguments: Sequence[str]) -> None:
    done = subprocess.run([OVERRIDES, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(done.returncode, f"{OVERRIDES}: {done.stderr.strip()}")
