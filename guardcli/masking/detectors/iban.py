"""International bank account numbers (ISO 13616), with their country's length and check digits."""

from __future__ import annotations

from collections.abc import Sequence

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question
from guardcli.masking.detector import Detector

_NAMED = rb"(?i)\biban(?:[_ -]?(?:no|nr|number))?\\?[\"']?[ \t]{0,20}[:=|]?[ \t]{0,20}\\?[\"']?"
_FIRST = rb"[A-Za-z]{2}[0-9]{2}(?:-?[A-Za-z0-9]){4}"
_REST = rb"(?:-?[A-Za-z0-9]){7,26}(?![A-Za-z0-9])"


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

    triggers = (_NAMED + _FIRST,)
    opening = b""
    finders = (Finder(Way.BEGINNING, _NAMED + rb"(" + _FIRST + _REST + rb")", Judge(Question.ACCOUNT)),)
