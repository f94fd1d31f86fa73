"""Every path at which a guarded tool's real program is, so that the shim can stand at each of them.

Looked through are the PATH, the usual directories of programs, git's exec path and the versioned directories of
PostgreSQL. The shim goes over a program by the name of a tool, over every other name of the same file (hard links),
over what a symbolic link leads to, and over files of the same content. A script that several names lead to is left as
it is, for it runs a program that is covered: Debian's ``pg_wrapper`` does.
"""

from __future__ import annotations

import filecmp
import glob
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

DIRECTORIES = (
    *("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/usr/libexec", "/usr/games", "/snap/bin"),
    *("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/libexec/postgresql*", "/opt/*/bin", "/usr/lib/git-core"),
    *("/usr/libexec/git-core", "/usr/local/libexec/git-core", "/usr/lib/google-cloud-sdk/bin", "/opt/*/*/bin"),
    *("/usr/local/*/bin", "/nix/var/nix/profiles/default/bin", "/usr/lib/openssh", "/usr/local/lib/guard/shims"),
)
GIT_REMOTES = ("git-remote-", "git-http-", "git-imap-send", "git-daemon")
"""Programs of git's that are not git itself, and speak to remotes or serve them."""
ELF = b"\x7fELF"
SHIM = "guard-shim"


@dataclass(frozen=True, slots=True)
class StandIns:
    """`paths` are what the shim goes over; `tools` has, for each name that a shim may be called by, the tool it is."""

    paths: tuple[str, ...]
    tools: Mapping[str, str]
    programs: Mapping[str, str]
    """Name → the real program behind it, for names that are no tool themselves: ``git-remote-https``."""


def find_stand_ins(tools: Sequence[str], path: str) -> StandIns:
    """Return every path of the real programs of `tools`; `path` is the PATH that the session begins with."""
    entries = [entry for directory in _directories(path) for entry in _entries(directory)]
    owners: dict[str, str] = {}
    names = {tool: tool for tool in tools}
    programs: dict[str, str] = {}
    for entry in entries:
        if entry.name in tools and (real := _cover(entry.path)):
            owners[real] = entry.name
        elif "git" in tools and entry.name.startswith(GIT_REMOTES) and is_elf(entry.path):
            programs[entry.name] = os.path.realpath(entry.path)
    for entry, owner in _same_files(entries, owners):
        names.setdefault(entry.name, owner)
        real = os.path.realpath(entry.path)
        names.setdefault(os.path.basename(real), owner)
        owners.setdefault(real, owner)
    names |= {name: "git" for name in programs if name not in names}
    return StandIns(tuple(sorted({*owners, *programs.values()})), names, programs)


def real_tools(found: StandIns) -> tuple[str, ...]:
    """Return the paths of `found` that are no installed shim of guard's."""
    return tuple(path for path in found.paths if os.path.basename(path) != SHIM)


def _same_files(
    entries: Iterable[os.DirEntry[str]], owners: Mapping[str, str]
) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Yield what is the same file as one in `owners`, or holds the same, with the tool that this one is."""
    known, sizes = {}, {}
    for real, tool in owners.items():
        found = os.stat(real)
        known[found.st_dev, found.st_ino] = tool
        if is_elf(real):
            sizes[found.st_size] = (real, tool)
    for entry in entries:
        try:
            found = entry.stat()
        except OSError:
            continue
        identity = (found.st_dev, found.st_ino)
        if found.st_size in sizes and identity not in known and stat.S_ISREG(found.st_mode):
            real, tool = sizes[found.st_size]
            if os.access(entry.path, os.R_OK) and filecmp.cmp(entry.path, real, shallow=False):
                known[identity] = tool
        if identity in known:
            yield entry, known[identity]


def is_elf(path: str) -> bool:
    """Tell whether the file at `path` is a program of the machine, and no script."""
    try:
        with open(path, "rb") as file:
            return file.read(4) == ELF
    except OSError:
        return False


def _cover(path: str) -> str:
    """Return the real path that the shim goes over for a tool's name; empty for a script of several names."""
    real = os.path.realpath(path)
    try:
        if not stat.S_ISREG(os.stat(real).st_mode) or not os.access(real, os.X_OK):
            return ""
    except OSError:
        return ""
    return real if os.path.basename(real) == os.path.basename(path) or is_elf(real) else ""


def _directories(path: str) -> Iterator[str]:
    seen: set[str] = set()
    usual = (match for pattern in DIRECTORIES for match in sorted(glob.glob(pattern)))
    for directory in (*path.split(os.pathsep), *usual):
        real = os.path.realpath(directory) if directory.startswith("/") else ""
        if real and real not in seen and os.path.isdir(real):
            seen.add(real)
            yield real


def _entries(directory: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            yield from entries
    except OSError:
        return
