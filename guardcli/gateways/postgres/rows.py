"""Masks rows in batches: what no rule touches is sent on as it came, in one slice.

A batch is laid out once (`layout`): where each value of each row begins and how long it is, worked out column by column
over all rows at once. Columns that a rule names are replaced value by value. Everything else is seen by the detectors
in one piece: a copy of the batch in which all that is no text (lengths, headers, values of other types) is a newline,
so that each value stands in lines of its own at its own place. Only rows in which something is found are written anew.

Source: PostgreSQL documentation, "Message Formats", DataRow.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Any

import numpy as np

from guardcli.gateways.postgres.codec.fields import NULL_LENGTH
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.mending import Found
from guardcli.masking.engine import Finding

HEADER = 7
"""Type, length, number of columns."""
_length_at = Struct(">I").unpack_from
_pack_length = Struct(">I").pack
_NULL = _pack_length(NULL_LENGTH)
_NEWLINE = 10
_CACHED = 4096
"""So many values of a column are remembered with what takes their place."""

_STAR = ord("*")
_SHOWN = np.array([chr(byte).isalnum() or chr(byte) in "@.-_ " for byte in range(128)])
"""Which characters of a value may be left to be seen (``strategies.substitute``)."""

Array = np.ndarray[Any, np.dtype[np.int64]]
Octets = np.ndarray[Any, np.dtype[np.uint8]]
Replace = Callable[[bytes], "bytes | None"]


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
        self._sees = any(column.seen for column in columns)
        self._named = [place for place, column in enumerate(columns) if column.replace is not None]
        self._caches: list[dict[bytes, bytes]] = [{} for _ in columns]
        self.replaced = [0] * len(columns)

    def take(self, raw: bytes) -> bytes:
        """Take whole rows; return them masked."""
        starts = _rows(raw)
        begins, lengths = layout(raw, starts, len(self._columns))
        batch, starred = self._starred(raw, begins, lengths)
        edits = self._edits(batch, begins, lengths, starred)
        return _apply(batch, starts, edits) if edits else batch

    def _starred(self, batch: bytes, begins: list[Array], lengths: list[Array]) -> tuple[bytes, frozenset[int]]:
        """Put stars into whole columns, as long as what was there; return the batch and which columns are done."""
        wanted = [place for place in self._named if self._columns[place].keeps >= 0]
        if not wanted:
            return batch, frozenset()
        octets = np.frombuffer(batch, np.uint8).copy()
        done = []
        for place in wanted:
            if _star(octets, begins[place], lengths[place], self._columns[place].keeps):
                done.append(place)
                self.replaced[place] += int((lengths[place] >= 0).sum())
        return octets.tobytes(), frozenset(done)

    def _edits(
        self, batch: bytes, begins: list[Array], lengths: list[Array], starred: frozenset[int]
    ) -> list[tuple[int, int, bytes]]:
        """Return what is to be replaced: from, to, and the new length and value."""
        edits: list[tuple[int, int, bytes]] = []
        for place in self._named:
            if place in starred:
                continue
            self._replace(batch, place, begins[place].tolist(), lengths[place].tolist(), edits)
        if self._sees:
            self._detect(batch, begins, lengths, edits)
        edits.sort()
        return edits

    def _replace(
        self, batch: bytes, place: int, begins: list[int], lengths: list[int], edits: list[tuple[int, int, bytes]]
    ) -> None:
        replace, cache = self._columns[place].replace, self._caches[place]
        if replace is None:
            return
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

    def _detect(
        self, batch: bytes, begins: list[Array], lengths: list[Array], edits: list[tuple[int, int, bytes]]
    ) -> None:
        seen = [place for place, column in enumerate(self._columns) if column.seen]
        view = _view(batch, [begins[place] for place in seen], [lengths[place] for place in seen])
        findings = self._find(view)
        if not findings:
            return
        values = _sorted_values(seen, begins, lengths)
        for begin, end, place, found in self._by_value(view, findings, values):
            mend = self._columns[place].mend
            new = mend(batch[begin:end], found) if mend is not None else None
            edits.append((begin - 4, end, _NULL if new is None else _pack_length(len(new)) + new))

    def _by_value(
        self, view: bytes, findings: Sequence[Finding], values: tuple[list[int], list[int], list[int]]
    ) -> list[tuple[int, int, int, list[Found]]]:
        """Sort findings by the value that they are in; values that one reaches over are looked at one by one."""
        begins, ends, places = values
        grouped: dict[int, list[Found]] = {}
        again: set[int] = set()
        for finding in findings:
            start, end = finding.start, finding.end
            index = bisect_right(begins, start) - 1
            if index >= 0 and end <= ends[index]:
                grouped.setdefault(index, []).append((start - begins[index], end - begins[index], finding))
            else:
                again.update(range(max(index, 0), bisect_left(begins, end)))
        for index in again:
            alone = self._find(view[begins[index] : ends[index]])
            grouped[index] = [(one.start, one.end, one) for one in alone]
        return [(begins[index], ends[index], places[index], found) for index, found in grouped.items() if found]


def _rows(data: bytes) -> list[int]:
    """Return where each row begins."""
    starts: list[int] = []
    add = starts.append
    at, size = 0, len(data)
    while at < size:
        add(at)
        at += 1 + _length_at(data, at + 1)[0]
    return starts


def layout(batch: bytes, starts: list[int], columns: int) -> tuple[list[Array], list[Array]]:
    """Return, for each column, where the value of each row begins and how long it is, -1 for NULL.

    Raises ProtocolViolation where a row is not exactly as long as its values, or has other columns.
    """
    octets = np.frombuffer(batch, np.uint8)
    rows = np.array(starts, np.int64)
    ends = np.append(rows[1:], len(batch))
    bad = (octets[rows] != 0x44) | (octets[rows + 5].astype(np.int64) * 256 + octets[rows + 6] != columns)
    if bad.any():
        raise ProtocolViolation("a row with another number of columns than was described")
    begins, lengths = [], []
    at = rows + HEADER
    for _ in range(columns):
        if (at + 4 > ends).any():
            raise ProtocolViolation("a row that is shorter than its values")
        length = np.zeros(len(rows), np.int64)
        for place in range(4):
            length = (length << 8) | octets[at + place]
        length = np.where(length == NULL_LENGTH, -1, length)
        begins.append(at + 4)
        lengths.append(length)
        at = at + 4 + np.maximum(length, 0)
        if (at > ends).any():
            raise ProtocolViolation("a row that is shorter than its values")
    if (at != ends).any():
        raise ProtocolViolation("a row that is longer than its values")
    return begins, lengths


def _star(octets: Octets, begins: Array, lengths: Array, keeps: int) -> bool:
    """Put stars over the values of one column, but for their last characters; False where one is not ASCII."""
    held = lengths > 0
    first, sizes = begins[held], lengths[held]
    index = _indices(first, sizes)
    values = octets[index]
    if (values > 0x7F).any():
        return False
    left = np.repeat(np.minimum(keeps, sizes // 2), sizes)
    behind = np.repeat(first + sizes, sizes) - index
    shown = (behind <= left) & _SHOWN[values]
    octets[index] = np.where(shown, values, _STAR)
    return True


def _indices(first: Array, sizes: Array) -> Array:
    """Return the places of all bytes of values that begin at `first` and are `sizes` long."""
    shift = np.cumsum(sizes) - sizes
    return np.asarray(np.repeat(first - shift, sizes) + np.arange(int(sizes.sum())), np.int64)


def _view(batch: bytes, begins: list[Array], lengths: list[Array]) -> bytes:
    """Return a copy of `batch` in which everything but these values is newlines."""
    octets = np.frombuffer(batch, np.uint8)
    view = np.full(len(batch), _NEWLINE, np.uint8)
    first = np.stack(begins).ravel()
    sizes = np.maximum(np.stack(lengths).ravel(), 0)
    index = _indices(first, sizes)
    view[index] = octets[index]
    return view.tobytes()


def _sorted_values(
    seen: list[int], begins: list[Array], lengths: list[Array]
) -> tuple[list[int], list[int], list[int]]:
    """Return begin, end and column of all values that are seen, by where they begin; NULLs are left out."""
    first = np.stack([begins[place] for place in seen])
    sizes = np.stack([lengths[place] for place in seen])
    columns = np.repeat(np.array(seen, np.int64), first.shape[1])
    flat, size = first.ravel(), sizes.ravel()
    kept = size > 0
    flat, size, columns = flat[kept], size[kept], columns[kept]
    order = np.argsort(flat, kind="stable")
    flat = flat[order]
    return flat.tolist(), (flat + size[order]).tolist(), columns[order].tolist()


def _apply(batch: bytes, starts: list[int], edits: list[tuple[int, int, bytes]]) -> bytes:
    """Write the batch anew with `edits`, which are in order and do not overlap."""
    pieces: list[bytes] = []
    add = pieces.append
    at = 0
    waiting = iter(edits)
    edit = next(waiting, None)
    for place, start in enumerate(starts):
        if edit is None:
            break
        end = starts[place + 1] if place + 1 < len(starts) else len(batch)
        if edit[0] >= end:
            continue
        body: list[bytes] = []
        grown = 0
        inner = start + 5
        while edit is not None and edit[0] < end:
            first, last, new = edit
            body.append(batch[inner:first])
            body.append(new)
            grown += len(new) - (last - first)
            inner = last
            edit = next(waiting, None)
        add(batch[at : start + 1])
        add(_pack_length(end - start - 1 + grown))
        pieces += body
        at = inner
    add(batch[at:])
    return b"".join(pieces)
