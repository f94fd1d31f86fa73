"""Connections to the cluster: opened when needed, kept for the next request, one request at a time on each."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

import h11

from guardcli.gateways.kubernetes.authentication import Login
from guardcli.gateways.kubernetes.target import Logins, Target
from guardcli.gateways.kubernetes.wire import Wire
from guardcli.model.errors import UnavailableError
from guardcli.model.resources import Tls

CONNECT_SECONDS = 15.0
IDLE_MAX = 16
"""Connections that wait for the next request."""
IDLE_SECONDS = 30.0
"""How long one does: less than the minute after which many servers and balancers close it."""


@dataclass(slots=True)
class Link:
    """A connection, the login that it was made with, and whether it has served a request before."""

    wire: Wire
    login: Login
    context: ssl.SSLContext | None
    used: bool = False
    since: float = 0.0


@dataclass(slots=True)
class Upstream:
    """One cluster. `close` ends all connections that wait; those in use belong to their user."""

    target: Target
    logins: Logins = field(init=False)
    _idle: list[Link] = field(default_factory=list)
    _closed: bool = False

    def __post_init__(self) -> None:
        self.logins = Logins(self.target)

    async def take(self, *, fresh: bool = False) -> Link:
        """Return a connection for one request. Raises GuardError; `fresh` asks for one that nobody has used."""
        login, context = await self.logins.get()
        now = asyncio.get_running_loop().time()
        while self._idle and not fresh:
            link = self._idle.pop()
            if link.context is context and now - link.since < IDLE_SECONDS and not link.wire.reader.at_eof():
                return link
            link.wire.drop()
        return Link(await self._connect(context), login, context)

    def give_back(self, link: Link) -> None:
        """Keep a connection whose exchange is done for the next one; close one that cannot be used again."""
        state = link.wire.state
        if state.our_state is h11.DONE and state.their_state is h11.DONE and not self._closed:
            state.start_next_cycle()
            if len(self._idle) < IDLE_MAX and not state.trailing_data[0]:
                link.used, link.since = True, asyncio.get_running_loop().time()
                self._idle.append(link)
                return
        link.wire.drop()

    def close(self) -> None:
        """End all connections that wait."""
        self._closed = True
        while self._idle:
            self._idle.pop().wire.drop()

    async def _connect(self, context: ssl.SSLContext | None) -> Wire:
        target = self.target
        name = (target.tls.name or target.host) if context is not None else None
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(
                    target.host, target.port, ssl=context, server_hostname=name
                )
        except TimeoutError:
            raise UnavailableError(f"{target.resource} does not answer within {CONNECT_SECONDS:.0f} seconds") from None
        except ssl.SSLError as error:
            raise UnavailableError(
                f"{target.resource} cannot be trusted: {_words(error)}",
                hint="nothing was sent; look at `ca` and `tls` of the resource"
                if target.tls.mode is not Tls.REQUIRE
                else "",
            ) from error
        except OSError as error:
            raise UnavailableError(f"{target.resource} cannot be reached: {error.strerror or error}") from error
        return Wire(reader, writer, h11.CLIENT)


def _words(error: ssl.SSLError) -> str:
    return str(getattr(error, "verify_message", "") or error.reason or error)


Connector = Callable[[], Upstream]
