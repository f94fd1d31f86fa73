"""The codec: what is no frame is refused, what is one is read as every program would read it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guardcli.broker import protocol
from guardcli.broker.protocol import CallFrame, Ended, Foreground, FrameType, How, Plan, ProtocolError, Resized


def call(
    argv=(b"probe",), env=(), *, tool=b"probe", cwd=b"/", opened=7, terminals=0, argc=None, envc=None, tail=b""
) -> bytes:
    """Return the body of a CALL frame."""
    counts = (len(argv) if argc is None else argc, len(env) if envc is None else envc)
    head = protocol.CALL_HEAD.pack(opened, terminals, 1, 1, 24, 80, *counts)
    return head + b"".join(part + b"\0" for part in (tool, cwd, *argv, *env)) + tail


def read(body: bytes) -> CallFrame:
    """Read a CALL."""
    frame = protocol.read_body(FrameType.CALL, body)
    assert isinstance(frame, CallFrame)
    return frame


@given(st.binary(min_size=12, max_size=12))
def test_any_header_is_read_or_refused(data: bytes) -> None:
    try:
        kind, length = protocol.read_header(data)
    except ProtocolError:
        return
    assert data.startswith(b"GARD\1\0")
    assert length <= (protocol.CALL_MAX if kind is FrameType.CALL else protocol.FRAME_MAX)


@settings(max_examples=400)
@given(
    st.sampled_from([FrameType.CALL, FrameType.ENDED, FrameType.RESIZED, FrameType.FOREGROUND]),
    st.one_of(
        st.binary(max_size=80),
        st.builds(
            lambda argc, envc, rest: struct.pack("<BBBBHHII", 7, 0, 0, 0, 1, 1, argc, envc) + rest,
            st.integers(0, 4),
            st.integers(0, 4),
            st.binary(max_size=40).map(lambda data: data.replace(b"\1", b"\0") + b"\0"),
        ),
    ),
)
@example(FrameType.CALL, b"")
def test_any_body_is_read_or_refused(kind: FrameType, body: bytes) -> None:
    try:
        frame = protocol.read_body(kind, body)
    except ProtocolError:
        return
    if isinstance(frame, CallFrame):
        assert frame.argv
        assert frame.tool
        assert "/" not in frame.tool
        assert frame.terminals <= frame.open <= {0, 1, 2}


TEXT = st.binary(max_size=12).map(lambda data: data.replace(b"\0", b""))


@given(st.lists(TEXT, min_size=1, max_size=5), st.lists(TEXT, max_size=6))
def test_arguments_arrive_byte_by_byte(argv: list[bytes], env: list[bytes]) -> None:
    frame = read(call(argv, env))
    assert [text.encode("utf-8", "surrogateescape") for text in frame.argv] == argv


@pytest.mark.parametrize(
    "body",
    [
        call(()),
        call(argc=2),
        call(argc=0xFFFFFFFF),
        call(envc=0xFFFFFFFF),
        call(tail=b"more"),
        call(tail=b"more\0"),
        call(tool=b""),
        call(tool=b"../probe"),
        call(cwd=b"relative"),
        call(opened=8),
        call(opened=1, terminals=2),
        call()[:-1],
        call((b"a\0b",)),
    ],
)
def test_a_call_that_lies_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        read(body)


@pytest.mark.parametrize("body", [call(), call(cwd=b""), call((b"",)), call((b"a", b"b"), (b"A=1",)), call(opened=0)])
def test_its_harmless_twin_is_read(body: bytes) -> None:
    assert read(body).tool == "probe"


@pytest.mark.parametrize(
    ("entries", "env", "ambiguous"),
    [
        ([b"A=1", b"B=2"], {"A": "1", "B": "2"}, {}),
        ([b"A="], {"A": ""}, {}),
        ([b"A=1", b"A=2"], {"A": "1"}, {"A": "1"}),
        ([b"A", b"A=2"], {"A": "2"}, {"A": "2"}),
        ([b"A=2", b"A"], {"A": "2"}, {"A": "2"}),
        ([b"A"], {}, {"A": None}),
        ([b"", b""], {}, {}),
        ([b"=x", b"=y"], {"": "x"}, {}),
    ],
)
def test_a_variable_that_programs_could_read_differently_is_told(entries, env, ambiguous) -> None:
    frame = read(call(env=entries))
    assert (frame.env, frame.ambiguous) == (env, ambiguous)


@pytest.mark.parametrize(
    ("kind", "body", "frame"),
    [
        (FrameType.ENDED, struct.pack("<II", 0, 255), Ended(How.EXITED, 255)),
        (FrameType.ENDED, struct.pack("<II", 1, 64), Ended(How.KILLED, 64)),
        (FrameType.ENDED, struct.pack("<II", 2, 2), Ended(How.NOT_STARTED, 2)),
        (FrameType.ENDED, struct.pack("<II", 0, 256), None),
        (FrameType.ENDED, struct.pack("<II", 1, 0), None),
        (FrameType.ENDED, struct.pack("<II", 1, 65), None),
        (FrameType.ENDED, struct.pack("<II", 2, 4096), None),
        (FrameType.ENDED, struct.pack("<II", 3, 0), None),
        (FrameType.ENDED, b"\0" * 7, None),
        (FrameType.RESIZED, struct.pack("<HH", 24, 80), Resized(24, 80)),
        (FrameType.RESIZED, b"\0" * 5, None),
        (FrameType.FOREGROUND, struct.pack("<I", 1), Foreground(True)),
        (FrameType.FOREGROUND, b"", None),
    ],
)
def test_the_other_frames_are_read_within_their_bounds(kind, body, frame) -> None:
    if frame is None:
        with pytest.raises(ProtocolError):
            protocol.read_body(kind, body)
    else:
        assert protocol.read_body(kind, body) == frame


def test_a_plan_over_the_bounds_is_no_answer() -> None:
    with pytest.raises(ProtocolError):
        protocol.start(FrameType.RELAY, Plan("/p", targets=range(33)))
    with pytest.raises(ProtocolError):
        protocol.start(FrameType.RELAY, Plan("/p", environment={"A": "x" * (1 << 20)}))
    assert protocol.start(FrameType.RELAY, Plan("/p", targets=range(32))).startswith(b"GARD")
