"""Whoever waits is woken by the change, by time, or by the end of the server; no change is lost."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from guardcli.api import notify
from guardcli.api.bus import EVERYTHING, Heard
from guardcli.api.notify import Notifier


@pytest.fixture(autouse=True)
def woken_or_never(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks again by himself: who is not woken is not seen to return before his time is over."""
    monkeypatch.setattr(notify, "RECHECK_SECONDS", 1e6)


LONG = 1e6
"""Seconds that nobody here waits for to the end."""


class Silent:
    """A bus that others can speak through."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def start(self, heard: Heard) -> None:
        self.heard = heard

    def publish(self, topics) -> None:
        self.said.extend(topics)

    def connected(self) -> bool:
        return False

    async def close(self) -> None:
        self.said.append("closed")


def test_a_change_during_the_look_is_not_lost() -> None:
    async def go() -> int:
        notifier = Notifier()
        await notifier.start()
        seen = [0]

        def look() -> int:
            found = seen[0]
            if found == 0:
                seen[0] = 1
                notifier.publish("topic")
                time.sleep(0.05)
            return found

        return await notifier.wait("topic", LONG, look, bool)

    assert asyncio.run(go()) == 1


def test_what_another_process_says_wakes_and_is_not_said_again() -> None:
    async def go() -> list[str]:
        bus = Silent()
        notifier = Notifier(bus)
        await notifier.start()
        state: list[int] = []
        for topics in (("topic",), (EVERYTHING,)):
            state.clear()
            waiting = asyncio.create_task(notifier.wait("topic", LONG, lambda: len(state), bool))
            while not notifier.waiting:
                await asyncio.sleep(0.01)
            state.append(1)
            bus.heard(topics)
            assert await waiting == 1
        notifier.publish("mine")
        await asyncio.sleep(0.01)
        assert not notifier.connected() and notifier.waiting == 0
        await notifier.stop()
        return bus.said

    assert asyncio.run(go()) == ["mine", "closed"]


def test_a_server_that_stops_lets_everybody_go() -> None:
    async def go() -> list[int]:
        notifier = Notifier()
        await notifier.start()
        waiting = [asyncio.create_task(notifier.wait(str(n), LONG, lambda: 0, bool)) for n in range(50)]
        while notifier.waiting < len(waiting):
            await asyncio.sleep(0.01)
        notifier.close()
        return await asyncio.gather(*waiting)

    assert asyncio.run(go()) == [0] * 50


def test_what_changes_by_itself_is_seen_when_it_does() -> None:
    async def go() -> bool:
        notifier = Notifier()
        await notifier.start()
        end = time.time() + 0.2
        return await notifier.wait("topic", LONG, lambda: time.time() >= end, bool, lambda _: end)

    assert asyncio.run(go())


def test_publishing_from_threads_and_without_a_loop_harms_nobody() -> None:
    notifier = Notifier()
    notifier.publish("before")
    threads = [threading.Thread(target=notifier.publish, args=("x",)) for _ in range(4)]
    for thread in threads:
        thread.start()
        thread.join()
