"""A gateway that listens before a small cluster, with a token for it, and what to say to it."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from integration.cluster import Cluster

from guardcli.gateways.kubernetes.authority import Bearer, Outcome, Request, Ticket
from guardcli.gateways.kubernetes.bearers import Bearers
from guardcli.gateways.kubernetes.bodies import Body, Raw
from guardcli.gateways.kubernetes.certificates import Identity, make_identity
from guardcli.gateways.kubernetes.documents import DocumentMask
from guardcli.gateways.kubernetes.server import Gateway
from guardcli.gateways.kubernetes.target import Target, TlsTerms
from guardcli.model.credentials import Credential
from guardcli.model.decisions import Decision, Verdict
from guardcli.model.secrets import Secret

POD = "/api/v1/namespaces/default/pods/web-1"

PATIENCE = 60.0


@dataclass
class House:
    """Decides by the verb, and notes what it is told."""

    masker: object
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    answer: Callable[[], Awaitable[None]] | None = None
    admitted: list[Request] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    withdrawn: int = 0

    def admit(self, bearer: Bearer, request: Request) -> Ticket:
        self.admitted.append(request)
        verdict = self.verdicts.get(request.info.verb, Verdict.ALLOW)
        decision = Decision(verdict, "the-rule", "Not like this.", request.operations)
        return Ticket(len(self.admitted), request, decision, time.time())

    def refused(self, bearer: Bearer, said: str, reason: str) -> None:
        self.unread.append(said)

    async def obtain(self, bearer: Bearer, ticket: Ticket) -> None:
        try:
            if self.answer is not None:
                await self.answer()
        except asyncio.CancelledError:
            self.withdrawn += 1
            raise

    def started(self, ticket: Ticket) -> None:
        pass

    def ended(self, ticket: Ticket, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def document_mask(self, ticket: Ticket) -> DocumentMask:
        return DocumentMask(self.masker, "kubectl")

    def text(self, ticket: Ticket) -> Body:
        return Raw()

    def mask(self, text: str) -> str:
        return text


@dataclass
class Stand:
    """A gateway that listens, with a token for it."""

    gateway: Gateway
    house: House
    bearers: Bearers
    identity: Identity
    port: int
    token: Secret

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = ssl.create_default_context(cadata=self.identity.authority.decode())
        context.set_alpn_protocols(["h2", "http/1.1"])
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=context, server_hostname="127.0.0.1")

    async def say(self, data: bytes) -> bytes:
        """Send bytes and return all that comes back until the gateway hangs up."""
        reader, writer = await self.connect()
        writer.write(data)
        async with asyncio.timeout(PATIENCE):
            heard = b""
            try:
                while piece := await reader.read(65536):
                    heard += piece
            except OSError:
                pass
        writer.transport.abort()
        return heard

    def head(self, target: str, method: str = "GET", *fields: str, token: str | None = None) -> bytes:
        lines = [f"{method} {target} HTTP/1.1", "Host: x", f"Authorization: Bearer {token or self.token.reveal()}"]
        return "\r\n".join([*lines, *fields, "", ""]).encode()

    async def ask(self, target: str, method: str = "GET", *fields: str, body: bytes = b"", token: str | None = None):
        more = [f"Content-Length: {len(body)}"] if body else []
        heard = await self.say(self.head(target, method, *more, "Connection: close", *fields, token=token) + body)
        return answer(heard)


def answer(heard: bytes) -> tuple[int, dict[str, object]]:
    head, _, body = heard.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        body = b"".join(body.split(b"\r\n")[1::2])
    try:
        form = json.loads(body or b"{}")
    except ValueError:
        form = {"text": body}
    return int(head.split()[1]) if head else 0, form


def target_of(cluster: Cluster, text: str = "of-the-cluster", **options: object) -> Target:
    async def credential() -> Credential:
        return Credential(Secret(text))

    port = int(cluster.url.rpartition(":")[2])
    tls = TlsTerms(ca=f"{cluster.cwd}/ca.pem")
    return replace(Target("small", "127.0.0.1", port, tls=tls, credential=credential), **options)


@asynccontextmanager
async def standing(masker, target: Target, **options: object) -> AsyncIterator[Stand]:
    identity = make_identity(datetime.now(UTC))
    house, bearers = House(masker, **options), Bearers()
    gateway = Gateway({"small": target}, house, bearers, time.time)
    port = await gateway.listen(identity)
    try:
        yield Stand(gateway, house, bearers, identity, port, bearers.issue(Bearer("small", 1)))
    finally:
        await gateway.close()


def run(masker, target: Target, work: Callable[[Stand], Awaitable[None]], **options: object) -> House:
    async def main() -> House:
        async with standing(masker, target, **options) as stand:
            async with asyncio.timeout(100):
                await work(stand)
            return stand.house

    return asyncio.run(main())


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)
