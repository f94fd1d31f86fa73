"""What is compiled says of rows what a loop in Python says, and of bytes that are no rows that they are none."""

from __future__ import annotations

import random
import struct
import tracemalloc

import pytest

from guardcli.gateways.postgres.codec.backend import DataRow
from guardcli.gateways.postgres.codec.compiled import RowValues, whole_messages

ROWS = [(b"1", b"ann@one.example", None), (None, b"", "jürgen".encode()), (b"22", b"a;b:c", b"x")]
DATA = b"".join(DataRow(row).encode() for row in ROWS)


def walked(data: bytes, at: int, kind: int, least: int, most: int) -> tuple[int, int]:
    count = 0
    while at + 5 <= len(data) and data[at] == kind:
        length = int.from_bytes(data[at + 1 : at + 5])
        if not least <= length <= most or at + 1 + length > len(data):
            break
        at, count = at + 1 + length, count + 1
    return at, count


def read(values: RowValues) -> list[tuple[bytes | None, ...]]:
    found = [
        None if size < 0 else values.data[begin : begin + size]
        for begin, size in zip(values.begins, values.sizes, strict=False)
    ][: values.rows * values.columns]
    return [tuple(found[at : at + values.columns]) for at in range(0, len(found), values.columns)]


def test_messages_are_passed_over_as_far_as_they_are_whole_and_alike() -> None:
    data = DATA + b"C\0\0\0\4" + DATA
    for end in range(len(data) + 1):
        assert whole_messages(data[:end], 0, ord("D"), 4, 100) == walked(data[:end], 0, ord("D"), 4, 100)
    for at in range(len(data) + 1):
        assert whole_messages(data, at, data[at] if at < len(data) else 0, 4, 30) == walked(
            data, at, data[at] if at < len(data) else 0, 4, 30
        )
    for least, most in ((0, 2**31 - 1), (25, 100), (4, 24)):
        assert whole_messages(data, 0, ord("D"), least, most) == walked(data, 0, ord("D"), least, most)


def test_a_length_that_is_no_number_of_bytes_ends_the_walk() -> None:
    for length in (0, 3, 2**31 - 1, 2**31, 2**32 - 1):
        data = DATA + b"D" + struct.pack(">I", length) + DATA
        assert whole_messages(data, 0, ord("D"), 4, 2**32 - 1) == walked(data, 0, ord("D"), 4, 2**32 - 1)


def test_rows_are_laid_out_as_they_were_written() -> None:
    assert read(RowValues(DATA, 3)) == ROWS


def test_rows_too_short_for_their_columns_take_no_room() -> None:
    data = DataRow(()).encode() * 1000
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="other columns"):
            RowValues(data, 65_535)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("columns", [0, 2, 4])
def test_rows_with_other_columns_are_refused(columns: int) -> None:
    with pytest.raises(ValueError, match="other columns"):
        RowValues(DATA, columns)


def test_what_is_no_row_is_refused_wherever_a_byte_is_wrong() -> None:
    generator = random.Random(7)
    refused = 0
    for _ in range(3000):
        data = bytearray(DATA)
        for _ in range(generator.choice((1, 1, 2))):
            data[generator.randrange(len(data))] = generator.choice((0, 1, 4, 0x44, 0x7F, 0x80, 0xFF))
        try:
            found = read(RowValues(bytes(data), 3))
        except ValueError:
            refused += 1
            continue
        assert b"".join(DataRow(row).encode() for row in found) == data
    assert 500 < refused < 3000
    for end in range(len(DATA)):
        if end not in (0, *(len(b"".join(DataRow(row).encode() for row in ROWS[:n])) for n in (1, 2))):
            with pytest.raises(ValueError, match="not as long"):
                RowValues(DATA[:end], 3)


def test_the_detectors_see_the_values_of_their_columns_and_newlines_elsewhere() -> None:
    values = RowValues(DATA, 3)
    view = values.view(bytes((0, 1, 1)))
    assert len(view) == len(DATA)
    assert view.split() == [b"ann@one.example", "jürgen".encode(), b"a;b:c", b"x"]
    assert view.index(b"ann@") == DATA.index(b"ann@")


def test_stars_leave_lengths_and_the_last_characters_but_no_column_that_is_not_ascii() -> None:
    made, done = RowValues(DATA, 3).starred([(0, 0), (1, 3), (2, 3)])
    assert done == {0: 2, 1: 3}
    assert read(RowValues(made, 3)) == [
        (b"*", b"************ple", None),
        (None, b"", "jürgen".encode()),
        (b"**", b"****c", b"x"),
    ]
    assert RowValues(DATA, 3).starred([]) == (DATA, {})
