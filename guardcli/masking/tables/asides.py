"""Values of a masked column that a tool tells outside of tables and documents: in errors, labels and headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from guardcli.masking.detector import Detector
from guardcli.masking.followers.follower import Follower, Gone
from guardcli.masking.tables.columns import Column
from guardcli.masking.tables.headed import FirstLine
from guardcli.model.masking import MaskRule

_FAR = 8192
_WORDS = rb"(?:invalid input (?:syntax|value) for |malformed |date/time field value out of range|invalid value )"
_ROW = re.compile(rb"Failing row contains \(([^\n]*?)(?:\)\.)?[ \t\r]*(?:\n|\Z)")
_KEY = re.compile(rb"Key \(([^\n]{1,300}?)\)=\(([^\n]*?)(?:\) (?:already|is|conflicts)[^\n]*|\)\.?)?[ \t\r]*(?:\n|\Z)")
_COPIED = re.compile(
    rb"COPY [^\n]{1,200}?, line [0-9]{1,12}(?:, column ([^\n:]{1,100}))?: \"([^\n]*?)\"?[ \t\r]*(?:\n|\Z)"
)
_GIVEN = re.compile(_WORDS + rb"[^\n\"]{0,80}\"([^\n]*?)\"?[ \t\r]*(?:\n|\Z)")
_RANGE = re.compile(rb"\bERROR:[ \t]{1,4}value \"([^\"\n]*)")


class Violation(Detector):
    """Find what PostgreSQL quotes in an error: the row that fails a check, a key that is there, a value of no type.

    A row and a value stand there without the name of their column, so each counts as one of a masked column.
    Source: PostgreSQL's message catalogue, as its servers of versions 12 to 17 write it in English.
    """

    name = "column"
    label = "COLUMN"
    triggers = (
        rb"Failing row contains \(",
        rb"\bKey \([^\n]{1,300}\)=\(",
        rb"\bCOPY [^\n]{1,200}, line [0-9]{1,12}(?:, column [^\n:]{1,100})?: \"",
        _WORDS + rb"[^\n\"]{0,80}\"",
        rb"\bERROR:[ \t]{1,4}value \"",
    )

    def __init__(self, rule: MaskRule) -> None:
        self._rule = rule

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return what the error around `at` quotes, unless it names columns and none of them is masked."""
        line = text.rfind(b"\n", max(0, at - 600), at) + 1
        for form in (_ROW, _KEY, _COPIED, _GIVEN, _RANGE):
            for found in form.finditer(text, line, at + _FAR):
                named = found[1] if form.groups > 1 else None
                if found.start() < at and (named is None or self._is_masked(named)):
                    return found.span(form.groups) if found[form.groups] else None
        return None

    def _is_masked(self, names: bytes) -> bool:
        words = re.findall(r"\w+", names.decode("utf-8", "replace"))
        return any(map(self._rule.names, words))


class _Data(Follower):
    """Values of a ConfigMap as ``kubectl describe`` prints them: from a masked one on all of them, to the next part."""

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Mask the line."""
        row = text[start:end].rstrip(b"\r")
        if row in (b"BinaryData", b"Data") or row.startswith(b"Events:"):
            return (), None
        return ((Gone(start, end if cut else start + len(row)),) if row.strip() else ()), self


class Heading(Detector):
    """Find the value behind a heading of ``kubectl describe`` (``Email Address:`` for ``emailAddress``), and behind a
    label (``email=…``).
    """

    name = "column"
    tools: ClassVar[frozenset[str]] = frozenset({"kubectl"})

    def __init__(self, column: Column, glob: str) -> None:
        own = glob.rpartition(".")[2]
        self.label = column.label
        letters = [r"[\w.-]{0,40}" if one == "*" else r"\w" if one == "?" else re.escape(one) for one in own]
        self._heading = re.compile(rf"(?im)^[ \t]*{' ?'.join(letters)}:[ \t]+([^\n\r]{{1,8192}})".encode())
        self._pair = re.compile(rf"(?i)(?:^|(?<=[\s,/:])){''.join(letters)}=([^\s,]{{1,8192}})".encode())
        self.triggers = (
            rf"(?im)^[ \t]{{0,60}}{' ?'.join(letters)}:[ \t]{{1,60}}[^\s]".encode(),
            rf"(?im)(?:^|[\s,/:]){''.join(letters)}=[^\s,]".encode(),
            rf"(?im)^[\w.-]{{0,60}}{''.join(letters)}:\r?\n----\r?\n".encode(),
        )

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where the values of a ConfigMap begin, of which the first is masked."""
        return (at, _Data()) if text[at - 1] == 0x0A else None

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the value that begins before `at`."""
        line = text.rfind(b"\n", max(0, at - 600), at) + 1
        for form in (self._heading, self._pair):
            for found in form.finditer(text, line, at + _FAR):
                if found.start(1) < at <= found.end(1):
                    return found.start(1), found.start(1) + len(found[1].rstrip())
        return None


class Alone(Detector):
    """Find the rows of psql's CSV and unaligned output of one column whose header is not the first line."""

    name = "column"
    tools: ClassVar[frozenset[str]] = frozenset({"psql"})

    def __init__(self, column: Column) -> None:
        self.label = column.label
        self._column = column
        self.triggers = column.alone

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where the rows begin below a line that is nothing but the column's name."""
        line = text.rfind(b"\n", max(0, at - 200), at - 1) + 1
        rows = FirstLine(self._column.names).line(text, line, at - 1)[1]
        return (at, rows) if rows is not None else None


def asides(columns: dict[str, Column], rule: MaskRule) -> list[Detector]:
    """Return what finds values of a rule's columns elsewhere; `columns` holds the detector of each glob."""
    headings = [Heading(column, glob) for glob, column in columns.items()]
    return [*headings, *(Alone(column) for column in columns.values()), Violation(rule)] if columns else []
