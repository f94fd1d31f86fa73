"""Starts ``guard`` from a process that has loaded it before: a session's start costs half of what it costs cold.

That process, one for each worker, has a single thread and does nothing but fork. What it forks has the arguments, the
environment, the directory and the first three descriptors that it was asked for, runs `guardcli.cli.main`, and ends as
Python ends. What tells it from another is /proc/PID/cmdline and environ, its limits, and what modules ask of the
environment when they are loaded: where that counts, tests start ``python -m guardcli``.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

LOADED = ("guardcli.cli.run", "guardcli.cli.api", "guardcli.api.server", "guardcli.api.app", "uvloop")
"""What a session and the API load anyhow."""

NUMBER = struct.Struct("=i")
"""What is said of a process: its number, and at its end the status that wait gave."""


class Guard(subprocess.Popen[Any]):
    """A ``guard`` with `arguments`, to be used like any other process. Takes the options of a `Popen` that are about
    the directory, the environment, the first three descriptors, text, the umask and a new session, and no others.
    """

    def __init__(self, arguments: Sequence[str], **options: Any) -> None:
        super().__init__(["guard", *arguments], **options)

    def _execute_child(self, arguments: Any, *more: Any) -> None:
        """Ask for a fork, where Python's own method forks; `more` is what that gets."""
        directory, environment, pipes = more[4], more[5], more[9:15]
        asked = {"arguments": arguments[1:], "directory": os.fspath(directory or Path.cwd())}
        asked["environment"] = dict(os.environ if environment is None else environment)
        asked["umask"], asked["session"] = more[19:21]
        ends = [end if end >= 0 else place for place, end in enumerate((pipes[0], pipes[3], pipes[5]))]
        self._said, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as file:
            file.write(json.dumps(asked).encode())
            file.flush()
            socket.send_fds(nursery().control, [b"!"], [file.fileno(), theirs.fileno(), *ends])
        (self.pid,) = NUMBER.unpack(self._said.recv(NUMBER.size, socket.MSG_WAITALL))
        self._child_created = True
        self._close_pipe_fds(*pipes)

    def _try_wait(self, flags: int) -> tuple[int, int]:
        """Return the process's number and status, or zeros where `flags` say not to wait and it has not ended."""
        try:
            said = self._said.recv(NUMBER.size, socket.MSG_WAITALL | (socket.MSG_DONTWAIT if flags else 0))
        except BlockingIOError:
            return 0, 0
        self._said.close()
        return self.pid, NUMBER.unpack(said)[0]

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        if self.returncode is None and self._waitpid_lock.acquire(False):
            try:
                pid, status = self._try_wait(os.WNOHANG)
                if pid:
                    self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode


def run(
    arguments: Sequence[str], *, timeout: float, input: Any = None, capture_output: bool = False, **options: Any
) -> subprocess.CompletedProcess[Any]:
    """Run ``guard`` to its end, as `subprocess.run` does."""
    if capture_output:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    if input is not None:
        options["stdin"] = subprocess.PIPE
    with Guard(arguments, **options) as process:
        try:
            said, complained = process.communicate(input, timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, said, complained)


def detached(command: list[str], log: Path) -> int:
    """Start the embedded API as `guardcli.client.embedded` does, and return what is readable when it has ended."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GUARD_")}
    config = {name: os.environ[name] for name in ("GUARD_CONFIG_DIR",) if name in os.environ}
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
        made = Guard(
            command[command.index("api") :],
            env=kept | config | {"PYTHONSAFEPATH": "1"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            umask=0o077,
            start_new_session=True,
        )
    made.returncode = 0  # nobody waits for it
    return made._said.detach()


class Nursery(NamedTuple):
    """The process that forks, and the way to it."""

    process: subprocess.Popen[bytes]
    control: socket.socket


@cache
def nursery() -> Nursery:
    """Return this worker's process that forks, started when first asked for; it ends when `control` closes."""
    ours, theirs = socket.socketpair()
    with theirs:
        # by these words tests tell a broker from an agent
        return Nursery(subprocess.Popen([sys.executable, __file__, "-m", "guardcli", "run"], stdin=theirs), ours)


def close() -> None:
    """End that process, if there is one."""
    if nursery.cache_info().currsize:
        process, control = nursery()
        control.close()
        process.wait()
        nursery.cache_clear()


class Asked(NamedTuple):
    """What a process is to be: its request as JSON, then where its state is said, then its first three descriptors."""

    request: int
    said: int
    ends: tuple[int, int, int]


def serve(control: socket.socket) -> Asked | None:
    """Fork on request until `control` closes. Returns in each process that was forked, with what it is to be."""
    running: dict[int, int] = {}
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in selector.select()}
            if woken in ready:
                os.read(woken, 4096)
            if control.fileno() in ready:
                data, sent, _, _ = socket.recv_fds(control, 1, 5)
                if not data:
                    return None
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    return Asked(sent[0], sent[1], (sent[2], sent[3], sent[4]))
                os.write(sent[1], NUMBER.pack(pid))
                running[pid] = sent.pop(1)
                for descriptor in sent:
                    os.close(descriptor)
            reap(running)


def reap(running: dict[int, int]) -> None:
    """Say of every process that has ended how it did."""
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        said = running.pop(pid)
        with suppress(BrokenPipeError):  # whoever started it may no longer ask
            os.write(said, NUMBER.pack(status))
        os.close(said)


def become(asked: Asked) -> None:
    """Be the guard that was asked for."""
    with open(asked.request, "rb") as file:
        file.seek(0)
        request = json.load(file)
    for place, end in enumerate(asked.ends):
        os.dup2(end, place)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    if request["umask"] >= 0:
        os.umask(request["umask"])
    if request["session"]:
        os.setsid()
    sys.stdout.reconfigure(line_buffering=os.isatty(1))
    random.seed()
    main = importlib.import_module("guardcli.cli.main")
    sys.argv = [str(Path(main.__file__ or "").parent.parent / "__main__.py"), *request["arguments"]]
    sys.path[0] = request["directory"]
    main.main()


if __name__ == "__main__":
    for name in LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=0) as control:
        asked = serve(control)
        control.detach()
    if asked is not None:
        become(asked)
