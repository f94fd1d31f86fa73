"""Private keys in PEM (RFC 7468), OpenSSH and PGP armour, over many lines or in one string."""

from __future__ import annotations

import re

from guardcli.masking.detector import Detector

BEGIN = re.compile(rb"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----")
END = re.compile(rb"-----END (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_INLINE = re.compile(rb"(?:\\+[nr]|[A-Za-z0-9+/=: ,-](?!----)){1,16384}")

_MATERIAL = re.compile(rb"[A-Za-z0-9+/=]{16}")


class PrivateKey(Detector):
    """Find the body of a key that stands on the line of its BEGIN; `keyblock` follows it over more lines."""

    name = "private_key"
    label = "PRIVATE_KEY"
    triggers = (rb"-----BEGIN [A-Z0-9 ]{0,60}PRIVATE KEY(?: BLOCK)?-----",)

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return what lies between the marker that ends at `at` and the end marker or the end of the string."""
        begin = BEGIN.search(text, max(0, at - 100), at)
        if begin is None or begin.end() != at:
            return None
        body = _INLINE.match(text, at)
        return body.span() if body is not None and _MATERIAL.search(body[0]) else None
