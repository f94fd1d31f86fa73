"""International bank account numbers (ISO 13616), with their country's length and check digits."""

from __future__ import annotations

import re
from collections.abc import Sequence

from guardcli.masking.detector import Detector

_NAMED = rb"(?i)\biban(?:[_ -]?(?:no|nr|number))?\\?[\"']?[ \t]{0,20}[:=|]?[ \t]{0,20}\\?[\"']?"
_SHAPE = rb"([A-Za-z]{2}[0-9]{2}(?:-?[A-Za-z0-9]){11,30})(?![A-Za-z0-9])"


class Iban(Detector):
    """Names account numbers in one piece or in groups of four; `native` finds them. Behind the word the other part
    finds those in small letters and with hyphens.
    """

    name = "iban"
    label = "IBAN"
    personal = True
    opening = rb"(?<![A-Za-z0-9])([A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}[A-Z0-9 ]{2,34})"

    @classmethod
    def parts(cls) -> Sequence[Detector]:
        """Return the one for numbers behind the word, and this one."""
        return Named(), cls()


class Named(Iban):
    """Find a number behind the word that says what it is."""

    triggers = (_NAMED + rb"[A-Za-z]{2}[0-9]{2}-?[A-Za-z0-9]{4}",)
    opening = b""
    _whole = re.compile(_NAMED + _SHAPE)

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the number whose first eight characters end at `at`."""
        from stdnum import iban

        for found in self._whole.finditer(text, max(0, at - 100), at + 40):
            if found.start(1) < at <= found.end():
                return found.span(1) if iban.is_valid(found[1].decode()) else None
        return None
