"""Rows under a header that names a column: psql's aligned, unaligned and CSV output, and what looks like it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from guardcli.masking.followers import Follower, Gone
from guardcli.masking.strategies import width

Named = Callable[[str], bool]
"""Tells whether a column's name is one that is masked."""

_END_OF_ROWS = re.compile(rb"\([0-9]+ (?:rows?|Zeilen?|lignes?|filas?)\)\r?|[ \t\r]*")
_RULER = re.compile(rb"[+|]?[-+]+[+|]?\r?|(?:\xe2\x94.|\r)+")
_IDENTIFIER = re.compile(rb"\"?[A-Za-z_?][\w? ]*\"?")
_FIELD = {
    sign: re.compile(rb"\"(?:[^\"]|\"\")*(?:\"|\Z)|[^" + re.escape(sign) + rb"\r\n]*")
    for sign in (b",", b"|", b"\t", b";", b"~", b"^", b"#", b"!", b":", b"\x1f", b"\0")
}
_ALONE = b"\0"
"""The sign of a table of one column, whose rows hold none."""
END_OF_RESULT = re.compile(rb"\n\([0-9]+ (?:rows?|Zeilen?|lignes?|filas?)\)\r?\n\Z")
_SPACED = re.compile(rb"[A-Z][A-Z0-9_()/-]*(?: [A-Z0-9_()/-]+)*(?: {2,}[A-Z][A-Z0-9_()/-]*(?: [A-Z0-9_()/-]+)*)+ *")
_HEAD = re.compile(rb"[A-Z][A-Z0-9_()/-]*(?: [A-Z0-9_()/-]+)*")


class AlignedRows:
    """Rows whose columns stand between the same positions as in the header."""

    __slots__ = ("_columns",)

    def __init__(self, columns: Sequence[tuple[int, int]]) -> None:
        """`columns` holds first and last display position of each masked column; -1 as the last for the open end."""
        self._columns = tuple(columns)

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one row."""
        row = text[start:end]
        if _END_OF_ROWS.fullmatch(row):
            return (), None
        gone: list[Gone] = []
        if _RULER.fullmatch(row):
            return gone, self
        for first, last in self._columns:
            low, high = (first, len(row) if last < 0 else last) if row.isascii() else _bytes_between(row, first, last)
            cell = row[low:high]
            kept = cell.rstrip(b" \r+|")
            kept = kept[:-1].rstrip(b" ") if kept.endswith(b" .") else kept  # psql's sign of a wrapped cell
            kept_start = low + len(kept) - len(kept.lstrip(b" "))
            if kept.strip():
                gone.append(Gone(start + kept_start, start + low + len(kept)))
        if cut:
            gone.append(Gone(end - 1, end))
        return gone, self


def _bytes_between(row: bytes, first: int, last: int) -> tuple[int, int]:
    """Translate display positions of `row` into offsets."""
    low = high = len(row)
    place = offset = 0
    for char in row.decode("utf-8", "surrogateescape"):
        if place >= first and low == len(row):
            low = offset
        if 0 <= last <= place:
            high = offset
            break
        encoded = char.encode("utf-8", "surrogateescape")
        place += width(encoded)
        offset += len(encoded)
    return min(low, high), high


def aligned(header: bytes, ruler: bytes, named: Named) -> AlignedRows | None:
    """Return the follower of the rows under `header` and its `ruler` (``----+---``), if a column of it is masked."""
    names = header.decode("utf-8", "replace").replace("│", "|")
    marks = (
        ruler.decode("utf-8", "replace")
        .strip("\r")
        .replace("┼", "+")
        .replace("─", "-")
        .replace("├", "+")
        .replace("┤", "+")
    )
    bounds = [-1, *(place for place, char in enumerate(marks) if char == "+"), len(marks)]
    columns = []
    for left, right in pairwise(bounds):
        low, high = _bytes_between(names.encode(), left + 1, right)
        name = names.encode()[low:high].decode("utf-8", "replace").strip(" |\r")
        if name and named(name):
            columns.append((left + 1, -1 if right == len(marks) else right))
    return AlignedRows(columns) if columns else None


class FirstLine:
    """Waits for a header at the head of a stream."""

    __slots__ = ("_named",)

    def __init__(self, named: Named) -> None:
        self._named = named

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Take the line as a header if all its fields are names and one is masked."""
        header = text[start:end].rstrip(b"\r")
        if _SPACED.fullmatch(header):
            return (), _spaced(header, self._named)
        for sign in _FIELD:
            fields = header.split(sign)
            if len(fields) == 1 and sign != _ALONE:
                continue
            if all(_IDENTIFIER.fullmatch(field) and field == field.strip() for field in fields):
                masked = [
                    index
                    for index, field in enumerate(fields)
                    if self._named(field.decode("utf-8", "replace").strip('"'))
                ]
                if masked:
                    return (), DelimitedRows(sign, masked, self._named)
        return (), None


def _spaced(header: bytes, named: Named) -> AlignedRows | None:
    """Return the follower of the rows under names in capitals with blanks between them, as kubectl prints them."""
    names = [(found.start(), found[0].decode()) for found in _HEAD.finditer(header)]
    ends = [start for start, _ in names[1:]] + [-1]
    columns = [(start, end) for (start, name), end in zip(names, ends, strict=True) if named(name)]
    return AlignedRows(columns) if columns else None


class DelimitedRows:
    """Rows of fields between separators, quoted as in CSV (RFC 4180). A quoted field may go on over lines."""

    __slots__ = ("_masked", "_named", "_sign", "_within")

    def __init__(self, sign: bytes, masked: Sequence[int], named: Named, within: int = -1) -> None:
        """`masked` holds the indexes of the masked fields; `within` the field that the last line left open."""
        self._sign = sign
        self._masked = tuple(masked)
        self._named = named
        self._within = within

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one row, or one line of it."""
        if self._within < 0 and _END_OF_ROWS.fullmatch(text, start, end):
            return (), FirstLine(self._named)
        gone: list[Gone] = []
        place, index, within = start, max(self._within, 0), -1
        if self._within >= 0:
            close = _closing(text, start, end)
            if index in self._masked and close > start:
                gone.append(Gone(start, close))
            if close == end:
                return [Gone(start, end)] if cut else gone, self
            place = close + 1
            index, place = index + 1, place + 1 if text[place : place + 1] == self._sign else end + 1
        while place <= end:
            field = _FIELD[self._sign].match(text, place, end)
            if field is None:
                break
            low, high = field.span()
            if text[low : low + 1] == b'"':
                closed = high - low > 1 and text[high - 1 : high] == b'"' and field[0].count(b'"') % 2 == 0
                within = -1 if closed else index
                low, high = low + 1, high - 1 if closed else high
            if index in self._masked and high > low:
                gone.append(Gone(low, high))
            place, index = field.end() + 1, index + 1
        if cut:
            return [*gone, Gone(end - 1, end)], DelimitedRows(self._sign, self._masked, self._named)
        return gone, DelimitedRows(self._sign, self._masked, self._named, within)


def _closing(text: bytes, start: int, end: int) -> int:
    """Return where the quote stands that closes a field, or `end`."""
    place = start
    while place < end:
        place = text.find(b'"', place, end)
        if place < 0:
            return end
        if text[place + 1 : place + 2] != b'"':
            return place
        place += 2
    return end
