"""A connection that was upgraded: bytes both ways, until either end is done.

What a client sends goes on as it is. What the server sends on an exec or attach goes through `Channels`, but for the
bytes of a ``kubectl cp`` that was allowed: an archive with one byte changed is none.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import h11

from guardcli.gateways.kubernetes.authority import Outcome
from guardcli.gateways.kubernetes.channels import Channels
from guardcli.gateways.kubernetes.codec.fields import passed_back, value_of
from guardcli.gateways.kubernetes.codec.status import Refusal
from guardcli.gateways.kubernetes.codec.websocket import FrameError, accepts
from guardcli.gateways.kubernetes.house import IDLE_SECONDS, House
from guardcli.gateways.kubernetes.prepared import Prepared
from guardcli.gateways.kubernetes.wire import PIECE, Wire


async def tunnel(
    house: House,
    wire: Wire,
    far: Wire,
    prepared: Prepared,
    response: h11.Response | h11.InformationalResponse,
    outcome: Outcome,
) -> None:
    """Join the client and the server until one of them is done.

    Raises Refusal where the server has not agreed to what was asked, or breaks the protocol that it agreed to.
    """
    _check(prepared, response)
    upgrade = prepared.upgrade
    channels = None
    if upgrade is not None and upgrade.masked and not _copies(prepared):
        channels = Channels(lambda: house.authority.text(prepared.ticket))
    headers = [*passed_back(list(response.headers)), (b"Connection", b"Upgrade"), (b"Upgrade", _protocol(response))]
    await wire.take_over()
    await wire.send(h11.InformationalResponse(status_code=101, headers=headers, reason=b"Switching Protocols"))
    far_reader = asyncio.ensure_future(_back(far, wire, channels, outcome))
    near_reader = asyncio.ensure_future(_forth(wire, far, outcome))
    try:
        await asyncio.wait((far_reader, near_reader), return_when=asyncio.FIRST_COMPLETED)
        if far_reader.done():
            far_reader.result()
    finally:
        if channels is not None:
            outcome.masked = dict(channels.findings)
        for task in (far_reader, near_reader):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task
        await asyncio.gather(far.closed(), wire.closed())


def _check(prepared: Prepared, response: h11.Response | h11.InformationalResponse) -> None:
    upgrade, fields = prepared.upgrade, list(response.headers)
    if upgrade is None or _protocol(response).lower().decode("latin-1") != upgrade.protocol:
        raise Refusal(502, "guard: the cluster changes to a protocol that was not asked for")
    if upgrade.protocol != "websocket":
        return
    if not accepts(value_of(prepared.fields, b"sec-websocket-key"), value_of(fields, b"sec-websocket-accept")):
        raise Refusal(502, "guard: the cluster's answer to the WebSocket's key is wrong")
    chosen = value_of(fields, b"sec-websocket-protocol").decode("latin-1")
    if (chosen and chosen not in upgrade.offers) or (upgrade.masked and not chosen):
        raise Refusal(502, "guard: the cluster chose a subprotocol that was not offered")


def _protocol(response: h11.Response | h11.InformationalResponse) -> bytes:
    return value_of(list(response.headers), b"upgrade")


def _copies(prepared: Prepared) -> bool:
    coverage = prepared.bearer.coverage
    return coverage is not None and coverage.copies(prepared.info)


async def _forth(wire: Wire, far: Wire, outcome: Outcome) -> None:
    """Move what the client sends to the server, until the client is done."""
    data = wire.rest()
    with suppress(OSError):
        while True:
            if data:
                outcome.sent += len(data)
                await far.write(data)
            data = await wire.reader.read(PIECE)
            if not data:
                return


async def _back(far: Wire, wire: Wire, channels: Channels | None, outcome: Outcome) -> None:
    """Move what the server sends to the client, until the server is done. Raises Refusal for broken frames."""
    data = far.rest()
    waiting: asyncio.Task[bytes] | None = None
    try:
        while True:
            if data:
                await _deliver(wire, channels.feed(data) if channels else data, outcome)
            waiting = asyncio.ensure_future(far.reader.read(PIECE))
            while channels is not None and channels.held and not waiting.done():
                await asyncio.wait((waiting,), timeout=IDLE_SECONDS)
                if not waiting.done():
                    await _deliver(wire, channels.idle(), outcome)
            data = await waiting
            if not data:
                break
        if channels is not None:
            await _deliver(wire, channels.finish(), outcome)
    except OSError:
        return
    except FrameError as fault:
        raise Refusal(502, f"guard: the cluster's WebSocket is broken: {fault}") from None
    finally:
        if waiting is not None:
            waiting.cancel()


async def _deliver(wire: Wire, data: bytes, outcome: Outcome) -> None:
    if data:
        outcome.received += len(data)
        await wire.write(data)
