"""What fails too often is not tried for a while; others are."""

from __future__ import annotations

import pytest

from guardcli.api.identity import throttle as module
from guardcli.api.identity.throttle import Throttle
from guardcli.model.errors import ThrottledError, UnavailableError


def test_after_so_many_failures_nothing_is_tried_for_a_while() -> None:
    at = [0.0]
    throttle = Throttle(5, lambda: at[0])
    for _ in range(5):
        throttle.check("a")
        throttle.failed("a")
    with pytest.raises(ThrottledError):
        throttle.check("a")
    throttle.check("b")
    at[0] = 12.0
    throttle.check("a")
    throttle.failed("a")
    with pytest.raises(ThrottledError):
        throttle.check("b", "a")


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 10)
    throttle = Throttle(1, lambda: 0.0)
    for number in range(100):
        throttle.failed(str(number))
    with pytest.raises(ThrottledError):
        throttle.check("99")
    throttle.check("0")


def test_workers_count_together_and_each_lets_one_more_through_at_most() -> None:
    at, levels = [0.0], dict[str, float]()

    def count(key: str, rate: float) -> float:
        levels[key] = levels.get(key, 0.0) + 1
        return levels[key]

    workers = [Throttle(5, lambda: at[0], count) for _ in range(3)]
    looked_at = 0
    for number in range(60):
        worker = workers[number % 3]
        try:
            worker.check("a")
        except ThrottledError:
            continue
        looked_at += 1
        worker.failed("a")
    assert 5 <= looked_at <= 7
    workers[0].check("b")
    at[0] = 60.0
    workers[0].check("a")
    wide = workers[0].wider(10)
    wide.failed("a")
    wide.check("a")


def test_where_the_others_cannot_be_asked_one_s_own_failures_count() -> None:
    def away(key: str, rate: float) -> float:
        raise UnavailableError("the database is away")

    throttle = Throttle(2, lambda: 0.0, away)
    throttle.failed("a")
    throttle.failed("a")
    with pytest.raises(ThrottledError):
        throttle.check("a")
