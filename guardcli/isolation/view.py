"""What an isolated agent sees, as a list of mounts in the order in which they are made.

Nothing is there but what is shown: the system's programs, read-only; the project, writable; of the home the agents' own
configuration, and programs. What is hidden goes over that, of two paths to the same place the longer one holds, and
guard's own directories go over everything.
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from guardcli.isolation.defaults import HIDDEN, OWN, READ_ONLY, SYSTEM, SYSTEM_STATE
from guardcli.isolation.project import Project, is_inside
from guardcli.model.isolation import Isolation

GLOB_MOST = 1000
"""Paths that one pattern may lead to."""


class Kind(str, Enum):
    """What stands at the target of a mount."""

    READ_ONLY = "read only"
    WRITABLE = "writable"
    EMPTY_DIRECTORY = "empty directory"
    EMPTY_FILE = "empty file"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Mount:
    """One thing at `target`; `source` is what is shown there, or where a link leads."""

    kind: Kind
    target: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the view is made around: `home`, the PATH, programs that must be seen, and guard's own places.

    `needed` are directories without which the agent or guard itself would not start: Python's, guard's package.
    `private` are guard's: state, settings, runtime. `kept` are files that are never writable: the policy.
    """

    home: str
    path: str
    project: Project
    needed: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def build_view(around: Surroundings, isolation: Isolation) -> tuple[Mount, ...]:
    """Return every mount of the view, in order."""
    shown = {mount.target: mount for mount in _system()}
    home = os.path.realpath(around.home)
    if home != "/":
        shown[home] = Mount(Kind.EMPTY_DIRECTORY, home)
    for kind, paths in ((Kind.READ_ONLY, READ_ONLY), (Kind.WRITABLE, OWN)):
        for path in _existing(paths, home):
            shown[path] = Mount(kind, path, path)
    for path in (*_path_directories(around.path, home), *around.needed):
        if not _visible(path, shown.values()):
            shown[path] = Mount(Kind.READ_ONLY, path, path)
    for path in filter(None, (around.project.directory, *around.project.also)):
        shown[path] = Mount(Kind.WRITABLE, path, path)
    writable = _existing(isolation.write, home)
    shown |= {path: Mount(Kind.WRITABLE, path, path) for path in writable}
    explicit = [*_existing(isolation.show, home), *writable]
    for path in explicit:
        if path not in shown or shown[path].kind is not Kind.WRITABLE:
            shown[path] = Mount(Kind.READ_ONLY, path, path)
    unseen = _existing(isolation.hide, home)
    for path in (*(path for path in _existing(HIDDEN, home) if path not in explicit), *unseen):
        shown[path] = _nothing(path)
    for path in around.private:
        real = os.path.realpath(path)
        shown = {target: mount for target, mount in shown.items() if not is_inside(target, real)}
        if os.path.lexists(real):
            shown[real] = _nothing(real)
    for path in around.kept:
        if _visible(path, shown.values()):
            shown[path] = Mount(Kind.READ_ONLY, path, path)
    return tuple(_needed(sorted(shown.values(), key=lambda mount: (mount.target.count("/"), mount.target))))


def visible(path: str, mounts: Sequence[Mount]) -> bool:
    """Tell whether the view shows the real `path` as it is."""
    return _visible(path, mounts)


def places_of(path: str, mounts: Sequence[Mount]) -> list[str]:
    """Return every path inside at which the view shows the real `path`: a directory may be shown in two places."""
    found = []
    for mount in mounts:
        if mount.kind in (Kind.READ_ONLY, Kind.WRITABLE):
            source = os.path.realpath(mount.source)
            if is_inside(path, source):
                place = os.path.normpath(mount.target + path.removeprefix(source.rstrip("/")))
                if _over(place, mounts) is mount:
                    found.append(place)
    return found


def _visible(path: str, mounts: Iterable[Mount]) -> bool:
    over = _over(path, mounts)
    return over is not None and over.kind in (Kind.READ_ONLY, Kind.WRITABLE)


def _over(path: str, mounts: Iterable[Mount]) -> Mount | None:
    """Return the innermost mount that `path` is in."""
    found = None
    for mount in mounts:
        if is_inside(path, mount.target) and (found is None or len(mount.target) >= len(found.target)):
            found = mount
    return found


def _needed(mounts: Sequence[Mount]) -> Iterable[Mount]:
    """Leave out what hides something that is not shown anyway."""
    before: list[Mount] = []
    for mount in mounts:
        hides = mount.kind is Kind.EMPTY_FILE or (mount.kind is Kind.EMPTY_DIRECTORY and mount.source == "hidden")
        if not hides or _visible(mount.target, before):
            before.append(mount)
            yield mount


def _system() -> Iterable[Mount]:
    for name in SYSTEM:
        path = f"/{name}"
        if os.path.islink(path):
            yield Mount(Kind.LINK, path, os.readlink(path))
        elif os.path.isdir(path):
            yield Mount(Kind.READ_ONLY, path, path)
    for path in ("/tmp", "/var", "/var/tmp", "/run"):  # noqa: S108 - mounts of its own, nothing is created here
        yield Mount(Kind.EMPTY_DIRECTORY, path)
    yield Mount(Kind.LINK, "/var/run", "/run")
    for path in SYSTEM_STATE:
        if os.path.isdir(path):
            yield Mount(Kind.READ_ONLY, path, path)
    resolver = os.path.realpath("/etc/resolv.conf")
    if resolver.startswith("/run/") and os.path.isfile(resolver):
        yield Mount(Kind.READ_ONLY, resolver, resolver)


def _existing(paths: Iterable[str], home: str) -> list[str]:
    """Return the real paths that `paths` lead to, as far as they are there."""
    found: dict[str, None] = {}
    for path in paths:
        whole = os.path.join(home, path[2:]) if path.startswith("~/") else path
        matches = sorted(glob.iglob(whole))[:GLOB_MOST] if glob.has_magic(whole) else [whole]
        for match in matches:
            if os.path.lexists(match):
                found[os.path.realpath(match)] = None
    return [path for path in found if path not in ("/", home)]


def _nothing(path: str) -> Mount:
    try:
        directory = stat.S_ISDIR(os.stat(path).st_mode)
    except OSError:
        directory = True
    return Mount(Kind.EMPTY_DIRECTORY if directory else Kind.EMPTY_FILE, path, "hidden")


def _path_directories(path: str, home: str) -> Iterable[str]:
    """Return what has to be shown for the programs on the PATH: a directory, with what lies beside its ``bin``."""
    for entry in path.split(os.pathsep):
        if not entry.startswith("/") or not os.path.isdir(entry):
            continue
        real = os.path.realpath(entry)
        yield from program_directory(real, home)
        if os.path.normpath(entry) != real and not in_system(os.path.normpath(entry)):
            yield os.path.normpath(entry)


def in_system(path: str) -> bool:
    """Tell whether `path` is in one of the system's directories, which are shown with their links as they are."""
    return path.split("/")[1] in SYSTEM


def program_directory(directory: str, home: str) -> Iterable[str]:
    """Return the directory to show for programs in `directory`: its prefix, where that is one of a single product."""
    prefix = os.path.dirname(directory)
    broad = {"/", home, os.path.join(home, ".local"), "/usr/local", "/usr"}
    of_one = os.path.basename(directory) in ("bin", "sbin") and prefix not in broad and not is_inside(home, prefix)
    if of_one and os.path.isdir(os.path.join(prefix, "lib")):
        yield prefix
    elif directory not in ("/", home):
        yield directory
