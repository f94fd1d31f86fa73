"""Private keys in PEM (RFC 7468), OpenSSH and PGP armour, over many lines or in one string."""

from __future__ import annotations

import re

from guardcli.masking.detector import Detector
from guardcli.masking.followers import Follower
from guardcli.masking.keyblock import KeyBlock, begins_body

BEGIN = re.compile(rb"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_INLINE = re.compile(rb"(?:\\+[nr]|[A-Za-z0-9+/=: ,-](?!----)){1,8192}")

_MATERIAL = re.compile(rb"[A-Za-z0-9+/=]{16}")


class PrivateKey(Detector):
    """Find the body of a key that stands on the line of its BEGIN; `keyblock` follows it over more lines."""

    name = "private_key"
    label = "PRIVATE_KEY"
    triggers = (rb"-----BEGIN [A-Z0-9 ]{0,60}PRIVATE KEY(?: BLOCK)?-----",)

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where the lines of the body begin when the marker ends its line."""
        body = begins_body(text, at)
        return (body, KeyBlock()) if body >= 0 else None

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return what lies between the marker that ends at `at` and the end marker or the end of the string."""
        begin = BEGIN.search(text, max(0, at - 100), at)
        if begin is None or begin.end() != at:
            return None
        body = _INLINE.match(text, at)
        return body.span() if body is not None and _MATERIAL.search(body[0]) else None
