"""What the broker of an isolated session holds: the key of its shims, the agent's files, the real programs.

The sandbox is entered once: guard-enter, its first program, hands over the root directory, the mount namespace and the
listeners, waits until it is told to go on, and then becomes the agent. No call is answered before.
"""

from __future__ import annotations

import array
import os
import socket
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from guardcli.broker import reopening
from guardcli.broker.hands import HandedFiles
from guardcli.broker.opening import Files, GitProcess, piped
from guardcli.broker.place import GIT_CORE, NAMES
from guardcli.broker.processes import NO_PROGRAM, Identity
from guardcli.broker.protocol import CLOSED_IN_THE_TOOL
from guardcli.broker.waiting import readable
from guardcli.inspectors.names import names
from guardcli.isolation.bubblewrap import PLACE
from guardcli.isolation.inside import AgentFiles
from guardcli.isolation.programs import Programs
from guardcli.model.errors import UnavailableError
from guardcli.model.isolation import Network

FDS_MOST = 32
LOOKS_FOR_ITSELF = names(
    "psql pg_dump pg_dumpall pg_restore pg_isready pg_basebackup pgbench createdb dropdb createuser dropuser reindexdb "
    "vacuumdb clusterdb"
)
"""PostgreSQL's programs look for their own file by argv[0] and complain where they cannot read it (find_my_exec)."""
DEBIAN_SETTINGS = "/etc/postgresql-common"
"""What they then find relative to it on Debian (pg_wrapper(1) sets it too)."""


@dataclass(frozen=True, slots=True)
class EnclosurePlan:
    """What is known before the sandbox is entered.

    `tools` says which tool a name stands for, `programs` where the real program of a name is that is found on no PATH.
    `control` is the broker's end of the socket to guard-enter, `enter` that program outside. Without a sandbox, for an
    agent that is a user of its own, it is the end of the socket to the agent's keeper; `place` is what the agent sees
    as the session's directory.
    """

    key: bytes
    control: socket.socket
    enter: Path
    tools: Mapping[str, str]
    programs: Mapping[str, str]
    network: Network = Network.SHARED
    place: str = PLACE
    sandboxed: bool = True


@dataclass(frozen=True, slots=True)
class Real:
    """A real program: where it is, and inside the descriptor to run it from. `number` goes into the plan.

    `name` is the argv[0] that it needs, empty where any will do, and `environment` what it would have found out from
    where it lies. `identity` is told where the kernel keeps it from the broker what a process of the agent's runs.
    """

    path: str
    fd: int = -1
    number: int = 0
    name: str = ""
    identity: Identity = NO_PROGRAM
    environment: Mapping[str, str] = field(default_factory=dict)


class EnclosedFiles(AgentFiles):
    """The agent's files, for facts."""

    def start_git(
        self, program: str | int, cwd: str, words: Sequence[str], env: Mapping[str, str], stdin: int
    ) -> GitProcess:
        """Start git, the descriptor `program`, in `cwd` as the agent sees it."""
        command, inherited = self.join(int(program), cwd, words)
        return piped(command, env, stdin, inherited=inherited)


class Enclosure:
    """The isolated session, seen from the broker."""

    def __init__(self, plan: EnclosurePlan) -> None:
        self._plan = plan
        self._files: Files | None = None
        if not plan.sandboxed:
            self._files = handed = HandedFiles(plan.control)
            reopening.ask(handed.reopen)
        self._programs = Programs()
        self._copies: dict[str, set[Identity]] = {}
        self._named: dict[str, set[Identity]] = {}
        self.abstract_sockets_shut = False

    @property
    def key(self) -> bytes:
        """What a shim of this session proves itself with."""
        return self._plan.key

    @property
    def sandboxed(self) -> bool:
        """Whether there is a sandbox to enter, and not only another user."""
        return self._plan.sandboxed

    @property
    def files(self) -> Files:
        """The agent's files. Raises UnavailableError before the sandbox is entered."""
        if self._files is None:
            raise UnavailableError("the sandbox is not entered yet", hint="nothing was run")
        return self._files

    def copies(self, tool: str) -> Collection[Identity]:
        """Return the programs of `tool` that run inside."""
        return self._copies.get(tool, ())

    def copies_named(self, name: str) -> Collection[Identity]:
        """Return the programs that run inside for the shim's `name`: ``git-remote-https`` is one of git's."""
        return self._named.get(name, ())

    def tool_of(self, name: str) -> tuple[str, tuple[str, ...]]:
        """Return the tool that the shim's `name` stands for, and the arguments that lie in the name: git-fetch is
        git."""
        tool = self._plan.tools.get(name, name)
        if tool == "git" and name.startswith("git-"):
            return tool, (name.removeprefix("git-"),)
        return tool, ()

    def program(self, name: str, path: str) -> Real:
        """Return the program to run where a shim was called by `name`; `path` is the tool's. Raises OSError."""
        found = self._plan.programs.get(name, path)
        tool, _ = self.tool_of(name)
        program = self._programs.open(found, tool)
        self._copies.setdefault(tool, set()).add(program.identity)
        self._named.setdefault(name, set()).add(program.identity)
        number = program.number or CLOSED_IN_THE_TOOL
        real = Real(found, program.fd, number, identity=NO_PROGRAM if self.sandboxed else program.identity)
        if tool == "git" and not self.sandboxed:  # where git finds the shim for what it starts
            return replace(real, environment={"GIT_EXEC_PATH": f"{self._plan.place}/bin/{GIT_CORE}"})
        if name not in LOOKS_FOR_ITSELF:
            return real
        settings = {"PGSYSCONFDIR": DEBIAN_SETTINGS} if os.path.isdir(DEBIAN_SETTINGS) else {}
        return replace(real, name=f"{self._plan.place}/bin/{NAMES}/{name}", environment=settings)

    @property
    def network(self) -> Network:
        """How the agent reaches the network."""
        return self._plan.network

    async def enter(self, ports: int) -> list[socket.socket]:
        """Wait for guard-enter and take what it hands over; return its listeners, `ports` of them.

        Raises UnavailableError, OSError.
        """
        control = self._plan.control
        control.setblocking(False)
        await readable(control.fileno())
        said, ancillary, flags, _ = control.recvmsg(1, socket.CMSG_SPACE(FDS_MOST * array.array("i").itemsize))
        fds = array.array("i")
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        for fd in fds:
            os.set_inheritable(fd, False)
        if not said or flags & socket.MSG_CTRUNC or len(fds) != 2 + ports:
            raise UnavailableError("the sandbox could not be entered")
        self.abstract_sockets_shut = said == b"\1"
        self._files = EnclosedFiles(fds[0], fds[1], self._plan.enter)
        return [socket.socket(fileno=fd) for fd in fds[2:]]

    def give_up(self) -> None:
        """End guard-enter without an agent."""
        self._plan.control.close()

    def let_go(self) -> None:
        """Let the agent begin."""
        self._plan.control.send(b"g")
        self._plan.control.close()
