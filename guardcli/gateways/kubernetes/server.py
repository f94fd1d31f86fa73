"""Accepts clients on a port of the loopback, with TLS of the session's own CA, and sees each of them through."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import h11

from guardcli.gateways.kubernetes.authority import Authority
from guardcli.gateways.kubernetes.bearers import Bearers
from guardcli.gateways.kubernetes.certificates import Identity
from guardcli.gateways.kubernetes.house import CONNECTIONS_MAX, House
from guardcli.gateways.kubernetes.reading import LiveObjects
from guardcli.gateways.kubernetes.target import Target
from guardcli.gateways.kubernetes.upstream import Upstream
from guardcli.gateways.kubernetes.visit import Visit
from guardcli.gateways.kubernetes.wire import HEAD_MAX, Wire
from guardcli.model.errors import UnavailableError

BACKLOG = 1024
HANDSHAKE_SECONDS = 15.0


@dataclass(slots=True)
class Gateway:
    """Serves some clusters on one port; whose request it is, and for which of them, the token says."""

    targets: Mapping[str, Target]
    authority: Authority
    bearers: Bearers
    clock: Callable[[], float]
    _server: asyncio.Server | None = None
    _visits: set[asyncio.Task[None]] = field(default_factory=set)
    _house: House | None = None

    async def listen(self, identity: Identity) -> int:
        """Accept clients at a free port of 127.0.0.1; return that port."""
        upstreams = {name: Upstream(target) for name, target in self.targets.items()}
        self._house = House(upstreams, self.authority, self.bearers, self.clock)
        self._server = await asyncio.start_server(
            self._arrived,
            "127.0.0.1",
            0,
            ssl=identity.context,
            ssl_handshake_timeout=HANDSHAKE_SECONDS,
            backlog=BACKLOG,
            limit=HEAD_MAX,
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def live(self, resource: str, namespace: str) -> LiveObjects:
        """Return what reads objects of a cluster that is served; `namespace` is that of what names none."""
        if self._house is None:
            raise UnavailableError("the Kubernetes gateway does not listen")
        return LiveObjects(self._house.upstreams[resource], namespace)

    async def close(self) -> None:
        """Accept no more, and end every connection."""
        if self._server is not None:
            self._server.close()
        visits = list(self._visits)
        for visit in visits:
            visit.cancel()
        if visits:
            await asyncio.wait(visits)
        if self._house is not None:
            for upstream in self._house.upstreams.values():
                upstream.close()

    def _arrived(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        house = self._house
        if house is None or house.connections >= CONNECTIONS_MAX:
            writer.transport.abort()
            return
        house.connections += 1
        task = asyncio.get_running_loop().create_task(Visit(house, Wire(reader, writer, h11.SERVER)).run())
        self._visits.add(task)
        task.add_done_callback(self._visits.discard)
