"""Takes one call out of a session's recording. Pure.

asciicast v2 (docs.asciinema.org/manual/asciicast/v2): the first line is the header, an object; every other line is
``[seconds, code, data]``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line; a broker writes some ten thousand at the most."""


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
