"""Whether a process belongs to the tree of a running session.

A session registers its broker and its agent by (pid, start time); the start time keeps a reused number apart. A
process is inside when it, or any of its ancestors, is registered, or carries ``GUARD_SESSION`` in its environment.
It counts as inside as well when that cannot be known: the process is gone, its chain of parents ends anywhere but at
the top, or changes while it is walked. `guard run` is the subreaper of its descendants, so that one whose parent
ended still hangs below it.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Lock

from guardcli.model.errors import UnavailableError

DEPTH = 256
"""More ancestors than that is no tree that a person made; conceded as inside."""

PROC = Path("/proc")

UNKNOWN = "unknown"
"""What stands for the session where a process may be inside of some session, and which is not known."""

MARK = b"GUARD_SESSION="


def start_time(pid: int) -> int | None:
    """Return when `pid` began, in clock ticks since boot, None where there is no such process."""
    found = _parent_and_start(pid)
    return found[1] if found else None


def _parent_and_start(pid: int) -> tuple[int, int] | None:
    try:
        text = (PROC / str(pid) / "stat").read_bytes()
        fields = text[text.rindex(b")") + 2 :].split()
        return int(fields[1]), int(fields[19])
    except (OSError, ValueError, IndexError):
        return None


def lineage(pid: int) -> list[tuple[int, int]] | None:
    """Return (pid, start time) of `pid` and its ancestors up to the top; None where the chain cannot be trusted.

    A parent never starts after its child: a number that was reused while the chain was walked shows that way.
    """
    chain: list[tuple[int, int]] = []
    while pid != 0:
        found = _parent_and_start(pid)
        if found is None or len(chain) == DEPTH:
            return None
        parent, started = found
        if chain and started > chain[-1][1]:
            return None
        chain.append((pid, started))
        pid = parent
    return chain or None


class SessionTrees:
    """The registered processes of sessions on this machine; safe to use from many threads.

    `others` gives those that other workers of the same API registered, asked anew each time.
    """

    def __init__(self, others: Callable[[], Mapping[tuple[int, int], str]] | None = None) -> None:
        self._others = others
        self._lock = Lock()
        self._sessions: dict[tuple[int, int], str] = {}

    def register(self, session: str, processes: Iterable[tuple[int, int]]) -> None:
        """Note that `processes` are the broker or the agent of `session`."""
        with self._lock:
            self._forget_the_dead()
            for process in processes:
                self._sessions[process] = session

    def _forget_the_dead(self) -> None:
        for pid, started in list(self._sessions):
            if start_time(pid) != started:
                del self._sessions[(pid, started)]

    def session_of(self, pid: int, pidfd: int | None = None) -> str:
        """Return the session that process `pid` is inside of, `UNKNOWN` where that cannot be known, or nothing.

        `pidfd`, where the kernel gave one, tells whether `pid` is still the process that it was.
        """
        chain = lineage(pid)
        if chain is None or chain != lineage(pid):
            return UNKNOWN
        with self._lock:
            known = dict(self._sessions)
        if self._others is not None:
            try:
                known = {**self._others(), **known}
            except UnavailableError:
                return UNKNOWN
        for process in chain:
            if process in known:
                return known[process]
        for ancestor, _ in chain:
            if mark := _mark(ancestor):
                return mark
        if pidfd is not None and _has_ended(pidfd):
            return UNKNOWN
        return ""


def _mark(pid: int) -> str:
    """Return the session that the environment which `pid` was started with names, as far as it may be read."""
    try:
        environment = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return ""
    for entry in environment.split(b"\0"):
        if entry.startswith(MARK):
            return entry[len(MARK) :].decode("ascii", "replace") or UNKNOWN
    return ""


def _has_ended(pidfd: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


def own_user() -> int:
    """Return the user that this process runs as."""
    return os.getuid()
