"""``guard run --as-user``: an agent that is a user of its own, where there is no sandbox to put it into.

The session is set up as the user of the broker and the agent begins as another one, with no way back to root
(`guardcli.isolation.users`). What keeps it from the real tools is that these are open to the broker's group alone
(``guard shims protect``); what keeps it from the record, the policy and the keys is that they are another user's.
"""

from __future__ import annotations

import os
import secrets
import socket
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from guardcli.broker.agent import keep_memory_private
from guardcli.broker.enclosure import EnclosurePlan
from guardcli.broker.hands import fork_keeper
from guardcli.broker.place import Reader, SessionPlace
from guardcli.broker.shim_binary import enter_binary
from guardcli.cli.settings import Settings
from guardcli.isolation.keyed import KEY_BYTES
from guardcli.isolation.seccomp import make_filter
from guardcli.isolation.standins import StandIns, find_stand_ins, real_tools
from guardcli.isolation.users import (
    GUARD,
    Users,
    account,
    apply_filter,
    could_be_moved,
    shut_abstract_sockets,
    within_reach,
)
from guardcli.isolation.variables import agent_environment
from guardcli.model.errors import ConfigurationError, UnavailableError
from guardcli.policy import Policy

SHOWN_MOST = 4
PSEUDO_TERMINALS = range(136, 144)
"""Major numbers (Documentation/admin-guide/devices.txt of Linux)."""


@dataclass(frozen=True, slots=True)
class OwnUser:
    """What a session needs whose agent is a user of its own."""

    users: Users
    stand_ins: StandIns
    key: bytes
    filter: int

    @property
    def reader(self) -> Reader:
        """The agent, as far as the session's directory is concerned."""
        return Reader(self.users.agent.gid, git_core(self.stand_ins))

    def enclosure(self, control: socket.socket, place: SessionPlace) -> EnclosurePlan:
        """Return what the broker needs; `control` is its end of the socket to the agent's keeper."""
        names = self.stand_ins
        return EnclosurePlan(
            self.key,
            control,
            enter_binary(),
            names.tools,
            names.programs,
            place=str(place.directory),
            sandboxed=False,
        )

    def keep(self, connection: socket.socket) -> int:
        """Be the agent's keeper from here on; return the pid of the one that answers the broker at `connection`."""
        self.users.become_keeper()
        keep_memory_private()
        return fork_keeper(connection, self.become_agent)

    def become_agent(self) -> None:
        """In a process that is to be the agent, or a git of guard's that reads its files: be it for good, under the
        filter of system calls."""
        self.users.become_agent()
        shut_abstract_sockets()
        apply_filter(self.filter)

    def environment(
        self, lent: Mapping[str, str], policy: Policy, place: SessionPlace, session: str, told: Mapping[str, str]
    ) -> dict[str, str]:
        """Return the agent's environment: what an isolated one gets of `lent`, with a home of its own."""
        agent = self.users.agent
        env = {**agent_environment(lent, policy.isolation), **told}
        env |= {"HOME": agent.home, "USER": agent.name, "LOGNAME": agent.name, "SHELL": agent.shell}
        env["PATH"] = f"{place.shims}{os.pathsep}{lent.get('PATH', os.defpath)}"
        env["GUARD_SESSION"] = session
        env["GUARD_SOCKET"] = str(place.socket)
        return env


def begin(agent: str, guard: str) -> Users:
    """Stop being root: be the user `guard` from here on. Raises UnavailableError where this is not root."""
    if os.geteuid() != 0:
        raise UnavailableError(
            "--as-user needs root to begin with", hint="start it as the container's first process; it gives root up"
        )
    users = Users(account(guard or GUARD), account(agent))
    _give_streams(users.agent.uid)
    users.begin()
    return users


def _give_streams(uid: int) -> None:
    """Let the agent open its standard streams anew, by /dev/stdout for one: root made them, as the container's."""
    for fd in range(3):
        try:
            found = os.fstat(fd)
            terminal = stat.S_ISCHR(found.st_mode) and os.major(found.st_rdev) in PSEUDO_TERMINALS
            if found.st_uid == 0 and (terminal or stat.S_ISFIFO(found.st_mode)):
                os.fchown(fd, uid, -1)
        except OSError:
            continue


def prepare(users: Users, policy: Policy, settings: Settings) -> OwnUser:
    """Find out all that such a session needs.

    Raises ConfigurationError where the agent reaches a real tool, or could put another thing in the place of guard's.
    """
    for path in (settings.config_dir, settings.state_dir, settings.runtime_dir):
        if place := could_be_moved(str(path), users.agent):
            raise ConfigurationError(
                f"in {place} the user {users.agent.name} could put something else in the place of {path}",
                hint="set GUARD_RUNTIME_DIR and its like to directories of the broker's user",
            )
    stand_ins = find_stand_ins(policy.guarded, os.environ.get("PATH", os.defpath))
    if reached := within_reach(users, real_tools(stand_ins)):
        shown = ", ".join(reached[:SHOWN_MOST]) + (" and more" if len(reached) > SHOWN_MOST else "")
        raise ConfigurationError(
            f"the user {users.agent.name} can use the real tools by itself: {shown}",
            hint=f"as root: guard shims protect --group {users.guard.name}",
        )
    return OwnUser(users, stand_ins, secrets.token_bytes(KEY_BYTES), make_filter())


def places(settings: Settings) -> Path:
    """Return the directory that has those of sessions: others may pass it, unlike guard's own.

    Raises UnavailableError.
    """
    root = settings.runtime_dir.with_name(f"{settings.runtime_dir.name}-sessions")
    try:
        root.mkdir(mode=0o711, exist_ok=True)
        found = root.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise UnavailableError(f"{root} is another user's", hint="set GUARD_RUNTIME_DIR to another place")
        root.chmod(0o711)
        if os.statvfs(root).f_flag & os.ST_NOEXEC:
            raise UnavailableError(f"nothing can be run from {root}", hint="set GUARD_RUNTIME_DIR to another place")
    except OSError as error:
        raise UnavailableError(f"{root} cannot be made: {error.strerror}") from error
    return root


def git_core(stand_ins: StandIns) -> dict[str, str]:
    """Return what goes into a session's git exec path: each name of the real one, with what it leads to, empty for the
    shim."""
    covered = set(stand_ins.paths)
    found: dict[str, str] = {}
    for directory in _exec_paths(stand_ins.paths):
        for entry in os.scandir(directory):
            real = os.path.realpath(entry.path)
            found[entry.name] = "" if real in covered else real
    return found


def _exec_paths(paths: Sequence[str]) -> list[str]:
    usual = ("/usr/lib/git-core", "/usr/libexec/git-core", "/usr/local/libexec/git-core")
    return [place for place in usual if os.path.isdir(place)][:1] if any("git" in path for path in paths) else []
