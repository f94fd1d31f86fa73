"""Values by their place in an INSERT statement (SQL): the names stand in one list, the values in another."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from guardcli.masking.compiled.chosen import is_chosen
from guardcli.masking.compiled.rightside import is_secret_string
from guardcli.masking.detector import Detector
from guardcli.masking.followers.follower import Follower, Gone
from guardcli.masking.forms.names import SUFFIX, TELLING

HEAD = re.compile(
    rb"(?i)\b(?:insert|replace)[ \t]+(?:ignore[ \t]+)?into[ \t]+[\w.\"`\[\]$-]{1,200}[ \t]{0,4}\(([^"
    rb"()\n]{1,2000})\)[ \t]{0,4}values[ \t]{0,4}(?=\()"
)
TRIGGER = rb"(?i)\binto[ \t]{1,4}[\w.\"`\[\]$-]{1,200}[ \t]{0,4}\([^()\n]{1,2000}\)[ \t]{0,4}values[ \t]{0,4}\("
_COLUMNS = (
    rb"(?i)\binto[ \t]{1,4}[\w.\"`\[\]$-]{1,200}[ \t]{0,4}\(([^()\n]{1,2000})\)[ \t]{0,4}(?:values[ \t]{0,4})?\r?\n"
)
_ROW = re.compile(rb"(?i)[ \t]*(?:values[ \t]*)?(\(?)")
_BETWEEN = re.compile(rb"(?i)[ \t]*(?:values|--[^\n]*|#[^\n]*)?[ \t]*\r?")
_VALUE = re.compile(
    rb"[ \t]*(?:[NEX]?'(?P<string>(?:[^'\\\n]|''|\\[^\n]){0,8192})(?P<quote>'?)(?:::[\w\[\]. ]+)?|"
    rb"(?P<bare>(?:[^,()'\n]|\([^()'\n]*\)){0,400}))[ \t]*"
)
_NEXT_ROW = re.compile(rb"\)[ \t]*,[ \t]*\(")
_REACH = 10_000


def values_of(text: bytes, at: int, wanted: Callable[[bytes], bool]) -> Sequence[tuple[bytes, int, int, bool]]:
    """Return column, start and end of each value of the columns that are `wanted`, and whether it is a string.

    `at` is where the first parenthesis of the values has been seen.
    """
    line = text.rfind(b"\n", max(0, at - 2600), at) + 1 or max(0, at - 2600)
    head = next((one for one in HEAD.finditer(text, line, at) if one.end() == at - 1), None)
    if head is None:
        return ()
    names = [name.strip(b' \t"`[]') for name in head[1].split(b",")]
    places = frozenset(place for place, name in enumerate(names) if wanted(name))
    if not places:
        return ()
    return [(names[place], start, end, string) for place, start, end, string in _fields(text, at) if place in places]


def _fields(text: bytes, at: int) -> Sequence[tuple[int, int, int, bool]]:
    found: list[tuple[int, int, int, bool]] = []
    place, column = at, 0
    while place < at + _REACH and (value := _VALUE.match(text, place)) is not None:
        string = value["string"] is not None
        found.append((column, *value.span("string" if string else "bare"), string))
        place, column = value.end(), column + 1
        sign = text[place : place + 1]
        if sign == b")":
            again = _NEXT_ROW.match(text, place)
            if again is None:
                break
            place, column = again.end(), 0
        elif sign == b",":
            place += 1
        else:
            break
    return found


def is_open(text: bytes, start: int, end: int, wanted: Callable[[bytes], bool]) -> bool:
    """Tell whether the line `text[start:end]` inserts into a column that is `wanted` and leaves a string open."""
    head = HEAD.search(text, start, end)
    if head is None or not any(wanted(name.strip(b' \t"`[]')) for name in head[1].split(b",")):
        return False
    fields = _fields(text, head.end() + 1)
    return bool(fields) and fields[-1][3] and text[fields[-1][2] : fields[-1][2] + 1] != b"'"


class Statement(Follower):
    """What follows a line of an INSERT that leaves a string open: all of it is masked, up to a closing parenthesis."""

    __slots__ = ()

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Mask the line."""
        row = text[start:end].rstrip()
        return (Gone(start, end if cut else start + len(row)),), None if row.endswith((b")", b");")) else self


class Inserted(Detector):
    """Finds what is inserted into columns whose names tell of a secret."""

    triggers = (TRIGGER,)

    def __init__(self, name: str, label: str) -> None:
        self.name = name  # type: ignore[misc]
        self.label = label

    def find_all(self, text: bytes, at: int) -> Sequence[tuple[int, int, int]]:
        """Return the values of such columns, of all rows on the line."""
        return [
            (start, end, 0)
            for name, start, end, string in values_of(text, at, lambda name: _names()[0].fullmatch(name) is not None)
            if string and end > start and _is_secret(name, text[start:end])
        ]


class InsertedBelow(Detector):
    """Finds the same where the rows stand on the lines below their columns."""

    triggers = (_COLUMNS,)

    def __init__(self, name: str, label: str) -> None:
        self.name = name  # type: ignore[misc]
        self.label = label

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where the rows begin, if a column's name tells of a secret."""
        line = text.rfind(b"\n", max(0, at - 2600), at - 1) + 1
        head = next((one for one in re.finditer(_COLUMNS, text[line:at]) if one.end() == at - line), None)
        names = [name.strip(b' \t"`[]') for name in head[1].split(b",")] if head is not None else []
        wanted = {place: name for place, name in enumerate(names) if _names()[0].fullmatch(name)}
        return (at, Rows(wanted)) if wanted else None


class Rows(Follower):
    """State between two rows: the columns that are looked at, by their places. Immutable."""

    __slots__ = ("_wanted",)

    def __init__(self, wanted: Mapping[int, bytes]) -> None:
        self._wanted = wanted

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge the rows on one line; a semicolon ends them, as does a line that holds none."""
        row = _ROW.match(text, start, end)
        if row is None or not row[1]:
            return (), self if _BETWEEN.fullmatch(text, start, end) else None
        gone = [
            Gone(first, end if last >= end else last)
            for place, first, last, string in _fields(text, row.end())
            if string and place in self._wanted and first < last and _is_secret(self._wanted[place], text[first:last])
        ]
        return gone, None if text[start:end].rstrip().endswith(b";") else self


def _is_secret(name: bytes, value: bytes) -> bool:
    return is_secret_string(value, False) if _names()[1].fullmatch(name) else is_chosen(value)


@cache
def _names() -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Return the names of secrets, and those of passwords; compiled for the first INSERT that is seen."""
    told = re.compile(rb"(?i)(?:.*" + TELLING + SUFFIX + rb"|(?:.*_)?pw)")
    return told, re.compile(rb"(?i).*(?:pass(?:word|wd|phrase|code)|pw|pwd)" + SUFFIX)
