"""Reads recordings: asciicast v2 (docs.asciinema.org/manual/asciicast/v2). Pure.

The first line is the header, an object; every other line is ``[seconds, code, data]``, where the code is ``o`` for
output, ``r`` for a new size, ``m`` for a marker.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line; a broker writes some ten thousand at the most."""

SIZE = (80, 24)
"""Columns and rows where a recording does not say, or says nonsense."""
SIZE_MAX = (500, 200)


class Entry(NamedTuple):
    """One line of a recording but the header; `time` in seconds since its beginning."""

    time: float
    code: str
    data: str


def entry(line: bytes) -> Entry | None:
    """Return what a line says, None for the header, what is torn, and what is no entry."""
    try:
        return _entry(json.loads(line))
    except (ValueError, RecursionError):
        return None


def entries(lines: list[bytes]) -> list[Entry | None]:
    """Return `entry` of each line, read all at once where all of them are whole."""
    if not lines:
        return []
    try:
        found = json.loads(b"[" + b",".join(lines) + b"]")
    except (ValueError, RecursionError):
        return [entry(line) for line in lines]
    return [_entry(one) for one in found] if len(found) == len(lines) else [entry(line) for line in lines]


def _entry(found: object) -> Entry | None:
    if not isinstance(found, list) or len(found) != 3:
        return None
    time, code, data = found
    if not (isinstance(time, (int, float)) and isinstance(code, str) and isinstance(data, str)):
        return None
    return Entry(float(time), code, data) if abs(time) < float("inf") else None


def outputs(lines: Iterable[bytes]) -> Iterator[tuple[float, str]]:
    """Give time and text of each output in `lines`; the header, other entries and what is torn are passed over."""
    for line in lines:
        found = entry(line)
        if found is not None and found.code == "o":
            yield found.time, found.data


def header_size(line: bytes) -> tuple[int, int]:
    """Return columns and rows as the header says, within `SIZE_MAX`."""
    try:
        header = json.loads(line)
        return within(header["width"], header["height"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return SIZE


def new_size(text: str) -> tuple[int, int]:
    """Return columns and rows of an ``r`` entry, such as ``80x24``, within `SIZE_MAX`."""
    columns, _, rows = text.partition("x")
    try:
        return within(int(columns), int(rows))
    except ValueError:
        return SIZE


def within(columns: int, rows: int) -> tuple[int, int]:
    """Return a size that a terminal can have. Raises TypeError for what is no number."""
    return min(max(1, columns), SIZE_MAX[0]), min(max(1, rows), SIZE_MAX[1])


def lines(stretches: Iterable[bytes]) -> Iterator[bytes]:
    """Give the lines that `stretches` make together, each with its newline, whatever borders they have.

    A last line without a newline, cut off in the middle, is left out, as is one of more than `MAX_LINE` bytes.
    """
    rest = b""
    for stretch in stretches:
        *whole, rest = (rest + stretch).split(b"\n")
        for line in whole:
            yield line + b"\n"
        if len(rest) > MAX_LINE:
            rest = b""


def one_call(recording: Iterable[bytes], stretches: Iterable[bytes]) -> Iterator[bytes]:
    """Give the header of `recording`, then the lines of `stretches`, which are of one call, from second 0 on."""
    header = next(lines(recording), b"")
    if not header:
        return
    yield header
    first: float | None = None
    for line in lines(stretches):
        try:
            time, code, data = json.loads(line)
            first = float(time) if first is None else first
            shifted = [round(max(0.0, float(time) - first), 6), code, data]
        except (ValueError, TypeError, RecursionError):
            continue  # the header, where the call is the first of the session
        yield json.dumps(shifted, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
