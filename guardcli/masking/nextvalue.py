"""Follows a line that names a secret and leaves its value to one of the next: ``- name: X`` / ``value: v``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from guardcli.masking.followers import Follower, Gone
from guardcli.masking.rightside import is_secret_string

_VALUE = re.compile(
    rb"(?i)[ \t]*(?:- )?[\"']?(?:value|default|defaultvalue|val|content|secret|password)[\"']?(?:[ \t]*[:=][ \t]*|[ \t]+)"
    rb"(?:N?\"(?P<double>(?:[^\"\\\n]|\\.)*)\"?|'(?P<single>[^'\n]*)'?|(?P<bare>[^\s\"'{\[|>&!][^\r\n]*?))[ \t]*[,;]?(?:[ \t]+#[^\n]*)?\r?"
)
_ELEMENT = re.compile(rb"(?i)[ \t]*<(?:string|value|data|text)>(?P<bare>[^<\n]*)(?:</\w+>)?[ \t]*\r?")
_END = re.compile(rb"[ \t]*(?:[}\])]*[,;]?|- .*|<key>.*|[ \t]*\"?(?:name|key)\"?[ \t]*[:=].*)\r?", re.IGNORECASE)


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
            secret = found[group] and not found[group].startswith(b"$") and is_secret_string(found[group], False)
            return ((Gone(*found.span(group)),) if secret else ()), None
        if self._lines <= 1 or _END.fullmatch(text, start, end):
            return (), None
        return (), NextValue(self._lines - 1)
