"""A client of the gateway that writes its own bytes."""

from __future__ import annotations

import socket
import struct

from guardcli.gateways.postgres.codec.startup import (
    VERSION_3_0,
    StartupMessage,
)
from guardcli.gateways.postgres.target import Target
from guardcli.model.credentials import Credential
from guardcli.model.errors import UnavailableError

STARTUP = StartupMessage(VERSION_3_0, ((b"user", b"app"), (b"database", b"postgres"))).encode()


async def nothing() -> Credential:
    return Credential(None)


async def sealed() -> Credential:
    raise UnavailableError("the vault is sealed", hint="unseal it")


def local(env: dict[str, str], **more: object) -> Target:
    return Target("db", env["PGHOST"], user="app", **{"credential": nothing, **more})  # type: ignore[arg-type]


def dial(stage) -> socket.socket:
    found = socket.socket(socket.AF_UNIX)
    found.connect(f"{stage.directory}/.s.PGSQL.5432")
    found.settimeout(60)
    return found


def read_all(client: socket.socket) -> bytes:
    """Return what comes until the end; a connection that is reset has ended too."""
    found = b""
    try:
        while chunk := client.recv(65536):
            found += chunk
    except ConnectionResetError:
        pass
    return found


def read_until(client: socket.socket, end: bytes) -> bytes:
    found = b""
    while not found.endswith(end):
        chunk = client.recv(65536)
        assert chunk, found
        found += chunk
    return found


READY = b"Z\0\0\0\5I"


def enter(stage, startup: bytes = STARTUP) -> tuple[socket.socket, bytes]:
    client = dial(stage)
    client.sendall(startup)
    return client, read_until(client, READY)


def key_in(begun: bytes) -> tuple[int, bytes]:
    at = begun.index(b"K\0\0\0")
    (length,) = struct.unpack_from(">I", begun, at + 1)
    (process,) = struct.unpack_from(">I", begun, at + 5)
    return process, begun[at + 9 : at + 1 + length]


def query(text: str) -> bytes:
    return b"Q" + (len(text) + 5).to_bytes(4) + text.encode() + b"\0"
