"""National identifiers with check digits or reserved ranges, judged by python-stdnum."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from functools import cache

from guardcli.masking.detector import Detector

_EDGE = rb"(?<![\w.-])"
_STRONG: Sequence[tuple[bytes, str]] = (
    (rb"[0-9]{3}-[0-9]{2}-[0-9]{4}", "us.ssn us.itin"),
    (rb"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", "br.cpf"),
    (rb"[0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2}", "br.cnpj"),
    (rb"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]", "gb.nino"),
    (rb"[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-EHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]", "it.codicefiscale"),
    (rb"[12] ?[0-9]{2} ?[0-9]{2} ?[0-9AB]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", "fr.nir"),
    (rb"[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]", "fi.hetu"),
    (rb"(?:[0-9]{8}|[XYZ][0-9]{7})-?[A-Z]", "es.dni es.nie"),
    (rb"[A-Z]{5}[0-9]{4}[A-Z]", "in_.pan"),
    (rb"[STFG][0-9]{7}[A-Z]", "sg.nric"),
    (rb"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}", "ch.ssn"),
    (rb"[0-9]{6}-[1-8][0-9]{6}", "kr.rrn"),
)
"""Forms that are telling by themselves, and the modules of stdnum of which one must accept them."""

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
    (rb"sin|social.?insurance", rb"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}", "ca.sin"),
)
"""Forms that any number has: a word before them must say what they are."""

_SHAPES = [(re.compile(_EDGE + shape + rb"(?![\w-])"), modules) for shape, modules in _STRONG]
_NAMED = [
    (
        re.compile(
            rb"(?i)(?<![A-Za-z])(?:"
            + word
            + rb")[\w ]{0,12}[\"']?[ \t]{0,4}[:=#|]?[ \t\"']{0,4}("
            + shape
            + rb")(?![\w-])"
        ),
        modules,
    )
    for word, shape, modules in _WEAK
]


class NationalId(Detector):
    """Find identifiers of persons of the US, UK, BR, IT, FR, FI, ES, IN, SG, CH, KR, PL, AU, DE, NL, SE and CA."""

    name = "national_id"
    label = "NATIONAL_ID"
    personal = True
    triggers = (
        *(rb"\b" + shape + rb"\b" for shape, _ in _STRONG),
        *(
            rb"(?i)\b(?:" + word + rb")[\w ]{0,12}[\"']?[ \t]{0,4}[:=#|]?[ \t\"']{0,4}" + shape + rb"\b"
            for word, shape, _ in _WEAK
        ),
    )

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the identifier that ends at `at`."""
        low = max(0, at - 64)
        for pattern, modules in (*_SHAPES, *_NAMED):
            for found in pattern.finditer(text, low, at + 1):
                group = found.lastindex or 0
                if found.end() == at and _is_valid(found[group].decode(), modules):
                    return found.span(group)
        return None


def _is_valid(value: str, modules: str) -> bool:
    return any(_judge(module)(value) for module in modules.split())


@cache
def _judge(module: str) -> Callable[[str], bool]:
    judge: Callable[[str], bool] = importlib.import_module(f"stdnum.{module}").is_valid
    return judge
