"""Jobs are done by one worker at a time, when they are due, and their failures are seen."""

from __future__ import annotations

import threading

from guardcli.api.jobs import Job, Jobs
from guardcli.api.metrics import Metrics
from guardcli.api.store import Store
from guardcli.model.errors import UnavailableError


def test_of_many_workers_one_does_what_is_due(store: Store) -> None:
    done: list[int] = []
    job = Job("count", 3600.0, lambda: done.append(1) or "")
    workers = [Jobs(store, Metrics(), (job,)) for _ in range(6)]
    threads = [threading.Thread(target=worker.attempt, args=(job,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [1]


def test_a_job_is_done_again_when_it_is_due_and_not_while_another_is_at_it(store: Store) -> None:
    done: list[str] = []
    first, second = Jobs(store, Metrics(), ()), Jobs(store, Metrics(), ())
    inner = Job("often", 0.0, lambda: done.append("inner") or "")

    def work() -> str:
        second.attempt(inner)
        done.append("outer")
        return ""

    first.attempt(Job("often", 0.0, work))
    assert done == ["outer"]
    second.attempt(inner)
    assert done == ["outer", "inner"]


def test_a_lease_of_a_worker_that_is_lost_ends(store: Store) -> None:
    assert store.leases.take("job", "lost", 60.0, -1.0)
    assert store.leases.take("job", "next", 60.0, 60.0)
    assert not store.leases.take("job", "third", 60.0, 60.0)


def test_a_failure_is_noted_and_counted_and_ends_nothing(store: Store) -> None:
    def fails() -> str:
        raise UnavailableError("the bucket is away")

    def breaks() -> str:
        raise RuntimeError("secret detail")

    metrics = Metrics()
    jobs = Jobs(store, metrics, ())
    jobs.attempt(Job("one", 0.0, fails))
    jobs.attempt(Job("two", 0.0, breaks))
    assert [(lease.name, lease.error) for lease in store.leases.all()] == [
        ("one", "the bucket is away"),
        ("two", "an error in guard: RuntimeError"),
    ]
    assert b'guard_jobs_total{job="one",outcome="failed"} 1.0' in metrics.text()
