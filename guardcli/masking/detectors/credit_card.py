"""Payment card numbers: issuer ranges and lengths (ISO/IEC 7812), the usual groupings, the Luhn check digit."""

from __future__ import annotations

import re

from guardcli.masking.detector import Detector

_RUN_REVERSED = re.compile(rb"[0-9](?:[ -]?[0-9]){0,60}")
_GROUP = re.compile(rb"[0-9]+")
_ISSUERS = re.compile(
    rb"(?:4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"
    rb"|(?:5[1-5]|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]+"
    rb"|3[47][0-9]{13}"
    rb"|(?:6011|64[4-9][0-9]|65[0-9]{2}|62[0-9]{2}|352[89]|35[3-8][0-9]|220[0-4])[0-9]{12,15}"
    rb"|(?:30[0-5]|3[689][0-9])[0-9]{11,16}"
    rb"|(?:5018|5020|5038|5893|6304|6759|676[1-3])[0-9]{12,15})"
)
_MASTERCARD = re.compile(rb"5[1-5]|22[2-9]|2[3-7]")
_GROUPINGS = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 1)})
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


class CreditCard(Detector):
    """Find card numbers written in one piece or in the groups that are printed on cards."""

    name = "credit_card"
    label = "CREDIT_CARD"
    personal = True
    forms = (
        rb"[2-6][0-9]{12}",
        rb"[2-6][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]",
        rb"3[0-9]{3}[ -][0-9]{6}[ -][0-9]{3}",
    )
    opening = rb"(?<![0-9A-Za-z])([2-6](?:[ -]?[0-9]){6,22}[ -]?)"

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the card number whose thirteenth digit lies before `at`."""
        first = _first_digit(text, at)
        line = text[first : first + 40]
        groups: list[tuple[int, int]] = []
        separators: set[bytes] = set()
        for group in _GROUP.finditer(line):
            if groups:
                between = line[groups[-1][1] : group.start()]
                if len(between) != 1 or between not in b" -":
                    break
                separators.add(between)
            groups.append(group.span())
            if len(groups) > 1 and len(separators) > 1:
                break
            whole = b"".join(line[a:b] for a, b in groups)
            if not 13 <= len(whole) <= 19:
                continue
            end = group.end()
            if _is_word(line[end : end + 1]) or _is_fraction(text, first, line, end):
                continue
            shape = tuple(b - a for a, b in groups)
            if (len(groups) == 1 or shape in _GROUPINGS) and is_card(whole):
                return first, first + end
        return None


def _first_digit(text: bytes, at: int) -> int:
    """Return where the thirteen digits that end at `at` begin."""
    place, seen = at, 0
    while seen < 13:
        place -= 1
        if 48 <= text[place] <= 57:
            seen += 1
    return place


def _is_word(after: bytes) -> bool:
    return after.isalnum() or after == b"_"


def _is_fraction(text: bytes, first: int, line: bytes, end: int) -> bool:
    """Tell whether the digits are one side of a decimal point."""
    before = text[max(0, first - 2) : first]
    if len(before) == 2 and before[1] == 0x2E and 48 <= before[0] <= 57:
        return True
    return line[end : end + 1] == b"." and line[end + 1 : end + 2].isdigit()


def is_card(digits: bytes) -> bool:
    """Tell whether `digits` lie in an issuer's range, have one of its lengths and a right check digit."""
    if _ISSUERS.fullmatch(digits) is None or (_MASTERCARD.match(digits) and len(digits) != 16):
        return False
    total = sum(_DOUBLED[digit - 48] for digit in digits[-2::-2]) + sum(digits[-1::-2]) - 48 * len(digits[-1::-2])
    return total % 10 == 0
