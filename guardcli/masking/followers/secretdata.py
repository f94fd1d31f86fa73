"""Follows the ``data`` and ``stringData`` of a Kubernetes Secret in YAML and pretty-printed JSON.

``kubectl`` prints ``data`` before ``kind``, so a line cannot know whether it stands in a Secret or a ConfigMap. Under
``data`` a value goes that is base64 of text, or long base64; plain words of a ConfigMap are not that.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from guardcli.masking.compiled.placeholders import is_placeholder
from guardcli.masking.followers.follower import Follower, Gone

_ENTRY = re.compile(
    rb"(?P<indent>[+-]? *)[\"']?[\w.-]{1,253}[\"']?: +(?P<quote>[\"']?)(?P<value>[^\"'\r]*?)(?:(?P=quote))?,?[ \t\r]*"
)
_OPEN_ENTRY = re.compile(rb"[+-]? *[\"']?[\w.-]{1,253}[\"']?: +[\"']?(?P<value>[^\"'\r]*)")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{4,}={0,2}")
_LONG = 40
_NUMBER = 12
"""Digits alone are a number up to this length: a port, seconds, a user's id."""
_OVERLONG = 4096
"""From this length on, a value is judged by its beginning: its end may not be there yet."""
_EMPTY = (b"", b"|", b">", b"|-", b">-", b"{", b"null")


def is_encoded_secret(value: bytes, cut: bool = False) -> bool:
    """Tell whether `value` is base64 of text, or base64 that no word is like; with `cut` its end is missing."""
    if len(value) >= _OVERLONG:
        return _BASE64.fullmatch(value, 0, _OVERLONG) is not None
    if cut:
        value = value[: len(value) // 4 * 4]
    if len(value) % 4 or _BASE64.fullmatch(value) is None or (value.isdigit() and len(value) < _NUMBER):
        return False
    try:
        plain = base64.b64decode(value, validate=True)
        return plain.decode().isprintable() or not plain.translate(None, b"\n\r\t").decode().isascii()
    except UnicodeDecodeError:
        return len(value) >= _LONG or (value.endswith(b"=") and len(value) >= 16)
    except binascii.Error:
        return False


class SecretData:
    """State under ``data:``: how far it is indented, whether its values are plain text (``stringData``), and how far
    its entries are: what is indented further goes on with a value. A diff's sign counts as a blank.
    """

    __slots__ = ("_entries", "_indent", "_plain")

    def __init__(self, indent: int, plain: bool, entries: int = 0) -> None:
        self._indent = indent
        self._plain = plain
        self._entries = entries

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one entry; a line that is not indented further ends the data."""
        row = text[start:end].rstrip(b"\r")
        content = (row[1:] if row[:1] in (b"+", b"-") and row[1:2] in (b" ", b"") else row).lstrip(b" ")
        if not content:
            return (), self
        indent = len(row) - len(content)
        if indent <= self._indent:
            return (), None
        if self._entries and indent > self._entries:
            gone = self._plain or (len(content) >= _LONG and is_encoded_secret(content, cut))
            return ((Gone(start + indent, end if cut else start + len(row)),) if gone else ()), self
        after = SecretData(self._indent, self._plain, indent)
        entry = (_OPEN_ENTRY if cut else _ENTRY).fullmatch(text, start, end)
        if entry is None:
            return (), after
        value = entry["value"]
        given = value.strip() not in _EMPTY and not is_placeholder(value)
        secret = given if self._plain else is_encoded_secret(value)
        return ((Gone(*entry.span("value")),) if secret else ()), after
