"""One call of a guarded tool, from the shim's first word to its last: judge, perhaps ask, run or refuse."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from guardcli.broker import protocol
from guardcli.broker.approval import Approvals
from guardcli.broker.connection import ShimConnection, Silent
from guardcli.broker.copies import CallFiles, Source
from guardcli.broker.custody import Custody
from guardcli.broker.enclosure import Enclosure, Real
from guardcli.broker.facts import CallFacts
from guardcli.broker.grants import Launch
from guardcli.broker.judge import Judge, Judgement, refused, stdin_kind
from guardcli.broker.limits import Limits, MakeFinder, Mask, Observer
from guardcli.broker.parts import COPIERS, RULE, part_of_a_call
from guardcli.broker.place import HELPER
from guardcli.broker.preview import Showing, preview
from guardcli.broker.processes import GitPrograms, launches, started_by_git
from guardcli.broker.protocol import CallFrame, ProtocolError
from guardcli.broker.recorder import CallRecord, Recorder
from guardcli.broker.relay import Relay
from guardcli.broker.routes import Route, Routes
from guardcli.broker.shell_trial import ShellTrial
from guardcli.broker.sinks import Sink
from guardcli.broker.tools import ToolFinder
from guardcli.gateways.git.helper import REFUSAL, REQUEST_MAX
from guardcli.isolation.variables import dropped_for_tools
from guardcli.model.decisions import Verdict
from guardcli.model.effects import in_order
from guardcli.model.errors import DeniedError, GuardError, UnavailableError
from guardcli.model.events import EventType
from guardcli.model.facts import Found
from guardcli.model.invocation import UNNAMED, Invocation, Stdin
from guardcli.model.masking import MaskRule
from guardcli.policy.unlabelled import UNNAMED_COLUMNS

if TYPE_CHECKING:
    from guardcli.gateways.kubernetes.documents import Masks

NOT_FOUND = 127
"""What a shell answers for a command that is not there (POSIX, 2.8.2)."""
HELPER_SECONDS = 20.0
"""How long git may take to say what it wants a password for."""
SHOWN_MAX = 8
"""So many operations, and targets of each, are named to the agent."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What all calls of a session share."""

    judge: Judge
    approvals: Approvals
    recorder: Recorder
    finder: ToolFinder
    git_programs: GitPrograms
    find_secrets: Callable[[bytes], frozenset[Found]]
    shell_trial: ShellTrial
    make_mask: Callable[[str, tuple[MaskRule, ...], Observer], Mask]
    masker: Callable[[tuple[MaskRule, ...]], Masks]
    make_finder: MakeFinder
    spawn: Callable[[Coroutine[object, object, None]], asyncio.Task[None]]
    git_calls: dict[int, str]
    """The pids of the shims of running calls of tools that start others by themselves: git, scp, sftp."""
    silent: Silent
    """The connections that have not said yet what they call."""
    routes: Routes
    """Which calls go to a gateway."""
    custody: Custody
    """What allowed calls are lent."""
    enclosure: Enclosure | None = None
    """Where the session is isolated."""
    files: CallFiles | None = None
    """There as well: where copies are laid that processes read which a tool starts."""


class ShimGone(Exception):
    """The shim ended, by Ctrl-C for one, before it was answered."""


class Call:
    """Handles one connection. `run` never raises but for cancellation."""

    def __init__(self, connection: ShimConnection, engine: Engine) -> None:
        self._connection = connection
        self._engine = engine
        self._agent: dict[int, int] = {}
        self._record: CallRecord | None = None
        self._invocation: Invocation | None = None
        self._dropped: list[str] = []
        self._route: Route | None = None

    async def run(self) -> None:
        """See the call through, and close everything that it opened."""
        try:
            with self._engine.silent.counting(self._connection):
                key = self._engine.enclosure.key if self._engine.enclosure else b""
                frame = await self._connection.receive_call(key)
            if frame is not None:
                self._take_descriptors(frame)
                await (self._help(frame) if frame.tool == HELPER else self._handle(frame))
        except ShimGone:
            self._failed("the caller left before there was an answer; nothing was run")
        except ProtocolError as error:
            self._failed(f"the shim's protocol was broken: {error}")
        except GuardError as error:
            await self._refuse(error)
        except OSError as error:
            await self._refuse(
                UnavailableError(f"the call could not be set up: {error.strerror}", hint="nothing was run")
            )
        finally:
            self._engine.git_calls.pop(self._connection.peer.pid, None)
            launches.end(self._connection.peer.pid)
            for fd in self._agent.values():
                os.close(fd)
            self._connection.close()

    def _take_descriptors(self, frame: CallFrame) -> None:
        fds = self._connection.take_fds()
        if frame.has_directory:
            os.close(fds.pop(0))
        self._agent = dict(zip(sorted(frame.open), fds, strict=True))
        for number, fd in self._agent.items():
            if number in frame.terminals and not os.isatty(fd):
                raise ProtocolError("a terminal that is none")
            if self._connection.leads_here(fd):
                raise ProtocolError("a connection to this broker for a descriptor of the tool")

    async def _handle(self, frame: CallFrame) -> None:
        began = time.time()
        cancel = os.eventfd(0, os.EFD_CLOEXEC)
        try:
            self._invocation = invocation = self._seen(frame)
            facts = CallFacts(
                invocation.cwd or "/",
                invocation.env,
                stdin_fd=self._agent.get(0) if invocation.stdin is Stdin.STREAM else None,
                git_program=self._git(),
                cancel_fd=cancel,
                files=self._engine.enclosure.files if self._engine.enclosure else None,
                find_secrets=self._engine.find_secrets,
                try_shell=self._engine.shell_trial.for_one_call(),
            )
            self._invocation, judgement = await self._find_way(invocation, facts, cancel)
            self._record = self._engine.recorder.judged(self._invocation, judgement.decision, began)
            if judgement.decision.verdict is Verdict.DENY:
                raise DeniedError(denial(judgement))
            if judgement.decision.verdict is Verdict.APPROVE:
                await self._unless_gone(self._obtain(self._record, judgement, facts))
            await self._launch(frame, judgement, facts, self._record)
        finally:
            os.close(cancel)

    async def _obtain(self, record: CallRecord, judgement: Judgement, facts: CallFacts) -> None:
        """Wait for a person's yes, who is shown what the call would change."""
        engine, tool, extra = self._engine, judgement.invocation.tool, judgement.decision.mask

        async def changes() -> str:
            look = self._route.look if self._route is not None else None
            mask = partial(engine.make_mask, tool, extra)
            return await preview(
                judgement, facts, Showing(engine.judge.patience, partial(engine.masker, extra), mask, look)
            )

        await engine.approvals.obtain(record, judgement, facts, self._tell, changes)

    async def _help(self, frame: CallFrame) -> None:
        """Answer git's credential helper, which the shim is by this name."""
        helper = self._engine.custody.helper
        if helper is None or not {0, 1} <= self._agent.keys():
            raise DeniedError("no password for git: this session has none")
        source = Source(os.dup(self._agent[0]))
        sink = Sink(os.dup(self._agent[1]))
        try:
            request = bytearray()
            async with asyncio.timeout(HELPER_SECONDS):
                while len(request) <= REQUEST_MAX and (piece := await source.read()):
                    request += piece
            operation = frame.argv[1] if len(frame.argv) == 2 else ""
            await sink.write(await helper.answer(self._connection.peer.pid, operation, bytes(request)))
        except DeniedError:
            await sink.write(REFUSAL)
            raise
        except TimeoutError:
            raise UnavailableError("git does not say what it wants a password for") from None
        finally:
            source.close()
            sink.close()
        await self._connection.send(protocol.stop(0))

    def _git(self) -> str | int | None:
        """Return the git to ask: its path, or inside its descriptor."""
        path = self._engine.finder.find("git")
        if not path:
            return None
        return self._engine.enclosure.program("git", path).fd if self._engine.enclosure else path

    def _seen(self, frame: CallFrame) -> Invocation:
        engine = self._engine
        tool, more = engine.enclosure.tool_of(frame.tool) if engine.enclosure else (frame.tool, ())
        keep = engine.judge.standing.policy.isolation.keep
        helper = engine.custody.helper
        env = helper.without_forced(frame.env) if helper is not None and tool == "git" else frame.env
        self._dropped = dropped_for_tools(env, {} if engine.enclosure else engine.judge.baseline, keep)
        return Invocation(
            tool=tool,
            argv=(tool, *more, *frame.argv[1:]),  # what the caller put into argv[0] is no name to judge or approve by
            env={name: value for name, value in env.items() if name not in self._dropped},
            cwd=frame.cwd,
            stdin=stdin_kind(self._agent.get(0)),
            stdout_is_terminal=1 in frame.terminals,
            parent=self._parent(),
        )

    def _parent(self) -> str:
        """Return the guarded tool that itself started this call; empty for the agent, a hook or an alias."""
        engine, pid = self._engine, self._connection.peer.pid
        is_script = engine.git_programs.runs_own_script if engine.enclosure else None
        if started_by_git(pid, engine.git_calls, engine.git_programs, is_script):
            return "git"
        for tool in COPIERS if engine.enclosure else ():
            if engine.enclosure and started_by_git(pid, engine.git_calls, engine.enclosure.copies(tool)):
                return tool
        return ""

    async def _find_way(self, invocation: Invocation, facts: CallFacts, cancel: int) -> tuple[Invocation, Judgement]:
        """Judge the call for where it goes; one to a server without a name first as if there were no gateway."""
        route = self._route = self._engine.routes.find(invocation, facts)
        if route is None or route.resource == UNNAMED:
            judgement = await self._judge(invocation, facts, cancel)
            if route is not None and route.refused:
                return invocation, refused(judgement)
            denied = judgement.decision.verdict is Verdict.DENY
            if route is None or (denied and judgement.decision.rule != UNNAMED_COLUMNS):  # a gateway names them
                return invocation, judgement
        invocation = replace(invocation, gateway=route.resource)
        return invocation, await self._judge(invocation, facts, cancel)

    async def _judge(self, invocation: Invocation, facts: CallFacts, cancel: int) -> Judgement:
        judgement = part_of_a_call(invocation) if self._engine.enclosure else None
        judgement = judgement or self._engine.judge.judge_now(invocation, facts)
        if judgement is not None:
            return judgement
        work = asyncio.ensure_future(self._engine.judge.judge(invocation, facts))
        gone = asyncio.ensure_future(self._connection.gone())
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            os.eventfd_write(cancel, 1)
        # The thread uses descriptors that are closed after this: it is waited for even when nobody wants its answer.
        judgement = await work
        if await _settled(gone):
            raise ShimGone
        return judgement

    async def _unless_gone(self, work: Coroutine[object, object, None]) -> None:
        task, gone = asyncio.ensure_future(work), asyncio.ensure_future(self._connection.gone())
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        await _settled(gone)
        if not task.done():
            task.cancel()
            raise ShimGone
        await task

    async def _launch(self, frame: CallFrame, judgement: Judgement, facts: CallFacts, record: CallRecord) -> None:
        engine = self._engine
        tool, _ = engine.enclosure.tool_of(frame.tool) if engine.enclosure else (frame.tool, ())
        path = engine.finder.find(tool, "" if engine.enclosure else frame.env.get("PATH", ""))
        if not path:
            await self._tell(f"{frame.tool}: no real program of this name is on the PATH behind the shims")
            self._failed("no real program of this name is on the PATH")
            await self._connection.send(protocol.stop(NOT_FOUND))
            return
        program = engine.enclosure.program(frame.tool, path) if engine.enclosure else Real(path)
        if tool == "git" or tool in COPIERS:
            engine.git_calls[self._connection.peer.pid] = tool
        pid, decision = self._connection.peer.pid, judgement.decision
        launches.begin(pid, program.identity, monitored=1 in frame.terminals)
        launch = Launch(pid, judgement.invocation, decision.operations, record, part=decision.rule == RULE)
        async with AsyncExitStack() as until_the_end:
            lent = await engine.custody.lend(launch)
            if lent.take_back is not None:
                until_the_end.push_async_callback(lent.take_back)
            shown = None
            if self._route is not None and self._route.lend is not None:
                shown = self._route.lend(record.number, judgement.invocation, judgement.inspection, self._tell)
                until_the_end.callback(shown.close)
            relay = Relay(
                self._connection,
                frame,
                self._agent,
                engine.recorder,
                lambda observer: engine.make_mask(frame.tool, decision.mask, observer),
                Limits(decision.limits, engine.make_finder),
                engine.spawn,
                self._tell,
                self._dropped,
                self._route,
                shown,
                lent,
                engine.files,
            )
            await relay.run(record, judgement, facts, program)

    # -- what is said and noted when it does not run --

    async def _refuse(self, error: GuardError) -> None:
        message = str(error)
        if self._record is not None and self._invocation is not None and not isinstance(error, UnavailableError):
            try:
                self._engine.recorder.refused(self._record, self._invocation, f"guard: {message}\n")
            except UnavailableError:
                error = UnavailableError("the record cannot be written, so nothing was run")
        else:
            self._failed(message)
        with suppress(ShimGone):  # nobody may ever read it, and the caller be gone
            await self._unless_gone(self._tell(str(error) if isinstance(error, UnavailableError) else message))
        await self._connection.send(protocol.stop(error.exit_status))

    def _failed(self, reason: str) -> None:
        """Note what could not be done. Where even that cannot be written, nothing has run that it would be about."""
        if self._record is None:
            return
        with suppress(UnavailableError):
            self._engine.recorder.event(EventType.FAILED, self._record, {"reason": self._engine.recorder.mask(reason)})

    async def _tell(self, text: str, apart: bool = False) -> None:
        """Write to the agent's stderr, if it has one; `apart`, behind a line break, since a line stands open there."""
        if 2 not in self._agent:
            return
        sink = Sink(os.dup(self._agent[2]))
        try:
            lines = "\n" * apart + "".join(f"guard: {line}\n" for line in text.splitlines())
            await sink.write(lines.encode("utf-8", "backslashreplace"))
        finally:
            sink.close()


async def _settled(watch: asyncio.Future[None]) -> bool:
    """End `watch`, and only then return whether it had come true: its descriptor is free to be waited for again."""
    came_true = watch.done()
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
    return came_true


def denial(judgement: Judgement) -> str:
    """Return what the agent is told: the rule, why, what the call would have done, and what it may do next."""
    decision = judgement.decision
    lines = [f"denied by rule {decision.rule}: {decision.message}".rstrip(": ")]
    for operation in decision.operations[:SHOWN_MAX]:
        effects = ", ".join(effect.value for effect in in_order(operation.effects))
        targets = " ".join(str(target) for target in operation.targets[:SHOWN_MAX])
        words = operation.reason if operation.complete else f"not understood: {operation.reason}"
        reason = f" ({words})" if words else ""
        lines.append(f"  {operation.tool} {operation.action} [{effects}] {targets}".rstrip() + reason)
    if len(decision.operations) > SHOWN_MAX:
        lines.append(f"  and {len(decision.operations) - SHOWN_MAX} more")
    lines.append("nothing was run; do not try to get around this: ask the person you work for if it is needed")
    return "\n".join(lines)
