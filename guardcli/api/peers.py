"""What the kernel says about the other end of a unix socket, asked when the connection is accepted.

uvicorn does not hand out peer credentials. `PeerProtocol` is its HTTP protocol, over httptools' parser, with a `Peer`
in the state of every request's scope. The ancestry is looked up at accept time, before the peer could have passed its
end to somebody else or gone away; a connection of another user is closed unread.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from dataclasses import dataclass
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from guardcli.api.ancestry import UNKNOWN, SessionTrees, own_user

SO_PEERPIDFD = 77
"""Linux 6.5 and later: a pidfd of the peer, which a reused number cannot deceive."""

LOOSE_MAX = 64 * 1024
"""Bytes of a request that are no body, before more are read: its head, sizes of chunks, trailers."""

CHUNKING = 16
"""So many bytes for one of the body a client may send that writes each into a chunk of its own."""

_CREDENTIALS = struct.Struct("iII")


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end; `inside` is the session whose tree it belongs to, empty for none."""

    pid: int
    uid: int
    inside: str


def peer_of(connection: socket.socket, trees: SessionTrees) -> Peer:
    """Return who connected to this end of a unix socket."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(raw)
    if pid <= 0:
        return Peer(pid, uid, UNKNOWN)
    try:
        pidfd = connection.getsockopt(socket.SOL_SOCKET, SO_PEERPIDFD)
    except OSError:
        return Peer(pid, uid, trees.session_of(pid))
    try:
        return Peer(pid, uid, trees.session_of(pid, pidfd))
    finally:
        os.close(pidfd)


class PeerProtocol(HttpToolsProtocol):
    """HTTP over a connection whose other end is known where it is a unix socket, with a bound on what is no body."""

    def __init__(self, trees: SessionTrees, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._trees = trees
        self._in_head = True
        self._loose = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or close it where it is another user's."""
        super().connection_made(transport)
        connection = cast(socket.socket, transport.get_extra_info("socket"))
        if connection.family != socket.AF_UNIX:
            return
        try:
            peer = peer_of(connection, self._trees)
        except OSError:
            transport.abort()
            return
        if peer.uid not in (own_user(), 0):
            transport.abort()
            return
        self.app_state = {**self.app_state, "peer": peer}

    def data_received(self, data: bytes) -> None:
        """Parse `data`, and refuse a request that is all head, chunk sizes or trailers: the parser has no bound."""
        if self._loose > LOOSE_MAX:
            self.send_400_response("More than the bound of a request's head.")
            return
        self._loose += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin to count anew."""
        super().on_message_begin()
        self._in_head, self._loose = True, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what a trailer says comes too late to be one (RFC 9110, 6.5.1)."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hand the request on."""
        self._in_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand a part of the body on; it pays for as much again of chunk sizes, and more."""
        self._loose = max(0, self._loose - CHUNKING * len(body))
        super().on_body(body)
