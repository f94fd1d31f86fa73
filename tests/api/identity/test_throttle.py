"""What fails too often is not tried for a while; others are."""

from __future__ import annotations

import pytest

from guardcli.api.identity import throttle as module
from guardcli.api.identity.throttle import Throttle
from guardcli.model.errors import ThrottledError


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
