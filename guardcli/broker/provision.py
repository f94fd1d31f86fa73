"""What is prepared for one run of a tool: its descriptors, and what is different in its arguments and environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from guardcli.broker.copies import CallFiles, Feed, sealed
from guardcli.broker.streams import OutputStream
from guardcli.broker.terminal import Terminal
from guardcli.model.operations import Input


@dataclass(slots=True)
class Pipes:
    """What is prepared for one run. `given` and `targets` go to the shim, one for the other."""

    targets: list[int] = field(default_factory=list)
    given: list[int] = field(default_factory=list)
    streams: list[OutputStream] = field(default_factory=list)
    arguments: dict[int, str] = field(default_factory=dict)
    environment: dict[str, str | None] = field(default_factory=dict)
    terminal: Terminal | None = None
    feed: Feed | None = None
    laid: list[Path] = field(default_factory=list)

    def give(self, fd: int, *targets: int) -> None:
        """Let the tool have `fd` under the numbers `targets`; a copy for each of them beyond the first."""
        for index, target in enumerate(targets):
            self.targets.append(target)
            self.given.append(os.dup(fd) if index else fd)

    def put(self, given: Input, copy: str) -> None:
        """Let the tool find `copy` where it would have found the name of the file."""
        if given.variable:
            self.environment[given.variable] = copy
        else:
            self.arguments[given.index] = copy

    def close_given(self) -> None:
        """Close what was sent: the tool alone holds it now."""
        for fd in self.given:
            os.close(fd)
        self.given.clear()

    def copy(self, given: Input, content: bytes, number: int, files: CallFiles | None, shim: int) -> None:
        """Let the tool, or what it starts, read `content` in the place of the file that was judged; the tool has it as
        descriptor `number`.

        Where another process reads it, it is a file of `files` inside a sandbox; outside it is what `shim` holds open
        as long as the tool runs, and cannot be changed there.
        """
        if given.elsewhere and files is not None:
            path, shown = files.lay(content)
            self.laid.append(path)
            self.put(given, given.prefix + shown)
            return
        self.give(sealed(content), number)
        self.put(given, f"{given.prefix}/proc/{shim if given.elsewhere else 'self'}/fd/{number}")

    def remove_laid(self) -> None:
        """Remove the files that were laid for the tool."""
        for path in self.laid:
            path.unlink(missing_ok=True)
        self.laid.clear()

    async def abandon(self) -> None:
        """Close what was opened for a run that did not come about."""
        self.remove_laid()
        for stream in self.streams:
            stream.close()
        if self.feed is not None:
            self.feed.close()
        if self.terminal is not None:
            await self.terminal.close()
