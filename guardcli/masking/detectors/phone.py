"""Telephone numbers: with a country code anywhere, without one where the form or a word beside it tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question, Spans
from guardcli.masking.compiled.numbering import HOMES, plans
from guardcli.masking.detector import Detector
from guardcli.masking.tables.headings import NUMBERS
from guardcli.masking.tables.telling import TellingColumns

_AMERICAN = rb"(?<![\w+.-])\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[.-][0-9]{4}(?![\w-])"
_ABROAD = (
    rb"telef(?:o|\xc3\xb3)n(?:o|e|sz\xc3\xa1m)?|telefoon|telem(?:o|\xc3\xb3)vel|m(?:o|\xc3\xb3)vil|mobilnummer"
    rb"|cel(?:l?ulare?)|fono|gsm|tlf|puhelin|handy"
)
_BEYOND = "тел(?:ефон)?|τηλ(?:έφωνο)?|κινητό|電話(?:番号)?|手机|手機|电话|전화(?:번호)?|휴대폰|điện thoại".encode()
"""Words of other languages, and those that begin with no letter of ASCII."""
_NAMES = (
    rb"(?:phone|mobile?|fax|tel|t\xc3\xa9l(?:\xc3\xa9phone)?|cell|msisdn|whatsapp|"
    + _ABROAD
    + rb"|"
    + _BEYOND
    + rb")(?:[_ -]?(?:number|no))?"
)
_NAMED = rb"(?i)" + _NAMES + rb"\.?[\"']?(?:[.:=]{1,2}|[ ]{1,20}\|)[ \"']{0,3}([0-9(][0-9 ()./-]{6,18}[0-9])(?![\w])"
_SAID = (
    rb"(?:tele)?phone|telefon|t(?:e|\xc3\xa9)l(?:(?:e|\xc3\xa9)phone|(?:e|\xc3\xa9)fono)?|mobile?|handy|cell|fax"
    rb"|call|whatsapp|sms|ring|dial|" + _ABROAD
)
_SIGN = rb"\.?(?:[ \t]|\xc2\xa0|\xe2\x80\xaf)?:?"
_SPOKEN = (
    rb"(?i)(?<!\w)(?:"
    + _SAID
    + rb"|"
    + _BEYOND
    + rb")"
    + _SIGN
    + rb"(?: (?:number|no|nr|me|us|is|at|to|on)\b[.:]?){0,2}[ \t]{1,3}"
    rb"(\(?(?:00)?[0-9][0-9 ()./-]{5,20}[0-9])(?![\w])"
)
_TRUNK = rb"(?<![\w+.(-])\(0[0-9]{1,4}\)[ -]?[0-9]{2,4}(?:[ -]?[0-9]{2,4}){1,3}(?![\w-])"
_FORMS = tuple(re.compile(form) for form in (_AMERICAN, _SPOKEN, _TRUNK))

_FEWEST = 9
"""Digits of a number that a word alone announces: dates and counts have fewer."""

_BEHIND = 3
"""Groups of digits that may stand behind a number and be none of it, and one."""
_LAST_GROUP = re.compile(rb"(?<=[0-9])[ ()./-]{1,3}[0-9]{1,4}\Z")
_PLUS = 0x2B
_PLACE = re.compile(rb"[+-][0-9]{4}[+-][0-9]{5}|[+-][0-9]{6}[+-][0-9]{7}")
"""Latitude and longitude (ISO 6709)."""


class Phone(Detector):
    """Find numbers that the plan of their country knows: `native` judges them by the plans that were made, and
    the library is asked of others.
    """

    name = "phone"
    label = "PHONE"
    personal = True
    triggers = (
        rb"\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[.-][0-9]{4}",
        rb"(?i)" + _NAMES + rb"\.?[\"']?(?:[.:=]{1,2}|[ ]{1,20}\|)[ \"']{0,3}[0-9(][0-9 ()./-]{6}",
        rb"(?i)(?:\b(?:"
        + _SAID
        + rb")|"
        + _BEYOND
        + rb")"
        + _SIGN
        + rb"(?: (?:number|no|nr|me|us|is|at|to|on)[.:]?){0,2}[ \t]{1,3}\(?(?:00)?[0-9][0-9 ()./-]{5}",
        rb"\(0[0-9]{1,4}\)[ -]?[0-9]{2}",
    )
    opening = rb"(?<![\w+.])(\+[1-9][0-9 .()/-]{4,20})"

    def __init__(self) -> None:
        known = plans().address
        self.finders = (
            Finder(Way.BEGINNING, _AMERICAN, Judge(Question.AMERICAN), plans=known),
            Finder(Way.BEGINNING, _NAMED, Judge(Question.DIALLED)),
            Finder(Way.BEGINNING, _SPOKEN, Judge(Question.TELEPHONE), plans=known),
            Finder(Way.BEGINNING, _TRUNK, Judge(Question.TELEPHONE), plans=known),
        )

    @classmethod
    def parts(cls) -> Sequence[Detector]:
        """Return this one, and the one for columns of tables."""
        return TellingColumns(cls.name, cls.label, NUMBERS, Question.DIALLED, True), cls()

    def judge_swept(self, text: bytes, base: int, rank: int, places: Spans) -> Spans:
        """Return the numbers among `places` that `native` is sure of."""
        return plans().judge(text, base, rank, places)

    def find_swept(self, text: bytes, start: int, end: int) -> tuple[int, int] | None:
        """Return the number in the form from `start` to `end`: one with its country's code or an American one, or one
        behind a word or with its area's code in parentheses.
        """
        for form in _FORMS:
            if (found := form.fullmatch(text, start, end)) is not None:
                return found.span(form.groups) if _is_of(form, found[form.groups]) else None
        if _PLACE.fullmatch(text, start, end) is not None:
            return None
        plans().asked(text[start:end])
        length = _known_length(text[start:end])
        return (start, start + length) if length else None


def _is_of(form: re.Pattern[bytes], number: bytes) -> bool:
    """Tell whether a number of one of the forms exists where numbers are written so."""
    american = form is _FORMS[0]
    plans().asked(number, HOMES[:1] if american else HOMES)
    return _is_number(number, "US") if american else _is_known(number)


@lru_cache(4096)
def _is_known(text: bytes) -> bool:
    """Tell whether a number is one in some country, with 00 before the country's code or without it."""
    if sum(48 <= byte <= 57 for byte in text) < _FEWEST:
        return False
    if text.startswith(b"00"):
        return _is_number(b"+" + text[2:], None)
    return any(_is_number(text, country) for country in HOMES)


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
    import phonenumbers  # only when a number is there: the tables of all countries take time to load

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text.decode(), country))
    except phonenumbers.NumberParseException:
        return False
