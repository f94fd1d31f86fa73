"""What an exchange asks of whoever decides and records: the broker, in a session.

The order for each request is always the same: `Authority.admit` (the record says what is about to happen), where the
verdict is APPROVE `Authority.obtain`, then the bytes go to the cluster, then `Authority.ended`. What is refused is
admitted as well, and never sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from guardcli.gateways.kubernetes.bodies import Body
from guardcli.gateways.kubernetes.codec.request_info import RequestInfo
from guardcli.gateways.kubernetes.coverage import Coverage
from guardcli.gateways.kubernetes.documents import DocumentMask
from guardcli.model.decisions import Decision
from guardcli.model.operations import Operation

Tell = Callable[[str], Awaitable[None]]
"""Says words to who made the call."""


@dataclass(slots=True)
class Bearer:
    """Who may use the gateway, and for what: the cluster of `resource`.

    `call` is the number of the call that the token was made for, 0 for one of the session. `coverage` says what a yes
    to that call is a yes to. `refused` remembers what was not allowed, for a client that tries the same again by
    another protocol; `told` what was said already.
    """

    resource: str
    call: int = 0
    coverage: Coverage | None = None
    tell: Tell | None = None
    refused: dict[str, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it was judged. `digest` is the SHA-256, in hex, over method, target and body."""

    info: RequestInfo
    operations: tuple[Operation, ...]
    digest: str
    sent: int = 0


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request under way: its `number` in the record, what was decided, and when it began (epoch seconds)."""

    number: int
    request: Request
    decision: Decision
    began: float


@dataclass(slots=True)
class Outcome:
    """How a request ended: the HTTP `status` that the client got, bytes of bodies both ways, what was masked.

    `error` says why it went wrong, `lost` that the connection ended before the end of the answer.
    """

    status: int = 0
    sent: int = 0
    received: int = 0
    masked: dict[str, int] = field(default_factory=dict)
    error: str = ""
    lost: bool = False


class Authority(Protocol):
    """Decides about requests and keeps their record."""

    def admit(self, bearer: Bearer, request: Request) -> Ticket:
        """Decide, and record what is about to happen or to be refused. Raises UnavailableError: nothing may be sent."""
        ...

    def refused(self, bearer: Bearer, said: str, reason: str) -> None:
        """Record a request that was not even judged, since no API server should have to read it.

        Raises UnavailableError.
        """
        ...

    async def obtain(self, bearer: Bearer, ticket: Ticket) -> None:
        """Wait for a person's yes to exactly this request, and use it up. Cancelling it withdraws from the wait.

        Raises DeniedError for a no, PendingError for no answer in time, UnavailableError where nobody can be asked.
        """
        ...

    def started(self, ticket: Ticket) -> None:
        """Record that the request is about to be sent. Raises UnavailableError."""
        ...

    def ended(self, ticket: Ticket, outcome: Outcome) -> None:
        """Record what came of a request, or why it was not sent."""
        ...

    def document_mask(self, ticket: Ticket) -> DocumentMask:
        """Return what masks documents of the answer."""
        ...

    def text(self, ticket: Ticket) -> Body:
        """Return what masks text of the answer."""
        ...

    def mask(self, text: str) -> str:
        """Return words as the client may read them."""
        ...
