"""Columns of tables whose name tells of a secret: what stands below ``password`` or ``api_key``."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence

from guardcli.masking.compiled.native import Question, Spans, judge
from guardcli.masking.detector import Detector
from guardcli.masking.followers.follower import Follower, Gone
from guardcli.masking.forms.tails import Tail
from guardcli.masking.tables.headed import FirstLine, aligned, copied
from guardcli.masking.tables.headings import BEFORE, HALVES, LOOSE, NAMES, OF_NONE, STRICT
from guardcli.masking.tables.records import MARKER, Records
from guardcli.masking.tables.rows import Cells, Walker, headings

_WIDEST = 2000
_WITHIN = re.compile(r"[ -]|(?<=[a-z0-9])(?=[A-Z])")
"""Where the words of a column's name are put together by something else than an underscore."""
_BOX = 0xE2
"""The first byte of what boxes are drawn with."""
_RECORD = re.compile(rb"\[ RECORD [0-9]{1,12} \]|^\* Record [0-9]{1,12}[ \t]*\r?\n", re.MULTILINE)
_RULERS = (
    rb"\n[+|]?-[-+ ]+[|]?\r?\n",
    rb"\n\xe2(?:\x94[\x80\x9c\xa0\xa1\xa3]|\x95[\x90\x9e\x9f\xa0])[^\n]{1,2000}\n",
    MARKER,
)

_TAILS = {STRICT: Tail.STRICT_HEADER, LOOSE: Tail.LOOSE_HEADER}
"""Names that all names that tell of a secret are looked for with; those of headers for others have triggers."""


class _Judged(Walker):
    """What `inner` finds, but for what is no secret: names of types, booleans, numbers, placeholders."""

    __slots__ = ("_cells", "_inner", "_judge")

    def __init__(self, inner: Follower, judge: Callable[[bytes], bool], cells: Cells) -> None:
        self._inner = inner
        self._judge = judge
        self._cells = cells

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one line."""
        gone, after = self._inner.line(text, start, end, cut)
        kept = [one for one in gone if one.drop or self._judge(text[one.start : one.end])]
        if after is None or isinstance(after, FirstLine):
            return kept, None
        return kept, self if after is self._inner else _Judged(after, self._judge, self._cells)

    def walk(
        self, text: bytes, start: int, rank: int, found: Spans, cells: Cells | None = None
    ) -> tuple[int, Walker | None]:
        """Judge plain lines."""
        if not isinstance(self._inner, Walker):
            return start, self
        start, after = self._inner.walk(text, start, rank, found, self._cells)
        if after is None or after is self._inner:
            return start, after and self
        return start, _Judged(after, self._judge, self._cells)


class TellingColumns(Detector):
    """Find what stands in such columns: in psql's aligned and expanded output, CSV and what looks like it."""

    ruled = len(_RULERS)

    def __init__(
        self,
        name: str,
        label: str,
        names: str,
        question: Question,
        personal: bool = False,
        confirm: Callable[[bytes], bool] | None = None,
    ) -> None:
        """`name`, `label` and `personal` are those of the detector that it is a part of, `names` is an expression of
        `headings` for the end of a column's name; `question` tells a secret from what else is there, and `confirm` does
        where `native` cannot.
        """
        self.name = name  # type: ignore[misc]
        self.personal = personal  # type: ignore[misc]
        self.label = label
        self._name = re.compile(f"(?i)(?!{OF_NONE}){BEFORE}{names}")
        self._cells = Cells(question, NAMES.index(names))
        self._judge = confirm or (lambda value: judge(value, question))
        headers = (
            rb"(?i)" + part.encode() + rb"\"?(?:(?:[|,;\t)]|  )[^\n]*)?\r?\n" for part in HALVES.get(names, (names,))
        )
        self.tails = (_TAILS[names],) if names in _TAILS else ()
        self.triggers = _RULERS if names in _TAILS else (*_RULERS, *headers)

    def headings(self, text: bytes, end: int, whole: bool, hits: array[int], number: int) -> Sequence[int]:
        """Return where lines end below which rows may begin."""
        return headings(text, end, self._cells.names, whole, hits, number)

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where rows begin below a header that names such a column."""
        if text[at - 1] != 0x0A:
            return None
        found = self._rows(text, text.rfind(b"\n", max(0, at - _WIDEST), at - 1) + 1, at)
        return (at, _Judged(found, self._judge, self._cells)) if found is not None else None

    def _rows(self, text: bytes, line: int, at: int) -> Follower | None:
        """Return the follower of the rows below the line `text[line:at]`."""
        if _RECORD.search(text, line, at) is not None:
            return Records(self._is_telling, text[line : line + 1] != b"*")
        if text[line : line + 2] in (b"--", b"+-", b"|-") or text[line] == _BOX:
            header = text.rfind(b"\n", max(0, line - _WIDEST), max(0, line - 1)) + 1
            return aligned(text[header : line - 1], text[line : at - 1], self._is_telling) if line else None
        return copied(text, line, at, self._is_telling) or FirstLine(self._is_telling).within(text, line, at)

    def _is_telling(self, name: str) -> bool:
        return self._name.fullmatch(_WITHIN.sub("_", name)) is not None


def telling_columns(name: str, label: str) -> tuple[TellingColumns, TellingColumns]:
    """Return the detectors of both kinds of names."""
    strict = TellingColumns(name, label, STRICT, Question.STRICT_STRING)
    return strict, TellingColumns(name, label, LOOSE, Question.CHOSEN)
