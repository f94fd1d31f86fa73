"""What a rule's `columns` name: columns of tables and keys of JSON and YAML, whatever their values look like."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

from guardcli.masking.detector import Detector
from guardcli.masking.followers.follower import Follower
from guardcli.masking.followers.inserted import TRIGGER as INSERTS
from guardcli.masking.followers.inserted import Statement, is_open, values_of
from guardcli.masking.followers.nested import Flow, Nested, YamlTree, scan
from guardcli.masking.overlong import LINE
from guardcli.masking.spans import LONG_LINE
from guardcli.masking.tables.headed import (
    END_OF_RESULT,
    RULER,
    DelimitedRows,
    FirstLine,
    Header,
    aligned,
    copied,
    fields_of,
)
from guardcli.masking.tables.markup import OPENINGS, Markup
from guardcli.masking.tables.records import MARKER, WIDE_MARKER, Continued, Either, record

_STRING = re.compile(rb"\"((?:[^\"\\\n]|\\[^\n]){0,8192})|\\\"((?:[^\"\\\n]|\\[^\"\n]){0,8192})")
_SINGLE = re.compile(rb"'([^'\n]{0,8192})")
_PLAIN = re.compile(rb"[^\s,\"'{}\[\]|>&!*#\\][^\n\r,{}\[\]\"]{0,8191}")
_PROPERTIES = re.compile(rb"(?:[&!][^\s,]{1,100}[ \t]+){0,2}")
"""A YAML value's anchor and tag."""
_LINE = re.compile(rb"[^\n\r]{1,8192}")
_WIDEST = 2000
"""Bytes of a header or a ruler; a table that is wider has its columns masked by what their values look like alone."""
_SIGN = r"(?:[|;~^#!>\t\x1f\x00&%@$*+=]{1,4}|,)"
"""Between a name and its value in psql's unaligned records."""
_IDENTIFIER = re.compile(rb"[A-Za-z_]\w*")
_WITHIN_HEADER = b" |\x82\x91\xb5"
"""The last bytes of the trigger for a name in a wide header."""
_LABEL = re.compile(rb"\"[^\"\n]{1,63}\"|[^\"\s:][^\"\n:]{0,62}")
"""What may be the name of a column, whatever SQL called it."""
_MARKUP = re.compile(
    rb"(?i)[ \t]*(?:(?=<table\b|\\begin\{(?:tabular|longtable)\}|\|====[ \t]*\r?\n|\.TS[ \t]*\r?\n))(.)"
)
_EMPTY = frozenset({b"", b"null", b"~"})
_REACH = 8000
"""Bytes of a list or a map on one line; beyond, the rest of the line goes with it."""


class Column(Detector):
    """One glob of a rule. Its part behind the last dot is what a header or a key must match: output names no tables."""

    name = "column"
    label = "COLUMN"

    def __init__(self, glob: str) -> None:
        """`glob` is ``column``, ``table.column`` or ``*.column``; letters match in any case."""
        own = glob.rpartition(".")[2]
        self._matcher = re.compile(fnmatch.translate(own), re.IGNORECASE)
        key = "".join(r"[\w -]{0,40}" if char == "*" else r"\w" if char == "?" else re.escape(char) for char in own)
        self._opened = re.compile(rf"(?i)(?<![\w-]){key}\\?[\"']?[ \t]*:[ \t]*(?:[&!]\S*[ \t]+)*(?=[\[{{\"'])".encode())
        self._tree = re.compile(rf"(?i)([ \t]*(?:- )*)[\"']?{key}[\"']?[ \t]*:(?=[ \t\r\n])".encode())
        self._record = re.compile(rf"(?i)\"?{key}\"?({_SIGN})(?=[^\s])\"?".encode("latin-1"))
        label = re.sub(r"[^A-Z0-9_]", "", own.upper())
        self.label = label or "COLUMN"
        self.alone = (rf"(?im)^\"?{key}\"?\r?\n".encode(),)
        """The triggers for a line that is nothing but the name."""
        self.triggers = (
            rf"(?i)\b{key}\\?[\"']?[ \t]{{0,8}}:".encode(),
            *OPENINGS,
            MARKER,
            WIDE_MARKER,
            rb"(?im)^copy [^\n(]{1,300}\([^()\n]{1,4000}\) from stdin[^\n]*\n",
            INSERTS,
            INSERTS + rb"[^\n]*\n",
            rf"(?im)^\"?{key}\"?{_SIGN}[^\s]".encode("latin-1"),
            rf"(?im)^\"?{key}\"?{_SIGN}[^\s][^\n]*\n".encode("latin-1"),
            rb"\n[+]?-[-+ ]+\r?\n",
            rb"\n\([0-9]{1,12} (?:rows?|Zeilen?|lignes?|filas?)\)\r?\n",
            rf"(?i)\b{key}\\?[\"']?[ \t]{{0,8}}:[^\n]*\n".encode(),
            rf"(?i)(?:^|[\n|,;~^#!\t \x1f\"]){key}\"?(?:[|,;~^#!\t \x1f][^\n]{{0,{_WIDEST}}})?\r?\n".encode("latin-1"),
            rf"(?i)[ |\n\x82\x91]{key}(?: {{40}}|[ +]*(?:\\||\xe2\x94\x82|\xe2\x95\x91|\xe2\x86\xb5))".encode(
                "latin-1"
            ),
            rb"\n(?:\xe2[\x94\x95].|[ ])+\r?\n",
        )

    def first(self) -> Follower | None:
        """Return the follower that looks at the first line of a stream."""
        return FirstLine(self.names, loose=True)

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where rows begin, and their follower, if a ruler ends at `at` under a header that names the column."""
        if (head := record(text, at, self.names)) is not None:
            return head
        if text[at - 1] != 0x0A:
            return self._wide(text, at) if text[at - 1] in _WITHIN_HEADER else None
        if END_OF_RESULT.search(text, max(0, at - 60), at):
            return at, FirstLine(self.names, loose=True)
        if (below := self._below(text, at)) is not None:
            return at, below
        line = text.rfind(b"\n", max(0, at - LONG_LINE), at - 1) + 1
        if is_open(text, line, at, lambda name: self.names(name.decode("utf-8", "replace"))):
            return at, Statement()
        if (rows := copied(text, line, at, self.names)) is not None:
            return at, rows
        pair = self._record.match(text, line, at)
        if pair is not None and pair[1] != b"=" and not _is_header(text, line, at, pair[1]):
            going = self._record_or_header(text, line, at, pair)
            return (at, going) if going is not None else None
        if (opening := _MARKUP.match(text, line, at)) is not None:
            return at, Markup(opening[1], self.names)
        if not RULER.fullmatch(text, line, at - 1):
            under = FirstLine(self.names, loose=True).within(text, line, at)
            return (at, under) if under is not None else self._wide(text, at - 1)
        ruler = text.rfind(b"\n", max(0, at - _WIDEST), at - 1) + 1
        header = text.find(b"\n", max(0, ruler - _WIDEST), ruler - 1) + 1 if ruler > _WIDEST else 0
        if not ruler or (ruler > _WIDEST and not header):
            return None
        table = aligned(text[header : ruler - 1], text[ruler : at - 1], self.names)
        return (at, table) if table is not None else None

    def _record_or_header(self, text: bytes, line: int, at: int, pair: re.Match[bytes]) -> Follower | None:
        """Return what follows ``ssn|…``: a record's value that may go on, or rows where it may be the header of three
        columns and more as well, or both.
        """
        value = text[pair.end(1) : at].strip()
        if value.startswith(b'"'):
            return Continued(pair[1], quoted=True) if value.count(b'"') % 2 else None
        going = Continued(pair[1])
        fields = value.split(pair[1])
        if len(fields) == 1 or not all(_LABEL.fullmatch(field) for field in fields):
            return going
        rows = DelimitedRows(pair[1], [0], self.names, total=len(fields) + 1)
        return Either(going, rows)

    def _wide(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return what waits for the ruler under a header that is wider than what is looked back at."""
        line = text.rfind(b"\n", max(0, at - LONG_LINE), at) + 1
        end = text.find(b"\n", at)
        end = end if end >= 0 else len(text)
        if end - line <= _WIDEST:
            return None
        return end + 1, Header(text[line:end], self.names)

    def _below(self, text: bytes, at: int) -> Follower | None:
        """Return what follows a key whose value goes on over the lines from `at` on."""
        line = text.rfind(b"\n", max(0, at - LONG_LINE), at - 1) + 1
        if line == 0 and at > LONG_LINE:
            return None
        if (tree := self._tree.match(text, line, at)) is not None:
            return YamlTree(len(tree[1])).entry(text, line, line + len(text[line:at].rstrip()))[1]
        flow, place = Flow(), line
        while (key := self._opened.search(text, place, at)) is not None:
            _, place, flow = scan(text, key.end(), at - 1, Flow())
        return Nested(flow) if flow.depth > 0 or flow.quote else None

    def find_all(self, text: bytes, at: int) -> Sequence[tuple[int, int, int]]:
        """Return what `find` does, or all scalars of the list or map that a key holds, as far as the line goes."""
        if text[at - 1] == 0x28:
            inserted = values_of(text, at, lambda name: self.names(name.decode("utf-8", "replace")))
            return [(start, end, 0) for _, start, end, _ in inserted if text[start:end].strip().lower() not in _EMPTY]
        place = _value_of(text, at)
        if text[at - 1] != 0x3A or text[place : place + 1] not in (b"[", b"{"):
            return super().find_all(text, at)
        newline = text.find(b"\n", at, at + _REACH)
        end = newline if newline >= 0 else min(at + _REACH, len(text))
        gone, _, flow = scan(text, place, end, Flow())
        found = [(one.start, one.end, 0) for one in gone]
        if newline < 0 and end == at + _REACH and (flow.depth or flow.quote):
            found.append((found[-1][0] if found else end - 1, end, LINE))
        return found

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the value of a key of JSON or YAML, or of a line of psql's expanded output."""
        if text[at - 1] != 0x3A:
            return self._of_record(text, at)
        place = _value_of(text, at)
        if text.startswith(b"map[", place):  # as Go prints one: where it ends is for its values to say
            return place, _LINE.match(text, place).end()  # type: ignore[union-attr]  # it matches what is there
        found = _STRING.match(text, place) or _SINGLE.match(text, place)
        if found is not None:
            group = found.lastindex or 1
            return found.span(group) if found[group] else None
        found = _PLAIN.match(text, place)
        if found is None or found[0].strip() in _EMPTY:
            return None
        value_text = found[0].split(b" #")[0].rstrip()
        return place, place + len(value_text)

    def _of_record(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the value on a line of an unaligned record, ``name|value``, unless it is a header of three names."""
        line = text.rfind(b"\n", max(0, at - 200), at) + 1
        record = self._record.match(text, line)
        value = _LINE.match(text, record.end()) if record is not None and record.end() <= at else None
        if record is None or value is None:
            return None
        rest = value[0].split(record[1])
        if len(rest) > 1 and all(_IDENTIFIER.fullmatch(one) for one in rest):
            return None
        end = value.end() - (value[0].endswith(b'"') and text[record.end() - 1] == 0x22)
        return value.start(), end

    def names(self, name: str) -> bool:
        """Tell whether a header's or a key's name is one of this column."""
        return self._matcher.match(name) is not None


def _is_header(text: bytes, line: int, at: int, sign: bytes) -> bool:
    """Tell whether ``ssn|id`` is a header and no record: of three names, or of two behind a line of none."""
    before = text.rfind(b"\n", max(0, line - _WIDEST), max(0, line - 1)) + 1
    previous = text[before : max(0, line - 1)].strip()
    others = [one.strip(b'"') for one in fields_of(text[line:at].rstrip(), sign)[1:]]
    return (len(others) > 1 or (bool(previous) and sign not in previous)) and all(map(_IDENTIFIER.fullmatch, others))


def _value_of(text: bytes, at: int) -> int:
    """Return where the value behind the colon before `at` begins, its anchor and its tag left out."""
    place = at
    while text[place : place + 1] in (b" ", b"\t") and place < at + 64:
        place += 1
    properties = _PROPERTIES.match(text, place)
    return properties.end() if properties is not None else place
