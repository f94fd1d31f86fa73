"""The broker's socket: one task a call, until the session ends."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Collection, Coroutine

from guardcli.broker.call import Call, Engine
from guardcli.broker.connection import ShimConnection

BACKLOG = 4096
RETRY_SECONDS = 0.05
"""How long the broker waits with the next shim when it has no descriptor left."""

log = logging.getLogger(__name__)


class Tasks:
    """Keeps what runs in the background, and says when something failed that should not have."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run `work`; the task is kept until it is done."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def end(self) -> None:
        """Cancel all and wait until they are gone."""
        while self._tasks:
            tasks = tuple(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a call failed in the broker", exc_info=error)


class Server:
    """Accepts shims on `listener` and runs their calls."""

    def __init__(self, listener: socket.socket, engine: Engine, tasks: Tasks, users: Collection[int]) -> None:
        """`users` are the numbers of those whose shims are served, as the kernel says (SO_PEERCRED, unix(7))."""
        listener.setblocking(False)
        self._users = users
        self._listener = listener
        self._engine = engine
        self._tasks = tasks
        self._retry: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to accept."""
        asyncio.get_running_loop().add_reader(self._listener.fileno(), self._accept)

    async def stop(self) -> None:
        """Accept no more, and end every call: its connection closes, and its shim ends the tool."""
        if self._retry is not None:
            self._retry.cancel()
        asyncio.get_running_loop().remove_reader(self._listener.fileno())
        self._listener.close()
        await self._tasks.end()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no descriptor is free: the shim waits until one is
                log.warning("cannot accept: %s", error.strerror)
                loop = asyncio.get_running_loop()
                loop.remove_reader(self._listener.fileno())
                self._retry = loop.call_later(RETRY_SECONDS, self.start)
                return
            connection = ShimConnection(accepted)
            if connection.peer.uid not in self._users:
                log.warning("refused a process of user %d", connection.peer.uid)
                connection.close()
                continue
            self._tasks.spawn(Call(connection, self._engine).run())


def listen(path: str, for_group: bool = False) -> socket.socket:
    """Return a listening socket at `path` that only this user can reach, or its group as well. Raises OSError."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        before = os.umask(0o117 if for_group else 0o177)
        try:
            listener.bind(path)
        finally:
            os.umask(before)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener
