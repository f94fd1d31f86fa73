"""The splitter: the same pieces however the stream is cut, every header checked, nothing passed that is wrong."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.gateways.postgres.codec import backend, frontend
from guardcli.gateways.postgres.codec.frames import (
    FROM_CLIENT,
    FROM_SERVER,
    FROM_SERVER_BUT_DATA,
    FROM_SERVER_DATA_BATCHED,
    Batch,
    Frame,
    Run,
    Splitter,
    Wanted,
)
from guardcli.gateways.postgres.codec.limits import BACKEND, FRONTEND
from guardcli.gateways.postgres.codec.violations import ProtocolViolation

ROW = backend.DataRow((b"one", None, b"")).encode()
ANSWER = b"".join(
    (
        backend.RowDescription((backend.Column(b"a", 16384, 1, 25, -1, -1, 0),)).encode(),
        ROW * 7,
        backend.CommandComplete(b"SELECT 7").encode(),
        backend.ReadyForQuery(backend.IDLE).encode(),
        ROW * 2,
        backend.COPY_DONE,
    )
)


def pieces(splitter: Splitter, chunks: list[bytes], wanted: Wanted) -> list[Frame | Batch | Run]:
    found = []
    for chunk in chunks:
        splitter.feed(chunk)
        while (piece := splitter.take(wanted)) is not None:
            found.append(piece)
    return found


def cut(data: bytes, *places: int) -> list[bytes]:
    return [data[start:end] for start, end in zip((0, *places), (*places, len(data)), strict=True)]


def shape(found: list[Frame | Batch | Run]) -> list[tuple[str, int]]:
    """Return the pieces with what a cut may divide put together again."""
    shown: list[tuple[str, int]] = []
    for piece in found:
        kind = "rows" if not isinstance(piece, Frame) else chr(piece.kind)
        number = 1 if isinstance(piece, Frame) else piece[-1]
        if kind == "rows" and shown and shown[-1][0] == "rows":
            number += shown.pop()[1]
        shown.append((kind, number))
    return shown


SHAPES = [
    (FROM_SERVER, [("T", 1), *[("D", 1)] * 7, ("C", 1), ("Z", 1), ("D", 1), ("D", 1), ("c", 1)]),
    (FROM_SERVER_BUT_DATA, [("T", 1), ("rows", 7), ("C", 1), ("Z", 1), ("rows", 2), ("c", 1)]),
    (FROM_SERVER_DATA_BATCHED, [("T", 1), ("rows", 7), ("C", 1), ("Z", 1), ("rows", 2), ("c", 1)]),
]


@pytest.mark.parametrize(("wanted", "expected"), SHAPES, ids=["single", "passed", "batched"])
def test_a_stream_cut_anywhere_gives_the_same_messages(wanted: Wanted, expected: list[tuple[str, int]]) -> None:
    for place in range(len(ANSWER) + 1):
        splitter = Splitter(BACKEND)
        found = pieces(splitter, cut(ANSWER, place), wanted)
        assert b"".join(piece.raw for piece in found) == ANSWER
        assert shape(found) == expected
        assert splitter.between


@pytest.mark.parametrize(("wanted", "expected"), SHAPES, ids=["single", "passed", "batched"])
def test_a_stream_byte_by_byte_gives_the_same_messages(wanted: Wanted, expected: list[tuple[str, int]]) -> None:
    found = pieces(Splitter(BACKEND), [bytes([byte]) for byte in ANSWER], wanted)
    assert b"".join(piece.raw for piece in found) == ANSWER
    assert shape(found) == expected


@given(st.lists(st.integers(0, len(ANSWER)), max_size=12).map(sorted))
def test_cut_at_many_places_at_once(places: list[int]) -> None:
    for wanted, expected in SHAPES:
        assert shape(pieces(Splitter(BACKEND), cut(ANSWER, *places), wanted)) == expected


def test_what_is_wanted_may_change_within_a_chunk() -> None:
    splitter = Splitter(BACKEND)
    splitter.feed(ANSWER)
    assert isinstance(splitter.take(FROM_SERVER_BUT_DATA), Frame)
    assert splitter.take(FROM_SERVER_DATA_BATCHED) == Batch(ord("D"), ROW * 7, 7)
    assert isinstance(splitter.take(FROM_SERVER_BUT_DATA), Frame)
    assert isinstance(splitter.take(FROM_SERVER_BUT_DATA), Frame)
    assert splitter.take(FROM_SERVER_BUT_DATA) == Run(ROW * 2, 2)


def test_a_long_row_that_nobody_looks_at_is_never_held() -> None:
    splitter = Splitter(BACKEND)
    row = backend.DataRow((b"x" * 1_000_000,)).encode()
    passed = 0
    for place in range(0, len(row), 10_000):
        splitter.feed(row[place : place + 10_000])
        piece = splitter.take(FROM_SERVER_BUT_DATA)
        assert isinstance(piece, Run)
        passed += len(piece.raw)
        assert splitter.held == 0
        assert splitter.between == (passed == len(row))
    assert passed == len(row)


def test_a_whole_message_in_many_chunks_is_put_together_once() -> None:
    splitter = Splitter(FRONTEND)
    message = frontend.Query(b"x" * 300_000).encode()
    for place in range(0, len(message) - 1, 1000):
        splitter.feed(message[place : min(place + 1000, len(message) - 1)])
        assert splitter.take(FROM_CLIENT) is None
    splitter.feed(message[-1:])
    assert splitter.take(FROM_CLIENT) == Frame(ord("Q"), message)


HEADERS = [
    (FRONTEND, ord("Q"), 0, False),
    (FRONTEND, ord("Q"), 3, False),
    (FRONTEND, ord("Q"), 4, False),
    (FRONTEND, ord("Q"), 5, True),
    (FRONTEND, ord("Q"), 2**31 - 1, False),
    (FRONTEND, ord("Q"), 2**31, False),
    (FRONTEND, ord("Q"), 2**32 - 1, False),
    (FRONTEND, ord("S"), 4, True),
    (FRONTEND, ord("S"), 5, False),
    (FRONTEND, ord("E"), 9, True),
    (FRONTEND, ord("E"), 20_000, False),
    (FRONTEND, ord("Z"), 5, False),
    (FRONTEND, 0, 5, False),
    (FRONTEND, 0x16, 5, False),
    (BACKEND, ord("Z"), 5, True),
    (BACKEND, ord("Z"), 4, False),
    (BACKEND, ord("Z"), 6, False),
    (BACKEND, ord("D"), 6, True),
    (BACKEND, ord("D"), 3, False),
    (BACKEND, ord("D"), 2**31 - 1, False),
    (BACKEND, ord("Q"), 5, False),
    (BACKEND, ord("K"), 12, True),
    (BACKEND, ord("K"), 1000, False),
]


@pytest.mark.parametrize(("types", "kind", "length", "possible"), HEADERS)
@pytest.mark.parametrize("looked_at", [True, False])
def test_an_impossible_header_is_refused_whoever_looks(types, kind, length, possible, looked_at) -> None:
    splitter = Splitter(types)
    splitter.feed(struct.pack(">BI", kind, length))
    wanted = Wanted([kind] if looked_at else [])
    if possible:
        splitter.take(wanted)
    else:
        with pytest.raises(ProtocolViolation):
            splitter.take(wanted)


def test_an_impossible_header_behind_good_rows_is_refused() -> None:
    for bad in (b"D\x7f\xff\xff\xff", b"D\x00\x00\x00\x00", b"\x00\x00\x00\x00\x05", b"q\x00\x00\x00\x05"):
        for wanted in (FROM_SERVER_BUT_DATA, FROM_SERVER_DATA_BATCHED, FROM_SERVER):
            with pytest.raises(ProtocolViolation):
                pieces(Splitter(BACKEND), [ROW * 3 + bad], wanted)


def test_a_type_that_is_none_is_refused_at_its_first_byte() -> None:
    splitter = Splitter(FRONTEND)
    splitter.feed(b"\x16")
    with pytest.raises(ProtocolViolation):
        splitter.take(FROM_CLIENT)


def test_a_message_over_the_bound_is_refused_before_it_is_there_and_its_twin_is_not() -> None:
    for size, fits in ((900, True), (1100, False)):
        splitter = Splitter(FRONTEND, whole=1000)
        splitter.feed(struct.pack(">BI", ord("Q"), size))
        if fits:
            assert splitter.take(FROM_CLIENT) is None
        else:
            with pytest.raises(ProtocolViolation) as raised:
                splitter.take(FROM_CLIENT)
            assert raised.value.sqlstate == "54000"


def test_rows_over_the_bound_end_a_batch_and_are_refused_after_it() -> None:
    splitter = Splitter(BACKEND, whole=100)
    splitter.feed(ROW * 2 + backend.DataRow((b"x" * 200,)).encode())
    assert splitter.take(FROM_SERVER_DATA_BATCHED) == Batch(ord("D"), ROW * 2, 2)
    with pytest.raises(ProtocolViolation):
        splitter.take(FROM_SERVER_DATA_BATCHED)


@given(st.binary(max_size=200))
def test_garbage_is_cut_or_refused_and_never_changed(garbage: bytes) -> None:
    for types, wanted in ((FRONTEND, FROM_CLIENT), (BACKEND, FROM_SERVER_BUT_DATA)):
        splitter = Splitter(types)
        splitter.feed(garbage)
        found = b""
        try:
            while (piece := splitter.take(wanted)) is not None:
                found += piece.raw
        except ProtocolViolation:
            pass
        assert garbage.startswith(found)
        assert found + splitter.rest() == garbage
