"""Failures are counted once for all, empty with time, and are forgotten."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select

from guardcli.api.store import Store, failures
from guardcli.api.store.database import reading
from guardcli.api.store.schema import FAILURES


def rows(store: Store) -> int:
    with reading(store.engine) as connection:
        return int(connection.execute(select(func.count()).select_from(FAILURES)).scalar_one())


def test_a_bucket_fills_and_empties_by_its_rate(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    at = [1000.0]
    monkeypatch.setattr(failures, "now", lambda: at[0])
    assert [store.failures.count("10.0.0.1 \udcff", 0.5) for _ in range(3)] == [1.0, 2.0, 3.0]
    assert store.failures.count("10.0.0.2", 0.5) == 1.0
    at[0] = 1002.0
    assert store.failures.count("10.0.0.1 \udcff", 0.5) == 3.0
    at[0] = 1500.0
    assert store.failures.count("10.0.0.1 \udcff", 0.5) == 1.0
    with reading(store.engine) as connection:
        assert not [key for key in connection.execute(select(FAILURES.c.key)).scalars() if "10.0" in key]


def test_none_of_those_at_the_same_moment_is_lost(store: Store) -> None:
    levels: list[float] = []
    threads = [threading.Thread(target=lambda: levels.append(store.failures.count("a", 0.0))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(levels) == [float(number) for number in range(1, 13)]


def test_what_is_empty_is_forgotten(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "CLEARED", 1)
    monkeypatch.setattr(failures, "now", lambda: 1000.0)
    store.failures.count("old", 0.5)
    monkeypatch.setattr(failures, "now", lambda: 1119.0)
    store.failures.count("new", 0.5)
    assert rows(store) == 2
    monkeypatch.setattr(failures, "now", lambda: 1121.0)
    store.failures.count("new", 0.5)
    assert rows(store) == 1
