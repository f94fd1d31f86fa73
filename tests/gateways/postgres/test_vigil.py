"""When the gateway's loop stays awake for the next chunk, and when it sleeps: by a clock and a loop of the test's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from guardcli.gateways.postgres import vigil
from guardcli.gateways.postgres.vigil import AWAKE_SECONDS, RETRY_EVERY, VAIN_MAX, Vigil, available


class Turns:
    """A loop that runs what is to be called soon one turn at a time, and its clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.soon: list[Callable[[], None]] = []
        monkeypatch.setattr(vigil.asyncio, "get_running_loop", lambda: self)

    def call_soon(self, work: Callable[[], None]) -> None:
        self.soon.append(work)

    def turn(self, seconds: float) -> None:
        """Let time pass and one turn of the loop go by."""
        self.now += seconds
        due, self.soon = self.soon, []
        for work in due:
            work()

    def vigil(self, processors: float = 2) -> Vigil:
        return Vigil(lambda: self.now, processors)


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    return Turns(monkeypatch)


def test_it_looks_again_until_the_time_is_over_and_once_only_each_turn(turns: Turns) -> None:
    watch = turns.vigil()
    watch.keep()
    watch.keep()
    assert len(turns.soon) == 1
    turns.turn(AWAKE_SECONDS / 2)
    assert watch.awake and len(turns.soon) == 1
    watch.keep()
    turns.turn(AWAKE_SECONDS * 0.9)
    assert watch.awake, "each chunk begins the time anew"
    turns.turn(AWAKE_SECONDS)
    assert not watch.awake and not turns.soon


@pytest.mark.parametrize("processors", [0.5, 1, 1.9])
def test_with_less_than_two_processors_it_sleeps(turns: Turns, processors: float) -> None:
    watch = turns.vigil(processors)
    watch.keep()
    assert not watch.awake and not turns.soon


@pytest.mark.parametrize(
    ("said", "found"),
    [("max 100000", 64), ("50000 100000", 0.5), ("9900000 100000", 64), (None, 64), ("odd", 64), ("1 0", 64)],
)
def test_a_cgroup_may_give_less_time_than_there_are_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None, found: float
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)))
    if said is not None:
        (tmp_path / "cpu.max").write_text(said + "\n")
    assert available(tmp_path) == found


def test_where_nothing_comes_in_time_it_sleeps_and_tries_again_now_and_then(turns: Turns) -> None:
    watch = turns.vigil()
    woken = 0
    for _ in range(VAIN_MAX + 2 * RETRY_EVERY):
        watch.keep()
        woken += watch.awake
        turns.turn(2 * AWAKE_SECONDS)
        assert not watch.awake and not turns.soon
    assert woken == VAIN_MAX + 2


def test_one_chunk_in_time_makes_it_watch_again(turns: Turns) -> None:
    watch = turns.vigil()
    for _ in range(VAIN_MAX + RETRY_EVERY - 1):
        watch.keep()
        turns.turn(2 * AWAKE_SECONDS)
    watch.keep()
    assert watch.awake, "it tries again"
    turns.turn(AWAKE_SECONDS / 2)
    watch.keep()
    turns.turn(2 * AWAKE_SECONDS)
    for _ in range(VAIN_MAX - 1):
        watch.keep()
        assert watch.awake
        turns.turn(2 * AWAKE_SECONDS)
