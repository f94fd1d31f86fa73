"""A terminal of the tool's own, between it and the agent's.

The tool runs on a PTY whose master is driven here. While the shim is in the foreground the agent's terminal is in raw
mode and its keys go to the master; before the shim stops or leaves, the terminal is put back as it was.
"""

from __future__ import annotations

import asyncio
import os
import pty
import termios
import tty
from contextlib import suppress

from pexpect import fdpexpect

from guardcli.broker.reopening import reopened
from guardcli.broker.waiting import readable, writable

KEYS_PIECE = 1024


class Terminal:
    """Owns the master and a duplicate of the agent's terminal. `slave` is for the tool; close it once sent."""

    def __init__(self, agent: int, rows: int, columns: int) -> None:
        """`agent` is a descriptor of the agent's terminal; it is not closed here. Raises OSError."""
        self._agent = reopened(agent, os.O_RDWR | os.O_NONBLOCK)
        try:
            self._before = termios.tcgetattr(self._agent)
            self._master, self.slave = pty.openpty()
        except BaseException:
            os.close(self._agent)
            raise
        os.set_blocking(self._master, False)
        termios.tcsetattr(self.slave, termios.TCSANOW, self._before)
        self._tool = fdpexpect.fdspawn(self._master)
        self._keys: asyncio.Task[None] | None = None
        self.resize(rows, columns)

    def output(self) -> int:
        """Return a new descriptor to read the tool's output from."""
        return os.dup(self._master)

    def resize(self, rows: int, columns: int) -> None:
        """Give the tool's terminal another size; the kernel tells the tool."""
        if rows and columns:
            termios.tcsetwinsize(self._master, (rows, columns))

    def enter(self) -> None:
        """Take the agent's terminal: raw mode, and its keys go to the tool."""
        if self._keys is None:
            tty.setraw(self._agent, termios.TCSANOW)
            self._keys = asyncio.create_task(self._pass_keys())

    async def leave(self) -> None:
        """Give the agent's terminal back as it was."""
        if self._keys is None:
            return
        keys, self._keys = self._keys, None
        keys.cancel()
        with suppress(asyncio.CancelledError):
            await keys
        with suppress(termios.error):
            termios.tcsetattr(self._agent, termios.TCSANOW, self._before)

    async def close(self) -> None:
        """Give the terminal back and hang up: what still holds the slave gets SIGHUP."""
        await self.leave()
        os.close(self._agent)
        os.close(self._master)

    async def _pass_keys(self) -> None:
        while True:
            await readable(self._agent)
            try:
                keys = os.read(self._agent, KEYS_PIECE)
            except BlockingIOError:
                continue
            except OSError:
                return
            if not keys or not await self._type(keys):
                return

    async def _type(self, keys: bytes) -> bool:
        while keys:
            try:
                keys = keys[self._tool.send(keys) :]
            except BlockingIOError:
                await writable(self._master)
            except OSError:
                return False
        return True
