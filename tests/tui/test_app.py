"""Each thing that a reviewer does, with keys, against a real API."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from textual.widgets import Input

from guardcli.model.approvals import ApprovalState
from guardcli.model.errors import DeniedError
from guardcli.tui.screens.approvals import ApprovalsScreen
from guardcli.tui.screens.call import CallScreen
from guardcli.tui.screens.decide import DecideScreen
from guardcli.tui.screens.replay import ReplayScreen
from guardcli.tui.screens.session import SessionScreen
from guardcli.tui.widgets.listing import Listing

SIZE = (110, 32)


def run(flow) -> None:
    asyncio.run(flow)


def test_from_the_list_into_a_session_a_call_and_its_replay(told, until, seen) -> None:
    async def flow() -> None:
        app = told.app()
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: "claude --task" in seen(app))
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, SessionScreen) and "DROP TABLE" in seen(app))
            assert "policy pack:default" in " ".join(seen(app).split())
            await pilot.press("o")
            await until(pilot, lambda: "git status" not in seen(app))
            await pilot.press("down", "enter")
            await until(pilot, lambda: isinstance(app.screen, CallScreen) and "rule-deny" in seen(app))
            assert "public/orders" in seen(app)
            await pilot.press("r")
            await until(pilot, lambda: isinstance(app.screen, ReplayScreen) and "denied by rule" in seen(app))
            await pilot.press("escape", "escape", "escape")
            await until(pilot, lambda: "claude --task" in seen(app))

    run(flow())


def test_a_replay_pauses_jumps_and_finds_what_was_denied(told, until, seen) -> None:
    async def flow() -> None:
        app = told.app()
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: "claude --task" in seen(app))
            await pilot.press("enter")
            await until(pilot, lambda: "DROP TABLE" in seen(app))
            await pilot.press("r")
            await until(pilot, lambda: isinstance(app.screen, ReplayScreen))
            replay = app.screen
            await until(pilot, lambda: "git status" in seen(app))
            await pilot.press("space")
            assert not replay.playing
            before = replay.player.time
            await pilot.press("right")
            await until(pilot, lambda: "[EMAIL]" in seen(app))
            assert replay.player.time == pytest.approx(before + 5, abs=0.5)
            assert "DROP" not in seen(app)
            await pilot.press("n")
            await until(pilot, lambda: replay.player.time == pytest.approx(30.0, abs=0.1))
            assert "denied by rule" in seen(app)
            await pilot.press("home")
            await until(pilot, lambda: "git status" not in seen(app))
            await pilot.press("end")
            await until(pilot, lambda: "denied by rule" in seen(app))
            await pilot.press("plus", "plus", "i")
            assert (replay.speed, replay.skip_idle) == (4.0, False)

    run(flow())


def test_a_filter_finds_as_one_types(told, until, seen) -> None:
    other = told.story("session-other", command=["codex", "exec"], identity="bot@elsewhere")
    other.close()
    told.settle_times()

    async def flow() -> None:
        app = told.app()
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: "codex exec" in seen(app) and "claude --task" in seen(app))
            await pilot.press("slash", *"elsew")
            await until(pilot, lambda: "claude --task" not in seen(app))
            assert "codex exec" in seen(app)
            await pilot.press("escape")
            await until(pilot, lambda: "claude --task" in seen(app))

    run(flow())


@pytest.mark.parametrize(("key", "state"), [("a", ApprovalState.APPROVED), ("d", ApprovalState.DENIED)])
def test_what_waits_is_decided_with_a_reason(stage, until, seen, key: str, state: ApprovalState) -> None:
    story = stage.story(f"session-asks-{key}")
    story.send()
    asked = story.client.request_approval(
        story.id,
        key * 64,
        tool="psql",
        command="psql -c 'UPDATE orders SET paid = true WHERE id = 7'",
        rule="writes-ask",
        message="A person must agree.",
        effects=["write"],
        targets=["table:public/orders"],
        justification="ticket 42",
    )

    async def flow() -> None:
        app = stage.app()
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: "Approvals (1)" in seen(app))
            await pilot.press("2")
            await until(pilot, lambda: isinstance(app.screen, ApprovalsScreen) and "ticket 42" in seen(app))
            assert all(word in seen(app) for word in ("writes-ask", "public/orders", "UPDATE", asked.digest[:20]))
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, DecideScreen))
            await pilot.press(*"seen", "enter")
            await until(pilot, lambda: stage.client.approval(asked.id).state is state)
            await until(pilot, lambda: "Approvals (1)" not in seen(app))

    run(flow())
    after = stage.client.approval(asked.id)
    assert (after.reason, after.state) == ("seen", state)
    story.close()


def test_what_comes_while_a_question_is_open_is_seen_below_it(stage, until, seen) -> None:
    story = stage.story("session-asks-twice")
    story.send()
    first = story.client.request_approval(story.id, "17" * 32, tool="git", command="git push")

    async def flow() -> None:
        app = stage.app()
        async with app.run_test(size=(200, 50)) as pilot:
            await pilot.press("2")
            await until(pilot, lambda: "git push" in seen(app))
            await pilot.press("a")
            await until(pilot, lambda: isinstance(app.screen, DecideScreen) and "exactly this, once" in seen(app))
            app.screen.refresh()  # drawn here and not by the program itself
            assert "Approvals (1)" in seen(app)
            second = await asyncio.to_thread(
                story.client.request_approval, story.id, "18" * 32, tool="git", command="git fetch"
            )
            await until(pilot, lambda: "git fetch" in seen(app) and "exactly this, once" in seen(app))
            assert "Only waiting" in seen(app)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, ApprovalsScreen) and "git fetch" in seen(app))
            for one in (first, second):
                await asyncio.to_thread(stage.client.decide_approval, one.id, False)

    run(flow())
    story.close()


def test_escape_decides_nothing(stage, until, seen) -> None:
    story = stage.story("session-asks-nothing")
    story.send()
    asked = story.client.request_approval(story.id, "e" * 64, tool="git", command="git push")

    async def flow() -> None:
        app = stage.app()
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("2")
            await until(pilot, lambda: "git push" in seen(app))
            await pilot.press("a")
            await until(pilot, lambda: isinstance(app.screen, DecideScreen))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, ApprovalsScreen))

    run(flow())
    assert stage.client.approval(asked.id).state is ApprovalState.PENDING
    story.client.cancel_approval(asked.id)
    story.close()


def test_a_refusal_of_the_api_is_shown(stage, until, seen, monkeypatch: pytest.MonkeyPatch) -> None:
    story = stage.story("session-refused")
    story.send()
    asked = story.client.request_approval(story.id, "f" * 64, tool="git", command="git push")

    with pytest.raises(DeniedError) as refused:
        story.client.decide_approval(asked.id, True)
    refusal = str(refused.value)

    async def flow() -> None:
        app = stage.app()
        # the session's own token may see its request and never decide it
        app.source.client = story.client
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("2")
            await until(pilot, lambda: "git push" in seen(app))
            await pilot.press("a")
            await until(pilot, lambda: isinstance(app.screen, DecideScreen))
            await pilot.press("enter")
            await until(pilot, lambda: any(one.message == refusal for one in app._notifications))

    run(flow())
    assert stage.client.approval(asked.id).state is ApprovalState.PENDING
    story.client.cancel_approval(asked.id)
    story.close()


def test_a_session_that_goes_on_is_followed(stage, until, seen) -> None:
    story = stage.story("session-live")
    story.call(1, "git status", "allow", 0.5)
    story.send()

    async def flow() -> None:
        app = stage.app()
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: "live" in seen(app))
            await pilot.press("slash", *"live", "enter")
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, SessionScreen) and "git status" in seen(app))
            await asyncio.to_thread(lambda: (story.call(2, "kubectl get pods", "allow", 1.0), story.send()))
            await until(pilot, lambda: "kubectl get pods" in seen(app))
            await pilot.press("t")
            await until(pilot, lambda: isinstance(app.screen, ReplayScreen) and "output of call 2" in seen(app))
            await asyncio.to_thread(lambda: (story.call(3, "ssh web uptime", "allow", 2.0), story.send()))
            await until(pilot, lambda: "output of call 3" in seen(app))

    run(flow())
    story.close()


def test_an_api_that_is_lost_is_said_and_found_again(stage, until, seen) -> None:
    async def flow() -> None:
        app = stage.app()
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: "shown of" in seen(app))
            await asyncio.to_thread(stage.stop)
            await until(pilot, lambda: "cannot be reached" in seen(app))
            began = time.monotonic()
            await asyncio.to_thread(stage.start)
            await until(pilot, lambda: "cannot be reached" not in seen(app))
            assert time.monotonic() >= began

    run(flow())


def test_the_policy_and_its_tests_are_shown(stage, until, seen) -> None:
    async def flow() -> None:
        app = stage.app()
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("4")
            await until(pilot, lambda: "psql-reads" in seen(app))
            await pilot.press("t")
            await until(pilot, lambda: "tests pass" in seen(app))

    run(flow())


def test_the_record_is_verified_and_a_fault_is_named(stage, until, seen) -> None:
    async def flow(words: str) -> None:
        app = stage.app()
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("5")
            await until(pilot, lambda: "answers" in seen(app))
            await pilot.press("v")
            await until(pilot, lambda: words in seen(app))

    run(flow("the record is whole"))


def test_no_thread_outlives_the_program(stage, until, seen) -> None:
    before = threading.active_count()

    async def flow() -> None:
        app = stage.app()
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: "shown of" in seen(app))
            app.screen.query_one(Input).value = "nothing"
            assert app.screen.query_one(Listing).place in (-1, 0)
            await pilot.pause()

    run(flow())
    end = time.monotonic() + 60
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.05)
    assert threading.active_count() <= before


@pytest.mark.parametrize(
    ("asked", "found"),
    [("customers", "customers"), ("verdict:deny tool:psql", "DROP TABLE"), ("detector:email", "masked")],
)
def test_a_search_finds_and_opens(told, until, seen, asked: str, found: str) -> None:
    async def flow() -> None:
        app = told.app()
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("3")
            await until(pilot, lambda: "words of commands" in seen(app))
            app.screen.query_one(Input).value = asked
            await pilot.press("enter")
            await until(pilot, lambda: found in seen(app) and "found" in seen(app))
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, CallScreen) and "verdict" in seen(app))
            await pilot.press("escape", "s")
            await until(pilot, lambda: isinstance(app.screen, SessionScreen))

    run(flow())


@pytest.mark.parametrize("asked", ["effect:nonsense", "verdict:perhaps", "***", "'; DROP TABLE events --", "\x00"])
def test_a_search_that_makes_no_sense_is_answered(told, until, seen, asked: str) -> None:
    async def flow() -> None:
        app = told.app()
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("3")
            app.screen.query_one(Input).value = asked
            await pilot.press("enter")
            await until(pilot, lambda: "searching" not in seen(app))
            await pilot.press("m", "s", "enter")
            assert app.is_running

    run(flow())
