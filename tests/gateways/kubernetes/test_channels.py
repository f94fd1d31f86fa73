from __future__ import annotations

import pytest

from guardcli.gateways.kubernetes.channels import Channels
from guardcli.gateways.kubernetes.codec.websocket import BINARY, CLOSE, PING, FrameError, FrameReader, frame


class Upper:
    """Holds back what is not a whole word, and shouts the rest."""

    whole = False
    size = 0

    def __init__(self) -> None:
        self.rest = b""
        self.findings: dict[str, int] = {}

    @property
    def held(self) -> int:
        return len(self.rest)

    def feed(self, data: bytes) -> bytes:
        done, space, self.rest = (self.rest + data).rpartition(b" ")
        self.findings["word"] = self.findings.get("word", 0) + (done + space).count(b" ")
        return (done + space).upper()

    def idle(self) -> bytes:
        return self.finish()

    def finish(self) -> bytes:
        out, self.rest = self.rest.upper(), b""
        return out


def read(data: bytes) -> list[tuple[int, bytes]]:
    return [(piece.opcode, piece.payload) for piece in FrameReader().feed(data)]


def test_each_stream_is_masked_by_itself_and_whole_before_it_ends() -> None:
    channels = Channels(Upper)
    out = channels.feed(frame(BINARY, b"\x01one t") + frame(BINARY, b"\x02bad ") + frame(BINARY, b"\x01wo"))
    out += channels.feed(frame(BINARY, b'\x03{"status":"Success"}') + frame(CLOSE, b"\x03\xe8"))
    assert read(out) == [
        (BINARY, b"\x01ONE "),
        (BINARY, b"\x02BAD "),
        (BINARY, b"\x01TWO"),
        (BINARY, b'\x03{"status":"Success"}'),
        (CLOSE, b"\x03\xe8"),
    ]
    assert channels.findings == {"word": 2}


@pytest.mark.parametrize("step", [1, 2, 5])
def test_it_is_the_same_however_the_bytes_are_cut(step: int) -> None:
    data = frame(BINARY, b"\x01a b c") + frame(PING, b"!") + frame(BINARY, b"\x03end")
    channels = Channels(Upper)
    found = read(b"".join(channels.feed(data[at : at + step]) for at in range(0, len(data), step)))
    assert b"".join(payload[1:] for _, payload in found if payload[:1] == b"\x01") == b"A B C"
    assert found[-1] == (BINARY, b"\x03end") and (PING, b"!") in found


def test_a_message_in_parts_belongs_to_one_channel() -> None:
    head = bytes((BINARY, 5)) + b"\x01one "
    rest = bytes((0x80, 4)) + b"two "
    assert read(Channels(Upper).feed(head + rest)) == [(BINARY, b"\x01ONE "), (BINARY, b"\x01TWO ")]


def test_a_channel_that_is_closed_is_whole_before() -> None:
    channels = Channels(Upper)
    out = channels.feed(frame(BINARY, b"\x01rest") + frame(BINARY, b"\xff\x01"))
    assert read(out) == [(BINARY, b"\x01REST"), (BINARY, b"\xff\x01")]


def test_a_silence_lets_go_what_is_held_and_the_end_too() -> None:
    channels = Channels(Upper)
    assert channels.feed(frame(BINARY, b"\x01pro")) == b"" and channels.held == 3
    assert read(channels.idle()) == [(BINARY, b"\x01PRO")]
    channels.feed(frame(BINARY, b"\x02err"))
    assert read(channels.finish()) == [(BINARY, b"\x02ERR")]


def test_an_empty_message_is_nothing() -> None:
    assert Channels(Upper).feed(frame(BINARY, b"") + frame(BINARY, b"\x01")) == b""


def test_a_message_without_end_is_refused() -> None:
    channels = Channels(Upper)
    with pytest.raises(FrameError):
        channels.feed(bytes((BINARY, 127)) + (1 << 40).to_bytes(8, "big") + b"\x03" + b"x" * (2 << 20))
