"""Telephone numbers: with a country code anywhere, without one where the form or a word beside it tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from guardcli.masking.american import DIGITS, is_american
from guardcli.masking.detector import Detector
from guardcli.masking.headings import NUMBERS
from guardcli.masking.native import Question, judge
from guardcli.masking.telling import TellingColumns

_INTERNATIONAL = re.compile(rb"(?<![\w+.])\+[1-9][0-9]{0,2}(?:[ .()/-]{0,2}[0-9]){6,13}(?![\w])")
_AMERICAN = re.compile(rb"(?<![\w+.-])(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[.-])[2-9][0-9]{2}[.-][0-9]{4}(?![\w-])")
_NAMES = rb"(?:phone|mobile?|fax|tel|cell|msisdn)(?:[_ -]?(?:number|no))?"
_NAMED = re.compile(
    rb"(?i)" + _NAMES + rb"[\"']?(?:[.:=]{1,2}|[ ]{1,20}\|)[ \"']{0,3}([0-9(][0-9 ()./-]{6,18}[0-9])(?![\w])"
)

_SAID = (
    rb"(?:tele)?phone|telefon|t(?:e|\xc3\xa9)l(?:(?:e|\xc3\xa9)phone|(?:e|\xc3\xa9)fono)?|mobile?|handy|cell|fax"
    rb"|call|whatsapp|sms|ring|dial"
)
_SPOKEN = re.compile(
    rb"(?i)(?<![A-Za-z])(?:" + _SAID + rb")[.:]?(?: (?:number|no|nr|me|us|is|at|to|on)\b[.:]?){0,2}[ \t]{1,3}"
    rb"(\(?(?:00)?[0-9][0-9 ()./-]{5,20}[0-9])(?![\w])"
)
_TRUNK = re.compile(rb"(?<![\w+.(-])\(0[0-9]{1,4}\)[ -]?[0-9]{2,4}(?:[ -]?[0-9]{2,4}){1,3}(?![\w-])")
_COUNTRIES = (
    "US",
    "GB",
    "DE",
    "FR",
    "IT",
    "ES",
    "NL",
    "IN",
    "AU",
    "BR",
    "JP",
    "CN",
    "PL",
    "SE",
    "CH",
    "AT",
    "BE",
    "MX",
    "ZA",
    "IE",
)
"""Whose numbering plans a number without a country code is held against."""

_FEWEST = 9
"""Digits of a number that a word alone announces: dates and counts have fewer."""

_BEHIND = 3
"""Groups of digits that may stand behind a number and be none of it, and one."""
_LAST_GROUP = re.compile(rb"(?<=[0-9])[ ()./-]{1,3}[0-9]{1,4}\Z")
_PLUS = 0x2B
_SHORT = 7
"""Digits that some numbers of Canada have, which are dialled without an area code."""
_PLACE = re.compile(rb"[+-][0-9]{4}[+-][0-9]{5}|[+-][0-9]{6}[+-][0-9]{7}")
"""Latitude and longitude (ISO 6709)."""
_OTHER = re.compile(rb"[^0-9]")
_WORD = re.compile(rb"[A-Za-z]{3}")
"""What every name holds: rows of numbers need no closer look."""


class Phone(Detector):
    """Find numbers that the numbering plan of their country knows."""

    name = "phone"
    label = "PHONE"
    personal = True
    triggers = (
        rb"\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[.-][0-9]{4}",
        rb"(?i)" + _NAMES + rb"[\"']?(?:[.:=]{1,2}|[ ]{1,20}\|)[ \"']{0,3}[0-9(][0-9 ()./-]{6}",
        rb"(?i)\b(?:"
        + _SAID
        + rb")[.:]?(?: (?:number|no|nr|me|us|is|at|to|on)[.:]?){0,2}[ \t]{1,3}\(?(?:00)?[0-9][0-9 ()./-]{5}",
        rb"\(0[0-9]{1,4}\)[ -]?[0-9]{2}",
    )
    opening = rb"(?<![\w+.])(\+[1-9][0-9 .()/-]{4,20})"

    @classmethod
    def parts(cls) -> Sequence[Detector]:
        """Return this one, and the one for columns of tables."""
        return TellingColumns(cls.name, cls.label, NUMBERS, Question.DIALLED, True), cls()

    def find_swept(self, text: bytes, start: int, end: int) -> tuple[int, int] | None:
        """Return the number from `start` to `end`, which has its country's code or an American form."""
        if _PLACE.fullmatch(text, start, end) is not None:
            return None
        length = _known_length(text[start:end])
        return (start, start + length) if length else None

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the number around `at`."""
        low = max(0, at - 48)
        if text.find(b"+", low, at) >= 0:
            for found in _INTERNATIONAL.finditer(text, low, at + 32):
                if found.start() < at <= found.end():
                    return found.span() if _is_number(found[0], None) else None
        for start in (at - 12, at - 13, at - 14):
            american = _AMERICAN.match(text, start) if start >= 0 else None
            if american is not None and american.end() == at:
                return american.span() if _is_number(american[0], "US") else None
        if _WORD.search(text, low, at) is None:
            return None
        for form in (_SPOKEN, _TRUNK):
            for found in form.finditer(text, low, at + 32):
                if found.start() < at <= found.end() and _is_known(found[found.lastindex or 0]):
                    return found.span(found.lastindex or 0)
        named = _NAMED.search(text, low, at + 32)
        if named is not None and named.start() < at <= named.end():
            return named.span(1) if judge(named[1], Question.DIALLED) else None
        return None


@lru_cache(4096)
def _is_known(text: bytes) -> bool:
    """Tell whether a number is one in some country, with 00 before the country's code or without it."""
    if sum(48 <= byte <= 57 for byte in text) < _FEWEST:
        return False
    if text.startswith(b"00"):
        return _is_number(b"+" + text[2:], None)
    return any(_is_number(text, country) for country in _COUNTRIES)


@lru_cache(8192)
def _known_length(number: bytes) -> int:
    """Return how much of `number` its plan knows, 0 where it does not."""
    for _ in range(_BEHIND):
        if _is_number(number, None if number[0] == _PLUS else "US"):
            return len(number)
        number = _LAST_GROUP.sub(b"", number)  # of another number behind it
    return 0


@lru_cache(4096)
def _is_number(text: bytes, country: str | None) -> bool:
    if country == "US":
        digits = _OTHER.sub(b"", text).decode()
        if digits[0] not in "01" and len(digits) != _SHORT:
            return len(digits) == DIGITS and is_american(digits)
    import phonenumbers  # only when a number is there: the tables of all countries take time to load

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text.decode(), country))
    except phonenumbers.NumberParseException:
        return False
