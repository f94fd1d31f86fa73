"""Turns what happens in a session into events and a recording, masked, in the spool.

The recording is one asciicast v2 file a session (https://docs.asciinema.org/manual/asciicast/v2/): for each call a line
``$ command``, then its output. Lines that a pipe delivered end with CR LF there, as a terminal would show them; the
counts and digests in the ``ended`` event are those of the bytes that were delivered.

An ``output`` event covers a stretch of the recording that belongs to one call. Small writes share one: it is
written when another call writes, when the stretch is long enough, when the call ends, and at each `settle`.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from guardcli.broker.digests import StreamDigest
from guardcli.broker.spool import Spool
from guardcli.model.decisions import Decision
from guardcli.model.events import EventType, canonical
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Operation

STRETCH_MAX = 64 * 1024
"""An output event is written at the latest after so many bytes of recording."""
COMMAND_MAX = 16 * 1024
"""Longer commands are cut in the record; their SHA-256 is of the whole."""
CALL_RECORDING_MAX = 64 << 20
"""What one call may add to the recording; the rest is counted and hashed."""
BINARY_MAX = 1 << 20
"""What one call may add that looks like no text."""
SAMPLE = 2048
"""So much of either end of a piece tells whether it is text, once a call has printed what is none."""


def printable(text: str) -> str:
    """Return `text` with bytes that are no UTF-8 written as escapes, so that every reader can hold it."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@dataclass(slots=True)
class StreamRecord:
    """What one output stream of one call has delivered so far."""

    name: str
    terminal: bool = False
    size: int = 0
    ends_line: bool = True
    digest: StreamDigest = field(default_factory=StreamDigest)
    decoder: codecs.IncrementalDecoder = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))

    def count(self, data: bytes) -> None:
        """Count and hash what was delivered."""
        self.size += len(data)
        self.ends_line = data.endswith(b"\n")
        self.digest.update(data)

    def totals(self) -> dict[str, object]:
        """Return what the ``ended`` event says of the stream."""
        return {"bytes": self.size, "sha256": self.digest.hexdigest()}


@dataclass(slots=True)
class CallRecord:
    """What is known of one call while it runs."""

    number: int
    started: float
    recorded: int = 0
    binary: int = 0
    cut: bool = False


class Recorder:
    """Writes one session's events and recording. Used from the event loop only."""

    def __init__(self, spool: Spool, mask: Callable[[str], str]) -> None:
        self._spool = spool
        self._mask = mask
        self._calls = 0
        self._began = time.time()
        self._stretch_call = 0
        self._stretch_start = spool.recorded
        self._stretch = hashlib.sha256()

    # -- the session --

    def opened(self, data: Mapping[str, object], columns: int, rows: int) -> None:
        """Record the beginning of the session, and the recording's header."""
        self._event(EventType.OPENED, 0, data)
        header = {
            "version": 2,
            "width": columns,
            "height": rows,
            "timestamp": int(self._began),
            "title": f"guard session {self._spool.session}",
        }
        self._write(0, json.dumps(header).encode() + b"\n")
        self.settle()

    def noted(self, type: EventType, data: Mapping[str, object]) -> None:
        """Record something that is about the session as a whole. Raises UnavailableError."""
        self._event(type, 0, data)

    def closed(self, data: Mapping[str, object]) -> None:
        """Record the end of the session."""
        self.settle()
        self._event(EventType.CLOSED, 0, {**data, "calls": self._calls})

    # -- a call --

    def judged(self, invocation: Invocation, decision: Decision, seconds: float) -> CallRecord:
        """Record what was called and what was decided. Raises UnavailableError: then nothing may run."""
        data: dict[str, object] = {
            "tool": invocation.tool,
            "command": self.command(invocation.argv)[:COMMAND_MAX],
            "argv_sha256": _digest(invocation.argv),
            "cwd": self.mask(invocation.cwd),
        }
        if invocation.parent:
            data["parent"] = invocation.parent
        return self.admitted(data, decision, seconds)

    def admitted(self, data: Mapping[str, object], decision: Decision, seconds: float) -> CallRecord:
        """Record a call that `data`, masked, describes, and what was decided. Raises UnavailableError."""
        call = self.begun(seconds)
        self._spool.encoded(EventType.JUDGED, call.number, canonical({**data, **self.decided(decision)}), seconds)
        return call

    def begun(self, seconds: float) -> CallRecord:
        """Return a call that began at `seconds`; nothing of it is recorded yet."""
        self._calls += 1
        return CallRecord(self._calls, seconds)

    def takes(self, size: int) -> bool:
        """Say whether an event of `size` bytes could be recorded now, as far as that can be known."""
        return self._spool.takes(size)

    def note(self, call: CallRecord, data: bytes) -> None:
        """Keep what `judged_as` would record of a call that is under way, in case the broker is lost before."""
        self._spool.note(call.number, data, call.started)

    def has_noted(self, call: CallRecord) -> bool:
        """Say whether the record would have that call if the broker were lost now."""
        return self._spool.has_noted(call.number)

    def judged_as(self, call: CallRecord, data: bytes, late: bool) -> None:
        """Record what was decided of a call, all of it as canonical JSON; `late`: it is under way. Raises as above."""
        self._spool.encoded(EventType.JUDGED, call.number, data, call.started, late)

    def decided(self, decision: Decision) -> dict[str, object]:
        """Return what the ``judged`` event says of what was decided."""
        return {
            "verdict": decision.verdict.value,
            "rule": decision.rule,
            "message": self.mask(decision.message),
            "matched": list(decision.matched),
            "operations": [self._operation(operation) for operation in decision.operations],
        }

    def encoded(self, type: EventType, call: CallRecord, data: bytes) -> None:
        """Record an event of a call whose `data` is canonical JSON already. Raises UnavailableError."""
        self._spool.encoded(type, call.number, data, time.time())

    def event(self, type: EventType, call: CallRecord, data: Mapping[str, object]) -> None:
        """Record something else that happened in a call. Raises UnavailableError."""
        self._event(type, call.number, data)

    def started(self, call: CallRecord, invocation: Invocation, program: str) -> None:
        """Record that the tool is about to run. Raises UnavailableError: then it may not."""
        self._event(EventType.STARTED, call.number, {"program": printable(program)})
        self._cast(call, "o", f"$ {self.command(invocation.argv)[:COMMAND_MAX]}\r\n")

    def refused(self, call: CallRecord, invocation: Invocation, message: str) -> None:
        """Put into the recording what the agent was told instead of a run."""
        shown = self.mask(message).replace("\n", "\r\n")
        self._cast(call, "o", f"$ {self.command(invocation.argv)[:COMMAND_MAX]}\r\n{shown}")
        self.settle()

    def limited(self, call: CallRecord, data: Mapping[str, object], told: str) -> None:
        """Record that the output was ended by a limit, and what the agent is told of that."""
        self._event(EventType.LIMITED, call.number, data)
        self._cast(call, "o", f"{self.mask(told)}\r\n")

    def output(self, call: CallRecord, stream: StreamRecord, data: bytes) -> None:
        """Record masked output before it is delivered. Raises UnavailableError."""
        stream.count(data)
        if call.cut:
            return
        if call.binary > BINARY_MAX and _no_text((data[:SAMPLE] + data[-SAMPLE:]).decode("utf-8", "replace")):
            stream.decoder.reset()
            self._mark_no_text(call, stream, data)
            return
        text = stream.decoder.decode(data)
        if not text:
            return
        if _no_text(text):
            call.binary += len(data)
            if call.binary > BINARY_MAX:
                self._mark_no_text(call, stream, data)
                return
        if call.recorded > CALL_RECORDING_MAX:
            call.cut = True
            self._cast(call, "m", f"the recording of call {call.number} is cut here; the rest is counted and hashed")
            return
        self._cast(call, "o", text if stream.terminal else text.replace("\n", "\r\n"))

    def _mark_no_text(self, call: CallRecord, stream: StreamRecord, data: bytes) -> None:
        digest = hashlib.sha256(data).hexdigest()
        self._cast(call, "m", f"{len(data)} bytes on {stream.name} that are no text, SHA-256 {digest}")

    def resized(self, call: CallRecord, columns: int, rows: int) -> None:
        """Record the new size of a call's terminal."""
        self._cast(call, "r", f"{columns}x{rows}")

    def ended(self, call: CallRecord, data: Mapping[str, object], streams: Sequence[StreamRecord]) -> None:
        """Record how the tool ended and what it delivered."""
        self.settle()
        totals = {stream.name: stream.totals() for stream in streams}
        seconds = round(time.time() - call.started, 6)
        self._event(EventType.ENDED, call.number, {**data, "seconds": seconds, "streams": totals})

    def settle(self) -> None:
        """Write the output event that covers what was recorded last."""
        length = self._spool.recorded - self._stretch_start
        if not length:
            return
        data = {"offset": self._stretch_start, "length": length, "sha256": self._stretch.hexdigest()}
        self._event(EventType.OUTPUT, self._stretch_call, data)
        self._stretch_start = self._spool.recorded
        self._stretch = hashlib.sha256()

    def mask(self, text: str) -> str:
        """Return `text` as the record may hold it."""
        return self._mask(printable(text))

    def command(self, argv: Sequence[str]) -> str:
        """Return a command as it would be typed, masked."""
        return self.mask(shlex.join(argv))

    # -- below --

    def _operation(self, operation: Operation) -> dict[str, object]:
        masked = [self.mask(str(target)) for target in operation.targets]
        return {**operation.as_json(), "targets": masked, "reason": self.mask(operation.reason)}

    def _event(self, type: EventType, call: int, data: Mapping[str, object], seconds: float | None = None) -> None:
        self._spool.event(type, call, data, time.time() if seconds is None else seconds)

    def _cast(self, call: CallRecord, code: str, text: str) -> None:
        line = [round(time.time() - self._began, 6), code, text]
        encoded = json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        self._write(call.number, encoded)
        call.recorded += len(encoded)

    def _write(self, call: int, lines: bytes) -> None:
        if call != self._stretch_call:
            self.settle()
            self._stretch_call = call
        self._spool.record(lines)
        self._stretch.update(lines)
        if self._spool.recorded - self._stretch_start >= STRETCH_MAX:
            self.settle()


def _digest(argv: Sequence[str]) -> str:
    return hashlib.sha256(b"".join(arg.encode("utf-8", "surrogateescape") + b"\0" for arg in argv)).hexdigest()


def _no_text(text: str) -> bool:
    return (text.count("\ufffd") + text.count("\0")) * 8 > len(text)
