"""Accepts clients on a unix socket, and on a port of the loopback where one is wanted, and sees each of them through.

One task a connection: `Visit` reads what the client wants, has the gatekeeper decide, logs in to the real server and
gives both to a `Session`. The unix socket lets in processes of this user and of root only, or of the users that it is
told of (SO_PEERCRED, unix(7)); on the loopback a client shows by SCRAM that it knows the session's own password.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Collection, Coroutine

from guardcli.gateways.postgres.cancels import Cancels
from guardcli.gateways.postgres.catalogues import Catalogues
from guardcli.gateways.postgres.codec.backend import error
from guardcli.gateways.postgres.codec.sqlstates import (
    ADMIN_SHUTDOWN,
    IDLE_SESSION_TIMEOUT,
    TOO_MANY_CONNECTIONS,
)
from guardcli.gateways.postgres.contract import Gatekeeper
from guardcli.gateways.postgres.house import STARTING_MAX, House, Limits
from guardcli.gateways.postgres.keys import Keys
from guardcli.gateways.postgres.target import Target
from guardcli.gateways.postgres.verifier import Verifier
from guardcli.gateways.postgres.visit import Visit, peer
from guardcli.gateways.postgres.wire import Wire
from guardcli.model.errors import UnavailableError
from guardcli.model.secrets import Secret

BACKLOG = 4096
TICK_SECONDS = 0.5
"""How often the limits of time are looked at, and for what is still unanswered."""

log = logging.getLogger(__name__)


def bound(path: str, for_group: bool = False) -> socket.socket:
    """Return a listening unix socket at `path`, which only this user can reach, or its group as well.

    Raises UnavailableError.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117 if for_group else 0o177)
    try:
        listener.bind(path)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise UnavailableError(f"the socket {path} cannot be made: {error.strerror}") from error
    finally:
        os.umask(before)
    return listener


class Gateway:
    """Serves one target."""

    def __init__(
        self,
        target: Target,
        gatekeeper: Gatekeeper,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        users: Collection[int] = (),
    ) -> None:
        """`users` may connect to a unix socket: this process's own and root where there are none."""
        self._users = users or (os.getuid(), 0)
        self._house = House(target, gatekeeper, limits, Catalogues(target), Keys(), Cancels(target), set())
        self._servers: list[asyncio.Server] = []
        self._visits: set[asyncio.Task[None]] = set()
        self._ticking: asyncio.Task[None] | None = None

    @property
    def connections(self) -> int:
        """How many clients are in."""
        return len(self._house.sessions)

    async def listen(self, path: str) -> None:
        """Accept clients at the unix socket `path`, which only this user can reach. Raises UnavailableError."""
        await self.serve(bound(path, os.getuid() not in self._users))

    async def serve(self, listener: socket.socket) -> None:
        """Accept clients of `listener`."""
        loop = asyncio.get_running_loop()
        made = await loop.create_unix_server(lambda: Wire(self._arrived), sock=listener, backlog=BACKLOG)
        self._add(made)

    async def listen_loopback(self, password: Secret) -> int:
        """Accept clients that know `password` at a free port of 127.0.0.1; return that port."""
        verifier = Verifier.of(password)
        loop = asyncio.get_running_loop()
        made = await loop.create_server(
            lambda: Wire(lambda wire: self._arrived(wire, verifier)), "127.0.0.1", 0, backlog=BACKLOG
        )
        self._add(made)
        port: int = made.sockets[0].getsockname()[1]
        return port

    def _add(self, server: asyncio.Server) -> None:
        self._servers.append(server)
        if self._ticking is None:
            self._ticking = asyncio.get_running_loop().create_task(self._tick())

    async def close(self) -> None:
        """Accept no more; tell every client that guard stops, and close."""
        for server in self._servers:
            server.close()
        if self._ticking is not None:
            self._ticking.cancel()
        for session in list(self._house.sessions):
            session.end(ADMIN_SHUTDOWN, "terminating connection because the session of guard has ended")
        visits = list(self._visits)
        await asyncio.sleep(0)
        for visit in visits:
            visit.cancel()
        if visits:
            await asyncio.wait(visits)
        await self._house.cancels.settle()
        self._house.catalogues.close()

    def _arrived(self, wire: Wire, verifier: Verifier | None = None) -> None:
        house = self._house
        if verifier is None and peer(wire)[1] not in self._users:
            log.warning("refused a process of another user")
            wire.abort()
            return
        if house.starting >= STARTING_MAX:
            wire.write(error("FATAL", TOO_MANY_CONNECTIONS, "too many clients are starting").encode())
            wire.close()
            return
        house.accepted += 1
        self._spawn(Visit(wire, house, house.accepted, verifier).run())

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._visits.add(task)
        task.add_done_callback(self._visits.discard)

    async def _tick(self) -> None:
        limits, loop = self._house.limits, asyncio.get_running_loop()
        now = loop.time()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            before, now = now, loop.time()
            for session in list(self._house.sessions):
                if session.active >= before:
                    session.tick()
                if limits.lifetime and now - session.began > limits.lifetime:
                    session.end(ADMIN_SHUTDOWN, "terminating connection: it has reached its lifetime under this policy")
                elif limits.idle and not session.waiting and now - session.active > limits.idle:
                    session.end(IDLE_SESSION_TIMEOUT, "terminating connection due to idle-session timeout")
