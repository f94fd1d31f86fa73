"""What a program wrote is seen as it saw it itself, however it comes, and acts on nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.playback import terminal
from guardcli.playback.asciicast import SIZE_MAX
from guardcli.playback.terminal import PLAIN, Style, Terminal

SIMPLE = [
    "hello", "\r\n", "\r\n", "\n", "\r", "\t", "\b", "\x1b[31m", "\x1b[0m", "\x1b[m", "\x1b[1;44m", "\x1b[K",
    "\x1b[2K", "\x1b[?25l", "\x1b[?25h", "\x1b[?7l", "\x1b[?7h", "\x1b]0;title\x07", "漢字", "é", "x" * 50,
]  # fmt: skip
ODD = [
    "\x1b[2J", "\x1b[H", "\x1b[5;10H", "\x1b[3;9r", "\x1b[r", "\x1b[?1049h", "\x1b[?1049l", "\x1bM", "\x1b[L",
    "\x1b[3M", "\x1b[²m", "\x1b[", "\x1b", "\x1b[?6h", "\x1b[?6l", "\x1b7", "\x1b8", "\x1bc", "\x1b[c", "\x9b", "\x00",
]  # fmt: skip


def state(screen: Terminal) -> object:
    return screen.rows(), screen.cursor, screen.size


PIECES = st.lists(st.lists(st.sampled_from(SIMPLE * 3 + ODD), max_size=150).map("".join), max_size=5)


@given(PIECES)
def test_the_quick_way_through_long_text_ends_on_the_same_screen(pieces: list[str]) -> None:
    quick, slow = Terminal(40, 10), Terminal(40, 10)
    with pytest.MonkeyPatch.context() as patch:
        for piece in pieces:
            patch.setattr(terminal, "SKIM_FROM", 1)
            quick.feed(piece)
            patch.setattr(terminal, "SKIM_FROM", 1 << 60)
            slow.feed(piece)
            assert state(quick) == state(slow)


@given(PIECES, st.sampled_from([(40, 10), (7, 3), (1, 1)]))
def test_plain_text_is_drawn_as_the_emulation_draws_it_one_by_one(pieces: list[str], size: tuple[int, int]) -> None:
    quick, slow = Terminal(*size), Terminal(*size)
    for piece in pieces:
        piece = piece.replace("é", "\x1b[4hin\x1b[4l\x1b(0lqk\x1b(B")
        quick.feed(piece)
        with pytest.MonkeyPatch.context() as patch:
            patch.delattr(terminal._Screen, "draw")
            slow.feed(piece)
        for screen in (quick, slow):
            screen.resize(size[0] + len(piece) % 3, size[1])
        assert state(quick) == state(slow)
        assert quick.snapshot()._replace(savepoints=()) == slow.snapshot()._replace(savepoints=())


@given(PIECES, PIECES)
def test_a_restored_terminal_goes_on_as_the_one_that_was_kept(before: list[str], after: list[str]) -> None:
    first = Terminal(40, 10)
    first.feed("".join(before))
    if not first.between_sequences:
        first.feed("\x18")
    again = Terminal(7, 3)
    again.restore(first.snapshot())
    for piece in after:
        first.feed(piece)
        again.feed(piece)
        assert state(first) == state(again)


@given(st.text(st.sampled_from("\x1b[]()#%?>;019mHJKrhlABCDPX^_\x9b\x9d\x07\\²٣ab\r\n\x18漢\u0301"), max_size=300))
def test_no_text_is_a_fault_and_all_that_is_shown_can_only_be_seen(text: str) -> None:
    screen = Terminal(20, 5)
    screen.feed(text)
    assert all(line.isprintable() for line in screen.text())
    assert len(screen.rows()) == screen.size[1]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain", ["plain"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("12345678901234567890wrap", ["12345678901234567890", "wrap"]),
        ("old\rnew", ["new"]),
        ("\x1b[2;3Hhere", ["", "  here"]),
        ("main\x1b[?1049hother\x1b[?1049l!", ["main!"]),
        ("\x1b]0;a title\x07text", ["text"]),
        ("\x1b]52;c;c2VjcmV0\x07text", ["text"]),
        ("a\x1b[²mb", ["ab"]),
        ("漢字x", ["漢字x"]),
        ("one\r\ntwo\x1b[1;1H\x1b[L", ["", "one", "two"]),
        ("\x1b[2;1Htwo\x1b[1;1H\x1b[M", ["two"]),
    ],
)
def test_a_screen_shows_what_a_terminal_would(written: str, shown: list[str]) -> None:
    for split in range(len(written) + 1):
        screen = Terminal(20, 5)
        screen.feed(written[:split])
        screen.feed(written[split:])
        assert screen.text() == shown + [""] * (5 - len(shown))


def test_looks_are_kept_in_runs() -> None:
    screen = Terminal(10, 2)
    screen.feed("a\x1b[1;31mb\x1b[0mc")
    assert screen.rows()[0] == [("a", PLAIN), ("b", Style("red", bold=True)), ("c" + " " * 7, PLAIN)]


def test_a_size_has_bounds() -> None:
    assert Terminal(10**9, 10**9).size == SIZE_MAX
    assert Terminal(-1, 0).size == (1, 1)
    screen = Terminal(20, 5)
    screen.resize(10**9, 0)
    assert screen.size == (SIZE_MAX[0], 1)


def test_a_hidden_cursor_is_nowhere() -> None:
    screen = Terminal(20, 5)
    screen.feed("ab")
    assert screen.cursor == (2, 0)
    screen.feed("\x1b[?25l")
    assert screen.cursor is None
