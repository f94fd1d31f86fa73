"""Keeps what a process holds in memory out of core files: it may hold secrets that nobody has masked yet."""

from __future__ import annotations

import resource

_NEITHER = 1
"""Bytes: too few for a file, and the one limit with which the kernel pipes no core to a program (core(5))."""


def forbid_dumps() -> None:
    """Let this process and those that it starts leave no core file, wherever the system would put one."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    limit = _NEITHER if most == resource.RLIM_INFINITY else min(most, _NEITHER)
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
