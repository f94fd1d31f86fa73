"""The broker's process of one session: set up, serve until the agent has ended, close the record.

`guard run` forks it before it starts the agent. It is in a session of its own, so that no key of the terminal reaches
it, and the two hear of each other's end over a socket pair: one letter from the agent's side with the status, or
nothing but the end of the connection when that process was killed.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from guardcli.broker.approval import Approvals
from guardcli.broker.call import Engine
from guardcli.broker.connection import Silent
from guardcli.broker.copies import CallFiles
from guardcli.broker.custody import Custody
from guardcli.broker.enclosure import Enclosure, EnclosurePlan
from guardcli.broker.judge import Judge
from guardcli.broker.maskers import Maskers
from guardcli.broker.place import CALLS, GIT_CORE, SessionPlace
from guardcli.broker.processes import GitPrograms
from guardcli.broker.proxy import AgentNetwork, inner_ports, network_environment
from guardcli.broker.recorder import Recorder
from guardcli.broker.routes import Routes
from guardcli.broker.ruling import Ruling
from guardcli.broker.server import Server, Tasks
from guardcli.broker.services import Service, Services, tell_failed, tell_started
from guardcli.broker.shell_trial import ShellTrial
from guardcli.broker.shipper import Shipper
from guardcli.broker.spool import Spool
from guardcli.broker.standing import Standing
from guardcli.broker.tools import ToolFinder
from guardcli.client.api import ApiClient
from guardcli.client.dumps import forbid_dumps
from guardcli.model.errors import GuardError, UnavailableError
from guardcli.model.events import EventType
from guardcli.policy import Policy

if TYPE_CHECKING:
    from guardcli.broker.watch import Watch

PATIENT_THREADS = 256
"""Calls that may wait for a person or for standard input at once."""
SILENT_MAX = 4096
"""Connections that may say nothing at once; fewer where the system allows few descriptors."""
TICK_SECONDS = 0.2
"""How often the record is brought to the disk and to the shipper."""
FLUSH_SECONDS = 5.0
"""How long the end of a session waits for the API; what is left then is sent by a later run."""
RECOVERY_SECONDS = 2.0
"""How long the end of a session waits for the records of earlier ones that are under way to the API."""
SWITCH_SECONDS = 0.0005
"""How long another thread may keep the event loop waiting."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Session:
    """What a broker works with. `facts` is the content of ``session.json``, `environment` the user's own.

    `policy` is the one that the session began with: what was set up by it stays. `standing` decides.
    """

    facts: dict[str, object]
    identity: str
    groups: tuple[str, ...]
    policy: Policy
    standing: Standing
    maskers: Maskers
    approval_wait: float
    place: SessionPlace
    spool_dir: Path
    environment: Mapping[str, str]
    size: tuple[int, int]
    enclosure: EnclosurePlan | None = None
    """What is known of the sandbox, where the session is isolated."""
    agent: int | None = None
    """The agent's user, where that is another than guard's."""
    started_with: Mapping[str, str] | None = None
    """What guard itself was started with, where that is not the agent's environment too."""

    @property
    def guards_environment(self) -> Mapping[str, str]:
        """Where the real tools are found, and the credentials that variables hold."""
        return self.environment if self.started_with is None else self.started_with

    @property
    def shown(self) -> str:
        """What the agent sees as the session's directory."""
        return self.enclosure.place if self.enclosure else str(self.place.directory)

    @property
    def users(self) -> frozenset[int]:
        """The users whose processes are served."""
        return frozenset({os.getuid(), 0} if self.agent is None else {self.agent})

    @property
    def id(self) -> str:
        """The session's identifier."""
        return str(self.facts["id"])


class Broker:
    """Serves one session. What is public is for its services."""

    def __init__(
        self, session: Session, spool: Spool, client: ApiClient, shipper: Shipper, make_services: ServiceMaker
    ) -> None:
        self.session = session
        self._first = session.standing.ruling
        self._spool = spool
        self._shipper = shipper
        self.patience = ThreadPoolExecutor(PATIENT_THREADS, thread_name_prefix="guard-patience")
        self._shipped_to = 0
        self._failed = ""
        self._tasks = Tasks()
        self.recorder = Recorder(spool, session.maskers.text)
        self._given: dict[str, str] = {}
        self.approvals = Approvals(
            client,
            session.id,
            session.identity,
            self.recorder,
            self.patience,
            session.approval_wait,
            lambda: session.standing.ruling,
            self._given,
        )
        self.routes = Routes(lambda: session.standing.policy)
        self.custody = Custody()
        self.enclosure = enclosure = Enclosure(session.enclosure) if session.enclosure else None
        self.finder = finder = ToolFinder(session.guards_environment.get("PATH", os.defpath), str(session.place.shims))
        self.git_programs = GitPrograms(
            lambda: finder.find("git"),
            lambda: enclosure.copies("git") if enclosure else (),
            str(session.place.shims / GIT_CORE) if session.agent is not None else "",
        )
        self.git_calls: dict[int, str] = {}
        self._services = Services(make_services(self))
        self._network = AgentNetwork(self.recorder, session.policy.isolation.hosts)
        self._shell_trial = ShellTrial()
        self._baseline = dict(session.environment)
        self._engine = Engine(
            judge=Judge(session.standing, session.identity, session.groups, self._baseline, self.patience),
            approvals=self.approvals,
            recorder=self.recorder,
            finder=finder,
            git_programs=self.git_programs,
            find_secrets=session.maskers.secrets,
            shell_trial=self._shell_trial,
            make_mask=session.maskers.stream,
            masker=session.maskers.masker,
            make_finder=session.maskers.finder,
            spawn=self._tasks.spawn,
            git_calls=self.git_calls,
            routes=self.routes,
            custody=self.custody,
            enclosure=enclosure,
            files=CallFiles(session.place.directory / CALLS, f"{session.shown}/{CALLS}") if enclosure else None,
            silent=Silent(min(SILENT_MAX, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4)),
        )

    async def serve(self, listener: socket.socket, control: socket.socket, watch: Watch | None = None) -> int | None:
        """Serve until the agent has ended; return its exit status as recorded, None when that is not known.

        The agent does not begin, and None is returned, where a service cannot start.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[bytes] = loop.create_future()
        loop.add_reader(control.fileno(), _hear, control, done)
        loop.add_signal_handler(signal.SIGTERM, _settle, done, b"")
        server = Server(listener, self._engine, self._tasks, self.session.users)
        server.start()
        ticking = asyncio.ensure_future(self._tick())
        if watch is not None:
            watch.start_on(loop, self.adopt)
        said = b""
        entering: asyncio.Task[None] | None = None
        try:
            told = await self._services.start()
            self._baseline |= told  # what guard itself gives the agent is no choice of the agent's
            self._given |= told
            if self.enclosure is not None and self.enclosure.sandboxed:
                told |= network_environment(self.enclosure.network)
                entering = self._tasks.spawn(self._enter(self.enclosure, control, told))
            tell_started(control, told)
            said = await done
        except GuardError as error:
            self._failed = str(error)
            tell_failed(control, error)
        if watch is not None:
            watch.stop()
        if entering is not None:
            entering.cancel()
        loop.remove_reader(control.fileno())
        await server.stop()
        await self._network.close()
        await self._services.close()
        ticking.cancel()
        return int(said) if said else None

    async def _enter(self, enclosure: Enclosure, control: socket.socket, told: Mapping[str, str]) -> None:
        """See the agent into its sandbox, serve its network, and tell its supervisor that it is there."""
        try:
            ports = inner_ports(enclosure.network, told)
            listeners = await enclosure.enter(len(ports))
            self._network.serve(ports, listeners)
            control.send(b"i")
        except (GuardError, OSError) as error:
            log.error("the sandbox: %s", error)
            enclosure.give_up()
            return
        enclosure.let_go()

    def adopt(self, found: Ruling | GuardError) -> None:
        """Let another policy decide from the next call on, or note why the one before stays."""
        try:
            if isinstance(found, GuardError):
                reason = f"the centre's policy cannot be had, the one before stays: {found}"
                self.recorder.noted(EventType.FAILED, {"reason": reason})
                return
            self.session.standing.set(found)
            self.session.maskers.adopt(found.mask)
            self.recorder.noted(EventType.ADOPTED, {**found.facts(), "later": found.later(self._first)})
        except UnavailableError as error:
            log.error("a change of policy cannot be recorded: %s", error)

    def close(self, status: int | None) -> bool:
        """Close the record and ship it; False when some of it stays in the spool for a later run."""
        data: dict[str, object] = {"status": status}
        if status is None:
            data = {"failed": self._failed} if self._failed else {"lost": "the agent's process was killed"}
        with suppress(UnavailableError):
            self.recorder.closed(data)
        with suppress(OSError):
            self._spool.sync()
        shipped = self._shipper.flush(self._spool.sequence, FLUSH_SECONDS)
        self._shipper.stop()
        if shipped:
            self._spool.remove()
        self._spool.close()
        self.patience.shutdown(wait=False, cancel_futures=True)
        self._shell_trial.close()
        return shipped

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._spool.shipped = self._shipper.shipped
            try:
                self.recorder.settle()
                await loop.run_in_executor(None, self._spool.sync)
            except (UnavailableError, OSError) as error:
                log.error("the record cannot be brought to the disk: %s", error)
            if self._spool.sequence != self._shipped_to:
                self._shipped_to = self._spool.sequence
                self._shipper.wake()


ServiceMaker = Callable[[Broker], Sequence[Service]]
"""Returns the services of a session; called in the broker's process, before its event loop runs."""


def _hear(control: socket.socket, done: asyncio.Future[bytes]) -> None:
    try:
        said = control.recv(16)
    except BlockingIOError:
        return
    except OSError:
        said = b""
    _settle(done, said)


def _settle(done: asyncio.Future[bytes], said: bytes) -> None:
    if not done.done():
        done.set_result(said)


def run_broker(
    session: Session,
    spool: Spool,
    listener: socket.socket,
    control: socket.socket,
    connect: Callable[[], tuple[ApiClient, Shipper]],
    background: Callable[[], None],
    make_services: ServiceMaker,
    make_watch: Callable[[], Watch | None],
) -> int:
    """Be the broker, in a process forked for it, until the session has ended; return 0 when all is shipped.

    `connect` makes the client and the shipper, after the fork since neither survives one. `background` runs in a
    thread of its own at the start: what earlier sessions left is shipped there. `make_services` says what runs
    beside the broker's socket, `make_watch` who hears of changes of the policy.
    """
    _detach(session.place.log)
    os.umask(0o077 if session.agent is None else 0o007)  # what another user is to reach is made for its group
    sys.setswitchinterval(SWITCH_SECONDS)
    client, shipper = connect()
    broker = Broker(session, spool, client, shipper, make_services)
    columns, rows = session.size
    broker.recorder.opened({key: session.facts[key] for key in sorted(session.facts)}, columns, rows)
    if session.standing.ruling.assigned is not None:
        broker.recorder.noted(EventType.ADOPTED, session.standing.ruling.facts())
    shipper.start()
    control.setblocking(False)
    helper = ThreadPoolExecutor(1)
    recovery = helper.submit(background)
    gc.collect()
    gc.freeze()
    import uvloop  # a third less time for a message through a gateway; imported where only the broker waits for it

    status = uvloop.run(broker.serve(listener, control, make_watch()))
    with suppress(TimeoutError, GuardError):
        recovery.result(RECOVERY_SECONDS)
    return 0 if broker.close(status) else 1


def _detach(log_file: Path) -> None:
    """Leave the terminal and its signals, and no core file; take all the descriptors there are; log to a file."""
    os.setsid()
    forbid_dumps()
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE, signal.SIGTTOU):
        signal.signal(number, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    written = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for target, source in ((0, null), (1, written), (2, written)):
        os.dup2(source, target)
    os.close(null)
    os.close(written)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
