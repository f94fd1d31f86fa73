"""Asking about files, and asking git, with the rights of an agent that is a user of its own.

The broker has other rights than the agent, and must not lend them: it would read for the agent what that may not read,
and could not read what that may. A process beside it, the agent's keeper, opens what the agent names with the agent's
rights, and starts git as the agent. It hands over descriptors and nothing else, one answer for each question::

    question   u32 length, then JSON: {"do": "file" | "directory" | "look", "path"}; {"do": "git", "words", "cwd",
               "env"} with the descriptors of the program, of its stdin, stdout and stderr, and of a pipe for its
               status; {"do": "end", "pid"}; or {"do": "again", "flags"} with a descriptor of the agent's
    answer     u32 length, then JSON: {"pid"}, {"error", "words"}, or {} with a descriptor
"""

from __future__ import annotations

import array
import json
import os
import select
import signal
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from io import FileIO
from typing import IO, Any

from guardcli.broker.opening import first_names, open_regular

LENGTH = struct.Struct("I")
FDS_MOST = 8
QUESTION_MOST = 16 << 20
"""Bytes: the kernel allows 6 MiB of arguments and environment at the most."""
ANSWER_SECONDS = 20.0
"""How long an answer may take; a file system that hangs is none to judge by."""
LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC
GIT_FDS = 5


class HandedFiles:
    """The files of an agent that is another user, for facts. Used from several threads."""

    def __init__(self, hands: socket.socket) -> None:
        hands.settimeout(ANSWER_SECONDS)
        self._hands = hands
        self._lock = threading.Lock()

    def open_regular(self, path: str) -> int:
        """Return a descriptor to read the regular file at `path`. Raises OSError."""
        return self._open("file", path)

    def names_in(self, path: str, most: int) -> Sequence[str]:
        """Return the names in the directory at `path`, no more than `most` of them. Raises OSError."""
        fd = self._open("directory", path)
        try:
            with os.scandir(fd) as entries:
                return first_names(entries, most)
        finally:
            os.close(fd)

    def lstat(self, path: str) -> os.stat_result:
        """Return what is known of `path` itself, a link not followed. Raises OSError."""
        fd = self._open("look", path)
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)

    def start_git(
        self, program: str | int, cwd: str, words: Sequence[str], env: Mapping[str, str], stdin: int
    ) -> HandedGit:
        """Start git, the descriptor `program`, in `cwd` as the agent. Raises OSError."""
        output, written = os.pipe2(os.O_CLOEXEC)
        complaint, complained = os.pipe2(os.O_CLOEXEC)
        ended, ends = os.pipe2(os.O_CLOEXEC)
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        question = {"do": "git", "words": list(words), "cwd": cwd, "env": dict(env)}
        try:
            given = (int(program), null if stdin == subprocess.DEVNULL else stdin, written, complained, ends)
            answer, _ = self._ask(question, given)
        except BaseException:
            for fd in (output, complaint, ended):
                os.close(fd)
            raise
        finally:
            for fd in (written, complained, ends, null):
                os.close(fd)
        return HandedGit(self, int(answer["pid"]), output, complaint, ended)

    def end(self, pid: int) -> None:
        """End a git that was started here."""
        with suppress(OSError):
            self._ask({"do": "end", "pid": pid})

    def reopen(self, fd: int, flags: int) -> int:
        """Return a new descriptor of what `fd` leads to, opened as the agent would. Raises OSError."""
        return self._descriptor({"do": "again", "flags": flags}, [fd])

    def _open(self, what: str, path: str) -> int:
        if "\0" in path:
            raise ValueError("a path with a NUL")
        return self._descriptor({"do": what, "path": path})

    def _descriptor(self, question: Mapping[str, object], given: Sequence[int] = ()) -> int:
        _, fds = self._ask(question, given)
        if len(fds) != 1:
            raise OSError(5, "the answer has no descriptor")
        return fds[0]

    def _ask(self, question: Mapping[str, object], fds: Sequence[int] = ()) -> tuple[dict[str, Any], list[int]]:
        with self._lock:
            try:
                send(self._hands, question, fds)
                heard = receive(self._hands)
            except OSError:  # an answer that comes later would be taken for that to another question
                self._hands.close()
                raise
        if heard is None:
            raise OSError(5, "the agent's keeper has gone")
        answer, given = heard
        if "error" in answer:
            raise OSError(int(answer["error"]), str(answer["words"]))
        return answer, given


class HandedGit:
    """A git that runs as the agent; `stdout` and `stderr` are pipes. What `subprocess.Popen` would be elsewhere."""

    def __init__(self, files: HandedFiles, pid: int, output: int, complaint: int, ended: int) -> None:
        self._files = files
        self._pid = pid
        self._ended = ended
        self._status: int | None = None
        self.stdout: IO[bytes] = FileIO(output)
        self.stderr: IO[bytes] = FileIO(complaint)

    def wait(self, timeout: float) -> int:
        """Return its status, negative for a signal. Raises subprocess.TimeoutExpired."""
        if self._status is None:
            ready, _, _ = select.select([self._ended], [], [], timeout)
            if not ready:
                raise subprocess.TimeoutExpired("git", timeout)
            said = os.read(self._ended, LENGTH.size)
            self._status = os.waitstatus_to_exitcode(LENGTH.unpack(said)[0]) if len(said) == LENGTH.size else 1
        return self._status

    def kill(self) -> None:
        """End it where it still runs."""
        if self._status is None:
            self._files.end(self._pid)

    def __enter__(self) -> HandedGit:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stdout.close()
        self.stderr.close()
        os.close(self._ended)


def send(connection: socket.socket, said: Mapping[str, object], fds: Sequence[int] = ()) -> None:
    """Send one question or answer, `fds` with its first bytes. Raises OSError."""
    body = json.dumps(said).encode()
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    connection.sendmsg([LENGTH.pack(len(body))], rights)
    connection.sendall(body)


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Return the next question or answer with its descriptors; None at the end. Raises OSError."""
    head, fds, _, _ = socket.recv_fds(connection, LENGTH.size, FDS_MOST)
    for fd in fds:
        os.set_inheritable(fd, False)
    if len(head) != LENGTH.size:
        return None
    length = LENGTH.unpack(head)[0]
    if length > QUESTION_MOST:
        raise OSError(7, "a question that is too long")
    body = bytearray()
    while len(body) < length:
        piece = connection.recv(length - len(body))
        if not piece:
            return None
        body += piece
    return dict(json.loads(body)), list(fds)


class Keeper:
    """The other end: opens files and starts git with the rights that this process has, the agent's."""

    def __init__(self, connection: socket.socket, become_agent: Callable[[], None]) -> None:
        self._connection = connection
        self._become_agent = become_agent
        self._running: dict[int, int] = {}

    def serve(self) -> None:
        """Answer until the broker has gone; end what it started."""
        asked = self._connection.fileno()
        woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        while True:
            ready, _, _ = select.select([asked, woken], [], [])
            if woken in ready:
                os.read(woken, 512)
                self._reap()
            if asked in ready:
                heard = receive(self._connection)
                if heard is None:
                    break
                self._answer(heard[0], heard[1])
        for pid in self._running:
            _end(pid)

    def _answer(self, question: Mapping[str, Any], fds: list[int]) -> None:
        opened: list[int] = []
        answer: dict[str, object] = {}
        try:
            if question["do"] == "git":
                answer["pid"] = self._start(question, fds)
            elif question["do"] == "end":
                if question["pid"] in self._running:
                    _end(question["pid"])
            elif question["do"] == "again":
                flags = int(question["flags"]) | os.O_NOCTTY | os.O_CLOEXEC
                opened.append(os.open(f"/proc/self/fd/{fds[0]}", flags))
            else:
                opened.append(_open(str(question["do"]), str(question["path"])))
        except OSError as error:
            answer = {"error": error.errno or 5, "words": error.strerror or str(error)}
        try:
            send(self._connection, answer, opened)
        finally:
            for fd in (*fds, *opened):
                os.close(fd)

    def _start(self, question: Mapping[str, Any], fds: list[int]) -> int:
        if len(fds) != GIT_FDS:
            raise OSError(22, "another number of descriptors than git needs")
        program, stdin, stdout, stderr, ends = fds
        pid = os.fork()
        if pid == 0:
            try:
                self._become_agent()
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)
                for number, fd in enumerate((stdin, stdout, stderr)):
                    os.dup2(fd, number)
                os.chdir(question["cwd"])
                os.execve(program, question["words"], question["env"])  # noqa: S606 - the broker's own words
            except OSError as error:
                os.write(2, f"{error.strerror}\n".encode())
            finally:
                os._exit(126)
        self._running[pid] = os.dup(ends)
        return pid

    def _reap(self) -> None:
        while self._running:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            ends = self._running.pop(pid, -1)
            if ends >= 0:
                with suppress(OSError):
                    os.write(ends, LENGTH.pack(status))
                os.close(ends)


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _open(what: str, path: str) -> int:
    if what == "file":
        return open_regular(path)
    return os.open(path, DIRECTORY if what == "directory" else LOOK)


def fork_keeper(connection: socket.socket, become_agent: Callable[[], None]) -> int:
    """Start the process that answers at `connection`, and return its pid.

    It has the agent's rights already, as its effective ones at the least; `become_agent` is called in a process that
    is to be the agent and nothing else.
    """
    pid = os.fork()
    if pid:
        connection.close()
        return pid
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        Keeper(connection, become_agent).serve()
    finally:
        os._exit(0)
