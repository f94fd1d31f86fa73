"""Tables as psql writes them for documents: HTML, LaTeX, AsciiDoc and troff (psql(1), ``\\pset format``).

A table has a header whose cells name the columns, or, expanded, records whose first cell names the second. Each format
says where rows and cells begin; the rest is the same for all. A cell may go on over lines. What does not fit the header
is masked: a row of too many cells, a line that may go on with a masked one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from guardcli.masking.followers.follower import Follower, Gone

Named = Callable[[str], bool]
Event = tuple[str, int, int]
"""``row``, ``name``, ``cell`` or ``text``, and for ``text`` where it stands."""

OPENINGS = (
    rb"(?i)<table\b[^\n]{0,1000}\n",
    rb"\\begin\{(?:tabular|longtable)\}[^\n]{0,1000}\n",
    rb"(?m)^\|====[ \t]{0,8}\r?\n",
    rb"(?m)^\.TS[ \t]{0,8}\r?\n",
)
"""Triggers for the first line of a table."""
_ENDS = re.compile(rb"(?i).*</table\s*>.*|\\end\{(?:tabular|longtable)\}.*|\|====[ \t]*|\.TE.*")
_RECORD = re.compile(rb"\\multicolumn\{2\}.*|2\+\^?\|.*|\\fIRecord [0-9]+\\fP")
_RULE = re.compile(
    rb"\\(?:hline|(?:mid|top|bottom)rule|end(?:first|last)?(?:head|foot))\b.*|_|\.T&|[clrs |]+[.;]|center[\w ]*;"
)
_TAG = re.compile(
    rb"(?i)<(?P<row>tr)\b[^<>\n]*>|<(?P<name>th)\b[^<>\n]*>|<(?P<cell>td)\b[^<>\n]*>|</?\w[^<>\n]*>|&nbsp;"
)
_BAR = re.compile(rb"(?:(?:^|(?<=[ \t]))[<^>]{0,2}[a-z]?)?(?<!\\)\|")
_AND = re.compile(rb"(?<!\\)&")
_TAB = re.compile(rb"\t")
_LATEX_NOISE = re.compile(rb"\\(?:small|textbf|textit|raggedright)\b|\\tabularnewline.*|\\\\[ \t]*\Z|\{\}|[{}]|\\hline")
_ROFF_NOISE = re.compile(rb"\\f[A-Z]")


def _tags(text: bytes, start: int, end: int, _: bool) -> Iterator[Event]:
    """Give the rows, cells and texts of a line of HTML."""
    place = start
    for tag in _TAG.finditer(text, start, end):
        yield "text", place, tag.start()
        if tag.lastgroup is not None:
            yield tag.lastgroup, 0, 0
        place = tag.end()
    yield "text", place, end


def _bars(text: bytes, start: int, end: int, _: bool) -> Iterator[Event]:
    """Give those of a line of AsciiDoc."""
    place = start
    for sign in _BAR.finditer(text[start:end]):
        if sign.start() == 0:
            yield "row", 0, 0
        yield "text", place, start + sign.start()
        yield "cell", 0, 0
        place = start + sign.end()
    yield "text", place, end


def _split(text: bytes, start: int, end: int, sign: re.Pattern[bytes], noise: re.Pattern[bytes]) -> Iterator[Event]:
    place = start
    for found in [*sign.finditer(text, start, end), None]:
        stop = found.start() if found is not None else end
        low = place
        for mark in [*noise.finditer(text, place, stop), None]:
            high = mark.start() if mark is not None else stop
            yield "text", low, high
            low = mark.end() if mark is not None else stop
        if found is not None:
            yield "cell", 0, 0
            place = found.end()


def _ampersands(text: bytes, start: int, end: int, begun: bool) -> Iterator[Event]:
    """Give those of a line of LaTeX, whose rows end with two backslashes or a command."""
    if not begun:
        yield "row", 0, 0
        yield "cell", 0, 0
    yield from _split(text, start, end, _AND, _LATEX_NOISE)
    if text[start:end].rstrip().endswith((b"\\\\", b"\\tabularnewline")):
        yield "end", 0, 0


def _tabs(text: bytes, start: int, end: int, begun: bool) -> Iterator[Event]:
    """Give those of a line of troff's tables, each a row unless it has too few cells."""
    if not begun:
        yield "row", 0, 0
        yield "cell", 0, 0
    yield from _split(text, start, end, _TAB, _ROFF_NOISE)
    yield "full", 0, 0


_EVENTS = {b"<": _tags, b"\\": _ampersands, b"|": _bars, b".": _tabs}


@dataclass(frozen=True, slots=True)
class Markup(Follower):
    """State between two lines. `kind` is the first byte of the table's first line, `header` which columns are masked,
    None before it is known; `index` the cell that is open, -1 for none; `names` which cells of the row are named;
    `lasting` that the row before ended with a masked cell, which may go on.
    """

    kind: bytes
    named: Named
    header: tuple[bool, ...] | None = None
    index: int = -1
    names: tuple[bool, ...] = ()
    naming: bool = False
    paired: bool = False
    lasting: bool = False

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one line of the table."""
        row = text[start:end].strip()
        if _ENDS.fullmatch(row) and not (
            self.kind == b"|" and row == b"|====" and self.header is None and not self.paired
        ):
            return (), None
        if self.kind != b"<" and _RECORD.fullmatch(row):
            return (), replace(self, paired=True, index=-1, names=())
        if self.kind != b"<" and _RULE.fullmatch(row):
            return (), self
        if self.lasting and self.kind == b"." and row.count(b"\t") + 1 < (2 if self.paired else len(self.header or ())):
            return (Gone(start, end if cut else start + len(text[start:end].rstrip())),), self
        gone: list[Gone] = []
        state = self
        stop = start + len(text[start:end].rstrip(b" \r" if self.kind == b"." else None))
        for event, low, high in _EVENTS[self.kind](text, start, stop, self.index >= 0):
            state = state._read(text, low, high, gone) if event == "text" else state._moved(event)
        if cut and self.kind in b"\\.":  # the line's end, which ends the row, is not seen
            state = replace(state, index=-1, names=(), header=self.header or state.names, lasting=True)
        return ([*gone, Gone(end - 1, end)] if cut else gone), state

    def _moved(self, event: str) -> Markup:
        """Return the state behind the beginning or the end of a row, or the beginning of a cell."""
        if event in ("name", "cell"):
            return replace(self, index=self.index + 1, naming=event == "name")
        if event == "full":
            wanted = 2 if self.paired else len(self.header or ())
            if self.index + 1 < wanted:
                return self
        elif event not in ("row", "end"):
            return self
        header = self.header
        if header is None and self.names and not self.paired:
            header = self.names
        lasting = self.index >= 0 and header is self.header and self._is_masked()
        return replace(self, header=header, index=-1, names=(), lasting=lasting)

    def _read(self, text: bytes, low: int, high: int, gone: list[Gone]) -> Markup:
        """Take a piece of what the open cell shows: a name, or a value that may be masked."""
        piece = text[low:high]
        content = piece.strip()
        if self.index < 0 or not content:
            return self
        if self._is_name():
            hit = self.named(content.decode("utf-8", "replace"))
            names = (*self.names, *(False for _ in range(self.index + 1 - len(self.names))))
            return replace(self, names=(*names[: self.index], names[self.index] or hit, *names[self.index + 1 :]))
        if self._is_masked():
            first = low + len(piece) - len(piece.lstrip())
            gone.append(Gone(first, first + len(content)))
        return self

    def _is_name(self) -> bool:
        if self.kind == b"<":
            return self.naming
        return self.index == 0 if self.paired else self.header is None

    def _is_masked(self) -> bool:
        """Tell whether the open cell is masked: by its column, by the name before it, or because it fits nowhere."""
        if self.paired or (self.kind == b"<" and self.names):
            return any(self.names)
        header = self.header or ()
        return header[self.index] if self.index < len(header) else any(header)
