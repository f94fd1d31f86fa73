"""Columns of tables whose name tells of a secret: what stands below ``password`` or ``api_key``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from guardcli.masking.chosen import is_chosen
from guardcli.masking.detector import Detector
from guardcli.masking.followers import Follower, Gone
from guardcli.masking.records import MARKER, Records
from guardcli.masking.rightside import is_secret_string
from guardcli.masking.tables import FirstLine, aligned

_BEFORE = r"(?!(?:is|has|needs|can|num|count|max|min|the|an?|your|my|no)_)(?:[a-z][a-z0-9]{0,20}_){0,4}"
STRICT = r"(?:pass(?:word|wd|phrase|code)|pwd|secret[_ ]?access[_ ]?key|client[_ ]?secret)"
"""Names of columns that hold nothing but passwords and keys."""
LOOSE = (
    r"(?:secret(?:[_ ]?key)?|(?:api|access|auth|private|encryption|signing)[_ ]?key"
    r"|(?:(?:api|auth|access|refresh|bearer|reset|session|id|jwt)[_ ]?)?token)"
)
"""Names of columns that may hold words as well, of a text or of a configuration."""
_WIDEST = 2000
_WITHIN = re.compile(r"[ -]|(?<=[a-z0-9])(?=[A-Z])")
"""Where the words of a column's name are put together by something else than an underscore."""
_BOX = 0xE2
"""The first byte of what boxes are drawn with."""
_RECORD = re.compile(rb"\[ RECORD [0-9]{1,12} \]|^\* Record [0-9]{1,12}[ \t]*\r?\n", re.MULTILINE)


class _Judged(Follower):
    """What `inner` finds, but for what is no secret: names of types, booleans, numbers, placeholders."""

    __slots__ = ("_inner", "_judge")

    def __init__(self, inner: Follower, judge: Callable[[bytes], bool]) -> None:
        self._inner = inner
        self._judge = judge

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one line."""
        gone, after = self._inner.line(text, start, end, cut)
        kept = [one for one in gone if one.drop or self._judge(text[one.start : one.end])]
        return kept, _Judged(after, self._judge) if after is not None and not isinstance(after, FirstLine) else None


class TellingColumns(Detector):
    """Find what stands in such columns: in psql's aligned and expanded output, CSV and what looks like it."""

    def __init__(
        self, name: str, label: str, names: str, judge: Callable[[bytes], bool], personal: bool = False
    ) -> None:
        """`name`, `label` and `personal` are those of the detector that it is a part of, `names` is an expression for
        the end of a column's name; `judge` tells a secret from what else is there.
        """
        self.name = name  # type: ignore[misc]
        self.personal = personal  # type: ignore[misc]
        self.label = label
        self._name = re.compile(f"(?i){_BEFORE}{names}")
        self._judge = judge
        self.triggers = (
            rb"\n[+|]?-[-+ ]+[|]?\r?\n",
            rb"\n\xe2(?:\x94[\x9c\xa0\xa3]|\x95[\x9e\x9f\xa0]|\x94\xa1)[^\n]{1,2000}\n",
            MARKER,
            rb"(?i)" + names.encode() + rb"\"?(?:[|,;\t][^\n]{0,1000})?\r?\n",
        )

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where rows begin below a header that names such a column."""
        if text[at - 1] != 0x0A:
            return None
        line = text.rfind(b"\n", max(0, at - _WIDEST), at - 1) + 1
        if _RECORD.search(text, line, at) is not None:
            return at, _Judged(Records(self._is_telling, text[line : line + 1] != b"*"), self._judge)
        found: Follower | None
        if text[line : line + 2] in (b"--", b"+-", b"|-") or text[line] == _BOX:
            header = text.rfind(b"\n", max(0, line - _WIDEST), max(0, line - 1)) + 1
            found = aligned(text[header : line - 1], text[line : at - 1], self._is_telling) if line else None
        else:
            found = FirstLine(self._is_telling).within(text, line, at)
        return (at, _Judged(found, self._judge)) if found is not None else None

    def _is_telling(self, name: str) -> bool:
        return self._name.fullmatch(_WITHIN.sub("_", name)) is not None


def telling_columns(name: str, label: str) -> tuple[TellingColumns, TellingColumns]:
    """Return the detectors of both kinds of names."""
    return TellingColumns(name, label, STRICT, is_secret_string), TellingColumns(name, label, LOOSE, is_chosen)
