"""Recorded output colours and moves on the reader's terminal, and does nothing else to it."""

from __future__ import annotations

import random
import re

import pytest

from guardcli.cli.terminal_filter import HOLD_MAX, RESET, TerminalFilter

PASSES = [
    "plain text",
    "two\r\nlines\tand a tab\b",
    "é 😀 漢字",
    "\x1b[31mred\x1b[0m",
    "\x1b[38;5;208morange\x1b[38:2::255:128:0mtoo\x1b[m",
    "\x1b[2J\x1b[H\x1b[10;20Hthere\x1b[K",
    "\x1b[A\x1b[3B\x1b[C\x1b[D\x1b[5G\x1b[4d",
    "\x1b[?25l\x1b[?25h",
    "\x1b[?1049h\x1b[?1049l",
    "\x1b7\x1b8\x1bM",
    "\x1b(0lqk\x1b(B",
    "\x1b[1;24r\x1b[2L\x1b[2M\x1b[3P\x1b[3@\x1b[3X\x1b[S\x1b[T",
]

DROPPED = {
    "the title": ("\x1b]0;evil\x07", ""),
    "the title, ended by ST": ("\x1b]2;evil\x1b\\", ""),
    "the clipboard": ("a\x1b]52;c;ZXZpbA==\x07b", "ab"),
    "a hyperlink": ("\x1b]8;;http://evil/\x1b\\text\x1b]8;;\x1b\\", "text"),
    "the colours' question": ("\x1b]11;?\x07", ""),
    "a device control string": ("\x1bP$q q\x1b\\x", "x"),
    "an application command": ("\x1b_Gf=24,s=10;AAAA\x1b\\x", "x"),
    "a privacy message": ("\x1b^x\x1b\\y", "y"),
    "a start of string": ("\x1bXx\x1b\\y", "y"),
    "device attributes": ("\x1b[c\x1b[0c\x1b[>c\x1b[=c", ""),
    "a status report": ("\x1b[5n\x1b[6n\x1b[?6n", ""),
    "a window report": ("\x1b[21t\x1b[14t\x1b[8;50;200t", ""),
    "parameters' report": ("\x1b[x\x1b[1x", ""),
    "a mode's report": ("\x1b[?25$p\x1b[4$p", ""),
    "mouse modes": ("\x1b[?1000h\x1b[?1003h\x1b[?1006h", ""),
    "bracketed paste and focus": ("\x1b[?2004h\x1b[?1004h", ""),
    "application keys": ("\x1b[?1h\x1b=\x1b>", ""),
    "keyboard protocols": ("\x1b[>4;2m\x1b[>1u\x1b[=1u", ""),
    "insert mode and keyboard lock": ("\x1b[4h\x1b[2h\x1b[20h", ""),
    "one good mode beside a bad one": ("\x1b[?25;1000h", "\x1b[?25h"),
    "resets": ("\x1bc\x1b[!p", ""),
    "a repetition": ("x\x1b[99999999b", "x"),
    "a huge number": ("\x1b[999999999S", ""),
    "media copy": ("\x1b[5i\x1b[4i", ""),
    "the bell and its like": ("a\x07\x05\x0e\x0f\x00b", "ab"),
    "C1 controls": ("\x9b31mx\x9d0;evil\x07\x90y\x9c", "31mx0;evily"),
    "writing directions": ("a\u202eb\u2066c", "abc"),
    "other character sets": ("\x1b)0\x1b*A\x1b%G\x1b#8", ""),
    "a sequence within one": ("\x1b[3\x1b[31mx", "3\x1b[31mx"),
}


def filtered(*pieces: str) -> str:
    terminal = TerminalFilter()
    return "".join(terminal.feed(piece) for piece in pieces)


@pytest.mark.parametrize("text", PASSES)
def test_what_is_harmless_passes_as_it_is(text: str) -> None:
    assert filtered(text) == text


@pytest.mark.parametrize("name", DROPPED)
def test_what_acts_on_the_terminal_is_dropped(name: str) -> None:
    text, kept = DROPPED[name]
    assert filtered(text) == kept


@pytest.mark.parametrize("text", [*PASSES, *(text for text, _ in DROPPED.values())])
def test_pieces_make_no_difference(text: str) -> None:
    whole = filtered(text)
    for place in range(len(text) + 1):
        assert filtered(text[:place], text[place:]) == whole
    assert filtered(*text) == whole


def test_a_string_that_never_ends_is_not_held_for_ever() -> None:
    shown = filtered("\x1b]0;" + "x" * (2 * HOLD_MAX), "\r\nafter")
    assert shown.endswith("after")
    assert "\x1b" not in shown


def test_the_ending_puts_the_terminal_right() -> None:
    terminal = TerminalFilter()
    terminal.feed("\x1b[?1049h\x1b[31m\x1b]0;cut off")
    assert terminal.ending() == "\x1b[?1049l" + RESET
    assert terminal.feed("x") == "x"
    assert terminal.ending() == "", "text alone changes nothing"


ALLOWED = re.compile(r"\x1b\[[0-9;:]*[A-Za-z@`]|\x1b\[\?(?:7|25|47|1047|1048|1049)(?:;\d+)*[hl]|\x1b[78MDE]|\x1b\([0B]")


@pytest.mark.parametrize("seed", range(200))
def test_whatever_comes_nothing_but_known_sequences_passes(seed: int) -> None:
    pick = random.Random(seed)
    alphabet = '\x1b\x1b\x1b[]?PX^_\\\x07;:0125 $!"mhlcntHJKqpu\x9b\x9d\x9c(0B>=\x18\r\nab\u202e'
    text = "".join(pick.choice(alphabet) for _ in range(400))
    cut = pick.randrange(400)
    shown = filtered(text[:cut], text[cut:])
    rest = ALLOWED.sub("", shown)
    assert not re.search(r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", rest), repr(rest)
    assert not re.search(r"\x1b\[[0-9;:]*[cntpqxibuhl]", shown), repr(shown)
