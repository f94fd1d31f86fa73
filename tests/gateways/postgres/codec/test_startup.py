"""The packets before the first message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.gateways.postgres.codec import startup as s
from guardcli.gateways.postgres.codec.violations import ProtocolViolation

PACKETS = [
    s.SSLRequest(),
    s.GSSENCRequest(),
    s.CancelRequest(4711, b"\1\2\3\4"),
    s.CancelRequest(2**32 - 1, b"k" * 256),
    s.StartupMessage(s.VERSION_3_0, ()),
    s.StartupMessage(s.VERSION_3_2, ((b"user", b"app"), (b"database", b"orders"), (b"options", b""))),
    s.StartupMessage(3 << 16 | 9999, ((b"user", b"app"), (b"_pq_.test", b"on"))),
]


@pytest.mark.parametrize("packet", PACKETS, ids=repr)
def test_every_packet_goes_there_and_back(packet: s.Packet) -> None:
    raw = packet.encode()
    assert s.packet_length(raw[:4]) == len(raw)
    assert s.decode_packet(raw) == packet


@pytest.mark.parametrize("packet", PACKETS, ids=repr)
def test_a_packet_that_is_too_short_or_too_long_is_refused(packet: s.Packet) -> None:
    raw = packet.encode()
    for wrong in (*(raw[:end] for end in range(4, len(raw))), raw + b"\0"):
        with pytest.raises(ProtocolViolation):
            s.decode_packet(wrong)


@pytest.mark.parametrize(
    ("head", "possible"),
    [(0, False), (3, False), (4, False), (7, False), (8, True), (10_000, True), (10_001, False), (2**31 - 1, False)],
)
def test_the_length_is_bounded(head: int, possible: bool) -> None:
    if possible:
        assert s.packet_length(head.to_bytes(4)) == head
    else:
        with pytest.raises(ProtocolViolation):
            s.packet_length(head.to_bytes(4))


def packet(code: int, rest: bytes) -> bytes:
    return (len(rest) + 8).to_bytes(4) + code.to_bytes(4) + rest


WRONG = [
    ("version 2", packet(2 << 16, b"\0" * 288)),
    ("version 4", packet(4 << 16, b"\0")),
    ("an HTTP request", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a name without a value", packet(s.VERSION_3_0, b"user\0")),
    ("a name without an end", packet(s.VERSION_3_0, b"user")),
    ("no end of the parameters", packet(s.VERSION_3_0, b"user\0app\0")),
    ("something behind the end", packet(s.VERSION_3_0, b"user\0app\0\0x\0y\0\0")),
    ("a parameter twice", packet(s.VERSION_3_0, b"user\0app\0user\0postgres\0\0")),
    ("a cancel key of 3 bytes", packet(s.CANCEL_CODE, b"\0\0\0\1abc")),
    ("a cancel key of 257 bytes", packet(s.CANCEL_CODE, b"\0\0\0\1" + b"a" * 257)),
    ("an SSL request with something in it", packet(s.SSL_CODE, b"x")),
    ("a GSS request with something in it", packet(s.GSS_CODE, b"x")),
]


@pytest.mark.parametrize("raw", [raw for _, raw in WRONG], ids=[name for name, _ in WRONG])
def test_what_is_not_exactly_right_is_refused(raw: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        s.decode_packet(raw)


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        (s.VERSION_3_0, s.VERSION_3_0),
        (3 << 16 | 1, s.VERSION_3_0),
        (s.VERSION_3_2, s.VERSION_3_2),
        (3 << 16 | 9999, s.VERSION_3_2),
    ],
)
def test_the_version_spoken_is_never_newer_than_asked_for(asked: int, spoken: int) -> None:
    message = s.StartupMessage(asked, ((b"user", b"a"), (b"_pq_.x", b"1")))
    assert s.negotiated(message) == (spoken, (b"_pq_.x",))


@given(st.binary(max_size=100))
def test_what_is_read_is_what_was_sent(rest: bytes) -> None:
    for code in (s.VERSION_3_0, s.CANCEL_CODE, s.SSL_CODE):
        raw = packet(code, rest)
        try:
            found = s.decode_packet(raw)
        except ProtocolViolation:
            continue
        assert found.encode() == raw
