"""The network of an isolated session that has one of its own: an HTTPS proxy, and the loopback's ports of gateways.

The listeners are made inside, by guard-enter, in the agent's network namespace; the connections that they lead to are
made here. Nobody but the session's own processes can reach them.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from guardcli.broker.recorder import CallRecord, Recorder
from guardcli.broker.server import Tasks
from guardcli.isolation.proxy import (
    HEAD_MOST,
    ProxyRefusal,
    Request,
    check_address,
    check_first_bytes,
    check_request,
    read_request,
)
from guardcli.model.decisions import Decision, Verdict
from guardcli.model.effects import Effect
from guardcli.model.errors import UnavailableError
from guardcli.model.events import EventType
from guardcli.model.isolation import Network
from guardcli.model.operations import Operation, Target

PORT = 3128
"""Where the proxy listens inside: nothing else has a port there."""
BACKLOG = 512
HEAD_SECONDS = 30.0
CONNECT_SECONDS = 20.0
PIECE = 64 << 10
CONNECTIONS_MOST = 1024
"""At once; who wants more waits."""
TOOL = "https"

log = logging.getLogger(__name__)


def network_environment(network: Network) -> dict[str, str]:
    """Return the variables by which the agent's programs find the proxy, where there is one."""
    if network is not Network.PROXY:
        return {}
    url = f"http://127.0.0.1:{PORT}"
    names = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "ALL_PROXY")
    nobody = {"no_proxy": "127.0.0.1,localhost", "NO_PROXY": "127.0.0.1,localhost"}
    return {**dict.fromkeys(names, url), **nobody, "NODE_USE_ENV_PROXY": "1"}


def loopback_ports(told: Mapping[str, str]) -> list[int]:
    """Return the ports of this machine's loopback that services have told the agent of."""
    found = {int(port) for value in told.values() for port in re.findall(r"(?:@|//)127\.0\.0\.1:(\d{1,5})\b", value)}
    if told.get("PGHOST") == "127.0.0.1" and told.get("PGPORT", "").isdigit():
        found.add(int(told["PGPORT"]))
    return sorted(port for port in found if 0 < port < 65536 and port != PORT)


def inner_ports(network: Network, told: Mapping[str, str]) -> list[int]:
    """Return what is listened on inside: the proxy, and what services have told of. Nothing in a shared network."""
    if network is Network.SHARED:
        return []
    return [PORT] * (network is Network.PROXY) + loopback_ports(told)


class AgentNetwork:
    """Serves what the agent's own network namespace leads to."""

    def __init__(self, recorder: Recorder, hosts: Sequence[str]) -> None:
        """`hosts` are the globs of the policy."""
        self._recorder = recorder
        self._hosts = hosts
        self._tasks = Tasks()
        self._room = asyncio.Semaphore(CONNECTIONS_MOST)

    def serve(self, ports: Sequence[int], listeners: Sequence[socket.socket]) -> None:
        """Serve until `close`: the proxy on its port, and on each other the same port of this machine's loopback."""
        for port, listener in zip(ports, listeners, strict=True):
            self._tasks.spawn(self._accept(listener, 0 if port == PORT else port))

    async def close(self) -> None:
        """End every connection."""
        await self._tasks.end()

    async def _accept(self, listener: socket.socket, port: int) -> None:
        listener.setblocking(False)
        loop = asyncio.get_running_loop()
        with listener:
            while True:
                await self._room.acquire()
                try:
                    accepted, _ = await loop.sock_accept(listener)
                except OSError as error:
                    self._room.release()
                    log.warning("the agent's network: %s", error)
                    await asyncio.sleep(0.05)
                    continue
                self._tasks.spawn(self._serve(accepted, port))

    async def _serve(self, accepted: socket.socket, port: int) -> None:
        try:
            reader, writer = await asyncio.open_connection(sock=accepted, limit=HEAD_MOST)
            try:
                if port:
                    await self._join(reader, writer, *await asyncio.open_connection("127.0.0.1", port))
                else:
                    await self._connect(reader, writer)
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                log.info("the agent's network: %s", error)
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
        finally:
            self._room.release()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request: Request | None = None
        call: CallRecord | None = None
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            request = read_request(head)
            check_request(request, self._hosts)
            call = self._admit(request, Verdict.ALLOW, "isolation-hosts", "Named by the policy.")
            address = await self._resolve(request)
            check_address(address, request, self._hosts)
            async with asyncio.timeout(CONNECT_SECONDS):
                far_reader, far_writer = await asyncio.open_connection(address, request.port)
        except ProxyRefusal as refusal:
            if call is None:
                self._admit(request, Verdict.DENY, "isolation-hosts", refusal.reason)
            else:
                self._recorder.event(EventType.FAILED, call, {"reason": refusal.reason})
            await _answer(writer, refusal.status, refusal.reason)
            return
        except asyncio.LimitOverrunError:
            await _answer(writer, 431, "the head of the request is too long")
            return
        except (OSError, TimeoutError) as error:
            reason = f"cannot connect: {error or 'no answer'}"
            if call is not None:
                self._recorder.event(EventType.FAILED, call, {"reason": self._recorder.mask(reason)})
            await _answer(writer, 502, reason)
            return
        except UnavailableError:
            await _answer(writer, 503, "the record cannot be written, so nothing is connected")
            return
        await self._tunnel(call, request, (reader, writer), (far_reader, far_writer))

    async def _tunnel(
        self,
        call: CallRecord,
        request: Request,
        near: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        far: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        began = time.time()
        counts: tuple[int, int] = (0, 0)
        said: dict[str, object] = {"status": 0}
        try:
            near[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            first = await near[0].read(PIECE)
            if first:
                check_first_bytes(request, first)
                far[1].write(first)
            counts = await self._join(*near, *far, len(first))
        except ProxyRefusal as refusal:
            said = {"status": 1, "reason": refusal.reason}
        finally:
            far[1].close()
            said |= {"seconds": round(time.time() - began, 6), "sent": counts[0], "received": counts[1]}
            with suppress(UnavailableError):
                self._recorder.event(EventType.ENDED, call, {**said, "streams": {}})

    async def _join(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        far_reader: asyncio.StreamReader,
        far_writer: asyncio.StreamWriter,
        sent: int = 0,
    ) -> tuple[int, int]:
        """Move bytes both ways until both ends have ended; return how many went each way."""
        try:
            out, back = await asyncio.gather(_move(reader, far_writer), _move(far_reader, writer))
        finally:
            far_writer.close()
        return sent + out, back

    async def _resolve(self, request: Request) -> str:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_SECONDS):
            found = await loop.getaddrinfo(request.host, request.port, type=socket.SOCK_STREAM)
        return str(found[0][4][0])

    def _admit(self, request: Request | None, verdict: Verdict, rule: str, reason: str) -> CallRecord:
        target = str(request) if request is not None else "unreadable"
        operation = Operation(TOOL, "connect", frozenset({Effect.NETWORK}), (Target("host", target),), True, "")
        data = {"tool": TOOL, "command": self._recorder.mask(f"CONNECT {target}")}
        return self._recorder.admitted(data, Decision(verdict, rule, reason, (operation,)), time.time())


async def _move(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> int:
    moved = 0
    with suppress(ConnectionError):
        while data := await source.read(PIECE):
            moved += len(data)
            target.write(data)
            await target.drain()
    with suppress(OSError):
        if target.can_write_eof():
            target.write_eof()
    return moved


async def _answer(writer: asyncio.StreamWriter, status: int, reason: str) -> None:
    text = f"guard: {reason}\n".encode("utf-8", "backslashreplace")
    head = f"HTTP/1.1 {status} Refused\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n"
    head += "Connection: close\r\n\r\n"
    with suppress(OSError):
        writer.write(head.encode() + text)
        await writer.drain()
