"""Hears of every change of the centre's policy while a session runs, by one long poll after the other.

What does not hold (a signature, an answer to another question, an older serial) changes nothing: the policy stays,
and what was wrong is told once. An answer that holds is also the proof that the API is there; an API that only repeats
old answers is one that is away.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from guardcli.broker.contact import Contact
from guardcli.broker.ruling import Machine, Ruling
from guardcli.client.api import POLL_SECONDS
from guardcli.client.central import Centre
from guardcli.model.errors import ConfigurationError, GuardError, UnavailableError

log = logging.getLogger("guard.watch")

BACKOFF_FIRST, BACKOFF_LAST = 0.2, 10.0
"""Seconds between attempts that fail: doubled from the first to the last."""

QUICK_SECONDS = 0.5
"""A poll that comes back sooner with nothing new is followed by a pause: it would be a busy loop otherwise."""

Tell = Callable[[Ruling | GuardError], None]


class Watch:
    """Asks from a thread of its own until it is stopped."""

    def __init__(self, centre: Centre, machine: Machine, first: Ruling, contact: Contact) -> None:
        self._centre = centre
        self._machine = machine
        self._now = first
        self._contact = contact
        self._stopped = threading.Event()
        self._fault = ""

    def start(self, tell: Tell) -> None:
        """Begin; `tell` gets each ruling that is new, and each fault, from the thread."""
        threading.Thread(target=self._run, args=(tell,), name="guard-watch", daemon=True).start()

    def start_on(self, loop: asyncio.AbstractEventLoop, tell: Tell) -> None:
        """Begin, as `start` does; `tell` is called on `loop`, which hears nothing more once it has ended."""

        def soon(found: Ruling | GuardError) -> None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(tell, found)

        self.start(soon)

    def stop(self) -> None:
        """Ask no more; a poll that is under way is not waited for."""
        self._stopped.set()

    def _run(self, tell: Tell) -> None:
        pause, wait = BACKOFF_FIRST, 0.0
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                is_new = self._look(wait, tell)
                wait = POLL_SECONDS
            except GuardError as error:
                self._contact.failed()
                self._complain(error, tell)
                wait = 0.0
                self._stopped.wait(pause)
                pause = min(BACKOFF_LAST, pause * 2)
                continue
            pause = BACKOFF_FIRST
            if not is_new and time.monotonic() - began < QUICK_SECONDS:
                self._stopped.wait(QUICK_SECONDS)

    def _look(self, wait: float, tell: Tell) -> bool:
        assigned = self._centre.ask(wait)
        self._contact.heard()
        before = self._now.assigned
        if before is not None and assigned.answer.serial == before.answer.serial:
            self._fault = ""
            return False
        same = before is not None and _what(before.answer) == _what(assigned.answer)
        try:
            ruling = self._machine.under(assigned)
        except ConfigurationError as error:  # the API is there, and what it gives holds: this guard cannot read it
            self._complain(error, tell)
            return False
        self._now, self._fault = ruling, ""
        if not same and not self._stopped.is_set():
            tell(ruling)
        return True

    def _complain(self, error: GuardError, tell: Tell) -> None:
        fault = type(error).__name__ if isinstance(error, UnavailableError) else str(error)
        if fault != self._fault and not self._stopped.is_set():
            log.warning("the centre's policy: %s", error)
            self._fault = fault
            tell(error)


def _what(answer: object) -> tuple[object, ...]:
    return tuple(getattr(answer, name) for name in ("version", "content", "group", "groups"))
