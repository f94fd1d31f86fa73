"""The packets before the first message: they have a length and a code, but no type.

A client may ask for SSL and for GSS encryption, each once, and is answered with one byte. Then comes either a startup
packet, or a cancel request and the end of the connection. Protocol versions are 3.0 and 3.2; no server speaks 3.1.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from guardcli.gateways.postgres.codec.fields import Reader, string, uint32
from guardcli.gateways.postgres.codec.sqlstates import FEATURE_NOT_SUPPORTED
from guardcli.gateways.postgres.codec.violations import ProtocolViolation

PACKET_MAX = 10_000
"""The longest packet in bytes, its length included (MAX_STARTUP_PACKET_LENGTH)."""
PACKET_MIN = 8
KEY_MAX = 256
"""The longest secret key of a cancel request; 4 bytes in protocol 3.0."""
CANCEL_CODE = 80877102
SSL_CODE = 80877103
GSS_CODE = 80877104
VERSION_3_0 = 3 << 16
VERSION_3_2 = 3 << 16 | 2

_int32 = struct.Struct(">I").unpack_from


class SSLRequest(NamedTuple):
    """May TLS begin? Answered with ``S`` or ``N``."""

    def encode(self) -> bytes:
        """Return the packet."""
        return _packet(SSL_CODE, b"")


class GSSENCRequest(NamedTuple):
    """May GSSAPI encryption begin? Answered with ``G`` or ``N``."""

    def encode(self) -> bytes:
        """Return the packet."""
        return _packet(GSS_CODE, b"")


class CancelRequest(NamedTuple):
    """End what the session with this key is doing. Never answered."""

    process: int
    key: bytes

    def encode(self) -> bytes:
        """Return the packet."""
        return _packet(CANCEL_CODE, uint32(self.process) + self.key)


class StartupMessage(NamedTuple):
    """A session is to begin. `version` is as asked for; the parameters are as they came, in order."""

    version: int
    parameters: tuple[tuple[bytes, bytes], ...]

    @property
    def minor(self) -> int:
        """The minor version asked for."""
        return self.version & 0xFFFF

    def encode(self) -> bytes:
        """Return the packet."""
        pairs = b"".join(string(name) + string(value) for name, value in self.parameters)
        return _packet(self.version, pairs + b"\0")


Packet = SSLRequest | GSSENCRequest | CancelRequest | StartupMessage


def packet_length(head: bytes) -> int:
    """Return how long the packet is whose first four bytes (or more) are `head`. Raises ProtocolViolation."""
    length = int(_int32(head)[0])
    if not PACKET_MIN <= length <= PACKET_MAX:
        raise ProtocolViolation("invalid length of startup packet")
    return length


def decode_packet(packet: bytes) -> Packet:
    """Return the meaning of one whole packet, its length included. Raises ProtocolViolation."""
    reader = Reader(packet, "startup packet")
    if reader.uint32() != len(packet):
        raise reader.fault("its length is wrong")
    code = reader.uint32()
    if code == CANCEL_CODE:
        return _cancel(reader)
    if code in (SSL_CODE, GSS_CODE):
        reader.end()
        return SSLRequest() if code == SSL_CODE else GSSENCRequest()
    if code >> 16 != 3:
        text = f"unsupported frontend protocol {code >> 16}.{code & 0xFFFF}: guard speaks 3.0 and 3.2"
        raise ProtocolViolation(text, FEATURE_NOT_SUPPORTED)
    return StartupMessage(code, _parameters(reader))


def negotiated(message: StartupMessage) -> tuple[int, tuple[bytes, ...]]:
    """Return the version that guard will speak, and the protocol options asked for that it does not know.

    NegotiateProtocolVersion tells the client of both, where the version is not the one asked for or the options
    are any.
    """
    version = VERSION_3_2 if message.version >= VERSION_3_2 else VERSION_3_0
    return version, tuple(name for name, _ in message.parameters if name.startswith(b"_pq_."))


def _cancel(reader: Reader) -> CancelRequest:
    process = reader.uint32()
    key = reader.rest()
    if not 4 <= len(key) <= KEY_MAX:
        raise reader.fault(f"a cancel request has a key of {len(key)} bytes")
    return CancelRequest(process, key)


def _parameters(reader: Reader) -> tuple[tuple[bytes, bytes], ...]:
    found: list[tuple[bytes, bytes]] = []
    names: set[bytes] = set()
    while name := reader.string():
        if name in names:
            raise reader.fault(f"the parameter {name[:64].decode('utf-8', 'replace')} stands twice")
        names.add(name)
        found.append((name, reader.string()))
    reader.end()
    return tuple(found)


def _packet(code: int, rest: bytes) -> bytes:
    return uint32(len(rest) + 8) + uint32(code) + rest


def parameters_of(pairs: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return parameters as text; what is no UTF-8 comes as escapes that are equal for equal bytes."""
    return {name.decode("utf-8", "surrogateescape"): value.decode("utf-8", "surrogateescape") for name, value in pairs}
