"""Running the agent itself: in the foreground, in place, with nothing left behind.

The process that does so stays in the agent's process group and terminal and does as little as `env` would: Ctrl-C and
Ctrl-Z reach the agent by themselves, TERM and HUP are passed on, and what stops or ends the agent stops or ends this
process likewise. It adopts the agent's orphans (PR_SET_CHILD_SUBREAPER, prctl(2)), so that they stay in the
session's tree, and ends them with the session.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PR_SET_DUMPABLE = 4
TERM_SECONDS = 2.0
"""Between TERM and KILL."""
ENTER_SECONDS = 20.0
"""How long a signal waits for an agent to be in its sandbox; a second one of those does not wait."""
PASSED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
LEFT_TO_THE_AGENT = (signal.SIGINT, signal.SIGQUIT)

_libc = ctypes.CDLL(None, use_errno=True)


class BrokerLost(Exception):
    """The broker went away while the agent was running."""


def adopt_orphans() -> None:
    """Make this process the reaper of its descendants."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def keep_memory_private() -> None:
    """Let no process of the same user read this one's memory or environment, trace it, or find a core dump of it.

    What this process starts by exec is not bound by it (prctl(2), PR_SET_DUMPABLE; root may still do all of that).
    """
    _libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def start_agent(
    argv: Sequence[str],
    env: Mapping[str, str],
    inherited: Sequence[int] = (),
    become: Callable[[], None] | None = None,
) -> int:
    """Start the agent so that it dies with this process; return its pid. 127 or 126 is its status if it cannot run.

    `inherited` are descriptors that it keeps beside the standard ones; any others that came from whoever started this
    process are then closed, since a directory among them would lead out of a sandbox. `become` changes in the new
    process who that is.
    """
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        if become is not None:
            become()  # the kernel forgets the next line where it comes before
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
        for number in (*LEFT_TO_THE_AGENT, *PASSED_ON, signal.SIGPIPE, signal.SIGXFSZ):
            if signal.getsignal(number) is not signal.SIG_IGN or number in (signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
        if inherited or become is not None:
            _close_all_but(inherited)
        os.execvpe(argv[0], list(argv), dict(env))  # noqa: S606 - the agent is what the user typed
    except OSError as error:
        os.write(2, f"guard: {argv[0]}: {error.strerror}\n".encode("utf-8", "backslashreplace"))
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)
    finally:
        os._exit(1)


def _close_all_but(kept: Sequence[int]) -> None:
    """Let the program that comes next have `kept` and the standard descriptors, and no others."""
    for name in os.listdir("/proc/self/fd"):
        fd = int(name)
        if fd > 2:
            with suppress(OSError):
                os.set_inheritable(fd, fd in kept)


class Supervisor:
    """Waits for the agent while the broker lives."""

    def __init__(self, control: socket.socket) -> None:
        """`control` is readable when the broker has gone."""
        self._control = control
        self._agent = 0
        self._entered = False
        self._enters = False
        self._asked: list[int] = []
        self._patient_until = 0.0
        self._wake, self._woken = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        for number in PASSED_ON:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._ask)
        for number in LEFT_TO_THE_AGENT:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _nothing)
        signal.signal(signal.SIGCHLD, _nothing)
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)

    def run(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        inherited: Sequence[int] = (),
        become: Callable[[], None] | None = None,
        *,
        enters: bool = False,
    ) -> int:
        """Run the agent to its end and return its wait status. Raises BrokerLost once the agent is ended for that.

        One that `enters` a sandbox is signalled from when the broker says that it is inside: a signal before that would
        meet what makes the sandbox. What does not get there within `ENTER_SECONDS` of a signal, or before a second
        one, is killed.
        """
        self._enters = enters
        self._agent = start_agent(argv, env, inherited, become)
        for fd in inherited:
            os.close(fd)
        while True:
            status = self._look()
            if status is not None:
                self._agent = 0
                return status
            self._pass_on()
            ready, _, _ = select.select([self._wake, self._control.fileno()], [], [], self._patience())
            if self._wake in ready:
                with suppress(BlockingIOError):
                    os.read(self._wake, 512)
            if self._control.fileno() in ready and not self._heard():
                end_processes([self._agent])
                self._agent = 0
                raise BrokerLost

    def _heard(self) -> bool:
        """Take what the broker says; False when it has gone."""
        try:
            said = self._control.recv(1)
        except OSError:
            return False
        self._entered = self._entered or said == b"i"
        return bool(said)

    def has_entered(self) -> bool:
        """Tell whether an isolated agent has begun inside its sandbox."""
        while not self._entered and select.select([self._control.fileno()], [], [], 0)[0]:
            if not self._heard():
                break
        return self._entered

    def _look(self) -> int | None:
        """Return the agent's wait status when it has ended; stop when it stopped; reap what was adopted."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                return 0
            if pid == 0:
                return None
            if pid != self._agent:
                continue
            if not os.WIFSTOPPED(status):
                return status
            os.kill(os.getpid(), signal.SIGSTOP)
            with suppress(ProcessLookupError):
                os.kill(self._agent, signal.SIGCONT)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked.append(number)

    def _patience(self) -> float | None:
        """Return for how many seconds signals may wait for the agent; None where none does."""
        if not self._waits():
            return None
        now = time.monotonic()
        self._patient_until = self._patient_until or now + ENTER_SECONDS
        if now >= self._patient_until or len(self._asked) > 1:
            with suppress(ProcessLookupError):
                os.kill(self._agent, signal.SIGKILL)
            self._asked.clear()
            return None
        return self._patient_until - now

    def _waits(self) -> bool:
        """Tell whether a signal came and the agent is not in its sandbox yet."""
        return bool(self._asked) and self._enters and not self._entered

    def _pass_on(self) -> None:
        """Give the agent the signals that came, once it is there."""
        while self._asked and not self._waits():
            number = self._asked.pop(0)
            for pid in self._addressed():
                with suppress(ProcessLookupError):
                    os.kill(pid, number)

    def _addressed(self) -> Sequence[int]:
        """Return the agent's process; in a sandbox, that is the child of the sandbox's first one."""
        if not self._enters:
            return [self._agent]
        first = children(self._agent)
        inside = sorted(pid for one in first for pid in children(one))  # what was orphaned there comes later
        return inside[:1] or first


def _nothing(number: int, frame: FrameType | None) -> None:
    """Let a signal only wake the loop: the terminal has sent it to the agent as well."""


def children(parent: int) -> list[int]:
    """Return the pids of the children of `parent`, from /proc."""
    return [pid for pid, above in _parents() if above == parent]


def descendants(root: int) -> list[int]:
    """Return the pids of all processes below `root`, from /proc."""
    known: dict[int, list[int]] = {}
    for pid, parent in _parents():
        known.setdefault(parent, []).append(pid)
    found, waiting = [], [root]
    while waiting:
        below = known.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _parents() -> Iterator[tuple[int, int]]:
    """Yield every process that has not ended, with its parent."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue
            if fields[0] != b"Z":
                yield int(entry.name), int(fields[1])


def end_processes(pids: Sequence[int], spare: int = 0) -> None:
    """End processes, TERM first and KILL after `TERM_SECONDS`, and reap those that are our own children."""
    left = [pid for pid in pids if pid and pid != spare]
    for number, seconds in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, TERM_SECONDS)):
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
                os.kill(pid, signal.SIGCONT)
        until = time.monotonic() + seconds
        while left and time.monotonic() < until:
            left = [pid for pid in left if _alive(pid)]
            if left:
                time.sleep(0.01)
        if not left:
            return


def _alive(pid: int) -> bool:
    with suppress(ChildProcessError):
        ended, _ = os.waitpid(pid, os.WNOHANG)
        return ended == 0
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def leave_as(status: int) -> None:
    """End this process the way that a wait status says another one ended."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        sys.stdout.flush()
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1)
