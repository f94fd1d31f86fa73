"""A conversation between real clients and a real PostgreSQL, without the gateway's own server around it.

The login is passed on as it is (the test's server trusts everybody); from the first ReadyForQuery on, every byte goes
through a `StatementConversation` with a real policy, record and masking. Approvals are answered by the test.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from guardcli.broker.approval import Approvals
from guardcli.broker.recorder import Recorder
from guardcli.broker.ruling import Ruling
from guardcli.broker.spool import EVENTS, Spool
from guardcli.broker.spool_frames import FrameReader
from guardcli.broker.standing import Standing
from guardcli.broker.statements import StatementGatekeeper, StatementRules
from guardcli.gateways.postgres.catalogue import LiveCatalogue
from guardcli.gateways.postgres.codec.backend import ParameterStatus, decode_backend, error
from guardcli.gateways.postgres.codec.frames import FROM_SERVER, Frame, Splitter
from guardcli.gateways.postgres.codec.limits import BACKEND
from guardcli.gateways.postgres.codec.startup import VERSION_3_0, StartupMessage
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.contract import Conversation, Opening, Refused, Step
from guardcli.masking import Masker
from guardcli.masking.exact import ExactValues
from guardcli.model.approvals import Approval, ApprovalState
from guardcli.model.events import EventType
from guardcli.model.masking import MaskRule
from guardcli.policy import Policy, load_policy

LOGGED = (
    "log_statement=all",
    "log_min_messages=log",
    "logging_collector=on",
    "log_directory=log",
    "log_filename=server.log",
    "log_line_prefix=",
)
"""Settings of a server that logs every statement where `ServerLog` finds it."""


_PLANNED = re.compile(r"^.*EXPLAIN \(VERBOSE, FORMAT JSON\) .*\n(\t.*\n)*", re.MULTILINE)


class ServerLog:
    """What a server with the settings `LOGGED` has logged: the witness of what has reached it."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._path = Path(env["PGHOST"]) / "data" / "log" / "server.log"
        self._seen = 0

    def new(self) -> str:
        """Return what was logged since the last call, but for what the gateway had planned, which runs nothing."""
        text = self._path.read_text("utf-8", "replace")[self._seen :]
        self._seen += len(text)
        return _PLANNED.sub("", text)


class Maskers:
    """The policy's masking, compiled."""

    def __init__(self, rules: Sequence[MaskRule]) -> None:
        self._rules = tuple(rules)
        self.exact: ExactValues | None = None
        self._made: dict[tuple[MaskRule, ...], Masker] = {}

    def rules(self, extra: tuple[MaskRule, ...]) -> Sequence[MaskRule]:
        return extra + self._rules

    def masker(self, extra: tuple[MaskRule, ...]) -> Masker:
        if extra not in self._made:
            self._made[extra] = Masker(extra + self._rules, key=b"k" * 32)
        return self._made[extra]


class Reviewer:
    """Stands for the API: says what `answer` says, and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: Callable[[], ApprovalState] = lambda: ApprovalState.APPROVED
        self.waits = 0

    def _approval(self, state: ApprovalState, digest: str = "") -> Approval:
        number = f"a{len(self.asked)}"
        empty: tuple[str, ...] = ()
        return Approval(number, "s", digest, state, "agent", "psql", "", "/", "rule", "", empty, empty, empty, 1, 0, 0)

    def request_approval(self, session: str, digest: str, **about: Any) -> Approval:
        self.asked.append({"digest": digest, **about})
        return self._approval(ApprovalState.PENDING, digest)

    def wait_approval(self, id: str, seconds: float) -> Approval:
        self.waits += 1
        return self._approval(self.answer())

    def consume_approval(self, id: str, digest: str) -> Approval:
        assert digest == self.asked[-1]["digest"]
        return self._approval(ApprovalState.APPROVED, digest)


class Asking:
    """The catalogue's connection, by hand: a blocking socket in a thread would do, asyncio's streams do as well."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def frame(self, splitter: Splitter, wanted: Any) -> Frame:
        while (piece := splitter.take(wanted)) is None:
            chunk = await self._reader.read(65536)
            if not chunk:
                raise ConnectionError
            splitter.feed(chunk)
        assert isinstance(piece, Frame)
        return piece

    def abort(self) -> None:
        self._writer.close()


def catalogue_of(upstream: str) -> LiveCatalogue:
    """Return a catalogue that asks the server at the unix socket `upstream`."""

    async def dial() -> tuple[Asking, Splitter]:
        asking, splitter = Asking(*await asyncio.open_unix_connection(upstream)), Splitter(BACKEND)
        packet = StartupMessage(VERSION_3_0, ((b"user", b"app"), (b"database", b"postgres")))
        asking.write(packet.encode())
        while (await asking.frame(splitter, FROM_SERVER)).kind != ord("Z"):
            pass
        return asking, splitter

    return LiveCatalogue(dial)


class Rig:
    """Accepts clients on a unix socket and relays them through conversations."""

    def __init__(self, root: Path, upstream: Mapping[str, str], policy: Policy, wait: float, custody: bool) -> None:
        self.root = root
        self.masks = bool(policy.mask)
        self.resource = policy.resources[0].name if policy.resources else ""
        self.env = {"PGHOST": str(root), "PGUSER": "app", "PGDATABASE": "postgres"}
        self.reviewer = Reviewer()
        self.spool = Spool(root / "spool", {"id": "s"})
        maskers = self.maskers = Maskers(policy.mask)
        self.recorder = Recorder(self.spool, lambda text: maskers.masker(()).text(text))
        approvals = Approvals(self.reviewer, "s", "agent", self.recorder, ThreadPoolExecutor(8), wait)  # type: ignore[arg-type]
        rules = StatementRules(Standing(Ruling(policy)), "agent", (), self.recorder, approvals, maskers)
        self._gatekeeper = StatementGatekeeper(rules)
        self._upstream = f"{upstream['PGHOST']}/.s.PGSQL.5432"
        self.catalogue = catalogue_of(self._upstream) if custody else None
        self._keys: dict[bytes, tuple[asyncio.StreamWriter, Any]] = {}
        self._number = 0
        self.loop = asyncio.new_event_loop()
        self.failures: list[BaseException] = []

    async def _serve(self, started: Future[None]) -> None:
        self._stop = asyncio.Event()
        self._links: set[asyncio.Task[None]] = set()
        server = await asyncio.start_unix_server(self._accept, f"{self.root}/.s.PGSQL.5432")
        started.set_result(None)
        await self._stop.wait()
        server.close()
        for link in list(self._links):
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)
        if self.catalogue is not None:
            self.catalogue.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        try:
            await self._link(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except BaseException as failure:
            self.failures.append(failure)
        finally:
            writer.close()
            self._links.discard(task)

    async def _startup(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        while True:
            head = await reader.readexactly(8)
            code = int.from_bytes(head[4:], "big")
            if code not in (80877103, 80877104):
                return head + await reader.readexactly(int.from_bytes(head[:4], "big") - 8)
            writer.write(b"N")

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        packet = await self._startup(reader, writer)
        if int.from_bytes(packet[4:8], "big") == 80877102:
            await self._cancel(packet)
            return
        parts = packet[8:].split(b"\0")
        parameters = dict(zip((p.decode() for p in parts[0::2]), (p.decode() for p in parts[1::2]), strict=False))
        parameters.pop("", None)
        self._number += 1
        opening = Opening(
            self.resource, "db", 5432, "app", "postgres", parameters, self._number, 0, True, self.catalogue
        )
        try:
            conversation = await self._gatekeeper.admit(opening)
        except Refused as refusal:
            writer.write(error("FATAL", refusal.sqlstate, refusal.message, refusal.hint).encode())
            await writer.drain()
            return
        server_reader, server_writer = await asyncio.open_unix_connection(self._upstream)
        server_writer.write(packet)
        relay = Relayed(conversation, reader, writer, server_reader, server_writer, self)
        try:
            await relay.run(packet)
        finally:
            conversation.closed("closed")
            server_writer.close()

    async def _cancel(self, packet: bytes) -> None:
        found = self._keys.get(packet[8:])
        if found is not None:
            await found[1].cancel(packet)

    async def send_cancel(self, packet: bytes) -> None:
        reader, writer = await asyncio.open_unix_connection(self._upstream)
        writer.write(packet)
        await reader.read()
        writer.close()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self._stop.set)

    def events(self, type: EventType | None = None) -> list[dict[str, Any]]:
        """Return the data of the events so far."""
        import json

        found = []
        reader = FrameReader(self.spool.directory / EVENTS, self.spool.key)
        while line := reader.read():
            event = json.loads(line)
            if type is None or event["type"] == type.value:
                found.append({**event["data"], "call": event["call"], "type": event["type"]})
        reader.close()
        return found


class Relayed:
    """One connection."""

    def __init__(
        self,
        conversation: Conversation,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        server_reader: asyncio.StreamReader,
        server_writer: asyncio.StreamWriter,
        rig: Rig,
    ) -> None:
        self.conversation = conversation
        self.client = (reader, writer)
        self.server = (server_reader, server_writer)
        self.rig = rig
        self.key = b""
        self.waits: dict[str, asyncio.Task[None]] = {}
        self.done = asyncio.Event()
        self.turn = asyncio.Condition()

    async def run(self, packet: bytes) -> None:
        settings = await self._login()
        await self.do(self.conversation.begin(settings))
        tasks = [asyncio.ensure_future(self._pump("client")), asyncio.ensure_future(self._pump("server"))]
        stop = asyncio.ensure_future(self.done.wait())
        try:
            await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in [*tasks, stop, *self.waits.values()]:
                task.cancel()
            await asyncio.gather(*tasks, stop, *self.waits.values(), return_exceptions=True)

    async def _login(self) -> dict[str, str]:
        splitter = Splitter(BACKEND)
        settings: dict[str, str] = {}
        while True:
            piece = splitter.take(FROM_SERVER)
            if piece is None:
                chunk = await self.server[0].read(65536)
                if not chunk:
                    raise ConnectionError
                splitter.feed(chunk)
                continue
            self.client[1].write(piece.raw)
            if isinstance(piece, Frame) and piece.kind == ord("S"):
                status = decode_backend(piece)
                assert isinstance(status, ParameterStatus)
                settings[status.name.decode()] = status.value.decode()
            elif isinstance(piece, Frame) and piece.kind == ord("K"):
                self.key = piece.raw[5:]
                self.rig._keys[self.key] = (self.client[1], self)
            elif isinstance(piece, Frame) and piece.kind == ord("Z"):
                return settings

    async def _pump(self, side: str) -> None:
        reader = self.client[0] if side == "client" else self.server[0]
        while chunk := await reader.read(65536):
            async with self.turn:
                await self.turn.wait_for(lambda: side not in self.waits)
                take = self._from_client if side == "client" else self._from_server
                await self._step(lambda chunk=chunk, take=take: take(chunk))  # type: ignore[misc]

    def _from_client(self, chunk: bytes) -> Step:
        talk = self.conversation
        return self._passed(Step(to_server=[chunk])) if talk.passes_to_server(chunk) else talk.from_client(chunk)

    def _from_server(self, chunk: bytes) -> Step:
        talk = self.conversation
        return self._passed(Step(to_client=[chunk])) if talk.passes_to_client(chunk) else talk.from_server(chunk)

    def _passed(self, step: Step) -> Step:
        self.conversation.passed()
        return step

    async def _step(self, act: Callable[[], Step]) -> None:
        try:
            step = act()
        except ProtocolViolation as violation:
            step = self.conversation.end(violation.sqlstate, violation.message)
        await self.do(step)

    async def do(self, step: Step) -> None:
        for data in step.to_client:
            self.client[1].write(data)
        for data in step.to_server:
            self.server[1].write(data)
        await self.client[1].drain()
        await self.server[1].drain()
        if step.cancel:
            await self.rig.send_cancel((16).to_bytes(4, "big") + (80877102).to_bytes(4, "big") + self.key)
        if step.drop_wait:
            self.waits.pop("client").cancel()
        for side, wait in (("client", step.client_wait), ("server", step.server_wait)):
            if wait is not None:
                self.waits[side] = asyncio.ensure_future(self._await(side, wait))
        if step.end:
            self.done.set()

    async def _await(self, side: str, wait: Awaitable[object]) -> None:
        result = await wait
        async with self.turn:
            del self.waits[side]
            on = self.conversation.client_goes_on if side == "client" else self.conversation.server_goes_on
            await self._step(lambda: on(result))
            self.turn.notify_all()

    async def cancel(self, packet: bytes) -> None:
        async with self.turn:
            await self._step(self.conversation.cancelled)
            self.turn.notify_all()


@contextmanager
def gateway(upstream: Mapping[str, str], policy: str, wait: float = 30.0, custody: bool = True) -> Iterator[Rig]:
    """Run a rig before the server of `upstream` under the text of a policy."""
    loaded = load_policy("policy.yaml", lambda name: policy.encode())
    with tempfile.TemporaryDirectory(prefix="gw", dir="/tmp") as root:
        rig = Rig(Path(root), upstream, loaded, wait, custody)
        started: Future[None] = Future()
        thread = threading.Thread(target=rig.loop.run_until_complete, args=(rig._serve(started),))
        thread.start()
        started.result(10)
        try:
            yield rig
        finally:
            rig.stop()
            thread.join(60)
            rig.loop.close()
            rig.spool.close()
        assert not rig.failures, rig.failures
