"""One request, from its head to the end of its response.

Nothing is sent to the cluster before the whole request is read, judged, recorded and allowed. What is refused is
answered with a Status. An error behind the head of the response breaks the connection off, so that no client takes the
half for the whole.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import h11

from guardcli.gateways.kubernetes.authority import Bearer, Outcome, Request, Ticket
from guardcli.gateways.kubernetes.codec.fields import impersonates, media_type, value_of
from guardcli.gateways.kubernetes.codec.location import LocationError, read_location
from guardcli.gateways.kubernetes.codec.request_info import VERBS, RequestInfo, read_request_info
from guardcli.gateways.kubernetes.codec.status import Refusal, status_body
from guardcli.gateways.kubernetes.house import BODY_MAX, HEAD_SECONDS, House
from guardcli.gateways.kubernetes.judging import Asked, judge_request
from guardcli.gateways.kubernetes.prepared import Prepared
from guardcli.gateways.kubernetes.relaying import relay
from guardcli.gateways.kubernetes.upgrades import upgrade_of
from guardcli.gateways.kubernetes.wire import Wire
from guardcli.model.decisions import Verdict
from guardcli.model.errors import DeniedError, GuardError, PendingError, UnavailableError


class Gone(Exception):
    """The client hung up before it was answered."""


class Exchange:
    """Handles one request; `run` raises h11.RemoteProtocolError and OSError for a connection that is of no more use."""

    def __init__(self, house: House, wire: Wire, head: h11.Request, bearer: Bearer) -> None:
        self._house = house
        self._wire = wire
        self._head = head
        self._bearer = bearer
        self._ticket: Ticket | None = None
        self._outcome = Outcome()

    async def run(self) -> None:
        """See the request through."""
        try:
            prepared = await self._read()
            await self._decide(prepared)
            await self._unless_gone(relay(self._house, self._wire, prepared, self._outcome))
        except Refusal as refusal:
            await self._refuse(refusal.code, refusal.message)
        except GuardError as error:
            await self._refuse(503 if isinstance(error, UnavailableError) else 403, f"guard: {error}")
        except (Gone, asyncio.CancelledError, OSError, EOFError, h11.ProtocolError):
            # what was upgraded ends when either side leaves
            self._outcome.lost = self._outcome.status != 101
            raise
        finally:
            if self._ticket is not None:
                with suppress(UnavailableError):
                    self._house.authority.ended(self._ticket, self._outcome)

    async def _read(self) -> Prepared:
        """Read and judge the whole request. Raises Refusal."""
        head, bearer = self._head, self._bearer
        fields = list(head.headers)
        method = head.method.decode("ascii", "replace")
        upstream = self._house.upstreams.get(bearer.resource)
        try:
            if method not in VERBS:
                raise Refusal(405, f"guard: the method {method[:20]} is not one of this API")
            info = read_request_info(method, read_location(head.target.decode("ascii", "replace")))
            body = await self._body(method, fields)
            if upstream is None:
                raise Refusal(503, "guard: the cluster of this token is not served")
            acting = impersonates(fields)
            if acting and not upstream.target.impersonation:
                raise Refusal(
                    403, "guard: acting as somebody else (--as) is not allowed for this cluster by its resource"
                )
            asked = Asked(info, media_type(fields), body, tuple(value for _, value in acting))
            operations = judge_request(asked)
            upgrade = upgrade_of(info, fields, unmasked=upstream.target.unmasked_streams)
        except LocationError as fault:
            self._note_refusal(str(fault))
            raise Refusal(400, f"guard: {fault}") from None
        except Refusal as refusal:
            self._note_refusal(refusal.message)
            raise
        request = Request(info, operations, _digest(info, fields, body), len(body))
        self._outcome.sent = len(body)
        self._ticket = self._house.authority.admit(bearer, request)
        return Prepared(self._ticket, bearer, upstream, info, fields, body, upgrade)

    def _note_refusal(self, reason: str) -> None:
        head = self._head
        said = f"{head.method.decode('ascii', 'replace')} {head.target.decode('ascii', 'replace')[:2000]}"
        self._house.authority.refused(self._bearer, said, reason)

    async def _body(self, method: str, fields: list[tuple[bytes, bytes]]) -> bytes:
        names = [name for name, _ in fields]
        if b"transfer-encoding" in names and b"content-length" in names:
            raise Refusal(400, "guard: a request with two lengths")
        if self._wire.state.they_are_waiting_for_100_continue:
            await self._wire.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
        parts, size = [], 0
        async with asyncio.timeout(HEAD_SECONDS):
            while isinstance(event := await self._wire.next(), h11.Data):
                size += len(event.data)
                if size > BODY_MAX:
                    raise Refusal(413, f"guard: the body is larger than {BODY_MAX >> 20} MiB")
                parts.append(bytes(event.data))
        if not isinstance(event, h11.EndOfMessage):
            raise Gone
        if parts and method in ("GET", "HEAD"):
            raise Refusal(400, "guard: a body where the method has none")
        return b"".join(parts)

    async def _decide(self, prepared: Prepared) -> None:
        """Return once the request may be sent. Raises Refusal, and UnavailableError where it cannot be recorded."""
        ticket, bearer, authority = prepared.ticket, self._bearer, self._house.authority
        key = _same(prepared.info)
        verdict = ticket.decision.verdict
        if verdict is not Verdict.ALLOW and key in bearer.refused:
            raise Refusal(403, bearer.refused[key])
        if verdict is Verdict.DENY:
            bearer.refused[key] = message = denial(ticket)
            raise Refusal(403, message)
        if verdict is Verdict.APPROVE:
            try:
                await self._unless_gone(authority.obtain(bearer, ticket))
            except (DeniedError, PendingError) as error:
                bearer.refused[key] = f"guard: {error}"
                raise
        if prepared.upgrade is not None and prepared.upgrade.refused:
            raise Refusal(403, prepared.upgrade.refused)
        authority.started(ticket)

    async def _unless_gone(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work`, but for a client that hangs up meanwhile: it is then cancelled, and Gone raised."""
        task, gone = asyncio.ensure_future(work), self._wire.watch()
        try:
            await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
            if not task.done() and not gone.cancelled():
                raise Gone
            await task
        finally:
            await self._wire.take_over()
            if not task.done():
                task.cancel()
                await asyncio.wait((task,))

    async def _refuse(self, code: int, message: str) -> None:
        """Answer with a Status; where a head has gone already, break off."""
        self._outcome.error = message
        if code >= 500:
            await self._tell(message)
        if self._wire.state.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self._outcome.lost = True
            self._wire.writer.transport.abort()
            return
        self._outcome.status = code
        body = status_body(code, self._house.authority.mask(message))
        headers = [(b"Content-Type", b"application/json"), (b"Content-Length", b"%d" % len(body))]
        unread = self._wire.state.their_state is h11.SEND_BODY
        if unread:
            headers.append((b"Connection", b"close"))
        await self._wire.send(h11.Response(status_code=code, headers=headers, reason=b"Refused"))
        if self._head.method != b"HEAD":
            await self._wire.send(h11.Data(data=body))
        await self._wire.send(h11.EndOfMessage())

    async def _tell(self, message: str) -> None:
        """Say once to who made the call what its client may well keep to itself."""
        bearer = self._bearer
        if bearer.tell is not None and message not in bearer.told:
            bearer.told.add(message)
            await bearer.tell(self._house.authority.mask(message).removeprefix("guard: "))


def denial(ticket: Ticket) -> str:
    """Return what the client is told of a denied request."""
    decision, info = ticket.decision, ticket.request.info
    said = f"guard: denied by rule {decision.rule}: {decision.message}".rstrip(": ")
    doubts = [one.reason for one in decision.operations if one.reason]
    what = f"{info.verb} {info.path}"[:500]
    return f"{said} [{what}{'; ' if doubts else ''}{'; '.join(doubts)[:500]}]"


def _same(info: RequestInfo) -> str:
    """Return what two requests have in common that ask for the same, by one protocol or another."""
    return f"{info.verb if not info.connects else 'connect'} {info.location.target()}"


def _digest(info: RequestInfo, fields: list[tuple[bytes, bytes]], body: bytes) -> str:
    head = f"{info.method if not info.connects else 'CONNECT'} {info.location.target()}\n".encode()
    acting = "\n".join(f"{name}: {value}" for name, value in impersonates(fields)).encode()
    media = value_of(fields, b"content-type")
    return hashlib.sha256(b"\0".join((head, acting, media, body))).hexdigest()
