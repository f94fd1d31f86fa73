"""International bank account numbers (ISO 13616), with their country's length and check digits."""

from __future__ import annotations

import re

from guardcli.masking.detector import Detector

_START = re.compile(rb"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}\Z")
_COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FO FI GL NL FK SD",
    19: "MK SI",
    20: "AT BA EE KZ XK LT LU MN",
    21: "CR HR LV LI CH",
    22: "BH BG DE GE GB IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ MD PK RO SA SK ES SE TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_LENGTHS = {country: length for length, countries in _COUNTRIES.items() for country in countries.split()}


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
        length = _LENGTHS.get(text[begin : begin + 2].decode())
        if length is None:
            return None
        grouped = text[begin + 4] == 0x20
        end = begin + (length + (length - 1) // 4 if grouped else length)
        written = text[begin:end]
        digits = written.replace(b" ", b"") if grouped else written
        if grouped and any(written[place] != 0x20 for place in range(4, len(written), 5)):
            return None
        if len(digits) != length or not digits.isalnum() or digits != digits.upper():
            return None
        after = text[end : end + 1]
        return (begin, end) if not (after.isalnum() or after == b"_") and _checks(digits) else None


def _checks(digits: bytes) -> bool:
    """Tell whether the check digits are right (ISO 7064, modulus 97)."""
    body = digits[4:]
    if body.isdigit():
        return int(body + b"%d%d%s" % (digits[0] - 55, digits[1] - 55, digits[2:4])) % 97 == 1
    return int("".join(str(int(char, 36)) for char in (digits[4:] + digits[:4]).decode())) % 97 == 1
