"""Leads followers from line to line: where one ends, to where the next begins."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import NamedTuple

from guardcli.masking.compiled.native import Row, Spans
from guardcli.masking.followers.follower import Follower
from guardcli.masking.overlong import BOUND, LINE, reach, rest_of
from guardcli.masking.spans import LONG_LINE
from guardcli.masking.tables.rows import Walker

Beginning = tuple[int, Follower]
"""Where lines begin that a follower must see, and the follower."""

Begins = Callable[[int], Beginning | None]
"""Returns the first beginning at a place or behind it."""


class Led(NamedTuple):
    """What becomes of the lines that followers of one detector are led over."""

    rank: int
    spans: list[Row]
    walked: Spans

    def run(self, text: bytes, base: int, follower: Follower | None, begins: Begins) -> Follower | None:
        """Lead followers line by line to the end of `text`; return the one that goes on."""
        place = base
        while True:
            if follower is None:
                if (begun := begins(place)) is None:
                    return None
                place, follower = begun
            if isinstance(follower, Walker):
                place, follower = follower.walk(text, place, self.rank, self.walked)
                if follower is None:
                    continue
            if place >= len(text):
                return follower
            newline = text.find(b"\n", place)
            end = newline if newline >= 0 else len(text)
            if end - place > LONG_LINE:
                follower = _judge_head(text, place, follower, self.rank, self.spans)
            else:
                gone, follower = follower.line(text, place, end)
                self.spans.extend([(one.start, one.end, self.rank, one.drop, 0) for one in gone])
            place = end + 1


def first_of(known: Sequence[Beginning]) -> Begins:
    """Return what finds the first of those that are known."""

    def after(place: int) -> Beginning | None:
        index = bisect_left(known, place, key=itemgetter(0))
        return known[index] if index < len(known) else None

    return after


def asked(text: bytes, ends: Sequence[int], begin: Callable[[bytes, int], Beginning | None]) -> Begins:
    """Return what asks `begin` of one line after the other that ends at `ends`."""

    def after(place: int) -> Beginning | None:
        for index in range(bisect_left(ends, place), len(ends)):
            if (begun := begin(text, ends[index])) is not None:
                return begun
        return None

    return after


def anywhere(text: bytes, end: int, begin: Callable[[bytes, int], Beginning | None]) -> Begins:
    """Return what asks `begin` at whatever line, before `end`."""
    return lambda place: begin(text, place) if place < end else None


def _judge_head(text: bytes, place: int, follower: Follower, rank: int, spans: list[Row]) -> Follower | None:
    """Let `follower` judge the head of the over-long line at `place`; what reaches the head's end masks the rest."""
    cut = place + LONG_LINE
    gone, after = follower.line(text, place, cut, True)
    if gone and gone[-1].end == cut:
        start = gone[0].start
        rest = rest_of(text, start, start + BOUND) if len(gone) == 1 and cut - start >= BOUND else LINE
        end = reach(text, cut, rest)
        spans.append((start, end, rank, False, rest if end == len(text) else 0))
    else:
        spans.extend((one.start, one.end, rank, one.drop, 0) for one in gone)
    return after
