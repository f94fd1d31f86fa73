"""What the kernel says about processes: who started whom, and from which program."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Collection, Mapping

DEPTH_MAX = 16
"""How far up the process tree a parent is looked for."""

Identity = tuple[int, int]
"""Device and inode of a program's file: the same in every mount namespace, where paths are not."""
NO_PROGRAM = (0, 0)
SHIM = (0, 1)
"""No file has this inode on this device."""


BECAME_MOST = 1024
"""Processes that took a shim's place; beyond, those that have ended are forgotten."""


def parent_pid(pid: int) -> int:
    """Return the parent of `pid`, 0 when it is gone (proc(5), /proc/PID/stat)."""
    return _of_stat(pid, 1)


def begun(pid: int) -> int:
    """Return when the process `pid` began, in ticks since the machine did, 0 when it is gone."""
    return _of_stat(pid, 19)


def _of_stat(pid: int, number: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return int(stat.read().rpartition(b")")[2].split()[number])
    except (OSError, IndexError, ValueError):
        return 0


class Launches:
    """Which process a shim of this session has become the parent of, for those whose program the kernel does not tell.

    The processes of an agent that is another user are closed to the broker, as the real tools are to the agent. What
    is known of them is what the broker gave their shim to run: the shim's only child is the tool, or on a terminal
    the shim's monitor, whose only child is the tool. Or the shim itself has become the tool, in the same process.
    """

    def __init__(self) -> None:
        self._launched: dict[int, tuple[Identity, bool]] = {}
        self._became: dict[int, tuple[Identity, int]] = {}

    def begin(self, shim: int, program: Identity, monitored: bool) -> None:
        """Note that the process `shim` is about to run `program`; `monitored` on a terminal."""
        if program != NO_PROGRAM:
            self._launched[shim] = program, monitored

    def become(self, shim: int, program: Identity) -> None:
        """Note that the process `shim` is `program` from now on, as long as it is the same process."""
        if program == NO_PROGRAM:
            return
        if len(self._became) >= BECAME_MOST:
            self._became = {pid: kept for pid, kept in self._became.items() if begun(pid) == kept[1]}
        self._became[shim] = program, begun(shim)

    def end(self, shim: int) -> None:
        """Forget it."""
        self._launched.pop(shim, None)

    def program_of(self, pid: int) -> Identity:
        """Return which program `pid` runs, `SHIM` for a shim or its monitor, `NO_PROGRAM` where that is not known."""
        if pid in self._launched:
            return SHIM
        became, since = self._became.get(pid, (NO_PROGRAM, 0))
        if since and since == begun(pid):
            return became
        parent = parent_pid(pid)
        program, monitored = self._launched.get(parent, (NO_PROGRAM, False))
        if program != NO_PROGRAM:
            return SHIM if monitored else program
        program, monitored = self._launched.get(parent_pid(parent), (NO_PROGRAM, False))
        return program if monitored else NO_PROGRAM


launches = Launches()
"""Those of this process's session."""


def program_of(pid: int) -> Identity:
    """Return which program `pid` runs, `NO_PROGRAM` when it cannot be known."""
    found = identity_of(f"/proc/{pid}/exe")
    return launches.program_of(pid) if found == NO_PROGRAM else found


def identity_of(path: str) -> Identity:
    """Return the identity of the file that `path` leads to, `NO_PROGRAM` where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return NO_PROGRAM
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else NO_PROGRAM


class GitPrograms:
    """Knows which programs are git itself: the real one, and what lies in its exec path."""

    def __init__(
        self, find: Callable[[], str], copies: Callable[[], Collection[Identity]] = tuple, exec_path: str = ""
    ) -> None:
        """`find` returns the path of the real git, empty when there is none; `copies` are further files of git.

        `exec_path` is a second directory of git's own scripts, one that guard has made.
        """
        self._exec_path = exec_path
        self._find = find
        self._copies = copies
        self._known: frozenset[Identity] | None = None
        self._directory = ""

    def __contains__(self, program: Identity) -> bool:
        """Tell whether `program` is git or one of its own helpers."""
        if self._known is None:
            self._known = self._locate()
        return program != NO_PROGRAM and (program in self._known or program in self._copies())

    @property
    def over_https(self) -> Collection[Identity]:
        """git's programs for remotes by https; they are no part of git itself."""
        if self._known is None:
            self._known = self._locate()
        names = (f"{self._directory}/git-remote-{scheme}" for scheme in ("https", "http"))
        return {identity_of(name) for name in names} - {NO_PROGRAM}

    def runs_own_script(self, pid: int) -> bool:
        """Tell whether `pid` is an interpreter of one of git's own scripts, git-submodule for one, by its command line.

        Whoever is started by git could pretend that: it gains what a hook gains that takes git's place.
        """
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line:
                words = line.read(4096).split(b"\0")
        except OSError:
            return False
        place, _, name = os.fsdecode(words[1] if len(words) > 1 else b"").rpartition("/")
        return bool(place) and place in (self._directory, self._exec_path) and name.startswith("git-")

    def _locate(self) -> frozenset[Identity]:
        real = self._find()
        if not real:
            return frozenset()
        answer = subprocess.run([real, "--exec-path"], capture_output=True, text=True, timeout=10, env={}, check=False)
        found = {identity_of(real)}
        self._directory = answer.stdout.strip() or os.path.dirname(real)
        try:
            with os.scandir(self._directory) as entries:
                found |= {identity_of(entry.path) for entry in entries if entry.name.startswith("git")}
        except OSError:
            pass
        return frozenset(found - {NO_PROGRAM})


def started_by_git(
    pid: int,
    git_calls: Mapping[int, object],
    programs: GitPrograms | Collection[Identity],
    is_script: Callable[[int], bool] | None = None,
) -> bool:
    """Tell whether git itself, as part of a running and allowed call, started `pid`.

    `git_calls` has the pids of the shims of running git calls. There must be a process between, and it must be git's
    own program: a hook or an alias puts a shell in between, and what that starts is judged as the agent's own. What
    takes the shell's place, as by ``exec``, is not told apart. On a terminal the shim's monitor, which is the same
    program as the shim, is in between as well. The same holds for any other tool, with `programs` of its own. What
    `is_script` says yes to may stand in between as well.
    """
    if not git_calls:
        return False
    through_git = False
    for _ in range(DEPTH_MAX):
        pid = parent_pid(pid)
        if pid in git_calls:
            return through_git
        program = program_of(pid)
        if pid > 1 and program in programs:
            through_git = True
        elif is_script is not None and is_script(pid):
            continue
        elif not (
            through_git and (above := parent_pid(pid)) in git_calls and program == program_of(above) != NO_PROGRAM
        ):
            return False
    return False
