"""Private keys: PEM (RFC 7468), OpenSSH, SSH2, OpenVPN and PGP armour, PuTTY's files, JWK (RFC 7517)."""

from __future__ import annotations

import base64
import binascii
import re

from guardcli.masking.detector import Detector
from guardcli.masking.followers import Follower
from guardcli.masking.keyblock import BEGIN, KeyBlock, begins_body

_INLINE = re.compile(rb"(?:\\+[nr]|[A-Za-z0-9+/=: ,-](?!----)){1,8192}")
_MATERIAL = re.compile(rb"[A-Za-z0-9+/=]{16}")
_ENCODED = re.compile(
    rb"(?<![A-Za-z0-9+/=])(?:LS0tLS1CRUdJTi|LS0tLSBCRUdJTi|b3BlbnNzaC1rZXktdjE)[A-Za-z0-9+/=]{24,8192}"
)
_PART = re.compile(
    rb"\\?\"(?:d|p|q|dp|dq|qi)\\?\"[ \t]{0,4}:[ \t]{0,4}\\?\"([A-Za-z0-9_-]{40,8192})|<(?:D|P|Q|DP|DQ|InverseQ)>("
    rb"[A-Za-z0-9+/=]{40,8192})"
)
_REACH = 100


class PrivateKey(Detector):
    """Find the body of a key that stands on the line of its BEGIN; `keyblock` follows it over more lines."""

    name = "private_key"
    label = "PRIVATE_KEY"
    triggers = (
        rb"-----BEGIN [A-Z0-9 ]{0,60}PRIVATE KEY(?: BLOCK)?-----",
        rb"-----BEGIN OpenVPN Static key V1-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
        rb"\bPrivate-Lines: [0-9]{1,4}\r?\n",
        rb"(?:LS0tLS1CRUdJTi|LS0tLSBCRUdJTi|b3BlbnNzaC1rZXktdjE)[A-Za-z0-9+/=]{24}",
        rb"\"(?:d|p|q|dp|dq|qi)\\?\"[ \t]{0,4}:[ \t]{0,4}\\?\"[A-Za-z0-9_-]{40}",
        rb"<(?:D|P|Q|DP|DQ|InverseQ)>[A-Za-z0-9+/=]{40}",
    )
    opening = rb"(?<![A-Za-z0-9+/=])((?:LS0tLS1CRUdJTi|b3BlbnNzaC1rZXktdjE)[A-Za-z0-9+/=]{0,4000})"

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where the lines of the body begin when the marker ends its line."""
        if text[at - 1] == 0x0A:
            return at, KeyBlock()
        if text[at - 1] != 0x2D:
            return None
        body = begins_body(text, at)
        return (body, KeyBlock()) if body >= 0 else None

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
        for found in _PART.finditer(text, low, at + 8192):
            if found.start() < at <= found.end():
                return found.span(found.lastindex or 0) if len(set(found[found.lastindex or 0][:64])) > 12 else None
        return None


def _holds_key(encoded: bytes) -> bool:
    """Tell a private key from a certificate by what its first bytes decode to."""
    try:
        plain = base64.b64decode(encoded[:100])
    except binascii.Error:
        return False
    return b"PRIVATE KEY" in plain or plain.startswith(b"openssh-key-v1")
