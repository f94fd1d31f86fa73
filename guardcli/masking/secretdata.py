"""Follows the ``data`` and ``stringData`` of a Kubernetes Secret in YAML and pretty-printed JSON.

``kubectl`` prints ``data`` before ``kind``, so a line cannot know whether it stands in a Secret or a ConfigMap. Under
``data`` a value goes that is base64 of text, or long base64; plain words of a ConfigMap are not that.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from guardcli.masking.followers import Follower, Gone

_ENTRY = re.compile(
    rb"(?P<indent> *)[\"']?[\w.-]{1,253}[\"']?: +(?P<quote>[\"']?)(?P<value>[^\"'\r]*?)(?:(?P=quote))?,?[ \t\r]*"
)
_OPEN_ENTRY = re.compile(rb" *[\"']?[\w.-]{1,253}[\"']?: +[\"']?(?P<value>[^\"'\r]*)")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{4,}={0,2}")
_LONG = 40
_OVERLONG = 4096
"""From this length on, a value is judged by its beginning: its end may not be there yet."""
_EMPTY = (b"", b"|", b">", b"|-", b">-", b"{", b"null")


def is_encoded_secret(value: bytes, cut: bool = False) -> bool:
    """Tell whether `value` is base64 of text, or base64 that no word is like; with `cut` its end is missing."""
    if len(value) >= _OVERLONG:
        return _BASE64.fullmatch(value, 0, _OVERLONG) is not None
    if cut:
        value = value[: len(value) // 4 * 4]
    if len(value) % 4 or _BASE64.fullmatch(value) is None:
        return False
    try:
        plain = base64.b64decode(value, validate=True)
        return plain.decode().isprintable() or not plain.translate(None, b"\n\r\t").decode().isascii()
    except UnicodeDecodeError:
        return len(value) >= _LONG or (value.endswith(b"=") and len(value) >= 16)
    except binascii.Error:
        return False


class SecretData:
    """State under ``data:``: how far it is indented, and whether its values are plain text (``stringData``)."""

    __slots__ = ("_indent", "_plain")

    def __init__(self, indent: int, plain: bool) -> None:
        self._indent = indent
        self._plain = plain

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one entry; a line that is not indented further ends the data."""
        row = text[start:end]
        if not row.strip():
            return (), self
        if len(row) - len(row.lstrip(b" ")) <= self._indent:
            return (), None
        entry = (_OPEN_ENTRY if cut else _ENTRY).fullmatch(text, start, end)
        if entry is None:
            return (), self
        value = entry["value"]
        secret = value.strip() not in _EMPTY if self._plain else is_encoded_secret(value)
        return ((Gone(*entry.span("value")),) if secret else ()), self
