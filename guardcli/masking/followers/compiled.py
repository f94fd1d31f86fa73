"""Followers that are in C: ``native/followers.c`` leads them from line to line, and finds where they begin."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Spans, library
from guardcli.masking.compiled.programs import program
from guardcli.masking.followers.follower import Follower, Gone
from guardcli.masking.forms.lineends import LineEnd
from guardcli.masking.tables.rows import EVERY, Cells, Walker

_MOST = 64
_STATE = 128
_LED = Struct(f"<6IQ{_STATE}s")
_ANSWER = Struct("<3I")
_ANSWER_AT = 12
"""Where, in what is packed, it stands what is wanted, whether there was no room, and whether somebody waits."""
_STATE_AT = 32
_ANNOUNCEMENT = Struct("<4I4Q")
_ROOM = 64
_ROOM_MAX = 8192


class Kind(IntEnum):
    """A kind of follower, as in ``native/followers.h``."""

    ANNOUNCED = 0
    BARS = 1
    SECRET_DATA = 2
    KEY_BLOCK = 3
    BLOCK_SCALAR = 4


class Announcement(NamedTuple):
    """What is announced by a line that ends as one of `ends`. `value` matches a line that holds it, in its last group;
    at most `lines` lines are looked at; `many` of them may hold one, or the first that looks like it is the `final`
    one; what matches `last` is the last one, too. Of the judge with question 0 is what stands beside a word like
    ``value``.
    """

    ends: Sequence[LineEnd]
    value: bytes
    judge: Judge
    last: bytes
    lines: int = 6
    many: bool = False
    final: bool = False


class Announcements:
    """Announcements as the library knows them, each compiled when it is first seen."""

    def __init__(self, all_of_them: Sequence[Announcement]) -> None:
        """Compile nothing yet."""
        self._all = all_of_them
        self._kept: list[tuple[array[int], ...]] = []
        self._packed = bytearray(_MOST * _ANNOUNCEMENT.size + _MOST)
        for number, one in enumerate(all_of_them):
            for end in one.ends:
                self._packed[_MOST * _ANNOUNCEMENT.size + end] = number + 1

    @property
    def address(self) -> int:
        """Where they are."""
        return ctypes.addressof((ctypes.c_char * len(self._packed)).from_buffer(self._packed))

    def compile(self, number: int) -> None:
        """See to it that the programs of one are there."""
        one = self._all[number]
        parts = (one.value, one.last, one.judge.wants, one.judge.declines)
        programs = tuple(program(part) if part else array("I") for part in parts)
        self._kept.append(programs)
        addresses = (part.buffer_info()[0] if part else 0 for part in programs)
        fields = (one.lines, one.many, one.final, one.judge.question)
        _ANNOUNCEMENT.pack_into(self._packed, number * _ANNOUNCEMENT.size, *fields, *addresses)


class Compiled(Walker):
    """State between two lines, as the library has it. Immutable."""

    __slots__ = ("_announcements", "_kind", "_state")

    def __init__(self, kind: Kind, announcements: Announcements | None = None, state: bytes = b"") -> None:
        """Without a `state` nothing is waited for yet."""
        self._kind = kind
        self._announcements = announcements
        self._state = state

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge the head of an over-long line."""
        found = Spans.room(0)
        _, after = self._walk(text[:end], start, 0, found, cut)
        return [Gone(one.start, one.end, one.drop) for one in found], after

    def walk(self, text: bytes, start: int, rank: int, found: Spans, cells: Cells = EVERY) -> tuple[int, Walker | None]:
        """Judge all lines, but for over-long ones; None follows where nothing is waited for."""
        return self._walk(text, start, rank, found, False)

    def _walk(self, text: bytes, start: int, rank: int, found: Spans, cut: bool) -> tuple[int, Compiled | None]:
        announcements, room = self._announcements, _ROOM
        address = announcements.address if announcements is not None else 0
        led = bytearray(_LED.pack(self._kind, rank, cut, 0, 0, bool(self._state), address, self._state))
        memory = (ctypes.c_char * len(led)).from_buffer(led)
        while True:
            some, count = Spans.room(room), ctypes.c_size_t()
            start = library().guard_led(text, len(text), start, memory, some.address(), room, ctypes.byref(count))
            some.count = count.value
            found.join(some)
            wanted, full, waits = _ANSWER.unpack_from(led, _ANSWER_AT)
            if wanted and announcements is not None:
                announcements.compile(wanted - 1)
            elif not full:
                return start, Compiled(self._kind, announcements, bytes(led[_STATE_AT:])) if waits else None
            room = _ROOM_MAX
