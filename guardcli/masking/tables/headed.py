"""Rows under a header that names a column: psql's aligned, unaligned and CSV output, and what looks like it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise

from guardcli.masking.compiled.native import Spans
from guardcli.masking.followers.follower import Follower, Gone
from guardcli.masking.strategies import width
from guardcli.masking.tables.records import Everything
from guardcli.masking.tables.rows import EVERY, Cells, Layout, Rows, Walker

Named = Callable[[str], bool]
"""Tells whether a column's name is one that is masked."""

_END_OF_ROWS = re.compile(rb"\([0-9]+ (?:rows?|Zeilen?|lignes?|filas?)\)\r?|[ \t\r]*|\\\.\r?")
_END_OF_TABLE = re.compile(rb"\([0-9]+ (?:rows?|Zeilen?|lignes?|filas?)\)\r?|\r?")
_END_OF_COUNTED = re.compile(rb"\([0-9]+ (?:rows?|Zeilen?|lignes?|filas?)\)\r?")
"""The end of a table of one column, in which an empty line may be a row: NULL, where no border stands around it."""
_GOES_ON = re.compile(rb"\+|\xe2\x86\xb5")
"""What psql shows where a name goes on in the next line, or in old-ascii has gone on from the line before."""
RULER = re.compile(rb"[+|]?[-+ ]*-[-+ ]*[+|]?\r?|(?:\xe2[\x94\x95].|[ \r])+(?:\xe2[\x94\x95]?)?")
_EDGES = str.maketrans("│┃║┆┇┊┋╎╏", "|" * 9)
_LINES = str.maketrans("─━═┄┅┈┉╌╍", "-" * 9)
_JUNCTION = re.compile("[ \u2500-\u257f]")
_IDENTIFIER = re.compile(rb"\"?[A-Za-z_?](?:[\w?]|[ ](?=\w))*\"?")
_LABEL = re.compile(
    rb"\"(?:[^\"\n]|\"\"){1,126}\"|[^\0- \"':;<>={}()\[\]](?:[^\0-\x1f\":;<>={}()\[\]]{0,61}[^\0- \":;<>={}()\[\].])?"
)
"""What may be the name of a column, whatever SQL called it, and is no sentence or code."""
_BETWEEN = re.compile(rb"[ \t]?[|,;~^#!:=><&%@$*+/\\\x1f\0\t-]{1,8}[ \t]?")
"""What may stand between two names of a header, or two fields."""
_PAIRING = (b":", b": ", b"=", b" = ", b" : ")
"""What stands between a name and its value rather than between two names."""
_SIGNS = tuple(bytes([sign]) for sign in b"|,;\t~^#!\x1f")
"""What stands between the names of a header that is known amid an output."""
_ALONE = b"\n"
"""The sign of a table of one column, whose rows hold none."""
END_OF_RESULT = re.compile(rb"\n\([0-9]+ (?:rows?|Zeilen?|lignes?|filas?)\)\r?\n\Z")
_COPY = re.compile(rb"(?i)COPY [^\n(]{1,300}\(([^()\n]{1,4000})\) FROM stdin[^\n]*\n")
_SPACED = re.compile(rb"[A-Z][A-Z0-9_()/-]*(?: [A-Z0-9_()/-]+)*(?: {2,}[A-Z][A-Z0-9_()/-]*(?: [A-Z0-9_()/-]+)*)+ *")
_HEAD = re.compile(rb"[A-Z][A-Z0-9_()/-]*(?: [A-Z0-9_()/-]+)*")

_MARK = b"\xef\xbb\xbf"
"""What programs put before UTF-8 text (a byte order mark)."""
_EDGES_BEFORE = re.compile(rb" *(?:[+|\r]+ +)*")
"""What stands before a value in a row that is wider than its header."""


class AlignedRows(Walker):
    """Rows whose columns stand between the same positions as in the header."""

    __slots__ = ("_columns", "_end", "_going")

    def __init__(
        self, columns: Sequence[tuple[int, int]], end: re.Pattern[bytes] = _END_OF_ROWS, going: bool = False
    ) -> None:
        """`columns` holds first and last display position of each masked column; -1 as the last for the open end.

        `end` matches the line behind the rows, unless the one before it is `going` on.
        """
        self._columns = tuple(columns)
        self._end = end
        self._going = going

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one row."""
        row = text[start:end]
        if not self._going and self._end.fullmatch(row):
            return (), None
        gone: list[Gone] = []
        if not cut and RULER.fullmatch(row):
            return gone, self
        for first, last in self._columns:
            low, high = (first, len(row) if last < 0 else last) if row.isascii() else _bytes_between(row, first, last)
            cell = row[low:high]
            kept = cell.rstrip(b" \r+|")
            kept = kept[:-1].rstrip(b" ") if kept.endswith(b" .") else kept  # psql's sign of a wrapped cell
            kept_start = low + _EDGES_BEFORE.match(kept).end()  # type: ignore[union-attr]
            if kept.strip():
                gone.append(Gone(start + kept_start, start + low + len(kept)))
        if cut:
            gone.append(Gone(end - 1, end))
        return gone, AlignedRows(self._columns, self._end, row.rstrip().endswith(b"+"))

    def walk(self, text: bytes, start: int, rank: int, found: Spans, cells: Cells = EVERY) -> tuple[int, AlignedRows]:
        """Judge plain rows."""
        rows = Rows(Layout.ALIGNED, [bound for column in self._columns for bound in column])
        after = rows.walk(text, start, rank, found, cells)[0]
        if after == start:
            return start, self
        going = text.endswith(b"+\n", start, after) and not text.endswith(b"-+\n", start, after)
        return after, AlignedRows(self._columns, self._end, going)


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
    """Return the follower of the rows under `header` and its `ruler` (``----+---``), if a column of it is masked.

    `header` has the lines before the ruler, of which the last ones are the header: a name may go on over lines.
    """
    marks = _JUNCTION.sub("+", ruler.decode("utf-8", "replace").strip("\r").translate(_LINES))
    bounds = [-1, *(place for place, char in enumerate(marks) if char == "+"), len(marks)]
    columns: dict[tuple[int, int], None] = {}
    below = b"+"
    for line in reversed(header.split(b"\n")):
        if not _GOES_ON.search(line + below) or RULER.fullmatch(line):
            break
        below = line
        names = line.decode("utf-8", "replace").translate(_EDGES).encode()
        for left, right in pairwise(bounds):
            low, high = _bytes_between(names, left + 1, right)
            name = names[low:high].decode("utf-8", "replace").strip(" |\r+↵:")
            if name and named(name):
                columns[left + 1, -1 if right == len(marks) else right] = None
    end = _END_OF_COUNTED if len(bounds) == 2 and header.endswith(b" ") else _END_OF_TABLE
    return AlignedRows(tuple(columns), end) if columns else None


class Header(Follower):
    """Waits for the ruler under a line that is the header of a table if there is one."""

    __slots__ = ("_header", "_named")

    def __init__(self, header: bytes, named: Named) -> None:
        self._header = header
        self._named = named

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Take the line as the ruler, or forget the header; of a header that was not seen as a whole all is masked."""
        ruler = text[start:end].rstrip(b"\r")
        if not RULER.fullmatch(ruler):
            return (), None
        if cut or width(self._header.rstrip(b"\r")) != width(ruler):
            return (), AlignedRows([(0, -1)], _END_OF_TABLE)
        return (), aligned(self._header, ruler, self._named)


def copied(text: bytes, start: int, end: int, named: Named) -> DelimitedRows | None:
    """Return the follower of the rows behind ``COPY … (columns) FROM stdin;``, as pg_dump writes it."""
    found = _COPY.match(text, start, end)
    names = [name.strip(b' "') for name in found[1].split(b",")] if found is not None else []
    masked = [index for index, name in enumerate(names) if named(name.decode("utf-8", "replace"))]
    return DelimitedRows(b"\t", masked, named, total=len(names)) if masked else None


class FirstLine:
    """Waits for a header at the head of a stream."""

    __slots__ = ("_loose", "_named")

    def __init__(self, named: Named, loose: bool = False) -> None:
        """With `loose` other columns may be called anything that SQL can call them."""
        self._named = named
        self._loose = loose

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Take the line as a header if all its fields are names and one is masked."""
        start += 3 * text.startswith(_MARK, start, end)
        header = text[start:end].rstrip(b"\r")
        if _SPACED.fullmatch(header):
            return (), _spaced(header, self._named)
        sign = _separator(header)
        fields = header.split(sign)
        if all(_IDENTIFIER.fullmatch(field) and field == field.strip() for field in fields):
            hits = [self._named(field.decode("utf-8", "replace").strip('"')) for field in fields]
            masked = [index for index, hit in enumerate(hits) if hit]
            if not masked:
                return (), None
            rows = DelimitedRows(sign, masked, self._named, total=len(fields))
            if sign != b"\0":
                return (), rows
            return _behind(text, start, end, sum(len(field) + 1 for field in fields[: masked[0] + 1]) - 1), rows
        if self._loose and (below := _labelled(header, self._named)) is not None:
            return (), below
        return self._without_rows(text, start, end)

    def within(self, text: bytes, start: int, end: int) -> Follower | None:
        """Return the follower of the rows under a header amid an output: names without blanks between, or capitals.

        One name alone is a word there, and no header.
        """
        start += 3 * text.startswith(_MARK, start, end)
        header = text[start:end].rstrip(b"\r\n")
        if _SPACED.fullmatch(header):
            return _spaced(header, self._named)
        sign = _separator(header)
        if sign not in _SIGNS or not all(_IDENTIFIER.fullmatch(field) for field in header.split(sign)):
            return _labelled(header, self._named) if self._loose else None
        return self.line(text, start, start + len(header))[1]

    def _without_rows(self, text: bytes, start: int, end: int) -> tuple[Sequence[Gone], Follower | None]:
        """Mask all behind the name of a masked column in a header that rows follow on the same line."""
        place, sign = start, b""
        while (name := _IDENTIFIER.match(text, place, end)) is not None:
            after = _BETWEEN.match(text, name.end(), end)
            if after is None:
                break
            if self._named(name[0].decode("utf-8", "replace").strip('"')) and (sign or after[0] not in _PAIRING):
                return _behind(text, start, end, after.end() - start), Everything()
            if sign and after[0] != sign:
                break
            sign, place = after[0], after.end()
        return (), None


def _labelled(header: bytes, named: Named) -> DelimitedRows | None:
    """Return the follower of the rows under a header of labels of any kind, one of which is masked."""
    for sign in _SIGNS if header.count(b'"') % 2 == 0 else ():
        fields = fields_of(header, sign) if sign in header else []
        masked = [index for index, one in enumerate(fields) if named(one.decode("utf-8", "replace").strip('"'))]
        if masked and all(_LABEL.fullmatch(field) for field in fields):
            return DelimitedRows(sign, masked, named, total=len(fields))
    return None


def fields_of(row: bytes, sign: bytes) -> Sequence[bytes]:
    """Return the fields of a row as CSV has them, in their quotes."""
    fields, place = [], 0
    while place <= len(row) and (field := _field(sign).match(row, place)) is not None:
        fields.append(field[0])
        place = field.end() + len(sign)
    return fields


def _separator(header: bytes) -> bytes:
    """Return what stands between the first two names of a header; the sign of a table of one column without one."""
    first = _IDENTIFIER.match(header)
    found = _BETWEEN.match(header, first.end()) if first is not None else None
    return found[0] if found is not None else _ALONE


def _behind(text: bytes, start: int, end: int, place: int) -> Sequence[Gone]:
    """Return the rest of a line from `place` on."""
    last = start + len(text[start:end].rstrip())
    return (Gone(start + place, last),) if start + place < last else ()


def _spaced(header: bytes, named: Named) -> AlignedRows | None:
    """Return the follower of the rows under names in capitals with blanks between them, as kubectl prints them."""
    names = [(found.start(), found[0].decode()) for found in _HEAD.finditer(header)]
    ends = [start for start, _ in names[1:]] + [-1]
    columns = [(start, end) for (start, name), end in zip(names, ends, strict=True) if named(name)]
    return AlignedRows(columns) if columns else None


class DelimitedRows(Walker):
    """Rows of fields between separators, quoted as in CSV (RFC 4180). A quoted field may go on over lines."""

    __slots__ = ("_field", "_masked", "_named", "_sign", "_total", "_within")

    def __init__(self, sign: bytes, masked: Sequence[int], named: Named, within: int = -1, total: int = 0) -> None:
        """`masked` holds the indexes of the masked fields; `within` the field that the last line left open; `total` how
        many a row has, 0 where any number will do: a line of another number is none, and masked.
        """
        self._field = _field(sign)
        self._total = total
        self._sign = sign
        self._masked = tuple(masked)
        self._named = named
        self._within = within

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one row, or one line of it."""
        if self._within < 0 and _END_OF_ROWS.fullmatch(text, start, end):
            return (), FirstLine(self._named)
        if self._within < 0 and self._sign in _SIGNS and (again := self._again(text[start:end])):
            return (), again
        gone: list[Gone] = []
        place, index, within = start, max(self._within, 0), -1
        last = end - text.endswith(b"\r", start, end)
        if self._within >= 0:
            close = _closing(text, start, end)
            if index in self._masked and close > start:
                gone.append(Gone(start, close))
            if close == end:
                return [Gone(start, end)] if cut else gone, self
            place = close + 1
            index, place = index + 1, place + len(self._sign) if text.startswith(self._sign, place) else end + 1
        while place <= last:
            field = self._field.match(text, place, last)
            if field is None:
                break
            low, high = field.span()
            if text[low : low + 1] == b'"':
                closed = high - low > 1 and text[high - 1 : high] == b'"' and field[0].count(b'"') % 2 == 0
                within = -1 if closed else index
                low, high = low + 1, high - 1 if closed else high
            if index in self._masked and high > low:
                gone.append(Gone(low, high))
            place, index = field.end() + len(self._sign), index + 1
        if cut:
            return [*gone, Gone(end - 1, end)], self._next()
        if self._total > 1 and within < 0 and self._within < 0 and index != self._total:
            return _behind(text, start, end, 0), self._next()
        return gone, self._next(within)

    def walk(self, text: bytes, start: int, rank: int, found: Spans, cells: Cells = EVERY) -> tuple[int, DelimitedRows]:
        """Judge plain rows, unless a field goes on."""
        if self._within >= 0:
            return start, self
        rows = Rows(Layout.DELIMITED, sorted(self._masked), self._sign, self._total)
        return rows.walk(text, start, rank, found, cells)[0], self

    def _again(self, row: bytes) -> DelimitedRows | None:
        """Return the follower behind a row that is itself a header: of another result, or a row that looks like one."""
        fields = [field.strip(b'"') for field in row.rstrip(b"\r").split(self._sign)]
        if not all(_IDENTIFIER.fullmatch(field) for field in fields):
            return None
        named = {index for index, field in enumerate(fields) if self._named(field.decode("utf-8", "replace"))}
        if not named - set(self._masked):
            return None
        both = tuple(sorted(named | set(self._masked)))
        return DelimitedRows(self._sign, both, self._named, -1, len(fields) if len(fields) == self._total else 0)

    def _next(self, within: int = -1) -> DelimitedRows:
        return DelimitedRows(self._sign, self._masked, self._named, within, self._total)


@cache
def _field(sign: bytes) -> re.Pattern[bytes]:
    """Return an expression for one field, quoted or not, between separators `sign`."""
    if sign == _ALONE:
        return re.compile(rb"[^\r\n]*")
    return re.compile(rb"\"(?:[^\"]|\"\")*(?:\"|\Z)|(?:(?!" + re.escape(sign) + rb")[^\r\n])*")


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
