"""Rows and records whose plain lines `native` walks over: a follower judges by itself only what is not plain."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from guardcli.masking.compiled.native import Question, Spans, library
from guardcli.masking.followers.follower import Follower, Gone

_COLUMNS = 64
_SIGN = 12
_TABLE = Struct(f"<9I{2 * _COLUMNS}i{_SIGN}s")
_STATE = Struct("<2I")
_STATE_AT = 28
"""Where, in what is packed, `hit` stands and whether there was no room for all that was found."""

_ROOM = 256
_ROOM_MAX = 8192
_HEADINGS = 256
UNNUMBERED = 0xFFFFFFFF


class Layout(IntEnum):
    """What stands where, as in ``native/tables.c``."""

    ALIGNED = 0
    DELIMITED = 1
    RECORDS = 2


class Cells(NamedTuple):
    """Which values of masked columns go: those of which a `Question` has it so. `names` is the number of the columns'
    names in `headings.NAMES`, `UNNUMBERED` of others.
    """

    question: int = Question.ANY
    names: int = UNNUMBERED


EVERY = Cells()


class Rows(NamedTuple):
    """A table or a record. `bounds` holds the first and the last position of each masked column of aligned rows, or the
    indexes of the masked fields of delimited ones, in order; between those stands `sign`, and there are `total`.
    """

    layout: Layout
    bounds: Sequence[int] = ()
    sign: bytes = b""
    total: int = 0
    hit: bool = False

    def walk(self, text: bytes, start: int, rank: int, found: Spans, cells: Cells) -> tuple[int, bool]:
        """Judge the lines from `start` on, put what goes into `found`, as of `rank`, and return where the first line is
        that is not plain or not whole, and whether the last name before it is masked.
        """
        columns = len(self.bounds) // (2 if self.layout is Layout.ALIGNED else 1)
        if len(self.sign) > _SIGN or columns > _COLUMNS:
            return start, self.hit
        bounds = [*self.bounds, *(0,) * (2 * _COLUMNS - len(self.bounds))]
        packed = _TABLE.pack(
            *(self.layout, *cells, self.total, columns, len(self.sign), rank, self.hit, 0), *bounds, self.sign
        )
        table, room = bytearray(packed), _ROOM
        memory = (ctypes.c_char * len(table)).from_buffer(table)
        while True:
            some, count = Spans.room(room), ctypes.c_size_t()
            start = library().guard_rows(text, len(text), start, memory, some.address(), room, ctypes.byref(count))
            some.count = count.value
            found.join(some)
            hit, full = _STATE.unpack_from(table, _STATE_AT)
            if not full:
                return start, bool(hit)
            room = _ROOM_MAX


class Walker:
    """A follower of rows or records."""

    __slots__ = ()

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge a line, as `Follower` does."""
        raise NotImplementedError

    def walk(self, text: bytes, start: int, rank: int, found: Spans, cells: Cells = EVERY) -> tuple[int, Walker | None]:
        """Judge plain lines from `start` on, put what goes into `found`, as of `rank`, and return where the next line
        begins and who follows it, if anybody does.
        """
        raise NotImplementedError


def headings(text: bytes, end: int, names: int, whole: bool, hits: array[int], number: int) -> Sequence[int]:
    """Return where lines of `text[:end]` end behind which rows may begin under a column of the names of this number.

    Those are rulers and the first markers of records, where `whole`, and the lines at which a hit of `number` ends.
    """
    room = _HEADINGS
    while True:
        ends = array("I", bytes(4 * room))
        count = library().guard_headings(
            *(text, end, names, whole, hits.buffer_info()[0], len(hits) // 2, number), ends.buffer_info()[0], room
        )
        if count <= room:
            return ends[:count]
        room = count
