"""Nothing that was recorded reaches the reviewer's terminal as anything but text."""

from __future__ import annotations

import asyncio
import io
import re

from rich.segment import Segment
from textual.app import App

from guardcli.model.events import EventType

ATTACKS = [
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]0;owned\x07",
    "\x1b[2J\x1b[31mred",
    "\x1b[>0q\x1b[c\x1b[6n",
    "\x9b31m\x9d0;t\x9c",
    "\x1bP+q544e\x1b\\",
    "[bold red]markup[/] [link=file:///etc/passwd]x[/link]",
    "\u202egnp.exe\u2066\u200b",
    "\r\nnew line\ttab\x08\x7f",
    "[@click=app.quit]quit[/]",
]
EVIL = "".join(ATTACKS)
WORSE = EVIL + "\x00nul"
"""What an event may hold; the API takes no NUL in what it keeps beside the events."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]")


def shown(app: App[None]) -> list[Segment]:
    return [segment for strip in app.screen._compositor.render_strips() for segment in strip if not segment.control]


def test_hostile_text_in_every_field_is_only_ever_seen(stage, until, seen) -> None:
    story = stage.story(
        "session-hostile",
        identity="evil" + EVIL,
        command=["claude", EVIL],
        cwd="/" + EVIL,
        host="host" + EVIL,
        policy="p" + EVIL,
        groups=[EVIL[:150]],
    )
    operation = {
        "tool": WORSE, "action": WORSE, "effects": ["delete", WORSE], "targets": [WORSE], "complete": False,
        "reason": WORSE,
    }  # fmt: skip
    story.call(
        1, "psql -c '" + WORSE.replace("'", "") + "'", "deny", 1.0, WORSE, rule=WORSE, message=WORSE, parent=WORSE
    )
    story.call(2, WORSE + "x", "allow", 2.0, WORSE, operations=[operation], matched=[WORSE], statement=WORSE)
    story.event(EventType.DECIDED, {"approval": WORSE, "state": WORSE, "reviewer": WORSE, "reason": WORSE}, 2)
    story.event(EventType.MASKED, {"findings": {WORSE: 2}, "stream": WORSE}, 2)
    story.event(EventType.ENDED, {"status": WORSE, "streams": {WORSE: {"bytes": WORSE}}}, 2)
    story.event(EventType.FAILED, {"reason": WORSE, WORSE: WORSE}, 2)
    story.send()
    asked = story.client.request_approval(
        story.id,
        "b" * 64,
        tool="psql",
        command="psql -c '" + EVIL.replace("'", "") + "'",
        cwd=EVIL,
        rule="r" + EVIL[:150],
        message=EVIL,
        effects=["write", EVIL[:150]],
        targets=[EVIL],
        groups=["dba"],
        justification=EVIL,
        changes=f"diff --git {EVIL}\n+{EVIL}\n-{EVIL}\n {EVIL}",
    )
    pictures = 0

    async def flow() -> None:
        nonlocal pictures
        app = stage.app()

        def look() -> None:
            nonlocal pictures
            pictures += 1
            for segment in shown(app):
                assert not CONTROL.search(segment.text), segment
                link = segment.style.link if segment.style else None
                assert not link or "passwd" not in link
                assert not segment.style or "quit" not in str(segment.style.meta.get("@click", ""))

        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: "evil" in seen(app))
            look()
            await pilot.press("slash", *"evil", "enter", "enter")
            await until(pilot, lambda: "failed" in seen(app))
            for _ in range(12):
                await pilot.press("down")
                look()
            await pilot.press("home", "down", "enter")
            await until(pilot, lambda: "verdict" in seen(app))
            look()
            await pilot.press("escape", "down", "down", "enter")
            await until(pilot, lambda: "verdict" in seen(app))
            look()
            await pilot.press("r")
            await pilot.pause(0.5)
            look()
            await pilot.press("escape", "escape", "escape", "2")
            await until(pilot, lambda: asked.id in seen(app))
            look()
            await pilot.press("d")
            await pilot.pause(0.3)
            look()
            await pilot.press("escape")
            assert app.title == "guard"

    asyncio.run(flow())
    assert pictures > 15
    story.client.cancel_approval(asked.id)
    story.close()


def test_what_is_written_to_the_terminal_has_no_sequence_of_the_recordings(stage, until, seen) -> None:
    story = stage.story("session-osc", identity="osc-writer", command=["x\x1b]52;c;ZXZpbA==\x07"])
    story.call(1, "cat evil", "allow", 1.0, EVIL)
    story.send()

    async def flow() -> str:
        app = stage.app()
        async with app.run_test(size=(100, 30)) as pilot:
            await until(pilot, lambda: "osc-writer" in seen(app))
            await pilot.press("slash", *"osc-writer", "enter", "enter")
            await until(pilot, lambda: "cat evil" in seen(app))
            await pilot.press("t")
            await until(pilot, lambda: "markup" in seen(app))
            written = io.StringIO()
            for strip in app.screen._compositor.render_strips():
                written.write(strip.render(app.console))
            return written.getvalue()

    text = asyncio.run(flow())
    assert "\x1b]52" not in text
    assert "\x1b]0;" not in text
    assert "\x9b" not in text
    story.close()
