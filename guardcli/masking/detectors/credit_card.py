"""Payment card numbers: issuer ranges and lengths (ISO/IEC 7812), the usual groupings, the Luhn check digit."""

from __future__ import annotations

import re

from guardcli.masking.detector import Detector

_EDGE = rb"(?![0-9A-Za-z_]|\.[0-9])"
_BEGIN = rb"(?<![0-9A-Za-z_])(?<![0-9]\.)"
_WRITTEN = (
    re.compile(_BEGIN + rb"[0-9]{13,19}" + _EDGE),
    re.compile(_BEGIN + rb"[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1(?:[0-9]{4}|[0-9])" + _EDGE),
    re.compile(_BEGIN + rb"[0-9]{4}([ -])[0-9]{6}\1[0-9]{4,5}" + _EDGE),
    re.compile(_BEGIN + rb"[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}\1[0-9]{3}" + _EDGE),
)
"""In one piece, 4-4-4-4 and 4-4-4-1, 4-6-5 and 4-6-4, 4-4-4-4-3."""
_TRIED = ((0, 13), (1, 16), (2, 15), (3, 16))
"""Which of them to try where: bytes from the start to the end of the form that fired."""
_ISSUERS = re.compile(
    rb"(?:4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"
    rb"|(?:5[1-5]|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]+"
    rb"|3[47][0-9]{13}"
    rb"|(?:6011|64[4-9][0-9]|65[0-9]{2}|62[0-9]{2}|352[89]|35[3-8][0-9]|220[0-4])[0-9]{12,15}"
    rb"|(?:30[0-5]|3[689][0-9])[0-9]{11,16}"
    rb"|(?:5018|5020|5038|5893|6304|6759|676[1-3])[0-9]{12,15})"
)
_MASTERCARD = re.compile(rb"5[1-5]|22[2-9]|2[3-7]")
_SINGLE = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))


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
        for index, length in _TRIED:
            if at >= length and (found := _WRITTEN[index].match(text, at - length)) is not None:
                digits = found[0] if index == 0 else found[0].replace(found[1], b"")
                if is_card(digits):
                    return found.span()
        return None


def is_card(digits: bytes) -> bool:
    """Tell whether `digits` lie in an issuer's range, have one of its lengths and a right check digit."""
    if _ISSUERS.fullmatch(digits) is None or (_MASTERCARD.match(digits) and len(digits) != 16):
        return False
    total = sum(digits[-1::-2].translate(_SINGLE)) + sum(digits[-2::-2].translate(_DOUBLED))
    return total % 10 == 0
