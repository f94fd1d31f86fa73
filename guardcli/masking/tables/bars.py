"""Tables of Markdown (GitHub Flavored Markdown 4.10) of which a column's name tells of a secret."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from guardcli.masking.compiled.chosen import is_chosen
from guardcli.masking.detector import Detector
from guardcli.masking.followers.follower import Follower, Gone
from guardcli.masking.forms.names import SUFFIX, TELLING

_WIDEST = 2000
_RULER = rb"\|[ \t]?:?-{3,200}:?[ \t]{0,40}\|[-:| \t]{0,1000}\r?\n"


class Barred(Detector):
    """Finds what mixes letters with digits or signs in such columns."""

    triggers = (rb"\n" + _RULER,)

    def __init__(self, name: str, label: str) -> None:
        self.name = name  # type: ignore[misc]
        self.label = label

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where the rows begin below a ruler, if a cell of the line before it names a secret."""
        if text[at - 1] != 0x0A:
            return None
        line = text.rfind(b"\n", max(0, at - _WIDEST), at - 1)
        if line < 0 or re.match(_RULER, text[line + 1 : at]) is None:
            return None
        header = text[text.rfind(b"\n", max(0, line - _WIDEST), line) + 1 : line].strip()
        cells = [cell.strip(b" *`_") for cell in header.removeprefix(b"|").removesuffix(b"|").split(b"|")]
        telling = frozenset(index for index, cell in enumerate(cells) if _name().fullmatch(cell))
        return (at, BarredRows(telling)) if telling else None


class BarredRows(Follower):
    """State between two rows: which cells are looked at. Immutable."""

    __slots__ = ("_telling",)

    def __init__(self, telling: frozenset[int]) -> None:
        self._telling = telling

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one row; a line without a bar ends the table."""
        row = text[start:end]
        if b"|" not in row:
            return (), None
        gone: list[Gone] = []
        place = start + len(row) - len(row.lstrip())
        place += text[place : place + 1] == b"|"
        for index, cell in enumerate(text[place:end].split(b"|")):
            content = cell.strip(b" \t\r`*")
            if index in self._telling and is_chosen(content):
                low = place + cell.find(content)
                gone.append(Gone(low, low + len(content)))
            place += len(cell) + 1
        return ([*gone, Gone(end - 1, end)] if cut and gone else gone), self


@cache
def _name() -> re.Pattern[bytes]:
    """Return the names of such columns; compiled for the first table that is seen."""
    return re.compile(rb"(?i)(?:[\w-]{1,40}[ _-])?" + TELLING + SUFFIX)
