"""What is long is shown without being made: only the lines that are seen are drawn."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rich.text import Text
from textual.app import App, ComposeResult

from guardcli.model.events import EventType
from guardcli.tui.screens.session import SessionScreen
from guardcli.tui.widgets.listing import Column, Listing

MANY = 100_000


class Counted:
    """Rows that count how often one of them is made."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.made = 0

    def __len__(self) -> int:
        return self.count

    def key(self, place: int) -> str:
        return str(place)

    def cells(self, place: int) -> Sequence[Text | str]:
        self.made += 1
        return (f"row {place}", "x")


class Bench(App[None]):
    def __init__(self, rows: Counted) -> None:
        super().__init__()
        self.rows = rows

    def compose(self) -> ComposeResult:
        yield Listing((Column("NAME", 12), Column("X", 0)), self.rows)


def test_a_hundred_thousand_rows_are_never_all_made() -> None:
    rows = Counted(MANY)

    async def flow() -> None:
        app = Bench(rows)
        async with app.run_test(size=(60, 20)) as pilot:
            listing = app.query_one(Listing)
            listing.focus()
            await pilot.pause()
            await pilot.press("end")
            await pilot.pause()
            text = "".join(segment.text for strip in app.screen._compositor.render_strips() for segment in strip)
            assert f"row {MANY - 1}" in text
            await pilot.press("home", *["pagedown"] * 20)
            await pilot.pause()
            assert listing.place == 20 * 18

    asyncio.run(flow())
    assert rows.made < 3000


def test_the_cursor_stays_with_its_row_when_rows_come_before_it() -> None:
    class Shifting(Counted):
        shift = 0

        def key(self, place: int) -> str:
            return str(place - self.shift)

    rows = Shifting(500)

    async def flow() -> None:
        app = Bench(rows)
        async with app.run_test(size=(60, 20)) as pilot:
            listing = app.query_one(Listing)
            listing.focus()
            await pilot.press(*["down"] * 30)
            assert listing.key == "30"
            rows.shift, rows.count = 7, 507
            listing.changed()
            await pilot.pause()
            assert (listing.key, listing.place) == ("30", 37)
            rows.count = 3
            listing.changed()
            assert listing.place == 2
            rows.count = 0
            listing.changed()
            assert (listing.place, listing.key) == (-1, "")
            await pilot.press("down", "up", "end", "enter", "pagedown")

    asyncio.run(flow())


def test_a_mouse_moves_and_opens() -> None:
    rows = Counted(100)
    opened: list[str] = []

    class Mouse(Bench):
        def on_listing_selected(self, event: Listing.Selected) -> None:
            opened.append(event.key)

    async def flow() -> None:
        app = Mouse(rows)
        async with app.run_test(size=(60, 20)) as pilot:
            await pilot.click(Listing, offset=(5, 6))
            assert app.query_one(Listing).place == 5
            await pilot.click(Listing, offset=(5, 6))
            await pilot.pause()
            await pilot.click(Listing, offset=(5, 0))

    asyncio.run(flow())
    assert opened == ["5"]


def test_a_session_of_many_events_is_shown_while_it_is_fetched(stage, until, seen) -> None:
    story = stage.story("session-of-many", identity="busy")
    for number in range(1, 1501):
        story.event(EventType.STARTED, {"program": f"/bin/tool{number}"}, number)
    story.send()

    async def flow() -> None:
        app = stage.app()
        async with app.run_test(size=(100, 30)) as pilot:
            await until(pilot, lambda: "busy" in seen(app))
            await pilot.press("slash", *"busy", "enter", "enter")
            await until(pilot, lambda: isinstance(app.screen, SessionScreen) and "1,501 shown" in seen(app))
            await pilot.press("end")
            await until(pilot, lambda: "/bin/tool1500" in seen(app))
            await pilot.press("slash", *"tool123", "enter")
            await until(pilot, lambda: "11 shown of 1,501" in seen(app))

    asyncio.run(flow())
    story.close()
