"""An allowed request on its way to the cluster, and the response on its way back through its filter."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import nullcontext

import h11

from guardcli.gateways.kubernetes.authority import Outcome
from guardcli.gateways.kubernetes.bodies import DOCUMENT_MAX, Body, body_for
from guardcli.gateways.kubernetes.codec.fields import (
    accepted,
    media_type,
    passed_back,
    passed_on,
    value_of,
)
from guardcli.gateways.kubernetes.codec.status import Refusal
from guardcli.gateways.kubernetes.house import IDLE_SECONDS, House
from guardcli.gateways.kubernetes.prepared import Prepared
from guardcli.gateways.kubernetes.tunnel import tunnel
from guardcli.gateways.kubernetes.upstream import Link
from guardcli.gateways.kubernetes.wire import Wire

LARGE = 128 << 10
"""Bytes of a document from which on it is masked in a thread."""
_SAFE = frozenset({"GET", "HEAD"})
"""Methods that may be sent again where a kept connection turns out to be closed."""


async def relay(house: House, wire: Wire, prepared: Prepared, outcome: Outcome) -> None:
    """Send a request and pass its response on. Raises Refusal and GuardError while nothing of that has gone yet,
    Refusal behind that too, and OSError or h11.ProtocolError where the client is lost."""
    link, response = await _answered(prepared)
    try:
        if response.status_code == 101:
            outcome.status = 101
            await tunnel(house, wire, link.wire, prepared, response, outcome)
            return
        await _respond(house, wire, link, prepared, response, outcome)
    except EOFError:
        raise Refusal(502, "guard: the cluster broke its answer off") from None
    except h11.RemoteProtocolError as error:
        raise Refusal(502, f"guard: the cluster's answer breaks HTTP: {error}") from None
    finally:
        prepared.upstream.give_back(link)


async def _answered(prepared: Prepared) -> tuple[Link, h11.Response | h11.InformationalResponse]:
    """Return the connection on which a request was answered, and the head of the answer. Raises GuardError, Refusal."""
    upstream = prepared.upstream
    renewed = False
    fresh = prepared.info.method not in _SAFE or prepared.upgrade is not None
    while True:
        link = await upstream.take(fresh=fresh)
        try:
            response = await _asked(prepared, link)
        except BaseException as error:
            link.wire.drop()
            if link.used and isinstance(error, (OSError, EOFError)):
                fresh = True
                continue
            if isinstance(error, (OSError, EOFError, h11.ProtocolError)):
                raise Refusal(502, f"guard: the cluster gave no answer: {_words(error)}") from None
            raise
        if response.status_code != 401:
            return link, response
        link.wire.drop()
        upstream.logins.forget(link.login)
        if renewed or not link.login.renewable:
            said = "guard: the cluster does not take the credential that its resource names"
            raise Refusal(502, said)
        renewed = True


def _words(error: BaseException) -> str:
    return str(getattr(error, "strerror", "") or error) or type(error).__name__


async def _asked(prepared: Prepared, link: Link) -> h11.Response | h11.InformationalResponse:
    """Send the request; return the head of the answer. Raises EOFError where the connection ends before that."""
    wire, body = link.wire, prepared.body
    info = prepared.info
    target = info.location.target(prepared.upstream.target.prefix)
    head = h11.Request(method=info.method, target=target, headers=_headers(prepared, link))
    pieces = [wire.state.send(head), wire.state.send(h11.Data(data=body)) if body else b""]
    pieces.append(wire.state.send(h11.EndOfMessage()))
    await wire.write(b"".join(piece for piece in pieces if piece))
    while True:
        event = await wire.next()
        if isinstance(event, h11.Response) or (
            isinstance(event, h11.InformationalResponse) and event.status_code == 101
        ):
            return event
        if not isinstance(event, h11.InformationalResponse):
            raise EOFError("the connection was closed")


def _headers(prepared: Prepared, link: Link) -> list[tuple[bytes, bytes]]:
    """Return the fields to send: those that pass, the cluster's own login, and what is asked of the server."""
    fields, upgrade, target = prepared.fields, prepared.upgrade, prepared.upstream.target
    schema = prepared.info.location.segments[:1] == ("openapi",)
    accept = value_of(fields, b"accept") if schema else accepted(fields)
    headers = [(b"Host", target.authority.encode()), (b"Accept", accept or b"*/*"), (b"Accept-Encoding", b"identity")]
    headers += [(name, value) for name, value in passed_on(fields) if name != b"sec-websocket-protocol"]
    if link.login.token is not None:
        headers.append((b"Authorization", b"Bearer " + link.login.token.reveal().encode()))
    if target.impersonation:
        headers += [(name, value) for name, value in fields if name.startswith(b"impersonate-")]
    if prepared.body or prepared.info.method in ("POST", "PUT", "PATCH"):
        headers.append((b"Content-Length", b"%d" % len(prepared.body)))
    if upgrade is not None:
        headers += [(b"Connection", b"Upgrade"), (b"Upgrade", upgrade.protocol.encode())]
        if upgrade.offers:
            headers.append((b"Sec-WebSocket-Protocol", ", ".join(upgrade.offers).encode("latin-1")))
    return headers


async def _respond(
    house: House,
    wire: Wire,
    link: Link,
    prepared: Prepared,
    response: h11.Response | h11.InformationalResponse,
    outcome: Outcome,
) -> None:
    ticket, info = prepared.ticket, prepared.info
    fields = list(response.headers)
    if 300 <= response.status_code < 400 and response.status_code != 304:
        raise Refusal(502, "guard: the cluster answers with a redirection, which is not followed")
    body = body_for(
        info, media_type(fields), house.authority.document_mask(ticket), lambda: house.authority.text(ticket)
    )
    decoder = _decoder(fields)
    bare = info.method == "HEAD" or response.status_code in (204, 304)
    outcome.status = response.status_code
    sender = _Sender(wire, response.status_code, passed_back(fields), outcome, whole=body.whole or bare)
    try:
        async with house.documents if body.whole else nullcontext():
            rest = await _pass(link.wire, body, decoder, sender)
        await sender.end(b"" if bare else rest)
    finally:
        outcome.masked = dict(body.findings)


async def _pass(wire: Wire, body: Body, decoder: _Gunzip | None, sender: _Sender) -> bytes:
    """Pass a body through its filter; return what is left at its end. Raises Refusal."""
    while isinstance(event := await _next(wire, body, sender), h11.Data):
        data = bytes(event.data)
        for piece in decoder.feed(data) if decoder else (data,):
            await sender.add(body.feed(piece))
    if not isinstance(event, h11.EndOfMessage):
        raise Refusal(502, "guard: the cluster broke its answer off")
    if body.size > LARGE:
        # others are not kept waiting by what takes a while
        return await asyncio.get_running_loop().run_in_executor(None, body.finish)
    return body.finish()


async def _next(wire: Wire, body: Body, sender: _Sender) -> object:
    """Return what the server sends next; while nothing comes, let go what the mask holds back."""
    if not body.held:
        return await wire.next()
    task = asyncio.ensure_future(wire.next())
    try:
        while not task.done():
            await asyncio.wait((task,), timeout=IDLE_SECONDS if body.held else None)
            if not task.done():
                await sender.add(body.idle())
        return task.result()
    finally:
        task.cancel()


class _Sender:
    """Sends a response to the client: at once, or as a whole where only the end tells its length."""

    def __init__(
        self, wire: Wire, status: int, fields: list[tuple[bytes, bytes]], outcome: Outcome, *, whole: bool
    ) -> None:
        self._wire = wire
        self._status = status
        self._fields = fields
        self._outcome = outcome
        self._whole = whole
        self._begun = False

    async def add(self, data: bytes) -> None:
        """Send a piece of the body."""
        if not self._whole and not self._begun:
            await self._begin(None)
        if data:
            self._outcome.received += len(data)
            await self._wire.send(h11.Data(data=data))

    async def end(self, data: bytes) -> None:
        """Send the last piece and the end."""
        if not self._begun:
            await self._begin(len(data) if self._whole else None)
        if data:
            self._outcome.received += len(data)
            await self._wire.send(h11.Data(data=data))
        await self._wire.send(h11.EndOfMessage())

    async def _begin(self, length: int | None) -> None:
        self._begun = True
        headers: list[tuple[bytes, bytes]] = list(self._fields)
        if length is not None and self._status not in (204, 304):
            headers.append((b"Content-Length", b"%d" % length))
        await self._wire.send(h11.Response(status_code=self._status, headers=headers, reason=b"From the cluster"))


class _Gunzip:
    """Takes gzip, gives what is in it in pieces: a server may compress although it was asked not to."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return what `data` holds. Raises Refusal for what is no gzip, and beyond the bound."""
        pieces: list[bytes] = []
        try:
            while data:
                pieces.append(self._decoder.decompress(data, 1 << 20))
                self._size += len(pieces[-1])
                data = self._decoder.unconsumed_tail
                if self._size > DOCUMENT_MAX:
                    raise Refusal(502, "guard: the cluster's compressed answer is too large")
        except zlib.error:
            raise Refusal(502, "guard: the cluster's answer says that it is gzip and is none") from None
        return pieces


def _decoder(fields: list[tuple[bytes, bytes]]) -> _Gunzip | None:
    coding = value_of(fields, b"content-encoding").strip().lower()
    if coding in (b"", b"identity"):
        return None
    if coding == b"gzip":
        return _Gunzip()
    raise Refusal(502, f"guard: the cluster answers in a coding that is not read: {coding.decode('latin-1')[:40]}")
