"""A jump to what is not fetched yet shows the screen that playing would have shown."""

from __future__ import annotations

import pytest

from guardcli.playback.index import Index, Player
from guardcli.tui.recording import LocalRecording
from guardcli.tui.source import Source


@pytest.fixture(scope="module")
def long(stage):
    story = stage.story("session-long")
    for number in range(400):
        colour = number % 7 + 31
        text = f"\x1b[{colour}mline {number}\x1b[0m " + "x" * 900 + "\r\n"
        story.record(1, *([number + part / 10, "o", text] for part in range(3)), at=number + 0.25)
    story.close()
    return story


@pytest.mark.parametrize("moment", [0.0, 0.05, 7.15, 123.2, 399.0, 5000.0])
def test_a_glimpse_is_what_playing_shows(stage, long, moment: float) -> None:
    data = b"".join(stage.client.recording_from(long.id, 0))
    index = Index()
    index.add(data)
    player = Player(index, lambda offset, length: data[offset : offset + length])
    player.seek(moment)
    recording = LocalRecording(Source(stage.client, lambda link: None), long.id)
    seen = recording.glimpse(moment)
    recording.close()
    assert seen is not None
    assert seen.text() == player.terminal.text()


def test_what_was_fetched_is_gone_with_the_screen(stage, long) -> None:
    recording = LocalRecording(Source(stage.client, lambda link: None), long.id)
    recording.fetch(lambda: False, lambda: True)
    assert recording.complete
    assert recording.index.duration == pytest.approx(399.2)
    assert recording.read(0, 10) != b""
    recording.close()
    assert recording.read(0, 10) == b""


def test_a_session_that_records_nothing_has_no_glimpse(stage) -> None:
    story = stage.story("session-nothing")
    recording = LocalRecording(Source(stage.client, lambda link: None), "session-nothing")
    assert recording.glimpse(3.0) is None
    recording.close()
    story.close()
