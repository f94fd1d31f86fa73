"""The end of a connection: what was written last arrives, whatever the peer was sending meanwhile."""

from __future__ import annotations

import asyncio
import socket

import pytest

from guardcli.gateways.postgres.session import close_gently
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
