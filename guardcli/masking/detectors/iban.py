"""International bank account numbers (ISO 13616), with their country's length and check digits."""

from __future__ import annotations

from guardcli.masking.detector import Detector


class Iban(Detector):
    """Names account numbers in one piece or in groups of four; `native` finds them."""

    name = "iban"
    label = "IBAN"
    personal = True
    opening = rb"(?<![A-Za-z0-9])([A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}[A-Z0-9 ]{2,34})"
