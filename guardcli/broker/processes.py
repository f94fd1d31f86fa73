"""What the kernel says about processes: who started whom, and from which program."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping

DEPTH_MAX = 16
"""How far up the process tree a parent is looked for."""


def parent_pid(pid: int) -> int:
    """Return the parent of `pid`, 0 when it is gone (proc(5), /proc/PID/stat)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return int(stat.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def program_of(pid: int) -> str:
    """Return the path of the program that `pid` runs, empty when it cannot be known."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


class GitPrograms:
    """Knows which programs are git itself: the real one, and what lies in its exec path."""

    def __init__(self, find: Callable[[], str]) -> None:
        """`find` returns the path of the real git, empty when there is none."""
        self._find = find
        self._places: tuple[str, str] | None = None

    def __contains__(self, program: str) -> bool:
        """Tell whether the path `program` is git or one of its own helpers."""
        if self._places is None:
            self._places = self._locate()
        real, directory = self._places
        return bool(real) and (program == real or os.path.dirname(program) == directory)

    def _locate(self) -> tuple[str, str]:
        real = self._find()
        if not real:
            return "", ""
        answer = subprocess.run([real, "--exec-path"], capture_output=True, text=True, timeout=10, env={}, check=False)
        return os.path.realpath(real), os.path.realpath(answer.stdout.strip() or real)


def started_by_git(pid: int, git_calls: Mapping[int, object], programs: GitPrograms) -> bool:
    """Tell whether git itself, as part of a running and allowed call, started `pid`.

    `git_calls` has the pids of the shims of running git calls. There must be a process between, and it must be git's
    own program: a hook or an alias puts a shell in between, and what that starts is judged as the agent's own. What
    takes the shell's place, as by ``exec``, is not told apart. On a terminal the shim's monitor, which is the same
    program as the shim, is in between as well.
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
        elif not (through_git and (above := parent_pid(pid)) in git_calls and program == program_of(above) != ""):
            return False
    return False
