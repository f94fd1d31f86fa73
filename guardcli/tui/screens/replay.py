"""A recording as the terminal that it was: play, pause, speed, jump; or the live tail of a session that runs."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from guardcli.client.api import SessionInfo
from guardcli.playback.terminal import Terminal
from guardcli.tui.recording import LocalRecording
from guardcli.tui.screens.room import Room
from guardcli.tui.widgets.terminal_view import TerminalView

FRAME_SECONDS = 1 / 20
IDLE_SECONDS = 1.0
"""With idle time skipped, no pause is longer."""

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0)
Mark = tuple[float, str, str]
"""Moment in seconds, what happened then, and its colour."""


class ReplayScreen(Room):
    """Plays one session's recording."""

    tab = "sessions"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "app.pop_screen", "Back"),
        Binding("space", "pause", "Play/Pause", priority=True),
        Binding("left,h", "jump(-5)", "-5s", priority=True),
        Binding("right,l", "jump(5)", "+5s", priority=True),
        Binding("shift+left", "jump(-60)", "-1m", show=False, priority=True),
        Binding("shift+right", "jump(60)", "+1m", show=False, priority=True),
        Binding("minus", "speed(-1)", "Slower"),
        Binding("plus,equals_sign", "speed(1)", "Faster"),
        Binding("i", "idle", "Skip idle"),
        Binding("n", "mark(1)", "Next event"),
        Binding("p", "mark(-1)", "Previous"),
        Binding("t", "tail", "Live"),
        Binding("home,0", "to(0)", "Start", show=False, priority=True),
        Binding("end", "to(10)", "End", show=False, priority=True),
        *(Binding(str(tenth), f"to({tenth})", f"{tenth}0 %", show=False) for tenth in range(1, 10)),
    ]

    def __init__(self, session: SessionInfo, start: float, marks: Sequence[Mark], tail: bool = False) -> None:
        super().__init__()
        self.session = session
        self._marks = sorted(marks)
        self._wish: float | None = start
        self.playing = True
        self.tail = tail
        self.skip_idle = True
        self._speed = SPEEDS.index(1.0)
        self._last = time.monotonic()
        self._glimpsed = -1.0

    @property
    def speed(self) -> float:
        """How many seconds of the recording pass in one."""
        return SPEEDS[self._speed]

    def body(self) -> ComposeResult:
        """Give the terminal and the line below it."""
        yield TerminalView(id="terminal")
        yield Static("", id="position")

    def on_mount(self) -> None:
        """Begin to fetch the recording, and to play what is there."""
        self.recording = LocalRecording(self.source, self.session.id)
        self.player = self.recording.player()
        self.query_one(TerminalView).focus()
        self.in_thread(lambda wanted: self.recording.fetch(self._is_live, wanted), "recording")
        self.set_interval(FRAME_SECONDS, self._frame)

    def on_unmount(self) -> None:
        """Forget the recording."""
        self.recording.close()

    def _is_live(self) -> bool:
        """Ask whether the session still runs."""
        if self.session.state == "live":
            self.session = self.source.client.session(self.session.id)
        return self.session.state == "live"

    @property
    def length(self) -> float:
        """Seconds of what is there."""
        return self.recording.index.duration

    def _frame(self) -> None:
        """Show the next moment."""
        now = time.monotonic()
        passed, self._last = (now - self._last) * self.speed, now
        if self.tail:
            self._wish = self.length if self.length > self.player.time else self._wish
        if self._wish is not None:
            self._fulfil()
        elif self.playing:
            self._play(passed)
        self._show_position()

    def _fulfil(self) -> None:
        """Jump to where it was wished, as far as the recording is there."""
        wish = self._wish or 0.0
        if self.recording.index.before(0) is None:
            return
        if wish > self.length and not self.recording.complete:
            self._glimpse(wish)
            return
        self.recording.seek(self.player, min(wish, self.length))
        self._wish = None
        self._show()

    def _glimpse(self, wish: float) -> None:
        """Show what the API draws of a moment that is not fetched yet; playing goes on from there once it is."""
        if wish == self._glimpsed:
            return
        self._glimpsed = wish

        def ask(wanted: Callable[[], bool]) -> None:
            terminal = self.source.insist(lambda: self.recording.glimpse(wish), wanted)
            if terminal is not None:
                self.later(lambda: self._show_glimpse(wish, terminal))

        self.in_thread(ask, "glimpse")

    def _show_glimpse(self, wish: float, terminal: Terminal) -> None:
        if self._wish == wish:
            self.query_one(TerminalView).show(terminal)

    def _play(self, passed: float) -> None:
        following = self.player.next_time()
        if following is None:
            if self.recording.complete and self.session.state != "live":
                self.playing = False
            return
        target = self.player.time + passed
        if self.skip_idle and following - self.player.time > IDLE_SECONDS:
            target = max(target, following - IDLE_SECONDS * self.speed)
        if self.player.advance(min(target, self.length)):
            self._show()

    def _show(self) -> None:
        self.query_one(TerminalView).show(self.player.terminal)

    def _show_position(self) -> None:
        state = "live" if self.tail else "playing" if self.playing else "paused"
        shown = Text(f" {state} {_minutes(self.player.time)} / {_minutes(self.whole)}  ×{self.speed:g}  ")
        if self.skip_idle:
            shown.append("idle skipped  ")
        width = max(10, self.size.width - shown.cell_len - 20)
        shown.append_text(self._bar(width))
        if not self.recording.complete:
            shown.append(" fetching", "dim")
        mark = self._mark_here()
        if mark is not None:
            shown.append(f" {mark[1]}", mark[2])
        self.query_one("#position", Static).update(shown)

    def _bar(self, width: int) -> Text:
        length = max(self.whole, 0.001)
        here = round((width - 1) * min(1.0, self.player.time / length))
        bar = Text("━" * here + "●" + "─" * (width - here - 1), "dim")
        for moment, _, colour in self._marks[:2000]:
            place = min(width - 1, round((width - 1) * min(1.0, moment / length)))
            bar.stylize(f"bold {colour}", place, place + 1)
        return bar

    def _mark_here(self) -> Mark | None:
        return next((mark for mark in self._marks if abs(mark[0] - self.player.time) < 0.5), None)

    def action_pause(self) -> None:
        """Play, or pause."""
        self.playing, self.tail = not self.playing or self.tail, False

    def action_jump(self, seconds: int) -> None:
        """Jump by so many seconds."""
        self._to((self.player.time if self._wish is None else self._wish) + seconds)

    def action_to(self, tenth: int) -> None:
        """Jump to a tenth of the whole."""
        self._to(self.whole * tenth / 10)

    @property
    def whole(self) -> float:
        """Seconds of all of it, as far as that is known before it is fetched."""
        if self.recording.complete or not self.session.closed:
            return self.length
        return max(self.length, self.session.closed - self.session.started)

    def _to(self, moment: float) -> None:
        self.tail = False
        self._wish = max(0.0, min(moment, self.whole))

    def action_speed(self, by: int) -> None:
        """Play faster or slower."""
        self._speed = min(max(0, self._speed + by), len(SPEEDS) - 1)

    def action_idle(self) -> None:
        """Skip pauses, or no longer."""
        self.skip_idle = not self.skip_idle

    def action_mark(self, by: int) -> None:
        """Jump to the next or the previous event that was denied, asked or masked."""
        moments = [mark[0] for mark in self._marks]
        here = self.player.time
        place = bisect_right(moments, here + 0.05) if by > 0 else bisect_left(moments, here - 0.05) - 1
        if 0 <= place < len(moments):
            self._to(moments[place])

    def action_tail(self) -> None:
        """Stay at the end of a session that runs."""
        self.tail = True


def _minutes(seconds: float) -> str:
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
