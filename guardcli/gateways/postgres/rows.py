"""Masks rows in batches: what no rule touches is sent on as it came, in one slice.

A batch is laid out once (`RowValues`): where each value of each row begins and how long it is. Columns that a rule
names are replaced, all at once where that puts stars over them and value by value elsewhere. Everything else is seen
by the detectors in one piece: a copy of the batch in which all that is no text (lengths, headers, values of other
types) is a newline, so that each value stands in lines of its own at its own place. Only rows in which something is
found are written anew.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import Struct

from guardcli.gateways.postgres.codec.compiled import RowValues
from guardcli.gateways.postgres.codec.fields import NULL_LENGTH
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.mending import Found
from guardcli.masking.engine import Finding

HEADER = 7
"""Type, length, number of columns."""
_pack_length = Struct(">I").pack
_NULL = _pack_length(NULL_LENGTH)
_CACHED = 4096
"""So many values of a column are remembered with what takes their place."""

Replace = Callable[[bytes], "bytes | None"]
Edit = tuple[int, int, bytes]
"""What is to be replaced: from, to, and the new length and value."""


@dataclass(slots=True)
class Column:
    """What happens to one column: `replace` for every value, or `seen` by the detectors and `mend` for what they find.

    A value that `replace` returns as it is stays. Where `keeps` is not negative, `replace` of ASCII gives stars
    and at most so many of its last characters, and no more than half of them: then a whole column is done at once.
    `mend` is given a value and the findings in it, relative to its beginning.
    """

    replace: Replace | None = None
    keeps: int = -1
    seen: bool = False
    mend: Callable[[bytes, Sequence[Found]], bytes | None] | None = None


class RowMask:
    """Masks the rows of one result. `find` returns what is secret in a text, in order and without overlaps."""

    def __init__(self, columns: Sequence[Column], find: Callable[[bytes], Sequence[Finding]]) -> None:
        self._columns = columns
        self._find = find
        self._seen = bytes(column.seen for column in columns)
        self._stars = [
            (place, column.keeps) for place, column in enumerate(columns) if column.replace and column.keeps >= 0
        ]
        self._named = [place for place, column in enumerate(columns) if column.replace is not None]
        self._caches: list[dict[bytes, bytes]] = [{} for _ in columns]
        self.replaced = [0] * len(columns)

    def take(self, raw: bytes) -> bytes:
        """Take whole rows; return them masked. Raises ProtocolViolation where they are none of this result."""
        try:
            values = RowValues(raw, len(self._columns))
        except ValueError as fault:
            raise ProtocolViolation(str(fault)) from None
        batch, starred = values.starred(self._stars)
        for place, count in starred.items():
            self.replaced[place] += count
        edits: list[Edit] = []
        for place in self._named:
            if place not in starred:
                self._replace(values, place, edits)
        if any(self._seen):
            self._detect(values, edits)
        edits.sort()
        return _apply(batch, values, edits) if edits else batch

    def _replace(self, values: RowValues, place: int, edits: list[Edit]) -> None:
        replace, cache = self._columns[place].replace, self._caches[place]
        if replace is None:
            return
        batch = values.data
        begins, lengths = (of[place :: values.columns].tolist() for of in (values.begins, values.sizes))
        for begin, length in zip(begins, lengths, strict=True):
            if length < 0:
                continue
            value = batch[begin : begin + length]
            new = cache.get(value, b"")
            if not new:
                made = replace(value)
                if made is value:
                    continue
                new = _NULL if made is None else _pack_length(len(made)) + made
                if len(cache) < _CACHED and length < 256:
                    cache[value] = new
            edits.append((begin - 4, begin + length, new))
            self.replaced[place] += 1

    def _detect(self, values: RowValues, edits: list[Edit]) -> None:
        view = values.view(self._seen)
        findings = self._find(view)
        if not findings:
            return
        for index, found in self._by_value(view, findings, values):
            begin = values.begins[index]
            end = begin + values.sizes[index]
            mend = self._columns[index % values.columns].mend
            new = mend(values.data[begin:end], found) if mend is not None else None
            edits.append((begin - 4, end, _NULL if new is None else _pack_length(len(new)) + new))

    def _by_value(self, view: bytes, findings: Sequence[Finding], values: RowValues) -> list[tuple[int, list[Found]]]:
        """Sort findings by the value that they are in; values that one reaches over are looked at one by one."""
        begins, sizes = values.begins, values.sizes
        grouped: dict[int, list[Found]] = {}
        again: set[int] = set()
        for finding in findings:
            start, end = finding.start, finding.end
            index = bisect_right(begins, start) - 1
            if index >= 0 and end <= begins[index] + sizes[index] and self._seen[index % values.columns]:
                grouped.setdefault(index, []).append((start - begins[index], end - begins[index], finding))
            else:
                again.update(range(max(index, 0), bisect_left(begins, end)))
        for index in again:
            if self._seen[index % values.columns] and sizes[index] > 0:
                alone = self._find(view[begins[index] : begins[index] + sizes[index]])
                grouped[index] = [(one.start, one.end, one) for one in alone]
        return [(index, found) for index, found in grouped.items() if found]


def _apply(batch: bytes, values: RowValues, edits: list[Edit]) -> bytes:
    """Write the batch anew with `edits`, which are in order and do not overlap."""
    pieces: list[bytes] = []
    starts = [begin - HEADER - 4 for begin in values.begins[:: values.columns].tolist()]
    starts.append(len(batch))
    at = place = 0
    while place < len(edits):
        row = bisect_right(starts, edits[place][0])
        start, end = starts[row - 1], starts[row]
        body: list[bytes] = []
        grown = 0
        inner = start + 5
        while place < len(edits) and edits[place][0] < end:
            first, last, new = edits[place]
            body += (batch[inner:first], new)
            grown += len(new) - (last - first)
            inner = last
            place += 1
        pieces += (batch[at : start + 1], _pack_length(end - start - 1 + grown), *body)
        at = inner
    pieces.append(batch[at:])
    return b"".join(pieces)
