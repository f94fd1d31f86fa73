"""One client's connection, from its first byte to its last: the start, then moving bytes as the conversation says.

Flow: what a client does not read in time holds back the server and the client itself; what the server does not read
in time holds back the client. Each side is read in chunks, and at most one chunk of each is being worked on, so
the memory of a connection is bounded however much passes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import ParamSpec

from guardcli.gateways.postgres.cancels import Cancels
from guardcli.gateways.postgres.codec.backend import error
from guardcli.gateways.postgres.codec.sqlstates import CONNECTION_FAILURE, SYSTEM_ERROR
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.contract import Conversation, Step
from guardcli.gateways.postgres.upstream import Upstream
from guardcli.gateways.postgres.vigil import Vigil
from guardcli.gateways.postgres.wire import Wire
from guardcli.model.errors import GuardError

KEPT_MAX = 256 * 1024
"""Bytes that a client may send ahead while something is waited for; reading on is how its end is noticed meanwhile."""
CANCELLING_MAX = 8
"""Cancel requests that may be under way for one session; more would ask for nothing more."""
STREAM_CHUNK = 8 * 1024
"""Chunks of this size and more are a stream: there is more to come, and the processor is left to who sends it."""
LINGER_SECONDS = 10.0
"""How long a client that must go may take to read what it was told last."""
PARTING_SECONDS = 1.0
"""How long it may take to go by itself; what it still sends meanwhile is read and dropped."""

log = logging.getLogger(__name__)
Given = ParamSpec("Given")


class _Side:
    """Receives for one end, and tells the session which end it was."""

    def __init__(
        self,
        received: Callable[[bytes], None],
        lost: Callable[[Exception | None], None],
        writable: Callable[[bool], None],
    ) -> None:
        self.received, self.lost, self.writable = received, lost, writable


@dataclass(slots=True)
class Waits:
    """The waits that are under way, one a side at the most."""

    client: asyncio.Task[None] | None = None
    server: asyncio.Task[None] | None = None


class Session:
    """Moves bytes between a client that is in and the real server, until either goes."""

    def __init__(
        self, client: Wire, upstream: Upstream, conversation: Conversation, cancels: Cancels, vigil: Vigil
    ) -> None:
        self._client = client
        self._vigil = vigil
        self._server = upstream.wire
        self._upstream = upstream
        self._conversation = conversation
        self._cancels = cancels
        self._waits = Waits()
        self._client_full = self._server_full = False
        self._ahead: list[bytes] = []
        self._ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._cancelling: set[asyncio.Task[None]] = set()
        self._clock = asyncio.get_running_loop().time
        self.began = self.active = self._clock()

    async def run(self, settings: dict[str, str]) -> str:
        """Go on until the end; return why it came."""
        try:
            self._do(self._conversation.begin(settings))
            for notice in self._upstream.notices:
                self._do(self._conversation.from_server(notice))
            self._server.hand_over(_Side(self._from_server, self._server_lost, self._server_writable))
            self._client.hand_over(_Side(self._from_client, self._client_lost, self._client_writable))
            if rest := self._upstream.splitter.rest():
                self._from_server(rest)
        except ProtocolViolation as violation:
            self.violated(violation)
        try:
            return await self._ended
        finally:
            await self._close()

    @property
    def waiting(self) -> bool:
        """Whether a person or the catalogue is waited for, so that silence is no idleness."""
        return self._waits.client is not None or self._waits.server is not None

    def tick(self) -> None:
        """Some time has passed: what is still under way is recorded."""
        if not self._ended.done():
            self._guarded(self._conversation.unanswered)

    def cancel(self) -> None:
        """Do what a cancel request asks for."""
        self.active = self._clock()
        if not self._ended.done():
            self._guarded(self._conversation.cancelled)
            self._catch_up()

    def end(self, sqlstate: str, message: str) -> None:
        """End the session with a FATAL error."""
        if not self._ended.done():
            self._guarded(self._conversation.end, sqlstate, message)
            self._finish(message)

    # -- what arrives --

    def _from_client(self, chunk: bytes) -> None:
        self.active = self._clock()
        if self._waits.client is not None:
            self._ahead.append(chunk)
            self._regulate()
            return
        try:
            if passes := not self._ended.done() and self._conversation.passes_to_server(chunk):
                self._server.write(chunk)
                self._conversation.passed()
        except Exception as fault:
            self._fail(fault)
            return
        if not passes:
            self._guarded(self._conversation.from_client, chunk)
        self._vigil.keep()

    def _from_server(self, chunk: bytes) -> None:
        self.active = self._clock()
        try:
            if passes := not self._ended.done() and self._conversation.passes_to_client(chunk):
                self._client.write(chunk)
                self._conversation.passed()
        except Exception as fault:
            self._fail(fault)
            return
        if not passes:
            self._guarded(self._conversation.from_server, chunk)
        if len(chunk) < STREAM_CHUNK:
            self._vigil.keep()

    def _guarded(self, work: Callable[Given, Step], *given: Given.args, **more: Given.kwargs) -> None:
        """Do what the conversation says; whatever is wrong with it ends the session, and nothing more passes."""
        if self._ended.done():
            return
        try:
            self._do(work(*given, **more))
        except Exception as fault:
            self._fail(fault)

    def _fail(self, fault: Exception) -> None:
        if isinstance(fault, ProtocolViolation):
            self.violated(fault)
        elif isinstance(fault, GuardError):  # what cannot be recorded does not go on
            self._tell(SYSTEM_ERROR, f"guard: {fault.message}", fault.hint)
            self._finish(fault.message)
        else:
            log.error("a fault in the gateway", exc_info=fault)
            self._tell("XX000", "a fault in guard ended this connection")
            self._finish("a fault in guard")

    def violated(self, violation: ProtocolViolation) -> None:
        """End the session because somebody broke the protocol."""
        self._tell(violation.sqlstate, violation.message)
        self._finish(violation.message)

    def _tell(self, sqlstate: str, message: str, hint: str = "") -> None:
        """Send the error that ends the session, unless it would be read as a part of a row that was cut short."""
        if self._conversation.between:
            self._client.write(error("FATAL", sqlstate, message, hint).encode())

    def _do(self, step: Step) -> None:
        if step.to_client:
            self._client.write(_joined(step.to_client))
        if step.to_server:
            self._server.write(_joined(step.to_server))
        if step.cancel and not self._server.ended:
            self._cancel_upstream()
        if step.drop_wait and self._waits.client is not None:
            self._waits.client.cancel()
            self._waits.client = None
        if step.client_wait is not None:
            self._waits.client = self._wait(step.client_wait, self._client_goes_on)
        if step.server_wait is not None:
            self._waits.server = self._wait(step.server_wait, self._server_goes_on)
        if step.end:
            self._finish("the session ended")
        self._regulate()

    # -- waiting --

    def _wait(self, work: Awaitable[object], go_on: Callable[[object], None]) -> asyncio.Task[None]:
        async def wait() -> None:
            try:
                result = await work
            except Exception:
                log.exception("a fault in what a connection waits for")
                self._tell("XX000", "a fault in guard ended this connection")
                self._finish("a fault in guard")
                return
            go_on(result)

        return asyncio.get_running_loop().create_task(wait())

    def _client_goes_on(self, result: object) -> None:
        self._waits.client = None
        self.active = self._clock()
        self._guarded(self._conversation.client_goes_on, result)
        self._catch_up()

    def _catch_up(self) -> None:
        """Take what the client has sent meanwhile, as far as nothing is waited for again."""
        while self._ahead and self._waits.client is None and not self._ended.done():
            chunk = self._ahead.pop(0)
            self._guarded(self._conversation.from_client, chunk)

    def _server_goes_on(self, result: object) -> None:
        self._waits.server = None
        self.active = self._clock()
        self._guarded(self._conversation.server_goes_on, result)

    # -- the flow --

    def _client_writable(self, can: bool) -> None:
        self._client_full = not can
        self._regulate()

    def _server_writable(self, can: bool) -> None:
        self._server_full = not can
        self._regulate()

    def _regulate(self) -> None:
        """Hold back or let go each side."""
        held = self._client_full or self._server_full or self._conversation.client_is_full
        held = held or (bool(self._ahead) and sum(map(len, self._ahead)) > KEPT_MAX)
        (self._client.pause if held else self._client.resume)()
        held = self._client_full or self._waits.server is not None
        (self._server.pause if held else self._server.resume)()

    # -- the end --

    def _client_lost(self, fault: Exception | None) -> None:
        self._finish("the client left")

    def _server_lost(self, fault: Exception | None) -> None:
        if self._ended.done():
            return
        text = "the server closed the connection unexpectedly"
        self._guarded(self._conversation.end, CONNECTION_FAILURE, text)
        self._finish(text)

    def _finish(self, reason: str) -> None:
        if not self._ended.done():
            self._ended.set_result(reason)

    async def _close(self) -> None:
        for task in (self._waits.client, self._waits.server):
            if task is not None:
                task.cancel()
        self._server.close()
        try:
            await close_gently(self._client)
        finally:  # who stops the gateway does not wait for a client that lingers
            self._client.close()
            self._server.abort()

    def _cancel_upstream(self) -> None:
        key = self._upstream.key
        if key is not None and len(self._cancelling) < CANCELLING_MAX:
            task = self._cancels.send(key)
            self._cancelling.add(task)
            task.add_done_callback(self._cancelling.discard)


def _joined(pieces: list[bytes]) -> bytes:
    """Return all pieces as one: each write is a call of the system, and wakes the peer."""
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def close_gently(wire: Wire) -> None:
    """Close once the peer has read what waits for it and has gone, or does neither in time."""
    wire.finish()
    if not await _gone_within(wire, PARTING_SECONDS):
        wire.close()
        if not await _gone_within(wire, LINGER_SECONDS):
            wire.abort()


async def _gone_within(wire: Wire, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wire.gone()
    return wire.ended
