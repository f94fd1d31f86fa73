"""Plays a recording on a terminal: its text at its pace, and nothing of it that would act on the terminal.

A function that is given where its lines come from, where to write, and how to wait; asciicast v2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from guardcli.cli.terminal_filter import TerminalFilter
from guardcli.playback.asciicast import outputs

MAX_PAUSE = 86400.0
"""No recording of a day's pause makes a player wait longer, nor one whose times are nonsense."""


def play(
    lines: Iterable[bytes],
    write: Callable[[str], None],
    wait: Callable[[float], None],
    *,
    speed: float = 1.0,
    idle_limit: float = 0.0,
) -> None:
    """Write the output in `lines` at `speed`, with no pause longer than `idle_limit` seconds where that is given.

    The terminal is put right at the end, and when writing or waiting is interrupted.
    """
    terminal = TerminalFilter()
    last = 0.0
    try:
        for time, text in outputs(lines):
            pause = min(max(0.0, time - last), MAX_PAUSE)
            last = max(last, time)
            if idle_limit:
                pause = min(pause, idle_limit)
            if pause > 0:
                wait(pause / speed)
            write(terminal.feed(text))
    finally:
        write(terminal.ending())
