"""Telephone numbers: with a country code anywhere, without one where the form or a word beside it tells."""

from __future__ import annotations

import re

import phonenumbers

from guardcli.masking.detector import Detector

_INTERNATIONAL = re.compile(rb"(?<![\w+.])\+[1-9][0-9]{0,2}(?:[ .()/-]{0,2}[0-9]){6,13}(?![\w])")
_AMERICAN = re.compile(
    rb"(?<![\w+.-])(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[.-])[2-9][0-9]{2}[.-][0-9]{4}(?![\w-])"
)
_NAMES = rb"(?:phone|mobile|fax|tel|cell|msisdn)(?:[_ -]?(?:number|no))?"
_NAMED = re.compile(rb"(?i)" + _NAMES + rb"[\"']?[.:=]{1,2}[ \"']{0,3}([0-9(][0-9 ()./-]{6,18}[0-9])(?![\w])")


class Phone(Detector):
    """Find numbers that the numbering plan of their country knows."""

    name = "phone"
    label = "PHONE"
    personal = True
    forms = (rb"[2-9][0-9]{2}[.-][2-9][0-9]{2}[.-][0-9]{4}",)
    triggers = (
        rb"\+[1-9][0-9]{0,2}[ .()/-]{0,2}[0-9]{1,4}[ .()/-]{0,2}[0-9]{2}",
        rb"\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[.-][0-9]{4}",
        rb"(?i)" + _NAMES + rb"[\"']?[.:=]{1,2}[ \"']{0,3}[0-9(][0-9 ()./-]{6}",
    )
    opening = rb"(?<![\w+.])(\+[1-9][0-9 .()/-]{4,20})"

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the number around `at`."""
        low = max(0, at - 48)
        for pattern, country in ((_INTERNATIONAL, None), (_AMERICAN, "US")):
            for found in pattern.finditer(text, low, at + 32):
                if found.start() < at <= found.end():
                    return found.span() if _is_number(found[0], country) else None
        named = _NAMED.search(text, low, at + 32)
        if named is not None and named.start() < at <= named.end():
            return named.span(1) if 7 <= sum(48 <= byte <= 57 for byte in named[1]) <= 15 else None
        return None


def _is_number(text: bytes, country: str | None) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text.decode(), country))
    except phonenumbers.NumberParseException:
        return False
