from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.gateways.kubernetes.codec.websocket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    FrameError,
    FrameReader,
    accepts,
    frame,
)


def part(opcode: int, payload: bytes, final: bool) -> bytes:
    head = bytes(((0x80 if final else 0) | opcode, min(len(payload), 126)))
    return head + (len(payload).to_bytes(2, "big") if len(payload) > 125 else b"") + payload


def messages(pieces) -> list[tuple[int, bytes]]:
    found, whole = [], b""
    for piece in pieces:
        if piece.opcode >= CLOSE:
            found.append((piece.opcode, piece.payload))
            continue
        whole = piece.payload if piece.opens else whole + piece.payload
        if piece.ends:
            found.append((piece.opcode, whole))
    return found


STREAM = (
    frame(BINARY, b"\x01hello")
    + part(BINARY, b"\x01in ", False)
    + frame(PING, b"here")
    + part(CONTINUATION, b"parts", True)
    + frame(BINARY, b"")
    + frame(TEXT, b"x" * 300)
    + frame(BINARY, b"y" * 70_000)
    + frame(CLOSE, b"\x03\xe8")
)
EXPECTED = [
    (BINARY, b"\x01hello"),
    (PING, b"here"),
    (BINARY, b"\x01in parts"),
    (BINARY, b""),
    (TEXT, b"x" * 300),
    (BINARY, b"y" * 70_000),
    (CLOSE, b"\x03\xe8"),
]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000, len(STREAM)])
def test_frames_are_the_same_however_they_are_cut(step: int) -> None:
    reader = FrameReader()
    stream = STREAM if step > 2 else STREAM[:60]
    expected = EXPECTED if step > 2 else messages(FrameReader().feed(STREAM[:60]))
    cut = [piece for at in range(0, len(stream), step) for piece in reader.feed(stream[at : at + step])]
    assert messages(cut)[: len(expected)] == expected


@pytest.mark.parametrize(
    "data",
    [
        b"\xc2\x01a",  # a reserved bit
        b"\x82\x81\0\0\0\0a",  # masked, as only a client's frame is
        b"\x83\x00",  # a kind that there is not
        b"\x89\x7e\x01\x00",  # a long ping
        b"\x09\x00",  # a ping in parts
        b"\x80\x01a",  # the rest of nothing
        b"\x02\x01a\x82\x01b",  # a message within a message
        b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
    ],
)
def test_what_a_server_may_not_send_is_refused(data: bytes) -> None:
    with pytest.raises(FrameError):
        list(FrameReader().feed(data))


@given(st.binary(max_size=200))
def test_noise_is_refused_or_read_and_never_hangs(data: bytes) -> None:
    reader = FrameReader()
    try:
        list(reader.feed(data))
    except FrameError:
        return


def test_the_answer_to_a_key_is_the_one_of_the_rfc() -> None:
    assert accepts(b"dGhlIHNhbXBsZSBub25jZQ==", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    assert not accepts(b"dGhlIHNhbXBsZSBub25jZQ==", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOp=")
