"""Running one allowed call: the tool in the shim's place, its output through masks and record to the agent."""

from __future__ import annotations

import asyncio
import os
import signal
import termios
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass, field

from guardcli.broker import protocol
from guardcli.broker.connection import ShimConnection
from guardcli.broker.copies import Feed, sealed
from guardcli.broker.enclosure import Real
from guardcli.broker.facts import CallFacts
from guardcli.broker.judge import Judgement
from guardcli.broker.protocol import CallFrame, Ended, Foreground, FrameType, How, Plan, Resized
from guardcli.broker.recorder import CallRecord, Recorder, StreamRecord
from guardcli.broker.sinks import Sink, same_description
from guardcli.broker.streams import Mask, OutputStream, Unmasked
from guardcli.broker.terminal import Terminal
from guardcli.model.decisions import Recording
from guardcli.model.errors import UnavailableError
from guardcli.model.events import EventType
from guardcli.model.operations import Input, Stream

FIRST_COPY = 200
"""Sealed copies get this number in the tool and the ones after it, out of the way of what programs use."""
INPUTS_MAX = protocol.PLAN_FDS_MAX - 4
"""So many of them beside the standard streams."""
IO_ERROR = 74
"""sysexits.h EX_IOERR: the tool did its work, but what it printed could not all be delivered."""
NAMES = {1: "stdout", 2: "stderr"}


@dataclass(slots=True)
class Pipes:
    """What is prepared for one run. `given` and `targets` go to the shim, one for the other."""

    targets: list[int] = field(default_factory=list)
    given: list[int] = field(default_factory=list)
    streams: list[OutputStream] = field(default_factory=list)
    arguments: dict[int, str] = field(default_factory=dict)
    environment: dict[str, str | None] = field(default_factory=dict)
    terminal: Terminal | None = None
    feed: Feed | None = None

    def give(self, fd: int, *targets: int) -> None:
        """Let the tool have `fd` under the numbers `targets`; a copy for each of them beyond the first."""
        for index, target in enumerate(targets):
            self.targets.append(target)
            self.given.append(os.dup(fd) if index else fd)

    def put(self, given: Input, copy: str) -> None:
        """Let the tool find `copy` where it would have found the name of the file."""
        if given.variable:
            self.environment[given.variable] = copy
        else:
            self.arguments[given.index] = copy

    def close_given(self) -> None:
        """Close what was sent: the tool alone holds it now."""
        for fd in self.given:
            os.close(fd)
        self.given.clear()

    async def abandon(self) -> None:
        """Close what was opened for a run that did not come about."""
        for stream in self.streams:
            stream.close()
        if self.feed is not None:
            self.feed.close()
        if self.terminal is not None:
            await self.terminal.close()


class Relay:
    """One run. `agent` has the agent's own descriptors by number, owned by the caller."""

    def __init__(
        self,
        connection: ShimConnection,
        frame: CallFrame,
        agent: dict[int, int],
        recorder: Recorder,
        make_mask: Callable[[], Mask],
        spawn: Callable[[Coroutine[object, object, None]], asyncio.Task[None]],
        tell: Callable[[str], Awaitable[None]],
        dropped: Collection[str] = (),
    ) -> None:
        """`dropped` are variables that the tool is not given."""
        self._connection = connection
        self._frame = frame
        self._agent = agent
        self._recorder = recorder
        self._make_mask = make_mask
        self._spawn = spawn
        self._tell = tell
        self._dropped: dict[str, str | None] = dict.fromkeys(dropped)
        self._failure: UnavailableError | None = None
        self._ended = asyncio.Event()

    async def run(self, call: CallRecord, judgement: Judgement, facts: CallFacts, program: Real) -> None:
        """Start the tool and see it to its end. Raises UnavailableError where it could not be recorded."""
        judged_content = judgement.inspection.inputs or facts.stdin_prefix
        if judgement.decision.recording is Recording.COMMAND and not judged_content:
            self._recorder.started(call, judgement.invocation, program.path)
            settings = {**self._frame.ambiguous, **self._dropped, **dict(judgement.inspection.environment)}
            plan = Plan(program.path, arguments=self._own_name({}), environment=settings, number=program.number)
            await self._connection.send(protocol.start(FrameType.EXEC, plan), [program.fd] * bool(program.number))
            return
        pipes = Pipes()
        try:
            self._prepare(pipes, call, judgement, facts)
            self._recorder.started(call, judgement.invocation, program.path)
            if pipes.terminal is not None:
                self._recorder.resized(call, self._frame.columns, self._frame.rows)
            arguments = self._own_name(pipes.arguments)
            terminal = pipes.terminal is not None
            plan = Plan(program.path, terminal, pipes.targets, arguments, pipes.environment, program.number)
            given = [*pipes.given, *[program.fd] * bool(program.number)]
            await self._connection.send(protocol.start(FrameType.RELAY, plan), given)
        except (OSError, termios.error) as error:
            await pipes.abandon()
            hint = "nothing was run; the descriptors of this call, or of guard, are the reason"
            raise UnavailableError(f"{self._frame.tool} cannot be given its streams: {error}", hint=hint) from error
        except BaseException:
            await pipes.abandon()
            raise
        finally:
            pipes.close_given()
        for stream in pipes.streams:
            self._spawn(self._move(stream))
        if pipes.feed is not None:
            self._spawn(pipes.feed.run())
        try:
            await self._see_through(call, pipes)
        finally:
            if pipes.terminal is not None:
                await pipes.terminal.close()
        if self._failure is not None:
            raise self._failure

    # -- before --

    def _prepare(self, pipes: Pipes, call: CallRecord, judgement: Judgement, facts: CallFacts) -> None:
        if len(judgement.inspection.inputs) > INPUTS_MAX:
            raise UnavailableError(
                f"more than {INPUTS_MAX} files would have to be handed over", hint="nothing was run; use fewer at once"
            )
        if 1 in self._frame.terminals:
            pipes.terminal = Terminal(self._agent[1], self._frame.rows, self._frame.columns)
            pipes.give(pipes.terminal.slave, *sorted(self._frame.terminals))
            self._open(pipes, call, pipes.terminal.output(), 1, Stream.TEXT, terminal=True)
        self._pipe_outputs(pipes, call, judgement.inspection.output)
        if facts.stdin_bytes is not None:
            pipes.give(sealed(facts.stdin_bytes), 0)
        elif facts.stdin_prefix:
            reader, writer = os.pipe2(os.O_CLOEXEC)
            pipes.give(reader, 0)
            pipes.feed = Feed(facts.stdin_prefix, os.dup(self._agent[0]), writer)
        pipes.environment.update(self._frame.ambiguous)
        pipes.environment.update(self._dropped)
        pipes.environment.update(judgement.inspection.environment)
        for number, given in enumerate(judgement.inspection.inputs, FIRST_COPY):
            if given.path in facts.files:
                pipes.give(sealed(facts.files[given.path]), number)
                pipes.put(given, f"{given.prefix}/proc/self/fd/{number}")

    def _pipe_outputs(self, pipes: Pipes, call: CallRecord, kind: Stream) -> None:
        """Put a pipe in the place of stdout and stderr, a single one where the agent has joined them."""
        wanted = [fd for fd in (1, 2) if fd in self._agent and fd not in pipes.targets]
        if len(wanted) == 2 and same_description(self._agent[1], self._agent[2]):
            reader, writer = os.pipe2(os.O_CLOEXEC)
            pipes.give(writer, 1, 2)
            self._open(pipes, call, reader, 1, kind)
            return
        for fd in wanted:
            reader, writer = os.pipe2(os.O_CLOEXEC)
            pipes.give(writer, fd)
            self._open(pipes, call, reader, fd, kind if fd == 1 else Stream.TEXT)

    def _open(self, pipes: Pipes, call: CallRecord, source: int, fd: int, kind: Stream, terminal: bool = False) -> None:
        def keep(record: StreamRecord, data: bytes) -> None:
            self._recorder.output(call, record, data)

        def count(record: StreamRecord, data: bytes) -> None:
            record.count(data)

        record = StreamRecord("terminal" if terminal else NAMES[fd], terminal)
        make_mask, note = (Unmasked, count) if kind is Stream.BINARY else (self._make_mask, keep)
        with ExitStack() as unless_made:
            unless_made.callback(os.close, source)
            sink = Sink(os.dup(self._agent[fd]))
            unless_made.callback(sink.close)
            pipes.streams.append(OutputStream(source, sink, record, make_mask, note))
            unless_made.pop_all()

    def _own_name(self, arguments: dict[int, str]) -> dict[int, str]:
        """Make sure that the tool goes by the name that was judged: programs look at argv[0]."""
        if os.path.basename(self._frame.argv[0]) != self._frame.tool:
            arguments[0] = self._frame.tool
        return arguments

    # -- while it runs --

    async def _move(self, stream: OutputStream) -> None:
        try:
            await stream.run()
        except UnavailableError as failure:
            self._failure = failure
            await self._connection.send(protocol.signal(signal.SIGKILL))
            await self._ended.wait()  # until then the tool finds a full pipe, not a broken one that it may survive
        finally:
            stream.close()

    async def _see_through(self, call: CallRecord, pipes: Pipes) -> None:
        terminal = pipes.terminal
        if terminal is not None and self._frame.foreground:
            terminal.enter()
        end: Ended | None = None
        while end is None:
            frame = await self._connection.receive()
            if frame is None:
                break
            if isinstance(frame, Ended):
                end = frame
            elif terminal is None or isinstance(frame, CallFrame):
                raise protocol.ProtocolError("a frame out of turn")
            elif isinstance(frame, Resized):
                terminal.resize(frame.rows, frame.columns)
                self._recorder.resized(call, frame.columns, frame.rows)
            elif isinstance(frame, Foreground):
                await self._foreground(terminal, frame.now)
        await self._finish(call, pipes, end)

    async def _foreground(self, terminal: Terminal, now: bool) -> None:
        if now:
            terminal.enter()
            return
        await terminal.leave()
        await self._connection.send(protocol.frame(FrameType.YIELDED))

    async def _finish(self, call: CallRecord, pipes: Pipes, end: Ended | None) -> None:
        self._ended.set()
        for stream in pipes.streams:
            await stream.drain()
        if pipes.terminal is not None:
            await pipes.terminal.leave()
        if self._failure is not None:
            return
        lost = next((stream.sink.failure for stream in pipes.streams if stream.sink.failure), None)
        if end is not None and end.how is How.NOT_STARTED:
            await self._tell(f"{self._frame.tool} could not be started: {os.strerror(end.value)}")
        if end is not None and lost is None:
            # All is delivered and recorded: the agent need not wait until the end is noted as well.
            await self._connection.send(protocol.frame(FrameType.FLUSHED))
        self._record_end(call, pipes, end, lost)
        if end is not None and lost is not None:
            await self._connection.send(protocol.stop(IO_ERROR))
            raise UnavailableError(f"output could not be delivered: {lost.strerror}")

    def _record_end(self, call: CallRecord, pipes: Pipes, end: Ended | None, lost: OSError | None) -> None:
        data = _manner(end)
        if lost is not None:
            data["undelivered"] = str(lost.strerror)
        self._record_masked(call, pipes)
        self._recorder.ended(call, data, [stream.record for stream in pipes.streams])

    def _record_masked(self, call: CallRecord, pipes: Pipes) -> None:
        for stream in pipes.streams:
            if stream.findings:
                data = {"stream": stream.record.name, "findings": dict(stream.findings)}
                self._recorder.event(EventType.MASKED, call, data)


def _manner(end: Ended | None) -> dict[str, object]:
    """Return what the ``ended`` event says about how the tool ended."""
    if end is None:
        return {"lost": "the shim was killed, and the tool with it"}
    if end.how is How.EXITED:
        return {"status": end.value}
    if end.how is How.KILLED:
        return {"signal": end.value}
    return {"error": os.strerror(end.value)}
