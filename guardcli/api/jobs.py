"""What the API does by itself, now and then: one worker at a time, each job when it is due.

A job that fails is logged and counted, shown to admins, and done again when it is due next. None of them holds a
request back.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from guardcli.api.config import Config
from guardcli.api.metrics import Metrics
from guardcli.api.store import Store
from guardcli.api.store.retention import Rules
from guardcli.api.store.rewrapping import Rewrapping
from guardcli.api.store.signed import LEAVES_MAX
from guardcli.api.telemetry import Telling
from guardcli.model.errors import GuardError, UnavailableError
from guardcli.signing import KeyRing

log = logging.getLogger("guard.api")

TICK_SECONDS = 5.0
"""How exactly jobs keep their time."""

HEAD_SECONDS = 60.0
"""Between two signed heads."""

LEASE_SECONDS = 900.0
"""After that long a worker that took a job on counts as lost."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do `every` so many seconds; `work` says what it did, empty for nothing."""

    name: str
    every: float
    work: Callable[[], str]


class Jobs:
    """Does jobs, in turns with other workers."""

    def __init__(self, store: Store, metrics: Metrics, jobs: tuple[Job, ...]) -> None:
        self._leases = store.leases
        self._metrics = metrics
        self._jobs = jobs
        self._holder = f"{socket.gethostname()[:32]}:{os.getpid()}:{os.urandom(4).hex()}"

    async def run(self) -> None:
        """Look after the jobs, for ever."""
        await asyncio.gather(*(self._look_after(job) for job in self._jobs))

    async def _look_after(self, job: Job) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            await run_in_threadpool(self.attempt, job)

    def attempt(self, job: Job) -> None:
        """Do `job` if it is due and nobody else is at it."""
        error = ""
        try:
            if not self._leases.take(job.name, self._holder, job.every, LEASE_SECONDS):
                return
            if did := job.work():
                log.info("job done", extra={"facts": {"job": job.name, "did": did}})
        except GuardError as failure:
            error = str(failure)
            log.warning("job failed", extra={"facts": {"job": job.name, "error": error}})
        except Exception as failure:
            error = f"an error in guard: {type(failure).__name__}"
            log.exception("job failed", extra={"facts": {"job": job.name}})
        self._metrics.jobs.labels(job.name, "failed" if error else "done").inc()
        try:
            self._leases.done(job.name, self._holder, error)
        except GuardError as failure:
            log.warning("job not noted", extra={"facts": {"job": job.name, "error": str(failure)}})


def jobs_of(store: Store, metrics: Metrics, config: Config, keys: KeyRing) -> tuple[Job, ...]:
    """Return what there is to do."""
    telling = (Job("telemetry", TICK_SECONDS, Telling(store, metrics, config.telemetry)),)
    rules = Rules(config.retention.days, config.retention.policies)
    return (
        *(telling if config.telemetry.endpoint else ()),
        Job("heads", HEAD_SECONDS, lambda: sign_heads(store, keys)),
        Job("retention", 3600.0, lambda: _counted(store.retention.run(rules), "recordings deleted")),
        Job("rewrapping", 3600.0, lambda: _counted(Rewrapping(store.engine, store.stretches).move(), "batches moved")),
    )


def sign_heads(store: Store, keys: KeyRing) -> str:
    """Sign what has grown; say which head that is, for a log that is kept elsewhere.

    Raises UnavailableError where something is not what was signed before: `guard audit verify` says what.
    """
    did = []
    while made := store.signed.make(keys.sign):
        if made.leaves or made.digest:
            did.append(f"head {made.number} {made.digest} over {made.leaves} sessions")
        if made.refused:
            raise UnavailableError(
                f"not signed, shorter than before: {', '.join(made.refused[:5])}", hint="guard audit verify"
            )
        if made.leaves < LEAVES_MAX:
            break
    return "; ".join(did)


def _counted(steps: Iterable[object], what: str) -> str:
    count = sum(1 for _ in steps)
    return f"{count} {what}" if count else ""
