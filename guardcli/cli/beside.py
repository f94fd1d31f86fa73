"""``guard run --sidecar``: run the agent in this container, under the broker in the one beside it.

Nothing here is secret, and nobody is root: this process, the agent's keeper and the agent are one user, in a container
that has neither real tools nor credentials. The keeper is handed real programs, so its memory and descriptors are
closed to the agent (PR_SET_DUMPABLE); an agent that ends it, or this process, ends its own session.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from guardcli.broker.agent import (
    BrokerLost,
    Supervisor,
    adopt_orphans,
    descendants,
    end_processes,
    keep_memory_private,
    leave_as,
)
from guardcli.broker.door import knock
from guardcli.broker.hands import fork_keeper
from guardcli.broker.services import hear_started
from guardcli.broker.session import FLUSH_SECONDS
from guardcli.cli.sidecar import OWN
from guardcli.isolation.seccomp import make_filter
from guardcli.isolation.users import apply_filter, gain_nothing_more, shut_abstract_sockets
from guardcli.model.errors import ConfigurationError, UnavailableError

DOOR_SECONDS = 120.0
"""How long the broker's container may take to be there."""
READY_SECONDS = 30.0
LOG = "its container's log says why"


def enter(directory: Path, argv: Sequence[str]) -> int:
    """Run `argv` to its end and leave as it did. Raises GuardError before it has begun, or when the broker is lost."""
    root = directory.absolute() / OWN
    _check(directory)
    filter_fd = make_filter()
    gain_nothing_more()
    keep_memory_private()
    adopt_orphans()
    control, outer_control = socket.socketpair()
    hands, outer_hands = socket.socketpair()
    size = shutil.get_terminal_size()
    greeting = {
        "command": list(argv),
        "cwd": os.getcwd(),
        "environment": dict(os.environ),
        "columns": size.columns,
        "rows": size.lines,
    }
    environment = knock(root, greeting, [outer_control.fileno(), outer_hands.fileno()], DOOR_SECONDS)
    outer_control.close()
    outer_hands.close()
    keeper = fork_keeper(hands, lambda: _shut_in(filter_fd))
    told = hear_started(control, READY_SECONDS)
    if told is None:
        raise UnavailableError("the broker could not start", hint=LOG)

    supervisor = Supervisor(control)
    try:
        status = supervisor.run(argv, {**environment, **told}, become=lambda: _shut_in(filter_fd))
    except BrokerLost:
        _end_what_is_left(keeper)
        raise UnavailableError("the broker of this session was lost, so the agent was ended", hint=LOG) from None
    if left := _end_what_is_left(keeper):
        click.echo(f"guard: ended {left} process(es) that the agent left behind", err=True)
    _tell(control, os.waitstatus_to_exitcode(status))
    leave_as(status)
    return 0


def _shut_in(filter_fd: int) -> None:
    """In a process that is to be the agent, or a git that reads its files: let it reach no further than a sandbox
    would."""
    shut_abstract_sockets()
    apply_filter(filter_fd)


def _check(directory: Path) -> None:
    """Raises ConfigurationError where the agent would not be apart from the broker."""
    if os.getuid() == 0:
        raise ConfigurationError("the agent would be root", hint="set runAsUser in the agent's container")
    if os.access(directory, os.W_OK):
        raise ConfigurationError(
            f"the agent could put something else in the place of guard's in {directory}",
            hint="mount it with readOnly: true in the agent's container",
        )


def _end_what_is_left(keeper: int) -> int:
    """End what the agent left; return how many processes that were."""
    left = [pid for pid in descendants(os.getpid()) if pid != keeper]
    end_processes(left)
    with suppress(ProcessLookupError):
        os.kill(keeper, signal.SIGKILL)
    return len(left)


def _tell(control: socket.socket, code: int) -> None:
    """Tell the broker how the agent ended, and wait until the record is closed."""
    control.settimeout(FLUSH_SECONDS + READY_SECONDS)
    with suppress(OSError):
        control.sendall(str(code).encode())
        while control.recv(512):
            pass
