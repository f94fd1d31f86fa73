"""The data types of the ssh protocol (RFC 4251, section 5): bytes, booleans, numbers and strings."""

from __future__ import annotations

import struct

UINT32 = struct.Struct(">I")


class Malformed(ValueError):
    """What came is not what the protocol says."""


class Reader:
    """Takes one value after the other from `data`. Every method raises Malformed where there is none."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def byte(self) -> int:
        """Return the next byte."""
        return self._take(1)[0]

    def boolean(self) -> bool:
        """Return the next boolean: any value but 0 is true."""
        return self.byte() != 0

    def uint32(self) -> int:
        """Return the next number."""
        return int(UINT32.unpack(self._take(4))[0])

    def string(self) -> bytes:
        """Return the next string."""
        return self._take(self.uint32())

    def text(self) -> str:
        """Return the next string, which has to be UTF-8."""
        try:
            return self.string().decode()
        except UnicodeDecodeError:
            raise Malformed("a name that is no UTF-8") from None

    def mpint(self) -> int:
        """Return the next number of any length, which has to be positive."""
        data = self.string()
        if not data or data[0] & 0x80:
            raise Malformed("a number that is not positive")
        return int.from_bytes(data, "big")

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self._at != len(self._data):
            raise Malformed("more than was to come")

    def _take(self, length: int) -> bytes:
        taken = self._data[self._at : self._at + length]
        if len(taken) != length:
            raise Malformed("less than was to come")
        self._at += length
        return taken


def string(data: bytes) -> bytes:
    """Return `data` as a string of the protocol."""
    return UINT32.pack(len(data)) + data


def mpint(number: int) -> bytes:
    """Return a positive `number` as a number of any length."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))
