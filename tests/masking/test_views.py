"""Both views of terminal output are those of a plain model, and every byte of them is traced to where it came from."""

from __future__ import annotations

import random
import re

from guardcli.masking.views import SEQUENCE, View

COLOUR = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[mKhlnc]|[ -/]+[0-~])\Z")
STRING = re.compile(rb"\x1b[\]PX^_]([^\x07\x1b]*)")
PIECES = (
    b"\x1b[1m", b"\x1b[0;31m", b"\x1b[3C", b"\x1b[2;5H", b"\x1b[K", b"\x1b]0;title\x07", b"\x1b]8;;x\x1b\\",
    b"\x1bPq\x1b\\", b"\x1b(B", b"\x1b#8", b"\x1b7", b"\x1b=", b"\x1b", b"\x1b[", b"\x1b]", b"\x1b]x\n",
    b"\b", b"\x07", b"\n", b"a", b"secret", b"\xc3\xa9", b"\x1b[?25l", b"\x1b[1 q", b"\x1b^pm\x07", b"\x1b \x1b",
    b"\\", b"~", b"\x1b\x1b[m", b"\0",
)  # fmt: skip


def separated(sequence: re.Match[bytes]) -> bytes:
    if COLOUR.match(sequence[0]):
        return b""
    string = STRING.match(sequence[0])
    if string is None or not string[1]:
        return b" "
    return b"\0\0" + string[1] + (b"\0" if string.end() < len(sequence[0]) else b"")


def texts() -> list[bytes]:
    dice = random.Random(11)
    made = [b"".join(dice.choices(PIECES, k=dice.randrange(9))) for _ in range(20_000)]
    return made + [bytes(dice.choices(b"\x1b[]m0;\x07\\ (Ba\b\n", k=dice.randrange(30))) for _ in range(20_000)]


def test_sequences_are_left_out_or_shown() -> None:
    for raw in texts():
        assert View(raw, joined=True).text == SEQUENCE.sub(b"", raw), raw
        assert View(raw, joined=False).text == SEQUENCE.sub(separated, raw), raw


def test_each_byte_that_is_shown_is_traced_to_its_place() -> None:
    for raw in texts()[::5]:
        for joined in (True, False):
            view = View(raw, joined)
            within = {place for found in SEQUENCE.finditer(raw) for place in range(*found.span())}
            outside = [place for place in range(len(raw)) if place not in within]
            assert [view.place(place) for place in outside] == sorted({view.place(place) for place in outside})
            for place in outside:
                seen = view.place(place)
                assert view.text[seen] == raw[place] and view.origin(seen) == place, raw
            for seen, byte in enumerate(view.text):
                assert byte in (raw[view.origin(seen)], 0, 0x20), raw
            assert view.origin(len(view.text)) == len(raw)


def test_a_text_without_sequences_is_its_own_view() -> None:
    for raw in (b"", b"a", b"plain\ntext\n"):
        view = View(raw, joined=False)
        assert view.text == raw
        assert [view.origin(place) for place in range(len(raw) + 1)] == list(range(len(raw) + 1))
