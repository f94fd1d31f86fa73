"""National identifiers with check digits or reserved ranges: `native` finds those whose form tells, python-stdnum
judges the others."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

from guardcli.masking.detector import Detector

_WEAK: Sequence[tuple[bytes, bytes, str]] = (
    (rb"ssn|social.?security|itin", rb"[0-9]{9}", "us.ssn us.itin"),
    (rb"cpf", rb"[0-9]{11}", "br.cpf"),
    (rb"cnpj", rb"[0-9]{14}", "br.cnpj"),
    (rb"nhs", rb"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}", "gb.nhs"),
    (rb"pesel", rb"[0-9]{11}", "pl.pesel"),
    (rb"aadhaar|aadhar|uid", rb"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}", "in_.aadhaar"),
    (rb"tfn|tax.?file", rb"[0-9]{3} ?[0-9]{3} ?[0-9]{2,3}", "au.tfn"),
    (rb"steuer.?id|idnr|tax.?id", rb"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", "de.idnr"),
    (rb"bsn", rb"[0-9]{8,9}", "nl.bsn"),
    (rb"personnummer|person.?nr", rb"(?:[0-9]{2})?[0-9]{6}[-+]?[0-9]{4}", "se.personnummer"),
    (
        rb"nir|insee|s(?:e|\xc3\xa9)cu(?:rit(?:e|\xc3\xa9) sociale)?",
        rb"[12](?: ?[0-9AB]{2}){3}(?: ?[0-9]{3}){2} ?[0-9]{2}",
        "fr.nir",
    ),
    (rb"hetu|henkil(?:o|\xc3\xb6)tunnus", rb"[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]", "fi.hetu"),
    (rb"pan", rb"[A-Z]{5}[0-9]{4}[A-Z]", "in_.pan"),
    (rb"ahv|avs", rb"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}", "ch.ssn"),
    (rb"rrn|jumin", rb"[0-9]{6}-[1-8][0-9]{6}", "kr.rrn"),
    (rb"sin|social.?insurance", rb"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}", "ca.sin"),
)
"""Forms that any number has: a word before them must say what they are."""

_BETWEEN = rb"[\w ]{0,12}[\"']?[ \t]{0,4}[:=#|]?[ \t\"']{0,4}"
_NAMED = re.compile(
    rb"(?<![A-Za-z])(?=[A-Za-z])(?:"
    + b"|".join(b"(?i:" + word + b")" + _BETWEEN + b"(" + shape + b")" for word, shape, _ in _WEAK)
    + rb")(?![\w-])"
)


class NationalId(Detector):
    """Find identifiers behind a word that names them; with those that `native` finds they are those of persons of
    the US, UK, BR, IT, FR, FI, ES, IN, SG, CH, KR, PL, AU, DE, NL, SE and CA.
    """

    name = "national_id"
    label = "NATIONAL_ID"
    personal = True
    triggers = tuple(rb"\b(?i:" + word + b")" + _BETWEEN + shape for word, shape, _ in _WEAK)

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the identifier that ends at `at` behind a word that names it."""
        for found in _NAMED.finditer(text, max(0, at - 64), at + 1):
            group = found.lastindex or 0
            if found.end() == at and _is_valid(found[group].decode(), _WEAK[group - 1][2]):
                return found.span(group)
        return None


@lru_cache(4096)
def _is_valid(value: str, modules: str) -> bool:
    return any(_judge(module)(value) for module in modules.split())


@cache
def _judge(module: str) -> Callable[[str], bool]:
    judge: Callable[[str], bool] = importlib.import_module(f"stdnum.{module}").is_valid
    return judge
