"""Running one allowed call: the tool in the shim's place, its output through masks and record to the agent."""

from __future__ import annotations

import asyncio
import os
import signal
import termios
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace

from guardcli.broker import protocol
from guardcli.broker.connection import ShimConnection
from guardcli.broker.copies import ITS_OWN, CallFiles, Feed, sealed
from guardcli.broker.custody import NOTHING, Lent
from guardcli.broker.enclosure import Real
from guardcli.broker.facts import CallFacts
from guardcli.broker.judge import Judgement
from guardcli.broker.limits import Limits
from guardcli.broker.processes import launches
from guardcli.broker.protocol import CallFrame, Ended, Foreground, FrameType, How, Plan, Resized
from guardcli.broker.provision import Pipes
from guardcli.broker.recorder import CallRecord, Recorder, StreamRecord
from guardcli.broker.routes import Pass, Route
from guardcli.broker.sinks import Sink, same_description
from guardcli.broker.streams import MakeMask, OutputStream, Unmasked
from guardcli.broker.terminal import Terminal
from guardcli.model.decisions import Recording
from guardcli.model.errors import UnavailableError
from guardcli.model.events import EventType
from guardcli.model.limits import Breach, OutputLimit
from guardcli.model.operations import Stream

FIRST_COPY = 200
"""Sealed copies get this number in the tool and the ones after it, out of the way of what programs use."""
INPUTS_MAX = protocol.PLAN_FDS_MAX - 5
"""So many of them beside the standard streams."""
GRACE_SECONDS = 0.5
"""Between asking a tool to end and ending it."""
IO_ERROR = 74
"""sysexits.h EX_IOERR: the tool did its work, but what it printed could not all be delivered."""
NAMES = {1: "stdout", 2: "stderr"}


class Relay:
    """One run. `agent` has the agent's own descriptors by number, owned by the caller."""

    def __init__(
        self,
        connection: ShimConnection,
        frame: CallFrame,
        agent: dict[int, int],
        recorder: Recorder,
        make_mask: MakeMask,
        limits: Limits,
        spawn: Callable[[Coroutine[object, object, None]], asyncio.Task[None]],
        tell: Callable[[str, bool], Awaitable[None]],
        dropped: Collection[str] = (),
        route: Route | None = None,
        shown: Pass | None = None,
        lent: Lent = NOTHING,
        files: CallFiles | None = None,
    ) -> None:
        """`dropped` are variables that the tool is not given; `route` changes what leads it to a gateway, `shown` is
        what it shows there; `lent` is its own for as long as it runs; `files` takes copies where it is isolated."""
        self._connection = connection
        self._frame = frame
        self._agent = agent
        self._recorder = recorder
        self._make_mask = make_mask
        self._limits = limits
        self._spawn = spawn
        self._tell = tell
        routed = route.environment if route else {}
        self._changed: dict[str, str | None] = {**dict.fromkeys(dropped), **routed, **lent.environment}
        self._lent = lent
        self._files = files
        self._route = route
        self._shown = shown
        self._failure: UnavailableError | None = None
        self._ended = asyncio.Event()

    async def run(self, call: CallRecord, judgement: Judgement, facts: CallFacts, program: Real) -> None:
        """Start the tool and see it to its end. Raises UnavailableError where it could not be recorded."""
        only_command = judgement.decision.recording is Recording.COMMAND
        whole = not self._limits and self._shown is None and not self._lent.lasting
        if only_command and not _judged_content(judgement, facts) and whole:
            self._recorder.started(call, judgement.invocation, program.path)
            settings = self._settings(judgement, program)
            plan = Plan(
                program.path, arguments=self._own_name({}, program), environment=settings, number=program.number
            )
            launches.become(self._connection.peer.pid, program.identity)
            await self._connection.send(protocol.start(FrameType.EXEC, plan), [program.fd] * bool(program.number))
            return
        pipes = Pipes()
        try:
            self._prepare(pipes, call, judgement, facts)
            self._recorder.started(call, judgement.invocation, program.path)
            if pipes.terminal is not None:
                self._recorder.resized(call, self._frame.columns, self._frame.rows)
            arguments = self._own_name(pipes.arguments, program)
            pipes.environment.update(self._settings(judgement, program))
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
            pipes.remove_laid()
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
        how = _passing(judgement, facts, self._lent.shows)
        if 1 in self._frame.terminals:
            pipes.terminal = Terminal(self._agent[1], self._frame.rows, self._frame.columns)
            pipes.give(pipes.terminal.slave, *sorted(self._frame.terminals))
            self._open(pipes, call, pipes.terminal.output(), 1, replace(how, text=True), terminal=True)
        self._pipe_outputs(pipes, call, how)
        if facts.stdin_bytes is not None:
            pipes.give(sealed(facts.stdin_bytes), 0)
        elif facts.stdin_prefix:
            reader, writer = os.pipe2(os.O_CLOEXEC)
            pipes.give(reader, 0)
            pipes.feed = Feed(facts.stdin_prefix, os.dup(self._agent[0]), writer)
        for number, given in enumerate(judgement.inspection.inputs, FIRST_COPY):
            if given.path in facts.files:
                pipes.copy(given, facts.files[given.path], number, self._files, self._connection.peer.pid)
        if self._shown is not None:
            self._show(pipes, self._shown, FIRST_COPY + len(judgement.inspection.inputs))
        for number, (variable, content) in enumerate(self._lent.files.items(), FIRST_COPY + INPUTS_MAX):
            pipes.give(sealed(content, ITS_OWN), number)
            pipes.environment[variable] = f"/proc/self/fd/{number}"

    def _show(self, pipes: Pipes, shown: Pass, number: int) -> None:
        """Give the tool what it shows to a gateway, under the descriptor `number`."""
        pipes.give(sealed(shown.content), number)
        path = f"/proc/self/fd/{number}"
        self._changed[shown.variable] = path
        pipes.arguments.update({index: prefix + path for index, prefix in shown.arguments.items()})

    def _pipe_outputs(self, pipes: Pipes, call: CallRecord, how: Passing) -> None:
        """Put a pipe in the place of stdout and stderr, a single one where the agent has joined them."""
        wanted = [fd for fd in (1, 2) if fd in self._agent and fd not in pipes.targets]
        if len(wanted) == 2 and same_description(self._agent[1], self._agent[2]):
            reader, writer = os.pipe2(os.O_CLOEXEC)
            pipes.give(writer, 1, 2)
            self._open(pipes, call, reader, 1, how)
            return
        for fd in wanted:
            reader, writer = os.pipe2(os.O_CLOEXEC)
            pipes.give(writer, fd)
            self._open(pipes, call, reader, fd, how if fd == 1 else replace(how, text=True))

    def _open(self, pipes: Pipes, call: CallRecord, source: int, fd: int, how: Passing, terminal: bool = False) -> None:
        def keep(record: StreamRecord, data: bytes) -> None:
            self._recorder.output(call, record, data)

        def count(record: StreamRecord, data: bytes) -> None:
            record.count(data)

        record = StreamRecord("terminal" if terminal else NAMES[fd], terminal)
        kept = how.text and how.kept
        make_mask, note = (self._make_mask, keep) if kept else (Unmasked, count)
        with ExitStack() as unless_made:
            unless_made.callback(os.close, source)
            sink = Sink(os.dup(self._agent[fd]))
            unless_made.callback(sink.close)
            pipes.streams.append(OutputStream(source, sink, record, make_mask, note, self._limits, how.text))
            unless_made.pop_all()

    def _settings(self, judgement: Judgement, program: Real) -> dict[str, str | None]:
        """Return what is different in the tool's environment."""
        found = {
            name: value
            for name, value in program.environment.items()
            if name not in self._frame.env or self._changed.get(name, "") is None
        }
        return {**self._frame.ambiguous, **self._changed, **found, **dict(judgement.inspection.environment)}

    def _own_name(self, arguments: dict[int, str], program: Real) -> dict[int, str]:
        """Make sure that the tool goes by the name that was judged, programs look at argv[0], and where it must."""
        arguments.update(self._route.arguments if self._route else {})
        if program.name:
            arguments[0] = program.name
        elif os.path.basename(self._frame.argv[0]) != self._frame.tool:
            arguments[0] = self._frame.tool
        return arguments

    # -- while it runs --

    async def _move(self, stream: OutputStream) -> None:
        try:
            await stream.run()
            if self._limits.broken is not None:
                await self._end_tool(signal.SIGTERM)
        except UnavailableError as failure:
            self._failure = failure
            await self._end_tool(signal.SIGKILL)
        finally:
            stream.close()

    async def _end_tool(self, first: signal.Signals) -> None:
        """End the tool; until it has ended it finds a full pipe, not a broken one that it may survive."""
        for number, seconds in ((first, GRACE_SECONDS), (signal.SIGKILL, None)):
            if not self._ended.is_set():
                await self._connection.send(protocol.signal(number))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), seconds)
                return

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
            await self._tell(f"{self._frame.tool} could not be started: {os.strerror(end.value)}", False)
        if self._limits.broken is not None:
            await self._over(call, pipes, end, self._limits.broken)
            return
        if end is not None and lost is None:
            # All is delivered and recorded: the agent need not wait until the end is noted as well.
            await self._connection.send(protocol.frame(FrameType.FLUSHED))
        self._record_end(call, pipes, end, lost)
        if end is not None and lost is not None:
            await self._connection.send(protocol.stop(IO_ERROR))
            raise UnavailableError(f"output could not be delivered: {lost.strerror}")

    async def _over(self, call: CallRecord, pipes: Pipes, end: Ended | None, limit: OutputLimit) -> None:
        """Note that the output was ended by `limit`, and tell the agent."""
        streams = {stream.record.name: stream.record.size for stream in pipes.streams}
        text = over(limit)
        data = {"limit": limit.name, "then": limit.then.value, "reason": limit.words, "delivered": streams}
        self._recorder.limited(call, data, f"guard: {text}")
        self._record_end(call, pipes, end, None)
        if end is not None:
            await self._tell(text, self._stands_open(pipes))
            await self._connection.send(protocol.stop(limit.then.exit_status))

    def _stands_open(self, pipes: Pipes) -> bool:
        """Tell whether the agent's stderr shows an unfinished line of the output."""
        if 2 not in self._agent:
            return False
        shown = [one for one in pipes.streams if one.record.size and not one.record.ends_line]
        return any(one.record.name == "stderr" or same_description(self._agent[1], self._agent[2]) for one in shown)

    def _record_end(self, call: CallRecord, pipes: Pipes, end: Ended | None, lost: OSError | None) -> None:
        data = _manner(end)
        if lost is not None:
            data["undelivered"] = str(lost.strerror)
        self._record_masked(call, pipes)
        self._recorder.ended(call, data, [stream.record for stream in pipes.streams])

    def _record_masked(self, call: CallRecord, pipes: Pipes) -> None:
        for stream in pipes.streams:
            if stream.findings:
                data = {"stream": stream.record.name, "findings": dict(stream.findings), "places": dict(stream.places)}
                self._recorder.event(EventType.MASKED, call, data)


@dataclass(frozen=True, slots=True)
class Passing:
    """How the output of a tool passes: as `text` or as what none may touch, and `kept` in masks and record or not."""

    text: bool = True
    kept: bool = True


def _passing(judgement: Judgement, facts: CallFacts, shows: bool) -> Passing:
    text = judgement.inspection.output is Stream.TEXT
    kept = judgement.decision.recording is Recording.OUTPUT or _judged_content(judgement, facts) or shows
    return Passing(text, kept)


def _judged_content(judgement: Judgement, facts: CallFacts) -> bool:
    """Tell whether files or standard input decided, so that the tool must be given what was judged."""
    return bool(judgement.inspection.inputs or facts.stdin_prefix)


def over(limit: OutputLimit) -> str:
    """Return what the agent is told of an output that `limit` ended: one line."""
    said = limit.message or "Ask for less at a time."
    if limit.then is Breach.DENY:
        return f"denied by limit {limit.name}: the output held {limit.words}; nothing more of it is shown. {said}"
    return f"cut off by limit {limit.name}: the output held {limit.words}; it is not whole. {said}"


def _manner(end: Ended | None) -> dict[str, object]:
    """Return what the ``ended`` event says about how the tool ended."""
    if end is None:
        return {"lost": "the shim was killed, and the tool with it"}
    if end.how is How.EXITED:
        return {"status": end.value}
    if end.how is How.KILLED:
        return {"signal": end.value}
    return {"error": os.strerror(end.value)}
