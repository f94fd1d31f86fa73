"""A recording plays at its pace, and leaves the terminal as it was."""

from __future__ import annotations

import json

import pytest

from guardcli.cli.replay import MAX_PAUSE, play
from guardcli.cli.terminal_filter import RESET
from guardcli.playback.asciicast import outputs

HEADER = b'{"version": 2, "width": 80, "height": 24}\n'


def cast(*entries: object) -> list[bytes]:
    return [HEADER, *(json.dumps(entry).encode() + b"\n" for entry in entries)]


def played(lines: list[bytes], **options: float) -> tuple[str, list[float]]:
    written: list[str] = []
    waited: list[float] = []
    play(lines, written.append, waited.append, **options)
    return "".join(written), waited


def test_output_is_written_at_its_pace() -> None:
    lines = cast([0.5, "o", "a"], [0.5, "o", "b"], [2.0, "o", "c\r\n"])
    assert played(lines) == ("abc\r\n", [0.5, 1.5])
    assert played(lines, speed=2.0)[1] == [0.25, 0.75]
    assert played(lines, idle_limit=1.0)[1] == [0.5, 1.0]


def test_times_that_are_nonsense_do_not_stop_the_player() -> None:
    lines = cast([5.0, "o", "a"], [1.0, "o", "b"], [1e300, "o", "c"])
    text, waited = played(lines)
    assert text == "abc"
    assert waited == [5.0, MAX_PAUSE]


def test_markers_sizes_and_what_is_torn_are_passed_over() -> None:
    lines = [
        *cast(
            [0, "m", "mark"], [0, "r", "80x24"], [0, "i", "typed"], [0, "o", "x"], [0, "o", 5], ["0", "o", "y"], 7, None
        ),
        b'[0, "o", "to',
        b"[" * 100_000,
        b"\xff\xfe\n",
        b'[NaN, "o", "n"]\n',
        b'[Infinity, "o", "i"]\n',
    ]
    assert [text for _, text in outputs(lines)] == ["x"]


def test_an_interruption_leaves_the_terminal_right() -> None:
    written: list[str] = []

    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play(cast([0.0, "o", "\x1b[?1049h"], [1.0, "o", "x"]), written.append, interrupted)
    assert "".join(written) == "\x1b[?1049h" + "\x1b[?1049l" + RESET
