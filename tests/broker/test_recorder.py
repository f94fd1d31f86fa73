"""The recorder: every byte of the recording is covered once, in order, and nothing is kept unmasked."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from guardcli.broker.recorder import BINARY_MAX, CALL_RECORDING_MAX, CallRecord, Recorder, StreamRecord
from guardcli.broker.spool import EVENTS, RECORDING, Spool
from guardcli.broker.spool_frames import FrameReader
from guardcli.model.decisions import Decision, Verdict
from guardcli.model.effects import Effect
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Operation, Target


@pytest.fixture
def spool(tmp_path: Path):
    made = Spool(tmp_path, {"id": "session-0001"})
    yield made
    made.close()


@pytest.fixture
def recorder(spool: Spool) -> Recorder:
    made = Recorder(spool, lambda text: text.replace("hunter2", "[PASSWORD]"))
    made.opened({"id": "session-0001"}, 80, 24)
    return made


def written(spool: Spool, name: str) -> bytes:
    """Return what a file of the spool holds, opened."""
    reader = FrameReader(spool.directory / name, spool.key)
    found = b"".join(iter(reader.read, None))
    reader.close()
    return found


def events(spool: Spool) -> list[dict]:
    return [json.loads(line) for line in written(spool, EVENTS).splitlines()]


def cast(spool: Spool) -> list:
    return [json.loads(line) for line in written(spool, RECORDING).splitlines()]


def judged(recorder: Recorder, *argv: str) -> tuple[CallRecord, Invocation]:
    operation = Operation("probe", "run", frozenset({Effect.READ}), (Target("file", "hunter2"),))
    invocation = Invocation("probe", argv, cwd="/hunter2")
    return recorder.judged(invocation, Decision(Verdict.ALLOW, "r", "hunter2", (operation,)), 1.0), invocation


def test_every_byte_is_covered_by_exactly_one_event_in_order(recorder: Recorder, spool: Spool) -> None:
    calls = [judged(recorder, "probe", str(number)) for number in range(3)]
    streams = [StreamRecord("stdout") for _ in calls]
    for turn in range(40):
        call, invocation = calls[turn % 3]
        if turn < 3:
            recorder.started(call, invocation, "/bin/probe")
        recorder.output(call, streams[turn % 3], b"x" * (turn * 700) + b"\n")
    for (call, _), stream in zip(calls, streams, strict=True):
        recorder.ended(call, {"status": 0}, [stream])
    recorder.closed({"status": 0})
    recording = written(spool, RECORDING)
    place = 0
    for event in events(spool):
        if event["type"] == "output":
            data = event["data"]
            assert data["offset"] == place
            place += data["length"]
            assert hashlib.sha256(recording[data["offset"] : place]).hexdigest() == data["sha256"]
    assert place == len(recording)


def test_command_directory_message_and_targets_are_masked(recorder: Recorder, spool: Spool) -> None:
    call, invocation = judged(recorder, "probe", "--password", "hunter2")
    recorder.started(call, invocation, "/bin/probe")
    recorder.settle()
    kept = written(spool, EVENTS) + written(spool, RECORDING)
    assert b"hunter2" not in kept and kept.count(b"[PASSWORD]") >= 5


def test_lines_of_a_pipe_are_shown_as_a_terminal_would_and_counted_as_they_were(
    recorder: Recorder, spool: Spool
) -> None:
    call, _ = judged(recorder, "probe")
    pipe, terminal = StreamRecord("stdout"), StreamRecord("terminal", terminal=True)
    recorder.output(call, pipe, b"a\nb\n")
    recorder.output(call, terminal, b"a\r\nb\r\n")
    assert [line[2] for line in cast(spool)[1:]] == ["a\r\nb\r\n", "a\r\nb\r\n"]
    assert pipe.totals() == {"bytes": 4, "sha256": hashlib.sha256(b"a\nb\n").hexdigest()}


def test_a_character_cut_in_two_is_recorded_whole(recorder: Recorder, spool: Spool) -> None:
    call, _ = judged(recorder, "probe")
    stream = StreamRecord("stdout")
    for byte in "für €".encode():
        recorder.output(call, stream, bytes([byte]))
    assert "".join(line[2] for line in cast(spool)[1:]) == "für €"


def test_what_is_no_text_is_kept_up_to_a_bound_and_then_by_its_digest(recorder: Recorder, spool: Spool) -> None:
    call, _ = judged(recorder, "probe")
    stream = StreamRecord("stdout")
    piece = bytes(range(128, 256)) * 4096
    for _ in range(4):
        recorder.output(call, stream, piece)
    marks = [line for line in cast(spool)[1:] if line[1] == "m"]
    assert len(piece) * 2 == BINARY_MAX and len(marks) == 2
    assert hashlib.sha256(piece).hexdigest() in marks[0][2]
    recorder.output(call, stream, b"text again\n")
    assert cast(spool)[-1][2] == "text again\r\n"


def test_a_recording_that_grows_too_long_is_cut_with_a_word(recorder: Recorder, spool: Spool) -> None:
    call, _ = judged(recorder, "probe")
    call.recorded = CALL_RECORDING_MAX + 1
    stream = StreamRecord("stdout")
    recorder.output(call, stream, b"one\n")
    recorder.output(call, stream, b"two\n")
    assert [line[1] for line in cast(spool)[1:]] == ["m"]
    assert stream.size == 8
