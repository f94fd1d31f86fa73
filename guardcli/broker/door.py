"""The door between two containers of a pod: where the first process of the agent's finds the broker in the other one.

The broker listens in a directory that both containers have, the agent's for reading only. Before any agent runs, the
first process of its container comes and hands over two sockets: one by which each side hears of the other's end, and
one to the keeper of the agent's files (`guardcli.broker.hands`). Then the door is shut for good: whoever came later
could be the agent, and a keeper is trusted with real programs. Messages are framed as the keeper's::

    question   {"command", "cwd", "environment", "columns", "rows"} with the two sockets
    answer     {"environment"}, or {"failed", "hint"}
"""

from __future__ import annotations

import os
import socket
import stat
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from guardcli.broker.connection import peer_of
from guardcli.broker.hands import receive, send
from guardcli.broker.server import listen
from guardcli.model.errors import ConfigurationError, GuardError, UnavailableError

DOOR = "door.sock"
HAD = "had-its-session"
"""A file that says so: it outlives a broker's container that is started again."""
SPEAK_SECONDS = 60.0
"""How long either side may take to say what it has to say."""
LOOK_SECONDS = 0.05
SHARED = "set shareProcessNamespace: true in the pod"


@dataclass(frozen=True, slots=True)
class Visitor:
    """The first process of the agent's container, and what it brought."""

    connection: socket.socket
    command: tuple[str, ...]
    cwd: str
    environment: Mapping[str, str]
    size: tuple[int, int]
    control: socket.socket
    hands: socket.socket

    def answer(self, environment: Mapping[str, str]) -> None:
        """Let it begin the agent, with this environment. Raises OSError."""
        send(self.connection, {"environment": dict(environment)})
        self.connection.close()

    def refuse(self, error: GuardError) -> None:
        """Tell it why there is no session."""
        with suppress(OSError):
            send(self.connection, {"failed": error.message, "hint": error.hint})
        self.connection.close()


class Door:
    """The broker's side: open from the beginning of the block to its end, or to the first visitor."""

    def __init__(self, directory: Path, agent: int) -> None:
        """`agent` is the user of whom a visitor is let in. Raises OSError."""
        self._path = directory / DOOR
        self._had = directory / HAD
        self._agent = agent
        self._path.unlink(missing_ok=True)
        self._listener = listen(str(self._path), for_group=True)

    def wait(self) -> Visitor:
        """Return the visitor, once. Raises ConfigurationError where its processes cannot be told from each other."""
        while True:
            connection, _ = self._listener.accept()
            peer = peer_of(connection)
            if peer.uid != self._agent:
                connection.close()
                continue
            self._had.touch(mode=0o600)
            self._shut()
            visitor = _heard(connection)
            if peer.pid == 0:
                error = ConfigurationError("the processes of the agent's container cannot be seen", hint=SHARED)
                visitor.refuse(error)
                raise error
            return visitor

    def _shut(self) -> None:
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Door:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shut()


def has_had_its_session(directory: Path) -> bool:
    """Tell whether a visitor came to this directory's door before."""
    return (directory / HAD).exists()


def _heard(connection: socket.socket) -> Visitor:
    connection.settimeout(SPEAK_SECONDS)
    said = receive(connection)
    if said is None or len(said[1]) != 2 or not all(stat.S_ISSOCK(os.fstat(fd).st_mode) for fd in said[1]):
        raise UnavailableError("what came from the agent's container was no greeting")
    question, (control, hands) = said
    return Visitor(
        connection,
        tuple(map(str, question["command"])),
        str(question["cwd"]),
        {str(name): str(value) for name, value in question["environment"].items()},
        (int(question["columns"]), int(question["rows"])),
        socket.socket(fileno=control),
        socket.socket(fileno=hands),
    )


def knock(directory: Path, question: Mapping[str, object], fds: Sequence[int], seconds: float) -> dict[str, str]:
    """Ask at the door in `directory`, which may take `seconds` to open; return the environment of the agent.

    Raises UnavailableError where there is no broker, or it says why there is no session.
    """
    with _connected(directory / DOOR, time.monotonic() + seconds) as connection:
        connection.settimeout(SPEAK_SECONDS)
        try:
            send(connection, question, fds)
            heard = receive(connection)
        except OSError as error:
            raise UnavailableError(f"the broker does not answer: {error.strerror or error}") from error
    if heard is None:
        raise UnavailableError("the broker has gone without an answer", hint="see its container's log")
    answer: dict[str, Any] = heard[0]
    if "failed" in answer:
        raise UnavailableError(str(answer["failed"]), hint=str(answer["hint"] or ""))
    return {str(name): str(value) for name, value in answer["environment"].items()}


def _connected(path: Path, until: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    while True:
        try:
            connection.connect(str(path))
            break
        except OSError as error:
            if time.monotonic() > until:
                connection.close()
                hint = "guard sidecar has to run in the container beside this one, with the same directory"
                raise UnavailableError(f"no broker opens {path}: {error.strerror}", hint=hint) from error
            time.sleep(LOOK_SECONDS)
    owner = path.parent.stat().st_uid
    if peer_of(connection).uid != owner or owner == os.getuid():
        connection.close()
        raise UnavailableError(f"what answers at {path} is not the broker")
    return connection
