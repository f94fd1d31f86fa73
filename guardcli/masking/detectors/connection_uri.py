"""Passwords in URLs, ``scheme://user:PASSWORD@host`` (RFC 3986 section 3.2.1)."""

from __future__ import annotations

import re

from guardcli.masking.detector import Detector
from guardcli.masking.native import is_noise
from guardcli.masking.placeholders import is_placeholder

_USERINFO = re.compile(rb"://[^\s\0/:@\"'<>]{0,128}:([^\s\0\"'<>/]{1,4096})@")
_EXAMPLE = re.compile(rb"://(?:(?i:my)?user(?:name)?:(?:pass(?:word|wd)?|pwd|secret)|scott:tiger)@")
"""What manuals write where a user puts a name and a password."""


class ConnectionUri(Detector):
    """Find the password alone: scheme, user and host stay readable."""

    name = "connection_uri"
    label = "PASSWORD"
    triggers = (rb"[A-Za-z0-9]://[^\s/:@\"'<>]{0,128}:[^\s\"'<>@/]{1,4096}@",)
    opening = rb"://[^\s/:@\"'<>]{0,128}:([^\s\0\"'<>/]{1,4096})"

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the password that ends before the ``@`` at `at`, or before a later one of the same authority."""
        begin = text.rfind(b"://", max(0, at - 4300), at)
        userinfo = _USERINFO.match(text, begin)
        if (
            userinfo is None
            or is_placeholder(userinfo[1])
            or userinfo[1].startswith(b"{")
            or _EXAMPLE.match(text, begin)
            or is_noise(text, begin)
        ):
            return None
        return userinfo.span(1)
