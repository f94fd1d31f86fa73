"""What the shim saw: one call of one tool."""

from __future__ import annotations

import os.path
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

UNNAMED = "-"
"""What stands for the gateway of a server that no resource names."""


class Stdin(str, Enum):
    """What stands behind descriptor 0 of the call."""

    CLOSED = "closed"
    NULL = "null"
    """/dev/null, or known to be empty."""
    TERMINAL = "terminal"
    STREAM = "stream"
    """A pipe, a file or a socket: its content may be asked for through `Facts.stdin`."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of a guarded tool.

    `tool` is the name that the shim was called by, without a directory. `argv` is the whole vector,
    ``argv[0]`` included, decoded as the file system does (surrogateescape). `cwd` is absolute, or empty
    where the directory was deleted. `parent` names the guarded tool that itself started this call, such as
    ``git`` for the ``ssh`` of a fetch; the broker sets it only when it has verified that from the
    process tree, and it stays empty for whatever the agent, a hook or an alias started. `gateway` names the resource
    whose gateway the call will talk to, or is `UNNAMED`: its statements are judged there.
    """

    tool: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    stdin: Stdin = Stdin.NULL
    stdout_is_terminal: bool = False
    parent: str = ""
    gateway: str = ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments after the program's name."""
        return self.argv[1:]

    def path(self, name: str) -> str:
        """Return `name` made absolute against the call's directory, without asking the file system."""
        return os.path.normpath(os.path.join(self.cwd or "/", name))
