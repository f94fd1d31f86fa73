"""The cancel requests that are on their way to the real server. They may outlive the session that they are for."""

from __future__ import annotations

import asyncio
import logging

from guardcli.gateways.postgres.codec.backend import BackendKeyData
from guardcli.gateways.postgres.target import Target
from guardcli.gateways.postgres.upstream import CannotConnect, cancel

SETTLE_SECONDS = 1.0
"""How long the server may take for what is under way when the gateway stops."""

log = logging.getLogger(__name__)


class Cancels:
    """Sends them, and knows which the server has not yet taken."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, key: BackendKeyData) -> asyncio.Task[None]:
        """Ask the server to cancel what its session with `key` does; a failure is logged."""
        task = asyncio.get_running_loop().create_task(self._send(key))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def settle(self) -> None:
        """Return once the server has taken all of them, or had its time to."""
        if not self._under_way:
            return
        _, unsent = await asyncio.wait(set(self._under_way), timeout=SETTLE_SECONDS)
        for task in unsent:
            task.cancel()
        if unsent:
            await asyncio.wait(unsent)

    async def _send(self, key: BackendKeyData) -> None:
        try:
            await cancel(self._target, key)
        except CannotConnect as fault:
            log.warning("a cancel request did not arrive: %s", fault.message)
