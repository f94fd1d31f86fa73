from __future__ import annotations

import struct
import uuid

import pytest

from guardcli.gateways.postgres.typed import replace
from guardcli.masking import Masker
from guardcli.model.masking import MaskRule, Strategy

MASKER = Masker([MaskRule(detect=("email",))], key=b"k" * 32)
REDACT, MASK, PARTIAL, HASH = Strategy.REDACT, Strategy.MASK, Strategy.PARTIAL, Strategy.HASH
UUID = uuid.UUID("01234567-89ab-cdef-0123-456789abcdef")
NUMERIC = struct.pack(">HhHH3H", 3, 1, 0, 2, 12, 3456, 7800)


def put(value: bytes, type: int, format: int, strategy: Strategy, modifier: int = -1) -> bytes | None:
    return replace(value, type, format, modifier, MASKER, "SSN", MaskRule(columns=("x",), strategy=strategy))


@pytest.mark.parametrize(
    ("value", "type", "format", "strategy", "modifier", "expected"),
    [
        (b"123-45-6789", 25, 0, REDACT, -1, b"[SSN]"),
        (b"123-45-6789", 25, 1, MASK, -1, b"***********"),
        (b"123-45-6789", 1043, 0, PARTIAL, 24, b"*******6789"),
        (b"1234", 1043, 0, REDACT, 4 + 4, b"[SSN"),
        (b"x", 18, 0, REDACT, -1, b"["),
        (b"123456789", 23, 0, REDACT, -1, None),
        (b"123456789", 23, 0, MASK, -1, b"0"),
        (b"123456789", 23, 0, PARTIAL, -1, b"6789"),
        (b"-7", 21, 0, PARTIAL, -1, b"0"),
        (struct.pack(">i", 123456789), 23, 1, PARTIAL, -1, struct.pack(">i", 6789)),
        (struct.pack(">q", 123456789), 20, 1, MASK, -1, bytes(8)),
        (struct.pack(">d", 1.5), 701, 1, MASK, -1, bytes(8)),
        (b"1234.5678", 1700, 0, PARTIAL, -1, b"34"),
        (NUMERIC, 1700, 1, MASK, -1, bytes(8)),
        (NUMERIC, 1700, 1, PARTIAL, -1, None),
        (str(UUID).encode(), 2950, 0, MASK, -1, b"00000000-0000-0000-0000-000000000000"),
        (str(UUID).encode(), 2950, 0, PARTIAL, -1, b"00000000-0000-0000-0000-00000000cdef"),
        (UUID.bytes, 2950, 1, PARTIAL, -1, bytes(14) + b"\xcd\xef"),
        (UUID.bytes, 2950, 1, REDACT, -1, None),
        (b'{"a": 1}', 114, 0, REDACT, -1, b'"[SSN]"'),
        (b'\1{"a": 1}', 3802, 1, REDACT, -1, b'\1"[SSN]"'),
        (b"\\x616263", 17, 0, MASK, -1, b"\\x2a2a2a"),
        (b"abc", 17, 1, MASK, -1, b"***"),
        (b"2020-01-01", 1082, 0, MASK, -1, None),
        (b"{a,b}", 1009, 0, MASK, -1, None),
        (b"t", 16, 0, MASK, -1, None),
        (b"(1,2)", 99999, 0, PARTIAL, -1, None),
    ],
)
def test_what_takes_the_place_of_a_value_is_one_of_its_type(
    value: bytes, type: int, format: int, strategy: Strategy, modifier: int, expected: bytes | None
) -> None:
    assert put(value, type, format, strategy, modifier) == expected


@pytest.mark.parametrize(("type", "size"), [(20, 8), (21, 2), (23, 4), (26, 4)])
def test_hashes_of_equal_numbers_are_equal_and_fit(type: int, size: int) -> None:
    one, two = put(b"\0" * (size - 1) + b"\x07", type, 1, HASH), put(b"\0" * (size - 1) + b"\x08", type, 1, HASH)
    assert one is not None and len(one) == size and one == put(b"\0" * (size - 1) + b"\x07", type, 1, HASH) != two
    assert put(b"7", type, 0, HASH) == str(int.from_bytes(one, "big")).encode()
