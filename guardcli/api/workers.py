"""Several processes that serve the same socket: forked, watched, started again when one is lost, stopped together.

The parent serves nothing and opens no database: it forks before there is any thread, waits for its children, and
passes SIGTERM and SIGINT on. A worker ends when its parent does (PR_SET_PDEATHSIG, prctl(2)).
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from guardcli.model.errors import UnavailableError

log = logging.getLogger("guard.api")

PR_SET_PDEATHSIG = 1

STOPS = (signal.SIGTERM, signal.SIGINT)

SHORT_SECONDS = 2.0
"""A worker that lived no longer than that never served; that many in a row end it all."""

SHORT_LIVES = 5


class Workers:
    """Runs `work` in `count` processes until told to stop. `lost` hears of each one that ended by itself."""

    def __init__(self, count: int, work: Callable[[], None], lost: Callable[[int], None] = lambda pid: None) -> None:
        self._count = count
        self._work = work
        self._lost = lost
        self._began: dict[int, float] = {}
        self._stopping = False
        self._short_lives = 0

    def run(self) -> None:
        """Fork, watch, and return when all have ended. Raises UnavailableError where workers do not stay alive."""
        for number in STOPS:
            signal.signal(number, self._stop)
        for _ in range(self._count):
            self._fork()
        while self._began:
            try:
                pid, status = os.waitpid(-1, 0)
            except ChildProcessError:
                break
            if pid in self._began:
                self._ended(pid, status)
        if self._short_lives >= SHORT_LIVES:
            raise UnavailableError("the API's workers end as soon as they are started", hint="the log says why")

    def _fork(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # the child must not act on one as if it were the parent
        if self._stopping:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
            return
        parent = os.getpid()
        pid = os.fork()
        if pid:
            self._began[pid] = time.monotonic()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
            return
        status = 1
        try:
            for number in STOPS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() == parent:
                self._work()
            status = 0
        except Exception:
            log.exception("a worker failed")
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _ended(self, pid: int, status: int) -> None:
        lived = time.monotonic() - self._began.pop(pid)
        self._lost(pid)
        if self._stopping:
            return
        code = os.waitstatus_to_exitcode(status)
        log.warning("a worker was lost", extra={"facts": {"pid": pid, "status": code, "seconds": round(lived, 1)}})
        self._short_lives = self._short_lives + 1 if lived < SHORT_SECONDS else 0
        if self._short_lives >= SHORT_LIVES:
            self._stop(signal.SIGTERM, None)
        else:
            self._fork()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        for pid in list(self._began):
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
