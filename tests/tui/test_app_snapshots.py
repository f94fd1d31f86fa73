"""What each screen looks like, at three sizes. After a change that is wanted: pytest --snapshot-update."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from guardcli.model.approvals import Approval, ApprovalState
from guardcli.model.events import EventType
from guardcli.tui.screens import approvals, health

SIZES = [(80, 24), (120, 36), (200, 50)]
NOW = 1767323105.0


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


Flow = Callable[[Pilot[None], Callable[[str], Awaitable[None]]], Awaitable[None]]


async def the_sessions(pilot: Pilot[None], reads: Callable[[str], Awaitable[None]]) -> None:
    await reads("1 shown of 1")


async def a_session(pilot: Pilot[None], reads: Callable[[str], Awaitable[None]]) -> None:
    await reads("1 shown of 1")
    await pilot.press("enter")
    await reads("10 shown of 10")
    await pilot.press("down", "down", "down")


async def a_call(pilot: Pilot[None], reads: Callable[[str], Awaitable[None]]) -> None:
    await reads("1 shown of 1")
    await pilot.press("enter")
    await reads("10 shown of 10")
    await pilot.press("slash", *"drop", "enter", "enter")
    await reads("also matched")


async def a_replay(pilot: Pilot[None], reads: Callable[[str], Awaitable[None]]) -> None:
    await reads("1 shown of 1")
    await pilot.press("enter")
    await reads("10 shown of 10")
    await pilot.press("r")
    await reads("git status")
    await pilot.press("space", "end")
    await reads("DROP TABLE")
    await pilot.pause(0.2)


async def a_search(pilot: Pilot[None], reads: Callable[[str], Awaitable[None]]) -> None:
    await pilot.press("3")
    await reads("words of commands")
    field = pilot.app.screen.query_one(Input)
    field.cursor_blink = False
    field.value = "tool:psql"
    await pilot.press("enter")
    await reads("found")
    await reads("DROP TABLE")


async def the_policy(pilot: Pilot[None], reads: Callable[[str], Awaitable[None]]) -> None:
    await pilot.press("4")
    await reads("psql-reads")


FLOWS: dict[str, Flow] = {
    "sessions": the_sessions,
    "session": a_session,
    "call": a_call,
    "replay": a_replay,
    "search": a_search,
    "policy": the_policy,
}


def reader(pilot: Pilot[None], until, seen) -> Callable[[str], Awaitable[None]]:
    async def reads(words: str) -> None:
        await until(pilot, lambda: words in seen(pilot.app))

    return reads


@pytest.fixture(scope="module")
def still(stage):
    story = stage.story("session-still-1")
    story.call(1, "git status", "allow", 1.0)
    story.call(2, "psql -c 'SELECT email FROM customers WHERE id = 7'", "allow", 5.0, "\x1b[32m[EMAIL]\x1b[0m\r\n")
    story.event(EventType.MASKED, {"findings": {"email": 3}, "stream": "stdout"}, 2, 5.1)
    story.call(
        3, "psql -c 'DROP TABLE orders'", "deny", 30.0, "guard: denied by rule rule-deny\r\n", matched=["a-rule"]
    )
    story.event(EventType.ASKED, {"approval": "4f2a"}, 3, 31.0)
    story.event(EventType.FAILED, {"reason": "no answer"}, 3, 40.0)
    story.close()
    stage.settle_times()
    return stage


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", FLOWS)
def test_a_screen_looks_as_it_did(still, snap_compare, until, seen, name: str, size: tuple[int, int]) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await FLOWS[name](pilot, reader(pilot, until, seen))

    assert snap_compare(still.app(watch=False), terminal_size=size, run_before=before)


WAITING = Approval(
    id="4f2a9c01d2e3f405",
    session="session-still-1",
    digest="ab" * 32,
    state=ApprovalState.PENDING,
    requester="agent@ci",
    tool="psql",
    command="psql -c 'UPDATE orders SET paid = true WHERE id = 7'",
    cwd="/srv/orders",
    rule="psql-changes-ask",
    message="A person must agree to a change.",
    effects=("write",),
    targets=("table:public/orders",),
    groups=("dba",),
    quorum=1,
    created=NOW - 75,
    expires=NOW + 525,
    justification="ticket 42: the customer paid by cheque",
)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("keys", [(), ("a",)], ids=["queue", "decide"])
def test_the_queue_looks_as_it_did(
    still, snap_compare, until, seen, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    """The request is given, not asked for: its age would be another in each picture."""
    app = still.app(watch=False)
    monkeypatch.setattr(app.source, "approvals", lambda: [WAITING])
    monkeypatch.setattr(approvals.time, "time", lambda: NOW)

    async def before(pilot: Pilot[None]) -> None:
        reads = reader(pilot, until, seen)
        await pilot.press("2")
        await reads("ticket 42")
        await pilot.press(*keys)
        if keys:
            await reads("exactly this, once")
            for field in app.screen.query(Input):
                field.cursor_blink = False
        await pilot.pause(0.2)

    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_health_looks_as_it_did(still, snap_compare, until, seen, monkeypatch: pytest.MonkeyPatch, size) -> None:
    """What differs from run to run, the address, the speed and the clock, is left out of the picture."""
    facts = health.facts
    monkeypatch.setattr(
        health, "facts", lambda rows: facts([row for row in rows if row[0] in ("live sessions", "waiting")])
    )

    async def before(pilot: Pilot[None]) -> None:
        reads = reader(pilot, until, seen)
        await pilot.press("5")
        await reads("live sessions")
        await pilot.press("v")
        await reads("the record is whole")

    assert snap_compare(still.app(watch=False), terminal_size=size, run_before=before)
