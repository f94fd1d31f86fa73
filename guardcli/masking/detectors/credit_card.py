"""Payment card numbers: issuer ranges and lengths (ISO/IEC 7812), the usual groupings, the Luhn check digit."""

from __future__ import annotations

from guardcli.masking.detector import Detector


class CreditCard(Detector):
    """Names card numbers written in one piece or in the groups that are printed on cards; `native` finds them."""

    name = "credit_card"
    label = "CREDIT_CARD"
    personal = True
    opening = rb"(?<![0-9A-Za-z])([2-6][0-9]{3}(?:[ -]?[0-9]){3,37}[ -]?)"
