"""Values that look random beside a name that tells, where no other detector knows the form."""

from __future__ import annotations

import math
import re
from collections import Counter

from guardcli.masking.detector import Detector

_NAMES = (
    rb"(?:key|auth|cred|creds|signature|hmac|salt|seed|session[_-]?id|sid|otp|pin|pat|licen[cs]e|code[_-]?verifier"
    rb"|sonar\.login)"
)
_VALUE = re.compile(rb"[A-Za-z0-9+/_-]{20,8192}={0,2}(?![\w./:-])")
_PUBLIC = re.compile(
    rb"(?i)(?:public|pub|publishable|primary|foreign|cache|sort|partition|object|idempotency|host|ssh|index|storage|row"
    rb"|websocket)[ _-]?key"
)
_BEFORE = b" \t\"'=:>"
_FIRST = 20
_CHANGE = re.compile(rb"[a-z](?![a-z])|[A-Z](?![A-Z])|[0-9](?![0-9])")
"""Where a letter's case or a digit's run ends: random text has one at more than every second character."""
_WORDS = re.compile(rb"_{0,2}(?:(?:[A-Z]?[a-z]{2,20}|To|Of|In|By|On|At|As)[-_/+]?){2,40}")
"""Words put together, as names in code are: ``ConvertTo-SecureString``."""
_TWILIO = re.compile(rb"[A-Z]{2}[0-9a-f]{32}")
"""Identifiers of Twilio's resources, which it calls their ``sid``."""
_DIGITS = b"0123456789"
_MEASURED = 64
_FEW = 3.2
"""Bits per character below which a value is a word, a path or a counter."""


class HighEntropy(Detector):
    """Find values of 20 characters and more whose characters are spread as random ones are."""

    name = "high_entropy"
    label = "SECRET"
    triggers = (rb"(?i)" + _NAMES + rb"\\?[\"']?[ \t]{0,8}(?:=>|:=|=|:)[ \t]{0,8}\\?[\"']?[A-Za-z0-9+/_-]{20}",)
    opening = rb"(?i:" + _NAMES + rb"\\?[\"']?[ \t]{0,8}(?:=>|:=|=|:)[ \t]{0,8}\\?[\"']?)([A-Za-z0-9+/=_-]{8,1024})"

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the value whose twentieth character lies before `at`, unless the name says that it is public."""
        start = at - _FIRST
        if text[start - 1] not in _BEFORE or text[start] == 0x3D:
            return None
        found = _VALUE.match(text, start)
        if found is None or not _is_random(found[0]) or _PUBLIC.search(text, max(0, start - 40), start):
            return None
        return found.span()


def _is_random(token: bytes) -> bool:
    """Tell whether `token` mixes letters and digits and its characters are spread."""
    if token.isalpha() or token.isdigit():
        return False
    if _WORDS.fullmatch(token) or _TWILIO.fullmatch(token):
        return False
    few_digits = 10 * (len(token) - len(token.translate(None, _DIGITS))) < len(token)
    if few_digits and 3 * len(_CHANGE.findall(token)) < len(token):
        return False
    size = min(len(token), _MEASURED)
    return -sum(n / size * math.log2(n / size) for n in Counter(token[:size]).values()) > _FEW
