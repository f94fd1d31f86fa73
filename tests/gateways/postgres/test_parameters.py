"""Values of parameters, as rules look at them: whole, or not at all."""

from __future__ import annotations

import struct

import pytest

from guardcli.gateways.postgres.parameters import SHOWN_BYTES, judged, readable

BOOL, INT4, TEXT, NUMERIC = 16, 23, 25, 1700


@pytest.mark.parametrize(
    ("value", "format", "type", "read"),
    [
        (b"seven", 0, 0, "seven"),
        (b"x" * SHOWN_BYTES + b"y", 0, TEXT, "x" * SHOWN_BYTES + "y"),
        (None, 0, TEXT, ""),
        (None, 1, INT4, ""),
        (b"\xff", 0, TEXT, None),
        (struct.pack(">i", 7), 1, INT4, "7"),
        (b"\1", 1, BOOL, "true"),
        ("ü".encode(), 1, TEXT, "ü"),
        (b"\xff", 1, TEXT, None),
        (struct.pack(">i", 7), 1, 0, None),
        (b"\0\1\0\0\0\0\0\0\0\7", 1, NUMERIC, None),
        (b"\0", 1, INT4, None),
    ],
)
def test_a_value_is_read_whole_or_not_at_all(value: bytes | None, format: int, type: int, read: str | None) -> None:
    assert judged([value], (format,), (type,)) == (read,)


def test_what_a_person_is_shown_is_cut_and_what_rules_see_is_not() -> None:
    long = b"x" * SHOWN_BYTES + b" secret"
    assert readable([long], ()) == ("x" * SHOWN_BYTES,)
    assert judged([long], ()) == (long.decode(),)
