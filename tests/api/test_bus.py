"""What one process publishes the others hear: on either database, after a break, and however much it is."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from guardcli.api.bus import BACKLOG, EVERYTHING, PAYLOAD, Bus, SocketBus, bus_of, messages, parsed
from guardcli.api.store import Store

SECONDS = 60.0


class Ears:
    """Collects what a bus hears."""

    def __init__(self) -> None:
        self.topics: list[str] = []
        self._more = asyncio.Event()

    def __call__(self, topics: tuple[str, ...]) -> None:
        self.topics.extend(topics)
        self._more.set()

    async def until(self, topic: str) -> None:
        async with asyncio.timeout(SECONDS):
            while topic not in self.topics:
                self._more.clear()
                await self._more.wait()


def together(store: Store, count: int, act: Callable[[list[Bus], list[Ears]], Awaitable[None]]) -> None:
    async def go() -> None:
        buses = [bus_of(store.engine) for _ in range(count)]
        ears = [Ears() for _ in buses]
        for bus, ear in zip(buses, ears, strict=True):
            await bus.start(ear)
        async with asyncio.timeout(SECONDS):
            while not all(bus.connected() for bus in buses):
                await asyncio.sleep(0.01)
        try:
            await act(buses, ears)
        finally:
            for bus in buses:
                await bus.close()

    asyncio.run(go())


def test_the_others_hear_and_oneself_does_not(store: Store) -> None:
    async def act(buses: list[Bus], ears: list[Ears]) -> None:
        buses[0].publish(["approval/1", "approvals"])
        for ear in ears[1:]:
            await ear.until("approval/1")
            await ear.until("approvals")
        buses[1].publish(["end"])
        await ears[0].until("end")
        assert "approvals" not in ears[0].topics

    together(store, 3, act)


def test_thousands_of_topics_at_once_all_arrive(store: Store) -> None:
    async def act(buses: list[Bus], ears: list[Ears]) -> None:
        wanted = {f"approval/{number:016x}" for number in range(3000)}
        buses[0].publish(wanted)
        buses[0].publish(["last"])
        await ears[1].until("last")
        async with asyncio.timeout(SECONDS):
            while not wanted <= set(ears[1].topics):
                await asyncio.sleep(0.01)

    together(store, 2, act)


def test_more_than_can_be_kept_means_everything(store: Store) -> None:
    async def act(buses: list[Bus], ears: list[Ears]) -> None:
        ears[1].topics.clear()
        buses[0].publish(str(number) for number in range(BACKLOG + 1))
        await ears[1].until(EVERYTHING)

    together(store, 2, act)


def test_a_connection_that_breaks_is_made_again_and_everybody_is_woken(databases, make, tmp_path: Path) -> None:
    from guardcli.api.store.database import open_database

    url = databases.new("guard_template")
    engine = open_database(url)

    async def act(buses: list[Bus], ears: list[Ears]) -> None:
        ears[1].topics.clear()
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname=current_database()"
        with engine.connect() as connection:
            connection.execute(text(f"{query} AND pid <> pg_backend_pid()"))
        await ears[1].until(EVERYTHING)
        async with asyncio.timeout(SECONDS):
            while "after" not in ears[1].topics:
                buses[0].publish(["after"])
                await asyncio.sleep(0.05)

    together(Store.over(engine, make.segments(tmp_path)), 2, act)
    engine.dispose()
    databases.drop(url)


def test_a_socket_whose_process_is_gone_is_removed(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / ("x" * 120) / "bus"
    directory.parent.mkdir(parents=True)

    async def go() -> None:
        buses = [SocketBus(directory) for _ in range(2)]
        ears = [Ears(), Ears()]
        for bus, ear in zip(buses, ears, strict=True):
            await bus.start(ear)
        buses[1]._socket.close()  # type: ignore[union-attr]
        buses[0].publish(["x"])
        assert len(os.listdir(directory)) == 1
        await buses[0].close()

    asyncio.run(go())
    assert os.listdir(directory) == []


def test_a_directory_that_cannot_be_made_leaves_the_server_running(tmp_path: Path) -> None:
    async def go() -> None:
        bus = SocketBus(tmp_path / "none" / "bus")
        await bus.start(Ears())
        assert not bus.connected()
        bus.publish(["x"])
        await bus.close()

    asyncio.run(go())


def test_messages_are_short_and_whole() -> None:
    topics = [f"approval/{number:x}" + "é" * (number % 7) for number in range(5000)]
    sent = list(messages(topics, "me"))
    assert max(map(len, sent)) <= PAYLOAD + 1000
    assert [topic for message in sent for topic in parsed(message, "other")] == topics
    assert parsed(sent[0], "me") == ()


@pytest.mark.parametrize("message", [b"", b"{", b"nonsense", b"\xff"])
def test_a_message_that_is_none_wakes_everybody(message: bytes) -> None:
    assert parsed(message, "me") == (EVERYTHING,)


def test_nothing_is_sent_for_nothing() -> None:
    assert list(messages([], "me")) == []
    assert json.loads(next(iter(messages(["a"], "me")))) == ["me", "a"]
