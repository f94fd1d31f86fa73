"""What lines announce, as Python's `re` sees it: each announcement by itself, one line after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import judge
from guardcli.masking.compiled.rightside import is_secret_string, is_secret_word
from guardcli.masking.followers.announced import ANNOUNCED, Announced
from guardcli.masking.followers.compiled import Announcement

_ENDS = [
    re.compile(rb"(?s:.*)(?%s:%s)" % (b"i" if end.startswith(b"(?i)") else b"", end.removeprefix(b"(?i)")))
    for end in Announced.ends
]
_PROGRAMS = [(re.compile(one.value), re.compile(one.last)) for one in ANNOUNCED]


def announced(text: bytes) -> list[tuple[int, int]]:
    """Return where secrets are that lines announce."""
    left = [0] * len(ANNOUNCED)
    found: set[tuple[int, int]] = set()
    for start, end in _lines(text):
        for number, one in enumerate(ANNOUNCED):
            if left[number]:
                secret, stays = _judged(number, one, text[start:end])
                left[number] = (left[number] - 1) * stays
                found |= {(start + low, start + high) for low, high in secret}
            whole = (b"\n" + text[:end]).removesuffix(b"\r")
            if not left[number] and end < len(text) and any(_ENDS[form].fullmatch(whole) for form in one.ends):
                left[number] = one.lines
    return sorted(found)


def _lines(text: bytes) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        newline = text.find(b"\n", start)
        end = newline if newline >= 0 else len(text)
        yield start, end
        start = end + 1


def _judged(number: int, one: Announcement, line: bytes) -> tuple[list[tuple[int, int]], bool]:
    """Return what is secret in the line, and whether the next one is looked at, too."""
    value, last = _PROGRAMS[number]
    found = value.fullmatch(line)
    if found is not None:
        low, high = found.span(found.lastindex or 0)
        secret = low < high and _is_secret(one.judge, line, low, high)
        if secret or one.many or one.final:
            return [(low, high)] if secret else [], one.many
    return [], last.fullmatch(line) is None


def _is_secret(by: Judge, line: bytes, low: int, high: int) -> bool:
    value = line[low:high]
    if by.wants and not re.fullmatch(by.wants, value):
        return False
    if by.declines and re.fullmatch(by.declines, value):
        return False
    if by.question:
        return judge(value, by.question)
    if value.startswith(b"$") or not is_secret_string(value):
        return False
    inner = line.strip()
    code = inner.startswith((b'"', b"'")) or inner.endswith((b",", b";")) or b"=" in line[: line.find(value)]
    return line[low - 1 : low] in (b'"', b"'") or is_secret_word(value, b"", code, False)
