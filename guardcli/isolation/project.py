"""Which directory is the agent's project: the one it may write to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

FILE_MAX = 4096
"""Bytes of a ``.git`` file: one line with a path."""


@dataclass(frozen=True, slots=True)
class Project:
    """`directory` is shown with `also`, both writable; empty where the agent was not started in a project.

    `cwd` is where the agent starts. `remark` says what a person should know about it.
    """

    directory: str
    cwd: str
    also: tuple[str, ...] = ()
    remark: str = ""


def find_project(cwd: str, home: str) -> Project:
    """Return the project around `cwd`: the git work tree that it is in, or else that directory itself.

    A home directory, or one that holds it, is no project: too much of the user's is in there.
    """
    cwd, home = os.path.realpath(cwd), os.path.realpath(home)
    if is_inside(home, cwd):
        named = "your home directory" if cwd == home else f"{cwd}, which holds your home directory,"
        return Project(
            "", cwd, remark=f"{named} is no project and is not shown; start the agent in a project's directory"
        )
    directory = cwd
    for candidate in (cwd, *map(str, Path(cwd).parents)):
        if is_inside(home, candidate):
            break
        if os.path.lexists(os.path.join(candidate, ".git")) and os.stat(candidate).st_uid == os.getuid():
            directory = candidate
            break
    return Project(directory, cwd, _elsewhere(directory))


def is_inside(path: str, directory: str) -> bool:
    """Tell whether `path` is `directory` or below it; both are absolute and normal."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _elsewhere(directory: str) -> tuple[str, ...]:
    """Return the repository of a linked work tree or a submodule (gitrepository-layout(5)), where it lies elsewhere."""
    try:
        with open(os.path.join(directory, ".git"), encoding="utf-8", errors="surrogateescape") as pointer:
            text = pointer.read(FILE_MAX)
    except OSError:
        return ()
    if not text.startswith("gitdir: "):
        return ()
    place = os.path.realpath(os.path.join(directory, text.removeprefix("gitdir: ").rstrip("\n")))
    try:
        with open(os.path.join(place, "commondir"), encoding="utf-8", errors="surrogateescape") as pointer:
            place = os.path.realpath(os.path.join(place, pointer.read(FILE_MAX).rstrip("\n")))
    except OSError:
        pass
    looks_right = os.path.isfile(os.path.join(place, "HEAD")) and os.path.isdir(os.path.join(place, "objects"))
    return (place,) if looks_right and not is_inside(place, directory) else ()
