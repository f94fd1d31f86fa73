"""Records of psql's expanded output, a name and its value on each line, and rows that cannot be told apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from guardcli.masking.compiled.native import Spans
from guardcli.masking.followers.follower import Follower, Gone
from guardcli.masking.spans import LONG_LINE
from guardcli.masking.tables.rows import EVERY, UNNUMBERED, Cells, Layout, Rows, Walker

Named = Callable[[str], bool]

MARKER = rb"(?:\[ RECORD [0-9]{1,12} \][^\n]*|(?m:^)\* Record [0-9]{1,12}[ \t]*\r?)\n"
"""The line before a record, as a trigger: as wide as the widest value."""
WIDE_MARKER = rb"(?:\[ RECORD [0-9]{1,12} \](?:-{800}|(?:\xe2..){800})|(?m:^)\* Record [0-9]{1,12} {800})"
"""The head of such a line, whose end may be too far to be seen with it."""
_MARKER = re.compile(rb"(?:[-+|]|\xe2\x94.|\xe2\x95.)*\[ RECORD [0-9]+ \].*|\* Record [0-9]+[ \t\r]*")
_END = re.compile(rb"[ \t\r]*|\([0-9]+ rows?\)\r?|(?:\+-[-+]*|\xe2(?:\x94\x94|\x95\x9a).*)\r?")
_RULED = re.compile(
    rb"(?P<edge>(?:\||\xe2\x94\x82|\xe2\x95\x91)[ ])?(?P<name>[^|\n\xe2]*?)[ ]*"
    rb"(?P<sign>\||\xe2\x94\x82|\xe2\x95\x91|:(?=[ ]))(?P<value>.*)"
)
_PLAIN = re.compile(rb"(?P<name>\S+(?: \S+)*?)?[ ]+(?P<value>\S.*)|(?P<alone>\S+(?: \S+)*)[ ]*")
_TAIL = re.compile(
    rb"[ \r]*(?:[|+]|\xe2\x94\x82|\xe2\x95\x91|\xe2\x86\xb5|\xe2\x80\xa6)?(?:[ \r]*"
    rb"(?:\||\xe2\x94\x82|\xe2\x95\x91))?[ \r]*\Z"
)
_LOOSE = re.compile(rb"\"?[A-Za-z_][\w $]{0,62}\"?")


class Records(Walker):
    """State between two lines of a record: whether the value that may go on is masked."""

    __slots__ = ("_hit", "_named", "_ruled")

    def __init__(self, named: Named, ruled: bool, hit: bool = False) -> None:
        """`ruled` says that a line stands between names and values."""
        self._named = named
        self._ruled = ruled
        self._hit = hit

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one line of a record."""
        row = text[start:end]
        if _MARKER.fullmatch(row):
            return (), Records(self._named, self._ruled)
        if _END.fullmatch(row):
            return (), None
        found = (_RULED if self._ruled else _PLAIN).fullmatch(row)
        if found is None:
            return ([Gone(start, end)] if self._hit else ()), self
        name = (found["name"] or b"").strip().strip(b'"')
        hit = self._named(name.decode("utf-8", "replace")) if name else self._hit
        after = Records(self._named, self._ruled, hit)
        value = found["value"] or b""
        kept = value[: _TAIL.search(value).start()] if value else value  # type: ignore[union-attr]  # it matches the end
        if not hit or not kept.strip():
            return (), after
        first = start + found.start("value") + len(kept) - len(kept.lstrip())
        gone = [Gone(first, first + len(kept.strip()))]
        return ([*gone, Gone(end - 1, end)] if cut else gone), after

    def walk(self, text: bytes, start: int, rank: int, found: Spans, cells: Cells = EVERY) -> tuple[int, Records]:
        """Judge plain lines of names that `native` knows: those with a line between name and value, and markers."""
        if cells.names == UNNUMBERED:
            return start, self
        rows = Rows(Layout.RECORDS, total=self._ruled, hit=self._hit)
        start, hit = rows.walk(text, start, rank, found, cells)
        return start, self if hit == self._hit else Records(self._named, self._ruled, hit)


def record(text: bytes, at: int, named: Named) -> tuple[int, Records] | None:
    """Return where the line below a marker begins that ends at `at`, or goes on from there, and who follows."""
    line = text.rfind(b"\n", max(0, at - LONG_LINE), at - 1) + 1
    end = at - 1 if text[at - 1] == 0x0A else text.find(b"\n", at)
    end = end if end >= 0 else len(text)
    if not _MARKER.fullmatch(text, line, end):
        return None
    return end + 1, Records(named, text[line : line + 1] != b"*")


class Continued(Follower):
    """State behind a line of an unaligned record, ``name|value``: its value may go on, to the next name.

    A value in quotes, as CSV has it, goes on to its quote, whatever stands in between.
    """

    __slots__ = ("_quoted", "_sign")

    def __init__(self, sign: bytes, quoted: bool = False) -> None:
        self._sign = sign
        self._quoted = quoted

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Mask a line that begins with no name."""
        row = text[start:end].rstrip(b"\r")
        if self._quoted:
            closed = row.count(b'"') % 2 == 1
            last = row.rindex(b'"') if closed and not cut else len(row)
            gone = (Gone(start, end if cut else start + last),) if last else ()
            return gone, Continued(self._sign) if closed else self
        name = _LOOSE.match(row)
        if not row or (name is not None and row.startswith(self._sign, name.end())) or _END.fullmatch(row):
            return (), None
        return (Gone(start, end if cut else start + len(row)),), self


class Either(Follower):
    """State behind ``ssn|a|b``, the head of a record's value that goes on, or a header: both are masked as far as a
    line does not tell which it was.
    """

    __slots__ = ("_going", "_rows")

    def __init__(self, going: Follower | None, rows: Follower) -> None:
        self._going = going
        self._rows = rows

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Mask what either does. A line is of a record that begins with a name and has other fields than the header."""
        gone, rows = self._rows.line(text, start, end, cut)
        if self._going is None:
            return gone, rows
        more, going = self._going.line(text, start, end, cut)
        if going is None and gone == (Gone(start, start + len(text[start:end].rstrip())),):
            return (), None
        both = sorted({*gone, *more})
        return both, going if rows is None else Either(going, rows)


class Everything(Follower):
    """What follows a header whose rows cannot be told apart: all of it is masked, to the end of the output."""

    __slots__ = ()

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Mask the line."""
        row = text[start:end].rstrip(b"\r")
        return ((Gone(start, end if cut else start + len(row)),) if row.strip() else ()), self
