"""What clients send: every message there and back, and at every cut and with every byte too many refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.gateways.postgres.codec import frontend as f
from guardcli.gateways.postgres.codec.frames import Frame
from guardcli.gateways.postgres.codec.violations import ProtocolViolation

MESSAGES = [
    f.Query(b""),
    f.Query(b"SELECT 1; SELECT 'gr\xc3\xbc\xc3\x9fe'"),
    f.Parse(b"", b"SELECT $1", (23, 0)),
    f.Parse(b"named", b"", ()),
    f.Bind(b"", b"", (), (), ()),
    f.Bind(b"portal", b"statement", (0, 1), (b"x", None), (1,)),
    f.Bind(b"", b"s", (1,), (b"", b"\0\0", None), (0, 1, 0)),
    f.Describe(f.STATEMENT, b"s"),
    f.Describe(f.PORTAL, b""),
    f.Close(f.STATEMENT, b"s"),
    f.Close(f.PORTAL, b"p"),
    f.Execute(b"", 0),
    f.Execute(b"p", 100),
    f.Execute(b"p", -1),
    f.Flush(),
    f.Sync(),
    f.FunctionCall(1598, (1,), (b"\0\0\0\1", None), 1),
    f.CopyData(b""),
    f.CopyData(b"1\ttwo\n"),
    f.CopyDone(),
    f.CopyFail(b"no more"),
    f.Terminate(),
    f.AuthenticationAnswer(b"SCRAM-SHA-256\0\0\0\0\1n"),
]
OPEN_ENDED = (f.CopyData, f.AuthenticationAnswer)


def decoded(raw: bytes) -> f.FrontendMessage:
    return f.decode_frontend(Frame(raw[0], raw))


@pytest.mark.parametrize("message", MESSAGES, ids=repr)
def test_every_message_goes_there_and_back(message: f.FrontendMessage) -> None:
    raw = message.encode()
    assert int.from_bytes(raw[1:5]) == len(raw) - 1
    assert decoded(raw) == message


@pytest.mark.parametrize("message", [m for m in MESSAGES if not isinstance(m, OPEN_ENDED)], ids=repr)
def test_a_byte_too_many_or_too_few_is_refused(message: f.FrontendMessage) -> None:
    raw = message.encode()
    for end in range(5, len(raw)):
        with pytest.raises(ProtocolViolation):
            decoded(raw[:end])
    if len(raw) > 5:
        with pytest.raises(ProtocolViolation):
            decoded(raw + b"\0")


def with_body(kind: str, body: bytes) -> bytes:
    return kind.encode() + (len(body) + 4).to_bytes(4) + body


WRONG = [
    ("a NUL within a statement", with_body("Q", b"SELECT 1\0; DROP TABLE t\0")),
    ("neither statement nor portal", with_body("D", b"X\0")),
    ("neither statement nor portal", with_body("C", b"\0\0")),
    ("a format code of 2", with_body("B", b"\0\0" + b"\0\1\0\2" + b"\0\0" + b"\0\0")),
    ("a result format of 2", with_body("B", b"\0\0" + b"\0\0" + b"\0\0" + b"\0\1\0\2")),
    ("two formats for one value", with_body("B", b"\0\0" + b"\0\2\0\0\0\1" + b"\0\1\0\0\0\0" + b"\0\0")),
    ("a value of length -2", with_body("B", b"\0\0" + b"\0\0" + b"\0\1\xff\xff\xff\xfe" + b"\0\0")),
    ("a value longer than the message", with_body("B", b"\0\0" + b"\0\0" + b"\0\1\x7f\xff\xff\xff" + b"\0\0")),
    ("more types than there are", with_body("P", b"\0\0\xff\xff\0\0\0\1")),
    ("a result format of a function of 3", with_body("F", b"\0\0\0\1\0\0\0\0\0\3")),
    ("two formats for no argument", with_body("F", b"\0\0\0\1\0\2\0\0\0\0\0\0\0\0")),
    ("a type of a server's", with_body("Z", b"I")),
]


@pytest.mark.parametrize("raw", [raw for _, raw in WRONG], ids=[name for name, _ in WRONG])
def test_what_is_not_exactly_right_is_refused(raw: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        decoded(raw)


def test_formats_are_for_all_or_for_each() -> None:
    assert f.format_of((), 5) == 0
    assert f.format_of((1,), 5) == 1
    assert f.format_of((0, 1), 1) == 1


def test_a_nul_cannot_be_smuggled_into_a_message() -> None:
    with pytest.raises(ValueError, match="NUL"):
        f.Query(b"SELECT 1\0").encode()


@given(st.sampled_from("BCDEFHPQSXcdfp"), st.binary(max_size=60))
def test_what_is_read_is_what_was_sent(kind: str, body: bytes) -> None:
    raw = with_body(kind, body)
    try:
        message = decoded(raw)
    except ProtocolViolation:
        return
    if not isinstance(message, f.Flush | f.Sync | f.Terminate | f.CopyDone):  # their length is the splitter's to check
        assert message.encode() == raw
