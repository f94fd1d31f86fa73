"""What the gateway's server asks of the two that it is given.

The server accepts a client, reads its startup packet and asks the `Gatekeeper` whether there may be a session. It then
connects and logs in to the real server, tells the client that it is in, and from there on only moves bytes: each chunk
from either side goes to the `Conversation`, and what comes back in a `Step` goes out. A conversation does no I/O
and starts no task; where it must wait for something it hands out an awaitable, the server waits for it, reads nothing
more from that side meanwhile, and calls back with the result.

Order: `begin` once; then `passes_to_server` for a chunk of the client's, `from_client` where that takes nothing, and
`passes_to_client` or `from_server` for one of the server's (from a side that waits, nothing arrives), and `passed`
as soon as what passes is sent; `client_goes_on`
and `server_goes_on` once for each wait, `cancelled` and `unanswered` at any time. The last call is `closed`; it comes
exactly once for every admitted session, whatever went wrong, and without `begin` where the real server could not be
reached.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from guardcli.gateways.postgres.catalogue import Relation
from guardcli.gateways.postgres.codec.sqlstates import INSUFFICIENT_PRIVILEGE
from guardcli.gateways.postgres.reach import Part


class Catalogue(Protocol):
    """Looks up tables and views, and plans statements, over a connection of the gateway's own."""

    async def relations(self, oids: Collection[int], names: Collection[str]) -> Sequence[Relation]:
        """Return those with these numbers or names, and what the views among them are made from.

        What does not exist, or cannot be had, is left out. Never raises.
        """
        ...

    async def reach(self, parts: Sequence[Part], values: Sequence[str | None]) -> Sequence[str]:
        """Return sentences about how far the parts of one text would go, with these values for its parameters.

        Nothing is run. None where it cannot be known. Never raises.
        """
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """A client asks for a session; nothing has gone to the real server.

    `resource` is the policy's name for that server, empty where it is none of the policy's. `parameters` is all that
    the startup packet has, ``user``, ``database``, ``options`` and ``replication`` included, as text with surrogates
    for what is no UTF-8. `user` and `database` are those that the gateway will log in with: those of the resource
    where it names some, else the client's. `number` counts the connections of a gateway from 1, `pid` is the client's
    process where the system says so, else 0. `custody`: the gateway logs in with a credential of its own; otherwise
    the client's answers to the server's questions are passed on. `catalogue` looks up tables, None where there is no
    credential.
    """

    resource: str
    host: str
    port: int
    user: str
    database: str
    parameters: Mapping[str, str]
    number: int
    pid: int
    custody: bool
    catalogue: Catalogue | None


class Refused(Exception):
    """There will be no session: what the client is told, as a FATAL error."""

    def __init__(self, message: str, hint: str = "", sqlstate: str = INSUFFICIENT_PRIVILEGE) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.sqlstate = sqlstate


@dataclass(slots=True)
class Step:
    """What is to be done now, in this order: write both ways, cancel, then wait or end.

    `client_wait`: nothing more is taken from the client until it is done; its result goes to `client_goes_on`. What it
    raises ends the connection. `server_wait`: the same for the other side. `drop_wait`: the client's wait that is under
    way is given up (its task is cancelled), and its result will not come. `cancel`: what the real server is doing is
    cancelled there. `end`: all is written out, then both connections are closed.
    """

    to_client: list[bytes] = field(default_factory=list)
    to_server: list[bytes] = field(default_factory=list)
    client_wait: Awaitable[object] | None = None
    server_wait: Awaitable[object] | None = None
    drop_wait: bool = False
    cancel: bool = False
    end: bool = False


class Conversation(Protocol):
    """Everything between AuthenticationOk and the end of one connection. No method may block.

    A `codec.ProtocolViolation` that a method raises is told to the client as a FATAL error and ends both connections.
    """

    def begin(self, settings: Mapping[str, str]) -> Step:
        """The client is in. `settings` is what the real server said by ParameterStatus at the start.

        The client has been sent AuthenticationOk, all of these, its BackendKeyData and the first ReadyForQuery.
        """
        ...

    def passes_to_server(self, chunk: bytes) -> bool:
        """Take a chunk of the client's that goes to the server as it is, with nothing else to do; else take nothing."""
        ...

    def passes_to_client(self, chunk: bytes) -> bool:
        """Take a chunk of the server's that goes to the client as it is, with nothing else to do; else take nothing."""
        ...

    def passed(self) -> None:
        """What was taken so has been sent: do now what need not be done before. Raises UnavailableError."""
        ...

    def from_client(self, chunk: bytes) -> Step:
        """Take what the client sent, cut anywhere."""
        ...

    def from_server(self, chunk: bytes) -> Step:
        """Take what the real server sent, cut anywhere."""
        ...

    def client_goes_on(self, result: object) -> Step:
        """Go on with what the client sent: what was waited for is done."""
        ...

    def server_goes_on(self, result: object) -> Step:
        """Go on with what the server sent: what was waited for is done."""
        ...

    @property
    def client_is_full(self) -> bool:
        """Whether no more of the client is to be read for now, since what it sent before is still waited for."""
        ...

    @property
    def between(self) -> bool:
        """Whether the client has been sent whole messages only, so that one more would be read as one."""
        ...

    def unanswered(self) -> Step:
        """Some time has passed: record what is still under way."""
        ...

    def cancelled(self) -> Step:
        """The client asked, over another connection, to cancel what is going on."""
        ...

    def end(self, sqlstate: str, message: str) -> Step:
        """The session must end: a time limit, the server lost, guard stopping. Return the FATAL error that says so."""
        ...

    def closed(self, reason: str) -> None:
        """Both connections are closed; `reason` says why, in words. What was under way will never be heard of."""
        ...


class Gatekeeper(Protocol):
    """Decides which sessions there are, and makes the conversation of each."""

    async def admit(self, opening: Opening) -> Conversation:
        """Return the conversation of a session that may begin. Raises Refused. May take its time, to ask a person."""
        ...

    def masked(self, text: str) -> str:
        """Return `text`, words of a server before a conversation has begun, as the client may read it."""
        ...
