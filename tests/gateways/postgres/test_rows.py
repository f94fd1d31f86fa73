from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from functools import cache

import pytest

from guardcli.gateways.postgres.codec.backend import Column, DataRow
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.columns import ColumnRules
from guardcli.gateways.postgres.masked_rows import MaskedRows
from guardcli.gateways.postgres.mending import Mender
from guardcli.masking import Masker
from guardcli.model.masking import MaskRule, Strategy

DETECT = MaskRule(detect=("email", "credit_card", "private_key"))
KEY = b"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq2uC5rYQ\n-----END RSA PRIVATE KEY-----"


@cache
def compiled(rules: tuple[MaskRule, ...]) -> Masker:
    return Masker(rules, key=b"k" * 32)


def masked(
    rows: Sequence[tuple[bytes | None, ...]], types: Sequence[int], rules: Sequence[MaskRule], format: int = 0
) -> list[tuple[bytes | None, ...]]:
    columns = [Column(f"c{n}".encode(), 0, 0, type, -1, -1, format) for n, type in enumerate(types)]
    named = ColumnRules(rules, "psql")
    masker = compiled(tuple(rules))
    mask = MaskedRows(columns, [named.of_any_table(f"c{n}") for n in range(len(types))], Mender(masker, "psql"))
    return read(mask.take(b"".join(DataRow(row).encode() for row in rows)))


def read(raw: bytes) -> list[tuple[bytes | None, ...]]:
    found, at = [], 0
    while at < len(raw):
        length, count = struct.unpack_from(">IH", raw, at + 1)
        place, values = at + 7, []
        for _ in range(count):
            (size,) = struct.unpack_from(">i", raw, place)
            values.append(None if size < 0 else raw[place + 4 : place + 4 + size])
            place += 4 + max(size, 0)
        at += 1 + length
        assert place == at
        found.append(tuple(values))
    return found


@pytest.mark.parametrize(
    ("strategy", "value", "expected"),
    [
        (Strategy.PARTIAL, b"ann@one.example", b"***********mple"),
        (Strategy.PARTIAL, b"a;b:c", b"***:c"[:3] + b"*c"),
        (Strategy.PARTIAL, "jürgen".encode(), b"***gen"),
        (Strategy.PARTIAL, b"x", b"*"),
        (Strategy.PARTIAL, b"", b""),
        (Strategy.MASK, b"abc", b"***"),
        (Strategy.REDACT, b"abc", b"[C0]"),
        (Strategy.REDACT, None, None),
        (Strategy.MASK, None, None),
    ],
)
def test_a_named_column_is_replaced_whole(strategy: Strategy, value: bytes | None, expected: bytes | None) -> None:
    rule = MaskRule(columns=("c0",), strategy=strategy)
    rows = [(value, b"stays"), (b"other", None), (value, b"")]
    found = masked(rows, [25, 25], [rule])
    assert [found[0], found[2]] == [(expected, b"stays"), (expected, b"")]
    assert found[1][1] is None and found[1][0] != b"other"


def test_detectors_see_each_value_by_itself() -> None:
    rows = [
        (b"a@b.example", b"411111111111", b"1111"),
        (b"xa@b.example,c@d.example", None, b"4111111111111111"),
        (b"411111111111", b"1111", b"clean"),
        (b"begin " + KEY[:40], b"next", KEY),
    ]
    found = masked(rows, [25, 25, 25], [DETECT])
    assert found[0] == (b"[EMAIL]", b"411111111111", b"1111")
    assert found[1] == (b"[EMAIL],[EMAIL]", None, b"[CREDIT_CARD]")
    assert found[2] == rows[2]
    assert found[3][1] == b"next" and b"MIIE" not in (found[3][2] or b"")


@pytest.mark.parametrize(
    ("type", "format", "value", "expected"),
    [
        (20, 0, b"4111111111111111", None),
        (3802, 0, b'{"card": 4111111111111111}', b'"[CREDIT_CARD]"'),
        (3802, 0, b'{"mail": "a@b.example"}', b'{"mail": "[EMAIL]"}'),
        (1009, 0, b"{a@b.example,x}", b"{[EMAIL],x}"),
        (1043, 0, b"a@b.example", b"[EMAIL]"),
        (17, 0, b"\\x" + b"a@b.example".hex().encode(), b"\\x" + b"***********".hex().encode()),
        (17, 0, b"\\x00ff", b"\\x00ff"),
        (17, 1, b"\0a@b.example\0", b"\0***********\0"),
        (1009, 1, b"\0\0\0\x0ba@b.example", b"\0\0\0\x0b***********"),
        (1184, 1, struct.pack(">q", 4111111111111111), struct.pack(">q", 4111111111111111)),
        (1114, 0, b"2020-01-01 00:00:00", b"2020-01-01 00:00:00"),
    ],
)
def test_a_value_in_which_something_is_found_stays_one_of_its_type(
    type: int, format: int, value: bytes, expected: bytes | None
) -> None:
    assert masked([(value,), (None,)], [type], [DETECT], format) == [(expected,), (None,)]


def test_many_rows_at_once_are_masked_as_each_by_itself() -> None:
    draw = random.Random(7)
    pool = [None, b"", b"plain", b"a@b.example", b"4111111111111111", "ü@".encode(), b"x" * 300, b"\n", b"DDDD\0\0\0\5"]
    rules = [MaskRule(columns=("c1",), strategy=Strategy.PARTIAL), DETECT]
    rows = [tuple(draw.choice(pool) for _ in range(4)) for _ in range(300)]
    types = [25, 25, 23, 1043]
    assert masked(rows, types, rules) == [masked([row], types, rules)[0] for row in rows]


@pytest.mark.parametrize(
    "raw",
    [
        DataRow((b"a", b"b")).encode(),
        b"D\0\0\0\x0c\0\1\0\0\0\5ab",
        b"D\0\0\0\x0c\0\1\0\0\0\1ab",
        b"D\0\0\0\x08\0\1\0\0",
        b"D\0\0\0\x0b\0\1\x80\0\0\0a",
    ],
)
def test_a_row_that_is_not_what_was_described_ends_the_connection(raw: bytes) -> None:
    mask = MaskedRows([Column(b"c0", 0, 0, 25, -1, -1, 0)], [None], Mender(compiled((DETECT,)), "psql"))
    with pytest.raises(ProtocolViolation):
        mask.take(raw)
