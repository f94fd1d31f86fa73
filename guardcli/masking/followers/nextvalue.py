"""Follows a line that names a secret and leaves its value to one of the next: ``- name: X`` / ``value: v``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from guardcli.masking.compiled.rightside import is_secret_string, is_secret_word
from guardcli.masking.followers.follower import Follower, Gone

_VALUE = re.compile(
    rb"(?i)[ \t]*(?:- )?[\"']?(?:value|default|defaultvalue|val|content|secret|password)[\"']?(?:[ \t]*[:=][ \t]*|"
    rb"[ \t]+)"
    rb"(?:N?\"(?P<double>(?:[^\"\\\n]|\\.)*)\"?|'(?P<single>[^'\n]*)'?|(?P<bare>[^\s\"'{\[|>&!][^\r\n]*?))[ \t]*"
    rb"[,;]?(?:[ \t]+#[^\n]*)?\r?"
)
_ELEMENT = re.compile(rb"(?i)[ \t]*<(?:string|value|data|text)>(?P<bare>[^<\n]*)(?:<(?:/\w*)?>?)?[ \t]*\r?")
_END = re.compile(rb"[ \t]*(?:[}\])]*[,;]?|- .*|<key>.*|[ \t]*\"?(?:name|key)\"?[ \t]*[:=].*)\r?", re.IGNORECASE)


def _is_secret(value: bytes, bare: bool, line: bytes) -> bool:
    if not value or value.startswith(b"$") or not is_secret_string(value):
        return False
    code = (
        line.lstrip().startswith((b'"', b"'"))
        or line.rstrip().endswith((b",", b";"))
        or b"=" in line[: line.find(value)]
    )
    return not bare or is_secret_word(value, b"", code, False)


class NextValue(Follower):
    """State behind the name: how many lines more are looked at for the value. Immutable."""

    __slots__ = ("_lines",)

    def __init__(self, lines: int = 5) -> None:
        self._lines = lines

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one line: the value, something that stands between, or the end."""
        found = _VALUE.fullmatch(text, start, end) or _ELEMENT.fullmatch(text, start, end)
        if found is not None:
            group = found.lastgroup or "bare"
            secret = _is_secret(found[group], group == "bare", found[0])
            first, last = found.span(group)
            return ((Gone(first, end if cut else last),) if secret else ()), None
        if self._lines <= 1 or _END.fullmatch(text, start, end):
            return (), None
        return (), NextValue(self._lines - 1)
