"""Opening a descriptor of the agent's anew: reading and writing it then neither blocks nor changes what the agent has.

The kernel asks for the rights to what the descriptor leads to. Where the agent is another user than the broker, its
keeper has them (`hands`).
"""

from __future__ import annotations

import os
from collections.abc import Callable

Reopen = Callable[[int, int], int]
_keepers: list[Reopen] = []


def ask(keeper: Reopen) -> None:
    """Have `keeper` open what this process may not; it raises OSError likewise."""
    _keepers[:] = [keeper]


def reopened(fd: int, flags: int) -> int:
    """Return a new descriptor of what `fd` leads to (proc(5), /proc/PID/fd). Raises OSError."""
    try:
        return os.open(f"/proc/self/fd/{fd}", flags | os.O_NOCTTY | os.O_CLOEXEC)
    except PermissionError:
        if not _keepers:
            raise
        return _keepers[0](fd, flags)
