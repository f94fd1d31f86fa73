"""Connecting and logging in to the real server.

TLS begins with one byte of the server's answer, and that byte is read by itself: whatever else has arrived in clear
text by then was put there by somebody in between, and ends the connection. The key for cancel requests stays here; the
client gets one of the gateway's own.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from guardcli.gateways.postgres.authentication import CLEARTEXT, OK, PASSED_ON, AuthenticationTerms, Login, LoginRefused
from guardcli.gateways.postgres.codec.backend import (
    Authentication,
    BackendKeyData,
    ErrorResponse,
    NegotiateProtocolVersion,
    NoticeResponse,
    ParameterStatus,
    ReadyForQuery,
    decode_backend,
)
from guardcli.gateways.postgres.codec.frames import FROM_SERVER, Splitter
from guardcli.gateways.postgres.codec.limits import BACKEND
from guardcli.gateways.postgres.codec.sqlstates import CANNOT_CONNECT, INVALID_AUTHORIZATION
from guardcli.gateways.postgres.codec.startup import VERSION_3_0, CancelRequest, SSLRequest, StartupMessage
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.target import Target, TlsTerms
from guardcli.gateways.postgres.wire import ConnectionLost, Wire
from guardcli.model.credentials import Credential
from guardcli.model.resources import Tls

CONNECT_SECONDS = 10.0
"""How long it may take to reach a server, TLS included."""
LOGIN_SECONDS = 30.0
"""How long a login may take from then on."""
SETTINGS_MAX = 200
"""So many ParameterStatus, and as many notices, may come at the start."""
REPLY_MAX = 512
"""Characters of a server's error that are passed on."""

Relay = Callable[[Authentication], Awaitable[bytes | None]]
"""Passes a request for authentication to the client and returns the client's answer, None where none is due."""


class CannotConnect(Exception):
    """There is no session with the real server; `sqlstate` and the message are for the client."""

    def __init__(self, message: str, sqlstate: str = CANNOT_CONNECT) -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate


@dataclass(slots=True)
class Upstream:
    """A session with the real server, just begun."""

    wire: Wire
    splitter: Splitter
    key: BackendKeyData | None = None
    settings: list[ParameterStatus] = field(default_factory=list)
    notices: list[bytes] = field(default_factory=list)
    ready: bytes = b""


async def connect(target: Target) -> Wire:
    """Reach the server, with TLS as the target says. Raises CannotConnect."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reached = await _reach(target)
            try:
                return await _secured(reached, target)
            except BaseException:
                reached.close()
                raise
    except TimeoutError:
        raise CannotConnect(f"{target} did not answer within {CONNECT_SECONDS:.0f} seconds") from None
    except ssl.SSLCertVerificationError as error:
        raise CannotConnect(f"{target} is not who it should be: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise CannotConnect(f"TLS with {target} failed: {error.reason or error}") from None
    except (OSError, ConnectionLost) as error:
        raise CannotConnect(f"{target} cannot be reached: {_words(error)}") from None


def _words(error: OSError | ConnectionLost) -> str:
    """Return the system's own words for what went wrong; asyncio puts addresses in their place."""
    if isinstance(error, socket.gaierror) or not isinstance(error, OSError) or error.errno is None:
        return str(getattr(error, "strerror", None) or error)
    return os.strerror(error.errno)


async def _reach(target: Target) -> socket.socket:
    loop = asyncio.get_running_loop()
    if target.local:
        return await _dial(socket.AF_UNIX, target.socket_path)
    fault: OSError = OSError(f"no address is known for {target.host}")
    found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    for family, _, _, _, address in found:
        try:
            return await _dial(family, address)
        except OSError as error:
            fault = error
    raise fault


async def _dial(family: int, address: object) -> socket.socket:
    dialled = socket.socket(family, socket.SOCK_STREAM)
    try:
        dialled.setblocking(False)
        if family != socket.AF_UNIX:
            dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            dialled.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        await asyncio.get_running_loop().sock_connect(dialled, address)  # type: ignore[arg-type]
    except BaseException:
        dialled.close()
        raise
    return dialled


async def _secured(reached: socket.socket, target: Target) -> Wire:
    loop = asyncio.get_running_loop()
    if target.local:
        _, wire = await loop.create_unix_connection(Wire, sock=reached)
        return wire
    context = await loop.run_in_executor(None, _context, target.tls)
    if context is None:
        _, wire = await loop.create_connection(Wire, sock=reached)
        return wire
    await loop.sock_sendall(reached, SSLRequest().encode())
    answer = await loop.sock_recv(reached, 1)
    if answer == b"N" and target.tls.mode is Tls.PREFER:
        _, wire = await loop.create_connection(Wire, sock=reached)
        return wire
    if answer == b"N":
        raise CannotConnect(f"{target} does not speak TLS, and only a policy may switch that off (options: tls)")
    if answer != b"S":
        raise CannotConnect(f"{target} did not answer the request for TLS as PostgreSQL does")
    with suppress(BlockingIOError):
        if reached.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
            raise CannotConnect(f"{target}: something was sent in clear text before TLS began, as by an attacker")
    _, wire = await loop.create_connection(Wire, sock=reached, ssl=context, server_hostname=target.host)
    return wire


def _context(terms: TlsTerms) -> ssl.SSLContext | None:
    return terms.context()


async def cancel(target: Target, key: BackendKeyData) -> None:
    """Ask the server to cancel what the session with `key` does. Raises CannotConnect."""
    wire = await connect(target)
    wire.write(CancelRequest(key.process, key.key).encode())
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await wire.gone()  # the server closes once it has sent the signal
    except TimeoutError:
        pass
    finally:
        wire.abort()


async def log_in(
    target: Target, parameters: Mapping[str, str], credential: Credential | None, relay: Relay | None = None
) -> Upstream:
    """Connect, begin a session with `parameters` and log in, to the first ReadyForQuery. Raises CannotConnect.

    ``user`` is among `parameters`. With a `credential` the server's requests are answered here, else by `relay`.
    """
    wire = await connect(target)
    upstream = Upstream(wire, Splitter(BACKEND))
    pairs = tuple((_bytes(name), _bytes(value)) for name, value in parameters.items())
    try:
        async with asyncio.timeout(LOGIN_SECONDS if relay is None else None):
            wire.write(StartupMessage(VERSION_3_0, pairs).encode())
            if credential is not None:
                await _answer(upstream, _login(target, wire, parameters["user"], credential))
            elif relay is not None:
                await _pass_on(upstream, relay, private=target.local or wire.tls is not None)
            await _settle(upstream)
    except TimeoutError:
        wire.abort()
        raise CannotConnect(f"the login at {target} took longer than {LOGIN_SECONDS:.0f} seconds") from None
    except ConnectionLost:
        wire.abort()
        raise CannotConnect(f"{target} closed the connection during the login") from None
    except (ProtocolViolation, LoginRefused) as error:
        wire.abort()
        raise CannotConnect(f"the login at {target} failed: {error}", INVALID_AUTHORIZATION) from None
    except BaseException:
        wire.abort()
        raise
    return upstream


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _login(target: Target, wire: Wire, user: str, credential: Credential) -> Login:
    tls = wire.tls
    certificate = tls.getpeercert(binary_form=True) if tls is not None else None
    terms = AuthenticationTerms(target.local or tls is not None, certificate, target.tls.binding, target.methods)
    return Login(user, credential.password, terms)


async def _answer(upstream: Upstream, login: Login) -> None:
    loop = asyncio.get_running_loop()
    while not login.done:
        request = await _request(upstream)
        # the rounds of SCRAM keep a thread busy, not everybody else
        answer = await loop.run_in_executor(None, login.answer, request)
        if answer is not None:
            upstream.wire.write(answer)


async def _pass_on(upstream: Upstream, relay: Relay, *, private: bool) -> None:
    while True:
        request = await _request(upstream)
        if request.code == OK:
            return
        if request.code not in PASSED_ON:
            raise LoginRefused(f"the server asks for an authentication method ({request.code}) that is not passed on")
        if request.code == CLEARTEXT and not private:
            raise LoginRefused("the server asks for the password in clear text over a connection without TLS")
        answer = await relay(request)
        if answer is not None:
            upstream.wire.write(answer)


async def _request(upstream: Upstream) -> Authentication:
    """Return the next request for authentication."""
    for _ in range(SETTINGS_MAX):
        frame = await upstream.wire.frame(upstream.splitter, FROM_SERVER)
        message = decode_backend(frame)
        if isinstance(message, Authentication):
            return message
        if isinstance(message, ErrorResponse):
            raise _refused(message)
        if isinstance(message, NegotiateProtocolVersion) and message.version <= VERSION_3_0:
            continue
        if not isinstance(message, NoticeResponse):
            raise ProtocolViolation("the server sent something else before the login was complete")
    raise ProtocolViolation("the server does not come to the point")


async def _settle(upstream: Upstream) -> None:
    """Take what comes between the login and the first ReadyForQuery."""
    for _ in range(2 * SETTINGS_MAX):
        frame = await upstream.wire.frame(upstream.splitter, FROM_SERVER)
        message = decode_backend(frame)
        if isinstance(message, ReadyForQuery):
            upstream.ready = frame.raw
            return
        if isinstance(message, ParameterStatus):
            upstream.settings.append(message)
        elif isinstance(message, BackendKeyData) and upstream.key is None:
            upstream.key = message
        elif isinstance(message, NoticeResponse):
            upstream.notices.append(frame.raw)
        elif isinstance(message, ErrorResponse):
            raise _refused(message)
        else:
            raise ProtocolViolation("the server sent something else before it was ready")
    raise ProtocolViolation("the server does not come to the point")


def _refused(error: ErrorResponse) -> CannotConnect:
    """Return a server's refusal as the client gets it: its words, bounded, marked as the server's."""
    words = error.field("M").decode("utf-8", "replace")[:REPLY_MAX]
    code = error.field("C").decode("ascii", "replace")
    known = len(code) == 5 and code.isalnum() and code.isupper() | code.isdigit()
    return CannotConnect(words or "the server refused the login", code if known else INVALID_AUTHORIZATION)
