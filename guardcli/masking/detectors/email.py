"""E-mail addresses (RFC 5321 in the forms that occur), the documentation domains of RFC 2606 included."""

from __future__ import annotations

from collections.abc import Sequence

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.detector import Detector

_BEYOND = rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
"""A letter beyond ASCII, in UTF-8: what is binary, and no text, is not held back."""
_DOMAIN = rb"(?=[0-9-]{0,62}[A-Za-z])[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,6}\.[A-Za-z]{2,24}(?![\w-])"
_PLAIN = rb"(?<![\w.%+-])[A-Za-z0-9][\w.+-]{0,63}"
_QUOTED = rb"(?<![\w\\])\"[A-Za-z0-9](?:[^\"@\s\\<>,;:]{0,60}[A-Za-z0-9])?"


class Email(Detector):
    """Names addresses; `native` finds them, and declines remotes of scp and ssh, user names in URLs, units, file names
    and binary data. Its other parts find those that are written otherwise.
    """

    name = "email"
    label = "EMAIL"
    personal = True
    opening = (
        rb"((?<![A-Za-z0-9.\x01-\x08\x0e-\x1a\x1c-\x1f\x7f-\xff-])"
        rb"(?:[A-Za-z0-9]|" + _BEYOND + rb")(?:[A-Za-z0-9.%'+_-]|" + _BEYOND + rb"){0,63}"
        rb"@(?:[A-Za-z0-9.-]|" + _BEYOND + rb"){0,255}(?:[\xc3-\xef][\x80-\xbf]?)?)"
    )
    stub = rb"(?<![A-Za-z0-9.%'+_\x80-\xff-])([A-Za-z0-9\x80-\xff](?:[A-Za-z0-9'+_\x80-\xff-]|\.(?!\.)){0,63})"

    @classmethod
    def parts(cls) -> Sequence[Detector]:
        """Return this one, the one for URLs, and the one for local parts in quotes."""
        return Written(rb"%40", _PLAIN), Written(rb"\"@", _QUOTED), cls()


class Written(Email):
    """Find addresses with another sign than ``@`` between their two halves."""

    opening = b""
    stub = b""

    def __init__(self, sign: bytes, local: bytes) -> None:
        """`sign` is what stands between, `local` an expression for what is before it."""
        self.triggers = (sign + rb"[A-Za-z0-9]",)
        finder = Finder(Way.SHAPE, local + sign + _DOMAIN, Judge(), ahead=320, distances=(66 + len(sign) + 1,))
        self.finders = (finder,)
