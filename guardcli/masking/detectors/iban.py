"""International bank account numbers (ISO 13616), with their country's length and check digits."""

from __future__ import annotations

import re

from stdnum import iban

from guardcli.masking.detector import Detector

_START = re.compile(rb"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}\Z")
_GROUPED = re.compile(rb"[A-Z]{2}[0-9]{2}(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_PLAIN = re.compile(rb"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}(?![A-Za-z0-9_])")


class Iban(Detector):
    """Find account numbers in one piece or in groups of four."""

    name = "iban"
    label = "IBAN"
    personal = True
    forms = (rb"[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}",)
    opening = rb"(?<![A-Za-z0-9])([A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}[A-Z0-9 ]{2,34})"

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the number whose eighth character lies before `at`."""
        start = _START.search(text, max(0, at - 9), at)
        if start is None:
            return None
        begin = start.start()
        plain = _PLAIN.match(text, begin)
        if plain is not None:
            return plain.span() if iban.is_valid(plain[0].decode()) else None
        grouped = _GROUPED.match(text, begin)
        end = grouped.end() if grouped is not None else begin
        while end - begin > 15:
            if iban.is_valid(text[begin:end].decode()):
                return begin, end
            end = text.rfind(b" ", begin, end)
        return None
