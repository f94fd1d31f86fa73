"""Reading and writing the fields of messages: integers in network byte order, strings that end with a NUL."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from guardcli.gateways.postgres.codec.violations import ProtocolViolation

NULL_LENGTH = 0xFFFFFFFF
"""The length of a value that is NULL: -1."""

_INT16 = struct.Struct(">H")
_INT32 = struct.Struct(">I")


class Reader:
    """Reads the body of one message from front to back. Every method raises ProtocolViolation past the end."""

    __slots__ = ("_at", "_data", "_name")

    def __init__(self, data: bytes, name: str, at: int = 0) -> None:
        """`data` from offset `at` on is the body of the message called `name`."""
        self._data = data
        self._name = name
        self._at = at

    def fault(self, reason: str) -> ProtocolViolation:
        """Return the error that says what is wrong with this message."""
        return ProtocolViolation(f"{self._name}: {reason}")

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        end = self._at + count
        if end > len(self._data):
            raise self.fault("the message ends too early")
        found = self._data[self._at : end]
        self._at = end
        return found

    def byte(self) -> int:
        """Return the next byte as a number."""
        return self.take(1)[0]

    def uint16(self) -> int:
        """Return an unsigned number of 16 bits."""
        if self._at + 2 > len(self._data):
            raise self.fault("the message ends too early")
        (found,) = _INT16.unpack_from(self._data, self._at)
        self._at += 2
        return int(found)

    def int16(self) -> int:
        """Return a signed number of 16 bits."""
        found = self.uint16()
        return found - 0x10000 if found & 0x8000 else found

    def uint32(self) -> int:
        """Return an unsigned number of 32 bits, such as an OID."""
        if self._at + 4 > len(self._data):
            raise self.fault("the message ends too early")
        (found,) = _INT32.unpack_from(self._data, self._at)
        self._at += 4
        return int(found)

    def int32(self) -> int:
        """Return a signed number of 32 bits."""
        found = self.uint32()
        return found - 0x100000000 if found & 0x80000000 else found

    def string(self) -> bytes:
        """Return a string without the NUL that ends it."""
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise self.fault("a string without an end")
        found = self._data[self._at : end]
        self._at = end + 1
        return found

    def value(self) -> bytes | None:
        """Return a value with its length before it; None for NULL."""
        data, at = self._data, self._at + 4
        if at > len(data):
            raise self.fault("the message ends too early")
        (length,) = _INT32.unpack_from(data, at - 4)
        self._at = at
        if length == NULL_LENGTH:
            return None
        if length & 0x80000000:
            raise self.fault("a value with a negative length")
        self._at = at + int(length)
        if self._at > len(data):
            raise self.fault("the message ends too early")
        return data[at : self._at]

    def formats(self) -> tuple[int, ...]:
        """Return a counted list of format codes, 0 for text and 1 for binary."""
        count = self.uint16()
        if not count:
            return ()
        at, self._at = self._at, self._at + 2 * count
        if self._at > len(self._data):
            raise self.fault("the message ends too early")
        codes: tuple[int, ...] = struct.unpack_from(f">{count}H", self._data, at)
        for code in codes:
            if code > 1:
                raise self.fault(f"the format code {code} is not known")
        return codes

    def values(self) -> tuple[bytes | None, ...]:
        """Return a counted list of values."""
        count = self.uint16()
        return (self.value(),) if count == 1 else tuple([self.value() for _ in range(count)])

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(len(self._data) - self._at)

    def end(self) -> None:
        """Raise ProtocolViolation unless all is read."""
        if self._at != len(self._data):
            raise self.fault(f"{len(self._data) - self._at} bytes too many")

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self._at


def message(kind: int, body: bytes) -> bytes:
    """Return a whole message: its type, its length, its body."""
    return b"%c%b%b" % (kind, _INT32.pack(len(body) + 4), body)


def uint16(number: int) -> bytes:
    """Return a number of 16 bits; a negative one as its two's complement."""
    return _INT16.pack(number & 0xFFFF)


def uint32(number: int) -> bytes:
    """Return a number of 32 bits; a negative one as its two's complement."""
    return _INT32.pack(number & 0xFFFFFFFF)


def string(text: bytes) -> bytes:
    """Return a string with its NUL. Raises ValueError where one stands within."""
    if b"\0" in text:
        raise ValueError("a NUL within a string")
    return text + b"\0"


def formats(codes: Sequence[int]) -> bytes:
    """Return a counted list of format codes."""
    return uint16(len(codes)) + b"".join(map(uint16, codes))


def values(them: Sequence[bytes | None]) -> bytes:
    """Return a counted list of values."""
    parts = [uint16(len(them))]
    for one in them:
        parts.append(b"\xff\xff\xff\xff" if one is None else _INT32.pack(len(one)) + one)
    return b"".join(parts)
