"""Private keys: PEM (RFC 7468), OpenSSH, SSH2, OpenVPN and PGP armour, PuTTY's files, JWK (RFC 7517)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question
from guardcli.masking.detector import Detector
from guardcli.masking.followers.compiled import Compiled, Kind
from guardcli.masking.followers.follower import Follower

_BEGIN = re.compile(
    rb"-----BEGIN (?:(?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)-----"
    rb"|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"
)
_INLINE = re.compile(rb"(?:\\+[nr]|[A-Za-z0-9+/=: ,-](?!----)){1,8192}")
_MATERIAL = re.compile(rb"[A-Za-z0-9+/=]{16}")
_ENCODED = rb"(?<![A-Za-z0-9+/=])(?:LS0tLS1CRUdJTi|LS0tLSBCRUdJTi|b3BlbnNzaC1rZXktdjE)[A-Za-z0-9+/=]{24,8192}"
_PART = (
    rb"\\?\"(?:d|p|q|dp|dq|qi)\\?\"[ \t]{0,4}:[ \t]{0,4}\\?\"([A-Za-z0-9_-]{40,8192})|<(?:D|P|Q|DP|DQ|InverseQ)>("
    rb"[A-Za-z0-9+/=]{40,8192})"
)
_REACH = 100


class PrivateKey(Detector):
    """Find the body of a key that stands on the line of its BEGIN marker; its other parts find the others."""

    name = "private_key"
    label = "PRIVATE_KEY"
    triggers = (
        rb"PRIVATE KEY(?: BLOCK)?-----[\\A-Za-z0-9+/=: ,-]",
        rb"(?:BEGIN OpenVPN Static key V1-----|BEGIN SSH2 ENCRYPTED PRIVATE KEY ----)[\\A-Za-z0-9+/=: ,-]",
    )
    opening = rb"(?<![A-Za-z0-9+/=])((?:LS0tLS1CRUdJTi|b3BlbnNzaC1rZXktdjE)[A-Za-z0-9+/=]{0,4000})"

    @classmethod
    def parts(cls) -> Sequence[Detector]:
        """Return this one, and those for keys over lines, in base64, and for the numbers of a key in JSON and XML."""
        return cls(), Block(), Armoured(), Numbers()

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return what lies between the marker that ends before `at` and the end marker or the end of the string."""
        end = at - 1
        begin = next((one for one in _BEGIN.finditer(text, max(0, end - _REACH), end) if one.end() == end), None)
        body = _INLINE.match(text, end) if begin is not None else None
        return body.span() if body is not None and _MATERIAL.search(body[0]) else None


class Block(Detector):
    """Find the lines of a key behind its marker, and those of a file of PuTTY; ``native/keyblock.c`` does."""

    name = PrivateKey.name
    label = PrivateKey.label
    led: ClassVar[bool] = True
    triggers = (rb"PRIVATE KEY", rb"BEGIN OpenVPN Static key V1", rb"Private-Lines: ")
    ends = (
        rb"-----BEGIN [A-Z0-9 ]{0,60}PRIVATE KEY(?: BLOCK)?-----",
        rb"-----BEGIN OpenVPN Static key V1-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
        rb"\WPrivate-Lines: [0-9]{1,4}",
    )

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return who finds markers from `at` on."""
        return at, Compiled(Kind.KEY_BLOCK)


class Armoured(Detector):
    """Find keys that are base64 once more, as Secrets and variables hold them."""

    name = PrivateKey.name
    label = PrivateKey.label
    triggers = (rb"(?:LS0tLS1CRUdJTi|LS0tLSBCRUdJTi|b3BlbnNzaC1rZXktdjE)[A-Za-z0-9+/=]{24}",)
    finders = (Finder(Way.SHAPE, _ENCODED, Judge(Question.ARMOURED), ahead=8192, distances=(_REACH,)),)


class Numbers(Detector):
    """Find the numbers that a key in JSON (RFC 7518) or XML is made of."""

    name = PrivateKey.name
    label = PrivateKey.label
    triggers = (
        rb"\"(?:d|p|q|dp|dq|qi)\\?\"[ \t]{0,4}:[ \t]{0,4}\\?\"[A-Za-z0-9_-]{40}",
        rb"<(?:D|P|Q|DP|DQ|InverseQ)>[A-Za-z0-9+/=]{40}",
    )
    finders = (Finder(Way.SHAPE, _PART, Judge(Question.MATERIAL), ahead=8192, distances=(_REACH,)),) * len(triggers)
