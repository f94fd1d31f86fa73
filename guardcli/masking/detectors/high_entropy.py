"""Values that look random beside a name that tells, where no other detector knows the form."""

from __future__ import annotations

import math
import re
from collections import Counter

from guardcli.masking.tokens import TokenDetector

_NAMES = rb"(?:key|auth|cred|creds|signature|hmac|salt|seed|session[_-]?id|sid|otp|pin|pat|licen[cs]e)"
_PUBLIC = re.compile(
    rb"(?i)(?:public|pub|primary|foreign|cache|sort|partition|object|idempotency|host|ssh|index|storage|row)[_-]?key"
)
_FEW = 3.2
"""Bits per character below which a value is a word, a path or a counter."""


class HighEntropy(TokenDetector):
    """Find values of 20 characters and more whose characters are spread as random ones are."""

    name = "high_entropy"
    label = "SECRET"
    triggers = (rb"(?i)" + _NAMES + rb"\\?[\"']?[ \t]{0,8}(?:=>|:=|=|:)[ \t]{0,8}\\?[\"']?[A-Za-z0-9+/=_-]{20}",)
    prefix = re.compile(rb"(?i)[\w-]{0,40}?" + _NAMES + rb"\\?[\"']?[ \t]{0,8}(?:=>|:=|=|:)")
    token = re.compile(
        rb"(?i)[\w-]{0,40}?"
        + _NAMES
        + rb"\\?[\"']?[ \t]{0,8}(?:=>|:=|=|:)[ \t]{0,8}\\?[\"']?([A-Za-z0-9+/=_-]{20,1024})(?![\w./:-])"
    )
    opening = rb"(?i:" + _NAMES + rb"\\?[\"']?[ \t]{0,8}(?:=>|:=|=|:)[ \t]{0,8}\\?[\"']?)([A-Za-z0-9+/=_-]{8,1024})"

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the value unless the name says that it is public."""
        found = super().find(text, at)
        return None if found is None or _PUBLIC.search(text, max(0, found[0] - 40), found[0]) else found

    def confirm(self, token: bytes) -> bool:
        """Tell whether `token` mixes letters and digits and its characters are spread."""
        if token.isalpha() or token.isdigit() or not any(48 <= byte <= 57 for byte in token):
            return False
        counts = Counter(token).values()
        return -sum(n / len(token) * math.log2(n / len(token)) for n in counts) > _FEW
