"""The start of a connection on the client's side: what comes before the first message, and the session's own password.

Neither TLS nor GSSAPI encryption is spoken here, on a unix socket or on the loopback; each may be asked for once and is
answered with ``N``. A client that has sent more by then is refused: nobody that waits for an answer has anything to say
yet, so it would be somebody else's (as in CVE-2021-23214).
"""

from __future__ import annotations

import asyncio

from guardcli.gateways.postgres.authentication import CLEARTEXT, MD5, SASL, SASL_CONTINUE, without_binding
from guardcli.gateways.postgres.codec.backend import Authentication, NegotiateProtocolVersion
from guardcli.gateways.postgres.codec.frames import Splitter, Wanted
from guardcli.gateways.postgres.codec.frontend import AuthenticationAnswer, decode_frontend
from guardcli.gateways.postgres.codec.limits import FRONTEND
from guardcli.gateways.postgres.codec.startup import (
    CancelRequest,
    StartupMessage,
    decode_packet,
    negotiated,
    packet_length,
)
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.verifier import Exchange, Verifier
from guardcli.gateways.postgres.wire import Wire

STARTUP_SECONDS = 10.0
"""How long a client may take to say what it wants, and to log in where it must."""
ASKING = frozenset({CLEARTEXT, MD5, SASL, SASL_CONTINUE})
"""Requests that a client answers."""
PASSWORD_MAX = 16 * 1024
"""The longest answer of a client, in bytes."""


async def read_packet(wire: Wire) -> StartupMessage | CancelRequest:
    """Return what the client wants, once it has asked for encryption and heard that there is none.

    Raises ProtocolViolation, ConnectionLost, and TimeoutError after `STARTUP_SECONDS`.
    """
    asked: set[type] = set()
    async with asyncio.timeout(STARTUP_SECONDS):
        while True:
            head = await wire.exactly(4)
            packet = decode_packet(head + await wire.exactly(packet_length(head) - 4))
            if isinstance(packet, CancelRequest | StartupMessage):
                return packet
            if wire.kept or type(packet) in asked:
                raise ProtocolViolation("data in clear text behind a request for encryption")
            asked.add(type(packet))
            wire.write(b"N")


def answer_version(wire: Wire, message: StartupMessage) -> int:
    """Tell the client which version is spoken, where it asked for another one or for options; return that version."""
    version, unknown = negotiated(message)
    if version != message.version or unknown:
        wire.write(NegotiateProtocolVersion(version, unknown).encode())
    return version


async def check_password(wire: Wire, splitter: Splitter, verifier: Verifier) -> None:
    """Have the client show that it knows the session's own password.

    Raises WrongPassword, ProtocolViolation, ConnectionLost, and TimeoutError after `STARTUP_SECONDS`.
    """
    exchange = Exchange(verifier)
    async with asyncio.timeout(STARTUP_SECONDS):
        wire.write(exchange.request())
        wire.write(exchange.first(await read_answer(wire, splitter)))
        wire.write(exchange.final(await read_answer(wire, splitter)))


async def read_answer(wire: Wire, splitter: Splitter) -> bytes:
    """Return the client's answer to a request for authentication. Raises ProtocolViolation and ConnectionLost."""
    frame = await wire.frame(splitter, _ANY)
    message = decode_frontend(frame)
    if not isinstance(message, AuthenticationAnswer):
        raise ProtocolViolation("something else in place of an answer to a request for authentication")
    return message.data


async def ask(wire: Wire, splitter: Splitter, request: Authentication) -> bytes | None:
    """Pass a server's request on to the client; return the client's answer, as a whole message, where one is due."""
    if request.code == SASL:
        request = Authentication(SASL, without_binding(request.data))  # there is no TLS here to bind to
    wire.write(request.encode())
    if request.code not in ASKING:
        return None
    return AuthenticationAnswer(await read_answer(wire, splitter)).encode()


_ANY = Wanted(FRONTEND)


def client_splitter() -> Splitter:
    """Return the splitter for a client that has not logged in: its messages are short."""
    return Splitter(FRONTEND, whole=PASSWORD_MAX)
