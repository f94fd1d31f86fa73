"""An agent as a user of its own: which process is whom, and how rights are given up for good.

``guard run --as-user`` is started by root, as a container's first process for one, and is nobody's root any more
before an agent begins (setresuid(2), capabilities(7)):

=============  ====================  =====================================================================
process        real, effective,      what that means
               saved user
=============  ====================  =====================================================================
`guard run`,   guard, guard, root    reads the policy, finds the API; no capability is in force
to begin with
the broker     guard, guard, guard   the agent can neither signal nor trace it, nor open its files
the keeper     guard, agent, guard   may signal and start the agent's processes, and opens files with the agent's
                                     rights. The agent may not signal it (kill(2)) nor trace it (ptrace(2))
the agent      agent, agent, agent   with no new privileges: programs with a set-user-ID bit give it nothing
=============  ====================  =====================================================================
"""

from __future__ import annotations

import ctypes
import os
import pwd
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from guardcli.model.errors import ConfigurationError, UnavailableError

GUARD = "guard"
"""The user of the broker where nothing else is said."""
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
LANDLOCK_SCOPES_SINCE = 6
LANDLOCK_SCOPE_ABSTRACT_SOCKET = 1
"""linux/landlock.h of 6.12; the numbers of the calls are the same on every machine."""
BPF_BYTES = 8
"""Of one instruction, struct sock_filter (linux/filter.h)."""

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine; `groups` are all of them, the first one among them."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str
    shell: str


def account(name: str) -> Account:
    """Return the user `name`, or the one with that number. Raises ConfigurationError."""
    try:
        found = pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except KeyError:
        raise ConfigurationError(f"there is no user {name!r}", hint="useradd makes one, in the image") from None
    groups = tuple(dict.fromkeys((found.pw_gid, *os.getgrouplist(found.pw_name, found.pw_gid))))
    return Account(found.pw_name, found.pw_uid, found.pw_gid, groups, found.pw_dir, found.pw_shell or "/bin/sh")


class Users:
    """The two users of a session. Each method changes who this process is, and says in which state it may be called."""

    def __init__(self, guard: Account, agent: Account) -> None:
        """Raises ConfigurationError where the two are not apart."""
        if agent.uid in (0, guard.uid):
            raise ConfigurationError(f"the agent cannot be the user {agent.name}", hint="it needs a user of its own")
        if guard.uid == 0:
            raise ConfigurationError("the broker cannot be root", hint="install.sh --system --protect makes its user")
        if guard.gid in agent.groups or 0 in agent.groups:
            raise ConfigurationError(
                f"the user {agent.name} is in the group of {guard.name}, or in that of root",
                hint="the real tools are open to that group",
            )
        self.guard = guard
        self.agent = agent

    def begin(self) -> None:
        """From root: be the guard's user, able to become root again once (`become_broker`, `become_keeper`)."""
        self._take_home()
        os.setgroups((*self.guard.groups, self.agent.gid))  # what is the agent's to reach is made its group's
        os.setresgid(self.guard.gid, self.guard.gid, self.guard.gid)
        os.setresuid(self.guard.uid, self.guard.uid, 0)
        for name in [name for name in os.environ if name.startswith("XDG_")]:
            del os.environ[name]
        os.environ.update(HOME=self.guard.home, USER=self.guard.name, LOGNAME=self.guard.name)

    def _take_home(self) -> None:
        """Make a home that is root's and open to everybody, as a volume that was just mounted, the guard's."""
        with suppress(OSError):  # where root may not, `could_be_moved` says what is wrong with it
            found = os.stat(self.guard.home)
            if found.st_uid == 0 and found.st_mode & 0o022:
                os.chown(self.guard.home, self.guard.uid, self.guard.gid)
                os.chmod(self.guard.home, 0o711)  # noqa: S103 - sessions of the agent lie below it

    def become_broker(self) -> None:
        """After `begin`: be the guard's user for good."""
        os.seteuid(0)
        os.setgroups(self.guard.groups)
        os.setresgid(self.guard.gid, self.guard.gid, self.guard.gid)
        os.setresuid(self.guard.uid, self.guard.uid, self.guard.uid)

    def become_keeper(self) -> None:
        """After `begin`: be the keeper of the agent for good."""
        os.seteuid(0)
        os.setgroups(self.agent.groups)
        os.setresgid(self.guard.gid, self.agent.gid, self.guard.gid)
        os.setresuid(self.guard.uid, self.agent.uid, self.guard.uid)

    def become_agent(self) -> None:
        """As the keeper, in a process forked for it: be the agent for good."""
        os.setresgid(self.agent.gid, self.agent.gid, self.agent.gid)
        os.setresuid(self.agent.uid, self.agent.uid, self.agent.uid)
        gain_nothing_more()

    def finish(self) -> None:
        """As the keeper, when no process of the agent's is left: be the guard's user for good."""
        os.setresgid(self.guard.gid, self.guard.gid, self.guard.gid)
        os.setresuid(self.guard.uid, self.guard.uid, self.guard.uid)

    @contextmanager
    def as_guard(self) -> Iterator[None]:
        """As the keeper: open and remove files as the guard's user, while no process of the agent's could signal it."""
        os.setresgid(self.guard.gid, self.guard.gid, self.agent.gid)
        os.setresuid(self.guard.uid, self.guard.uid, self.agent.uid)
        try:
            yield
        finally:
            os.setresuid(self.guard.uid, self.agent.uid, self.guard.uid)
            os.setresgid(self.guard.gid, self.agent.gid, self.guard.gid)


def gain_nothing_more() -> None:
    """Let no program that this process runs have more rights than it has (prctl(2), PR_SET_NO_NEW_PRIVS)."""
    if _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "no_new_privs cannot be set")


def shut_abstract_sockets() -> None:
    """Let this process and what it starts reach no abstract unix socket of others, where the kernel can (Landlock).

    The X server's and the session bus's are such. No new privileges must have been given up before.
    """
    if _libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1) < LANDLOCK_SCOPES_SINCE:
        return
    rules = struct.pack("QQQ", 0, 0, LANDLOCK_SCOPE_ABSTRACT_SOCKET)
    fd = _libc.syscall(LANDLOCK_CREATE_RULESET, rules, ctypes.c_size_t(len(rules)), 0)
    if fd >= 0:
        _libc.syscall(LANDLOCK_RESTRICT_SELF, fd, 0)
        os.close(fd)


def apply_filter(fd: int) -> None:
    """Put the compiled filter of system calls in `fd` over this process and all that it starts (seccomp(2)).

    Raises OSError. No new privileges must have been given up before.
    """
    size = os.fstat(fd).st_size
    code = ctypes.create_string_buffer(os.pread(fd, size, 0), size)
    program = struct.pack("HxxxxxxP", size // BPF_BYTES, ctypes.addressof(code))
    if _libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "the filter of system calls cannot be set")


def could_be_moved(path: str, agent: Account) -> str:
    """Return the directory above `path` in which the user `agent` could put something else in its place; empty for
    none."""
    above = os.path.dirname(os.path.realpath(path))
    while True:
        found = os.stat(above)
        open_to_it = found.st_mode & 0o002 or (found.st_mode & 0o020 and found.st_gid in agent.groups)
        if found.st_uid == agent.uid or (open_to_it and not found.st_mode & stat.S_ISVTX):
            return above
        if above == "/":
            return ""
        above = os.path.dirname(above)


def within_reach(users: Users, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of `paths` that the agent's user could read or run. Called after `Users.begin`.

    Asked in a process that is that user (access(2) with what it really may). Raises UnavailableError.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            users.become_keeper()
            users.become_agent()
            open_ones = [path for path in paths if os.access(path, os.R_OK) or os.access(path, os.X_OK)]
            with open(writer, "wb") as told:
                told.write(b"".join(os.fsencode(path) + b"\0" for path in open_ones))
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writer)
    with open(reader, "rb") as heard:
        said = heard.read()
    _, status = os.waitpid(pid, 0)
    if status:
        raise UnavailableError(f"the user {users.agent.name} cannot be tried", hint="this needs root to begin with")
    return tuple(os.fsdecode(path) for path in said.split(b"\0") if path)
