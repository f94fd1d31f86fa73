"""The end of a connection: what was written last arrives, whatever the peer was sending meanwhile."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from gateways.postgres.talk import DONE, ONE, READY, ROW, ROWS, Keeper, conversation

from guardcli.gateways.postgres.cancels import Cancels
from guardcli.gateways.postgres.codec.backend import BackendKeyData
from guardcli.gateways.postgres.codec.frames import Splitter
from guardcli.gateways.postgres.codec.limits import BACKEND
from guardcli.gateways.postgres.session import CANCELLING_MAX, STREAM_CHUNK, Session, close_gently
from guardcli.gateways.postgres.target import Target
from guardcli.gateways.postgres.upstream import Upstream
from guardcli.gateways.postgres.vigil import Vigil
from guardcli.gateways.postgres.wire import Wire

LAST = b"the last words"


def pair(family: socket.AddressFamily) -> tuple[socket.socket, socket.socket]:
    if family == socket.AF_UNIX:
        return socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = socket.create_connection(server.getsockname())
        return server.accept()[0], peer


@pytest.mark.parametrize("family", [socket.AF_UNIX, socket.AF_INET], ids=["unix", "loopback"])
@pytest.mark.parametrize("unread", [0, 100_000], ids=["a silent peer", "a peer that has sent more"])
def test_what_was_written_last_arrives_and_so_does_the_end(family: socket.AddressFamily, unread: int) -> None:
    async def ending() -> bytes:
        ours, peer = pair(family)
        with peer:
            _, wire = await asyncio.get_running_loop().connect_accepted_socket(Wire, ours)
            wire.pause()
            peer.sendall(bytes(unread))
            wire.write(LAST)
            closing = asyncio.create_task(close_gently(wire))
            heard = await asyncio.to_thread(heard_by, peer)
        await closing
        assert wire.ended
        return heard

    assert asyncio.run(ending()) == LAST


def heard_by(peer: socket.socket) -> bytes:
    """Return what a peer hears that goes on sending until it is told the end; raises where the connection breaks."""
    heard = b""
    while part := peer.recv(3):
        heard += part
        peer.sendall(b"and more")
    return heard


def test_a_peer_that_neither_reads_nor_goes_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guardcli.gateways.postgres.session.PARTING_SECONDS", 0.05)
    monkeypatch.setattr("guardcli.gateways.postgres.session.LINGER_SECONDS", 0.05)

    async def ending() -> bool:
        ours, peer = socket.socketpair()
        with peer:
            _, wire = await asyncio.get_running_loop().connect_accepted_socket(Wire, ours)
            wire.write(bytes(8 << 20))
            await close_gently(wire)
            await asyncio.sleep(0)
            return wire.transport.is_closing()

    assert asyncio.run(ending())


class Counting(Vigil):
    """Sleeps at once, and counts the chunks after which it was to stay awake."""

    def __init__(self) -> None:
        super().__init__(processors=1)
        self.kept = 0

    def keep(self) -> None:
        self.kept += 1


class Unanswered(Cancels):
    """Cancel requests that the server takes when it is told to."""

    def __init__(self) -> None:
        super().__init__(Target("db", "/nowhere"))
        self.taken = asyncio.Event()
        self.sent = 0

    async def _send(self, key: BackendKeyData) -> None:
        self.sent += 1
        await self.taken.wait()


@asynccontextmanager
async def talking(vigil: Vigil, cancels: Cancels) -> AsyncIterator[tuple[Session, socket.socket, socket.socket]]:
    """Give a session, its client and its server."""
    wires, peers = [], []
    for _ in range(2):
        ours, peer = socket.socketpair()
        peer.setblocking(False)
        wires.append((await asyncio.get_running_loop().connect_accepted_socket(Wire, ours))[1])
        peers.append(peer)
    upstream = Upstream(wires[1], Splitter(BACKEND), BackendKeyData(7, b"four"))
    session = Session(wires[0], upstream, conversation(Keeper()), cancels, vigil)
    running = asyncio.create_task(session.run({}))
    try:
        yield session, *peers
    finally:
        for peer in peers:
            peer.close()
        await running


async def heard(peer: socket.socket, size: int) -> bytes:
    """Return so many bytes."""
    found = b""
    while len(found) < size:
        found += await asyncio.get_running_loop().sock_recv(peer, size - len(found))
    return found


@pytest.mark.parametrize(("rows", "kept"), [(1, 2), (STREAM_CHUNK // len(ROW) + 1, 1)], ids=["an answer", "a stream"])
def test_a_stream_lets_the_gateway_sleep(rows: int, kept: int) -> None:
    async def run() -> int:
        vigil, answer = Counting(), ROWS + ROW * rows + DONE + READY
        async with talking(vigil, Unanswered()) as (_, client, server):
            client.sendall(ONE)
            assert await heard(server, len(ONE)) == ONE
            server.sendall(answer)
            assert await heard(client, len(answer)) == answer
            return vigil.kept

    assert asyncio.run(run()) == kept


def test_only_so_many_cancel_requests_of_a_session_are_under_way() -> None:
    async def run() -> None:
        cancels = Unanswered()
        async with talking(Counting(), cancels) as (session, _, _):
            for _ in range(2 * CANCELLING_MAX):
                session.cancel()
                await asyncio.sleep(0)
            assert cancels.sent == CANCELLING_MAX
            cancels.taken.set()
            await cancels.settle()
            session.cancel()
            await cancels.settle()
            assert cancels.sent == CANCELLING_MAX + 1, "those that were taken make room"

    asyncio.run(run())
