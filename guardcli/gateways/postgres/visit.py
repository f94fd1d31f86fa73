"""One client from its arrival to its leave: what it wants, whether it may, the login, and the session."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

from guardcli.gateways.postgres.authentication import OK
from guardcli.gateways.postgres.codec.backend import Authentication, error
from guardcli.gateways.postgres.codec.frames import Splitter
from guardcli.gateways.postgres.codec.sqlstates import (
    ADMIN_SHUTDOWN,
    CANNOT_CONNECT,
    INVALID_AUTHORIZATION,
    TOO_MANY_CONNECTIONS,
    WRONG_PASSWORD,
)
from guardcli.gateways.postgres.codec.startup import CancelRequest, StartupMessage, parameters_of
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.contract import Conversation, Opening, Refused
from guardcli.gateways.postgres.house import House
from guardcli.gateways.postgres.reception import answer_version, ask, check_password, client_splitter, read_packet
from guardcli.gateways.postgres.session import Session, close_gently
from guardcli.gateways.postgres.upstream import CannotConnect, Upstream, log_in
from guardcli.gateways.postgres.verifier import Verifier, WrongPassword
from guardcli.gateways.postgres.wire import ConnectionLost, Wire
from guardcli.model.credentials import Credential
from guardcli.model.errors import GuardError

UNKNOWN_DATABASE = "3D000"
"""SQLSTATE invalid_catalog_name."""
NOT_FORWARDED = ("user", "database")
"""Parameters of a client that the gateway says anew."""

log = logging.getLogger(__name__)
_T = TypeVar("_T")


def peer(wire: Wire) -> tuple[int, int]:
    """Return process and user of the client, as the system says; 0 and -1 where it does not, as on the loopback."""
    raw = wire.transport.get_extra_info("socket")
    if raw is None or raw.family != socket.AF_UNIX:
        return 0, -1
    pid, uid, _ = struct.unpack("3i", raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return pid, uid


class Visit:
    """Sees one client through. `run` raises nothing but for cancellation."""

    def __init__(self, wire: Wire, house: House, number: int, verifier: Verifier | None) -> None:
        self._wire = wire
        self._house = house
        self._number = number
        self._pid = peer(wire)[0]
        self._verifier = verifier
        self._splitter: Splitter = client_splitter()

    async def run(self) -> None:
        """Do all of it, and close."""
        try:
            await self._visit()
        except (ConnectionLost, TimeoutError):
            pass
        except ProtocolViolation as violation:
            self._say(violation.sqlstate, violation.message)
        except WrongPassword:
            self._say(WRONG_PASSWORD, "password authentication failed for this session of guard")
        except Refused as refused:
            self._say(refused.sqlstate, refused.message, refused.hint)
        except CannotConnect as fault:
            self._say(fault.sqlstate, self._house.gatekeeper.masked(fault.message))
        except GuardError as fault:
            self._say(CANNOT_CONNECT, fault.message, fault.hint)
        except asyncio.CancelledError:
            self._say(ADMIN_SHUTDOWN, "terminating connection because the session of guard has ended")
            raise
        except Exception:
            log.exception("a fault in the gateway")
            self._say("XX000", "a fault in guard ended this connection")
        finally:
            await close_gently(self._wire)

    def _say(self, sqlstate: str, message: str, hint: str = "") -> None:
        self._wire.write(error("FATAL", sqlstate, message, hint).encode())

    async def _visit(self) -> None:
        house = self._house
        house.starting += 1
        try:
            packet = await read_packet(self._wire)
            if isinstance(packet, CancelRequest):
                session = house.keys.find(packet)
                if session is not None:
                    session.cancel()
                return
            version = answer_version(self._wire, packet)
            if self._verifier is not None:
                await check_password(self._wire, self._splitter, self._verifier)
        finally:
            house.starting -= 1
        if house.inside >= house.limits.connections:
            raise Refused("sorry, too many clients already", sqlstate=TOO_MANY_CONNECTIONS)
        house.inside += 1
        try:
            await self._enter(packet, version)
        finally:
            house.inside -= 1

    async def _enter(self, packet: StartupMessage, version: int) -> None:
        target = self._house.target
        given = parameters_of(packet.parameters)
        if not given.get("user"):
            raise Refused("no PostgreSQL user name specified in startup packet", sqlstate=INVALID_AUTHORIZATION)
        database = target.database_for(given.get("database", ""), given["user"])
        if database is None:
            raise Refused(
                f'database "{given["database"]}" is not part of {target.resource}',
                f"it has: {', '.join(target.databases)}",
                UNKNOWN_DATABASE,
            )
        credential = None if target.credential is None else await self._unless_gone(target.credential())
        user = given["user"]
        if credential is not None:
            user = target.user or credential.user or user
        opening = Opening(
            resource=target.resource,
            host=target.host,
            port=target.port,
            user=user,
            database=database,
            parameters=given,
            number=self._number,
            pid=self._pid,
            custody=credential is not None,
            catalogue=self._house.catalogues.of(user, database),
        )
        conversation = await self._unless_gone(self._house.gatekeeper.admit(opening))
        reason = "the session did not begin"
        try:
            reason = await self._talk(opening, credential, conversation, version)
        except CannotConnect as fault:
            reason = fault.message
            raise
        except ConnectionLost:
            reason = "the client left before the session began"
            raise
        finally:
            conversation.closed(reason)

    async def _talk(
        self, opening: Opening, credential: Credential | None, conversation: Conversation, version: int
    ) -> str:
        upstream = await self._log_in(opening, credential)
        session = Session(self._wire, upstream, conversation, self._house.cancels, self._house.vigil)
        key = self._house.keys.give(session, version)
        self._house.sessions.add(session)
        try:
            settings = b"".join(setting.encode() for setting in upstream.settings)
            self._wire.write(Authentication(OK).encode() + settings + key.encode() + upstream.ready)
            self._wire.give_back(self._splitter.rest())
            return await session.run({_text(one.name): _text(one.value) for one in upstream.settings})
        finally:
            self._house.sessions.discard(session)
            self._house.keys.take_back(key)

    async def _log_in(self, opening: Opening, credential: Credential | None) -> Upstream:
        asked = {name: value for name, value in opening.parameters.items() if _forwarded(name)}
        parameters = {"user": opening.user, "database": opening.database, **asked}
        target = self._house.target
        if credential is None:
            return await log_in(target, parameters, None, partial(ask, self._wire, self._splitter))
        return await self._unless_gone(log_in(target, parameters, credential))

    async def _unless_gone(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Return what `work` gives; give it up when the client leaves. Raises ConnectionLost."""
        task, gone = asyncio.ensure_future(work), asyncio.ensure_future(self._wire.gone())
        try:
            await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise ConnectionLost("the client left")
            return task.result()
        finally:
            task.cancel()
            gone.cancel()
            await asyncio.gather(task, gone, return_exceptions=True)


def _forwarded(name: str) -> bool:
    return name not in NOT_FORWARDED and not name.startswith("_pq_.")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
