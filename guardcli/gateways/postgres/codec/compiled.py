"""The compiled part of reading rows, bound by ctypes; `native/rows.c` has it, in the library of masking.

A thousand rows are walked over, or laid out, in the time in which Python looks at a few headers. The functions keep no
state and read nothing beyond the bytes that they are given.
"""

from __future__ import annotations

import ctypes
from functools import cache

from guardcli.masking.compiled.native import library

SIZE_MAX = (1 << 31) - 1
"""Bytes of rows that are laid out at once: places in them are numbers of 32 bits."""
_NONE = ctypes.c_size_t(-1).value
_ROW, _VALUE = 7, 4
"""Bytes that a row and each of its values have at the least: a header and a number of values; a length."""


@cache
def _compiled() -> ctypes.CDLL:
    """Return the library. Raises UnavailableError where there is none."""
    loaded = library()
    text, size, memory, number = ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_uint
    for function, result, arguments in (
        (
            loaded.guard_messages,
            size,
            (text, size, size, ctypes.c_uint8, ctypes.c_uint32, ctypes.c_uint32, ctypes.POINTER(size)),
        ),
        (loaded.guard_row_values, ctypes.c_bool, (text, size, size, number, memory, memory)),
        (loaded.guard_row_view, None, (text, size, size, number, text, memory, memory, memory)),
        (loaded.guard_row_stars, size, (memory, size, number, number, number, memory, memory)),
    ):
        function.restype, function.argtypes = result, arguments
    return loaded


def whole_messages(data: bytes, at: int, kind: int, least: int, most: int) -> tuple[int, int]:
    """Return where the whole messages of type `kind` end that stand in `data` from `at` on, and how many they are.

    Each has a length from `least` to `most`; what is none of these, or not all there, is left.
    """
    count = ctypes.c_size_t()
    end: int = _compiled().guard_messages(data, len(data), at, kind, least, most, ctypes.byref(count))
    return end, count.value


class RowValues:
    """Whole rows laid out. `begins` and `sizes` say of each value where it begins and how long it is, -1 for NULL.

    They go row by row, `columns` values each.
    """

    __slots__ = ("_begins", "_sizes", "begins", "columns", "data", "rows", "sizes")

    def __init__(self, data: bytes, columns: int) -> None:
        """Raises ValueError where `data` is anything but whole rows of `columns` values, with nothing between these."""
        if len(data) > SIZE_MAX:
            raise ValueError(f"{len(data)} bytes of rows at once")
        end, rows = whole_messages(data, 0, ord("D"), 6, SIZE_MAX)
        fits = end == len(data) and rows * (_ROW + _VALUE * columns) <= end
        room = 4 * max(1, rows * columns if fits else 0)
        self._begins, self._sizes = (ctypes.c_char * room)(), (ctypes.c_char * room)()
        if not fits or not _compiled().guard_row_values(data, len(data), rows, columns, self._begins, self._sizes):
            raise ValueError("rows that are not as long as their values, or have other columns than were described")
        self.data, self.rows, self.columns = data, rows, columns
        self.begins = memoryview(self._begins).cast("B").cast("I")
        self.sizes = memoryview(self._sizes).cast("B").cast("i")

    def view(self, seen: bytes) -> bytes:
        """Return a copy of the rows in which all is newlines but for the columns whose byte in `seen` is not 0."""
        out = (ctypes.c_char * len(self.data))()
        rows, columns = self.rows, self.columns
        _compiled().guard_row_view(self.data, len(out), rows, columns, seen, self._begins, self._sizes, out)
        return out.raw

    def starred(self, keeps: list[tuple[int, int]]) -> tuple[bytes, dict[int, int]]:
        """Put stars over the values of some columns, each given with how many last characters may stay at the most.

        Return the rows, and for each column that was done how many values it has that are not NULL. Not done is one
        with a value that is not ASCII.
        """
        if not keeps:
            return self.data, {}
        made = ctypes.create_string_buffer(self.data, len(self.data))
        done = {}
        for column, keep in keeps:
            count = _compiled().guard_row_stars(made, self.rows, self.columns, column, keep, self._begins, self._sizes)
            if count != _NONE:
                done[column] = count
        return made.raw, done
