"""Private keys: PEM (RFC 7468), OpenSSH, SSH2, OpenVPN and PGP armour, PuTTY's files, JWK (RFC 7517)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question
from guardcli.masking.detector import Detector
from guardcli.masking.followers.follower import Follower
from guardcli.masking.followers.keyblock import BEGIN, KeyBlock, begins_body

_INLINE = re.compile(rb"(?:\\+[nr]|[A-Za-z0-9+/=: ,-](?!----)){1,8192}")
_MATERIAL = re.compile(rb"[A-Za-z0-9+/=]{16}")
_ENCODED = re.compile(
    rb"(?<![A-Za-z0-9+/=])(?:LS0tLS1CRUdJTi|LS0tLSBCRUdJTi|b3BlbnNzaC1rZXktdjE)[A-Za-z0-9+/=]{24,8192}"
)
_PART = (
    rb"\\?\"(?:d|p|q|dp|dq|qi)\\?\"[ \t]{0,4}:[ \t]{0,4}\\?\"([A-Za-z0-9_-]{40,8192})|<(?:D|P|Q|DP|DQ|InverseQ)>("
    rb"[A-Za-z0-9+/=]{40,8192})"
)
_REACH = 100
_WIDEST = 400
"""Bytes of a line up to the end of its marker within which something may stand before the key."""


class PrivateKey(Detector):
    """Find the body of a key that stands on the line of its BEGIN; `keyblock` follows it over more lines."""

    name = "private_key"
    label = "PRIVATE_KEY"
    triggers = (
        rb"-----BEGIN [A-Z0-9 ]{0,60}PRIVATE KEY(?: BLOCK)?-----",
        rb"-----BEGIN OpenVPN Static key V1-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
        rb"\bPrivate-Lines: [0-9]{1,4}\r?\n",
        rb"(?:LS0tLS1CRUdJTi|LS0tLSBCRUdJTi|b3BlbnNzaC1rZXktdjE)[A-Za-z0-9+/=]{24}",
    )
    opening = rb"(?<![A-Za-z0-9+/=])((?:LS0tLS1CRUdJTi|b3BlbnNzaC1rZXktdjE)[A-Za-z0-9+/=]{0,4000})"

    @classmethod
    def parts(cls) -> Sequence[Detector]:
        """Return this one, and the one for the numbers of a key in JSON and XML."""
        return cls(), Numbers()

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where the lines of the body begin when the marker ends its line."""
        if text[at - 1] == 0x0A:
            return at, KeyBlock()
        if text[at - 1] != 0x2D:
            return None
        body = begins_body(text, at)
        if body < 0:
            return None
        line = text.rfind(b"\n", max(0, at - _WIDEST), at) + 1
        prefix = text.find(b"----", line, at) - line if line or at < _WIDEST else 0
        return body, KeyBlock(prefix=prefix)

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return what lies between the marker that ends at `at` and the end marker or the end of the string."""
        low = max(0, at - _REACH)
        if text[at - 1] == 0x2D:
            begin = next((one for one in BEGIN.finditer(text, low, at) if one.end() == at), None)
            body = _INLINE.match(text, at) if begin is not None else None
            return body.span() if body is not None and _MATERIAL.search(body[0]) else None
        for found in _ENCODED.finditer(text, low, at + 8192):
            if found.start() < at <= found.end():
                return found.span() if _holds_key(found[0]) else None
        return None


class Numbers(Detector):
    """Find the numbers that a key in JSON (RFC 7518) or XML is made of."""

    name = PrivateKey.name
    label = PrivateKey.label
    triggers = (
        rb"\"(?:d|p|q|dp|dq|qi)\\?\"[ \t]{0,4}:[ \t]{0,4}\\?\"[A-Za-z0-9_-]{40}",
        rb"<(?:D|P|Q|DP|DQ|InverseQ)>[A-Za-z0-9+/=]{40}",
    )
    finders = (Finder(Way.SHAPE, _PART, Judge(Question.MATERIAL), ahead=8192, distances=(_REACH,)),) * len(triggers)


def _holds_key(encoded: bytes) -> bool:
    """Tell a private key from a certificate by what its first bytes decode to."""
    try:
        plain = base64.b64decode(encoded[:100])
    except binascii.Error:
        return False
    return b"PRIVATE KEY" in plain or plain.startswith(b"openssh-key-v1")
