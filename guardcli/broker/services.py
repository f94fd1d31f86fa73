"""What a session runs for the agent beside its broker's socket: gateways, proxies, agents.

A service lives in the broker's process and event loop. It is started before the agent and says what the agent must
know of it as environment variables; it is closed when the agent has ended, in the opposite order. What it has borrowed
for the session (credentials, leases) it gives back then. One that cannot start keeps the session from beginning.

The broker tells the process that runs the agent with one line of JSON over the socket pair between the two:
``{"environment": {…}}`` once all have started, or ``{"failed": "why"}``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from guardcli.model.errors import GuardError, UnavailableError

START_SECONDS = 15.0
"""How long all services together may take to start; providers of credentials are asked meanwhile."""
CLOSE_SECONDS = 5.0
"""How long one service may take to close."""
NEWS_MAX = 1 << 20
"""The longest line that the broker sends at the start."""

log = logging.getLogger(__name__)


class Service(Protocol):
    """Something that runs for the agent as long as the session does."""

    @property
    def name(self) -> str:
        """What it is called in messages, such as ``postgres gateway for orders-db``."""
        ...

    async def start(self) -> Mapping[str, str]:
        """Begin; return the variables that the agent's environment gets. Raises GuardError."""
        ...

    async def close(self) -> None:
        """End it, and whatever it has opened. Called once, after `start` has returned or raised."""
        ...


class Services:
    """All services of one session."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = tuple(services)
        self._begun: list[Service] = []

    async def start(self) -> dict[str, str]:
        """Start one after the other; return all their variables.

        Raises GuardError where one fails, or where two want the same variable; those that had begun are then closed.
        """
        environment: dict[str, str] = {}
        until = asyncio.get_running_loop().time() + START_SECONDS
        try:
            for service in self._services:
                self._begun.append(service)
                for name, value in (await _started(service, until)).items():
                    if environment.setdefault(name, value) != value:
                        raise UnavailableError(
                            f"{service.name} and another service both set {name}",
                            hint="give each `expose` its own name",
                        )
        except BaseException:
            await self.close()
            raise
        return environment

    async def close(self) -> None:
        """Close what has begun, the last one first. One that fails to close is noted and keeps no other from it."""
        while self._begun:
            service = self._begun.pop()
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await service.close()
            except Exception:  # whatever it is, the session ends and the others are closed
                log.exception("%s did not close well", service.name)


async def _started(service: Service, until: float) -> Mapping[str, str]:
    try:
        async with asyncio.timeout_at(until):
            return await service.start()
    except TimeoutError:
        raise UnavailableError(f"{service.name} did not start within {START_SECONDS:.0f} seconds") from None
    except OSError as error:
        raise UnavailableError(f"{service.name} cannot start: {error.strerror or error}") from error


def tell_started(control: socket.socket, environment: Mapping[str, str]) -> None:
    """Tell the process that runs the agent that it may, with these variables."""
    _send(control, {"environment": dict(environment)})


def tell_failed(control: socket.socket, error: GuardError) -> None:
    """Tell the process that would run the agent why it may not."""
    with suppress(OSError):
        _send(control, {"failed": error.message, "hint": error.hint})


def _send(control: socket.socket, news: Mapping[str, object]) -> None:
    control.setblocking(True)
    control.sendall(json.dumps(news).encode() + b"\n")
    control.setblocking(False)


def hear_started(control: socket.socket, seconds: float) -> dict[str, str] | None:
    """Return the variables of all services once they have started; None where the broker died or kept silent.

    Raises UnavailableError with the broker's words where one could not start.
    """
    control.settimeout(seconds)
    heard = b""
    try:
        while not heard.endswith(b"\n"):
            chunk = control.recv(65536)
            if not chunk or len(heard) > NEWS_MAX:
                return None
            heard += chunk
    except TimeoutError:
        return None
    finally:
        control.setblocking(True)
    news = json.loads(heard)
    if "failed" in news:
        raise UnavailableError(news["failed"], hint=news["hint"])
    return {str(name): str(value) for name, value in news["environment"].items()}
