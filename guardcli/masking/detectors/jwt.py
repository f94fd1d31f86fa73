"""JSON Web Tokens, signed (RFC 7515) or encrypted (RFC 7516)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from functools import lru_cache

from guardcli.masking.compiled.native import webtokens
from guardcli.masking.detector import Detector
from guardcli.masking.overlong import BOUND

_HEADER = re.compile(rb"(eyJ[A-Za-z0-9_-]{6,1500})\.")
_REST = re.compile(rb"[A-Za-z0-9_.-]{0,8500}")


class Jwt(Detector):
    """Find tokens whose header decodes to JSON that names an algorithm."""

    name = "jwt"
    label = "JWT"
    triggers = (rb"\beyJ[A-Za-z0-9_-]{6}",)
    sifted = True
    opening = rb"(?<![A-Za-z0-9_-])(eyJ[A-Za-z0-9_.-]{0,8000})"

    def places(self, text: bytes, end: int) -> Sequence[int]:
        """Return where the ninth characters of headers end that name an algorithm."""
        return webtokens(text, end)

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the token whose ninth character lies before `at`."""
        header = _HEADER.match(text, at - 9)
        if header is None or not _is_header(header[1]):
            return None
        rest = _REST.match(text, header.end())
        if rest is None or not (b"." in rest[0] or len(rest[0]) >= BOUND):
            return None
        return header.start(), rest.end()


@lru_cache(1024)
def _is_header(part: bytes) -> bool:
    """Tell whether `part` decodes to a header; the tokens of one issuer have the same."""
    try:
        plain = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
        if not plain.rstrip().endswith(b"}") or (b'"alg"' not in plain and b'"enc"' not in plain):
            return False
        header = json.loads(plain)
    except (binascii.Error, ValueError, RecursionError):
        return False
    return isinstance(header, dict) and ("alg" in header or "enc" in header)
