"""Tries whether the shell grammar reads a text in time, in a process that can be ended while it is at it.

The grammar's recovery from a broken text can take a time that is exponential in its length, inside one call that no
callback, thread or signal handler of the same process interrupts. What it does is the same for the same text, so that
what ended in time here ends in time there as well.
"""

from __future__ import annotations

import os
import select
import struct
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from guardcli.model.facts import FactUnavailable

WAIT_SECONDS = 5.0
"""Time on the clock for one answer, where the machine is too busy to spend the time of the processor before."""
CALL_SECONDS = 0.5
"""Time on the clock for all texts of one call, after which no other one is tried."""

_PROGRAM = Path(__file__).with_name("shell_trial_process.py")
_LENGTH = struct.Struct("=I")


class ShellTrial:
    """Answers for one text after the other, from any thread; its process starts with the first and starts again after
    one that had to be ended. Without it, or where it cannot be started, no text is read in time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: Callable[[], object] | None = None

    def __call__(self, text: bytes) -> bool:
        """Return whether the grammar reads `text`, without a fault in it, within the bound."""
        with self._lock:
            try:
                process = self._process or self._start()
                answer = _ask(process, text)
            except OSError:
                answer = b""
            if not answer:
                self._stop()
            return answer == b"y"

    def get_ready(self) -> None:
        """Start the process where there is none: what that takes is no text's time."""
        with self._lock, suppress(OSError):
            if self._process is None:
                _ask(self._start(), b"")

    def for_one_call(self) -> Callable[[bytes], bool]:
        """Return what answers for the texts of one call, each once; after `CALL_SECONDS` it raises FactUnavailable."""
        answers: dict[bytes, bool] = {}
        spent = 0.0

        def answer(text: bytes) -> bool:
            nonlocal spent
            if text not in answers:
                if spent > CALL_SECONDS:
                    raise FactUnavailable("the texts before it took too long to read")
                self.get_ready()
                began = time.monotonic()
                answers[text] = self(text)
                spent += time.monotonic() - began
            return answers[text]

        return answer

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._stop()

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = process = subprocess.Popen(
            [sys.executable, "-P", "-S", "-E", str(_PROGRAM), *(path for path in sys.path if os.path.isabs(path))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            bufsize=0,
            start_new_session=True,
        )
        self._end = weakref.finalize(self, _end, process)
        return process

    def _stop(self) -> None:
        if self._end is not None:
            self._end()
        self._process = None


def _ask(process: subprocess.Popen[bytes], text: bytes) -> bytes:
    """Return the one byte that `process` answers; empty where it has ended or does not answer in time."""
    asked, answered = process.stdin, process.stdout
    if asked is None or answered is None:
        return b""
    message = memoryview(_LENGTH.pack(len(text)) + text)
    while message:
        message = message[asked.write(message) :]
    waiting = select.poll()
    waiting.register(answered, select.POLLIN)
    return answered.read(1) if waiting.poll(1000 * WAIT_SECONDS) else b""


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
