"""What servers send: every message there and back, and at every cut and with every byte too many refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.gateways.postgres.codec import backend as b
from guardcli.gateways.postgres.codec.frames import Frame
from guardcli.gateways.postgres.codec.violations import ProtocolViolation

MESSAGES = [
    *[b.Marker(kind) for kind in b"123Icns"],
    b.Authentication(0),
    b.Authentication(5, b"salt"),
    b.BackendKeyData(4711, b"\1\2\3\4"),
    b.BackendKeyData(2**32 - 1, b"k" * 256),
    b.CommandComplete(b"INSERT 0 3"),
    b.CopyResponse(ord("G"), 0, (0, 0)),
    b.CopyResponse(ord("H"), 1, (1,)),
    b.CopyResponse(ord("W"), 0, ()),
    b.CopyOut(b"1\ttwo\n"),
    b.DataRow(()),
    b.DataRow((b"", None, b"three")),
    b.ErrorResponse(((ord("S"), b"ERROR"), (ord("C"), b"42501"), (ord("M"), b"no"))),
    b.NoticeResponse(()),
    b.FunctionCallResponse(None),
    b.FunctionCallResponse(b"\0\0\0\1"),
    b.NegotiateProtocolVersion(3 << 16, (b"_pq_.x", b"_pq_.y")),
    b.NotificationResponse(12, b"channel", b""),
    b.ParameterDescription((23, 25)),
    b.ParameterStatus(b"client_encoding", b"UTF8"),
    b.ReadyForQuery(b.FAILED),
    b.RowDescription(()),
    b.RowDescription((b.Column(b"a", 16384, -1, 25, -1, 8, 1), b.Column(b"", 0, 0, 1043, 4, -1, 0))),
]
OPEN_ENDED = (b.CopyOut, b.Authentication, b.BackendKeyData)


def decoded(raw: bytes) -> b.BackendMessage:
    return b.decode_backend(Frame(raw[0], raw))


@pytest.mark.parametrize("message", MESSAGES, ids=repr)
def test_every_message_goes_there_and_back(message: b.BackendMessage) -> None:
    raw = message.encode()
    assert int.from_bytes(raw[1:5]) == len(raw) - 1
    assert decoded(raw) == message


@pytest.mark.parametrize("message", [m for m in MESSAGES if not isinstance(m, OPEN_ENDED)], ids=repr)
def test_a_byte_too_many_or_too_few_is_refused(message: b.BackendMessage) -> None:
    raw = message.encode()
    for end in range(5, len(raw)):
        with pytest.raises(ProtocolViolation):
            decoded(raw[:end])
    with pytest.raises(ProtocolViolation):
        decoded(raw + b"\0")


def with_body(kind: str, body: bytes) -> bytes:
    return kind.encode() + (len(body) + 4).to_bytes(4) + body


WRONG = [
    ("a transaction status that is none", with_body("Z", b"X")),
    ("a column with a format code of 2", with_body("T", b"\0\1a\0" + b"\0" * 16 + b"\0\2")),
    ("more columns than there are", with_body("T", b"\xff\xffa\0" + b"\0" * 18)),
    ("a COPY in format 2", with_body("G", b"\2\0\0")),
    ("a column of a COPY in format 7", with_body("H", b"\0\0\1\0\7")),
    ("a value of length -2", with_body("D", b"\0\1\xff\xff\xff\xfe")),
    ("more values than there are", with_body("D", b"\0\2\0\0\0\0")),
    ("an error without an end", with_body("E", b"Mtext\0")),
    ("more options than there are bytes", with_body("v", b"\0\3\0\0\xff\xff\xff\xff")),
    ("a type of a client's", with_body("Q", b"SELECT 1\0")),
]


@pytest.mark.parametrize("raw", [raw for _, raw in WRONG], ids=[name for name, _ in WRONG])
def test_what_is_not_exactly_right_is_refused(raw: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        decoded(raw)


@pytest.mark.parametrize(
    ("tag", "rows"), [(b"SELECT 7", 7), (b"INSERT 0 3", 3), (b"BEGIN", 0), (b"7", 0), (b"DROP TABLE", 0)]
)
def test_the_tag_says_how_many_rows(tag: bytes, rows: int) -> None:
    assert b.CommandComplete(tag).rows == rows


def test_an_error_of_guards_own_holds_what_libpq_shows_and_no_nul() -> None:
    message = b.error("FATAL", "42501", "no\0t allowed", hint="ask")
    assert message.field("C") == b"42501"
    assert message.field("M") == b"not allowed"
    assert message.field("H") == b"ask"
    assert message.field("D") == b""
    assert decoded(message.encode()) == message


@given(st.sampled_from("123ACDEGHIKNRSTVWZcdnstv"), st.binary(max_size=60))
def test_what_is_read_is_what_was_sent(kind: str, body: bytes) -> None:
    raw = with_body(kind, body)
    try:
        message = decoded(raw)
    except ProtocolViolation:
        return
    assert message.encode() == raw
