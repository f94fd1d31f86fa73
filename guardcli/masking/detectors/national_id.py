"""National identifiers with check digits or reserved ranges, judged by python-stdnum."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

from guardcli.masking.detector import Detector

_STRONG: Sequence[tuple[bytes, str]] = (
    (rb"[0-9]{3}-[0-9]{2}-[0-9]{4}", "us.ssn us.itin"),
    (rb"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", "br.cpf"),
    (rb"[0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2}", "br.cnpj"),
    (rb"[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]", ""),
    (rb"[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-EHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]", "it.codicefiscale"),
    (rb"[0-9]{8}-?[A-Z]", "es.dni"),
    (rb"[XYZ][0-9]{7}-?[A-Z]", "es.nie"),
    (rb"[STFG][0-9]{7}[A-Z]", ""),
)
"""Forms that are telling by themselves, and the modules of stdnum of which one must accept them;
none where it has no module and this module judges itself."""

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

_SHAPE = re.compile(rb"(?<![\w.-])(?:" + b"|".join(b"(" + shape + b")" for shape, _ in _STRONG) + rb")(?![\w-])")
_BETWEEN = rb"[\w ]{0,12}[\"']?[ \t]{0,4}[:=#|]?[ \t\"']{0,4}"
_NAMED = re.compile(
    rb"(?<![A-Za-z])(?=[A-Za-z])(?:"
    + b"|".join(b"(?i:" + word + b")" + _BETWEEN + b"(" + shape + b")" for word, shape, _ in _WEAK)
    + rb")(?![\w-])"
)
_WORD = re.compile(rb"[A-Za-z]{3}")
"""What every word of `_WEAK` holds: rows of numbers need no closer look."""
_TABLES = ((_SHAPE, [modules for _, modules in _STRONG], 20), (_NAMED, [one[2] for one in _WEAK], 64))


class NationalId(Detector):
    """Find identifiers of persons of the US, UK, BR, IT, FR, FI, ES, IN, SG, CH, KR, PL, AU, DE, NL, SE and CA."""

    name = "national_id"
    label = "NATIONAL_ID"
    personal = True
    forms = tuple(shape for shape, _ in _STRONG)
    triggers = tuple(rb"\b(?i:" + word + b")" + _BETWEEN + shape for word, shape, _ in _WEAK)

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the identifier that ends at `at`."""
        named = _WORD.search(text, max(0, at - 64), at) is not None
        for pattern, table, reach in _TABLES if named else _TABLES[:1]:
            for found in pattern.finditer(text, max(0, at - reach), at + 1):
                group = found.lastindex or 0
                if found.end() == at and _is_valid(found[group].decode(), table[group - 1]):
                    return found.span(group)
        return None


@lru_cache(4096)
def _is_valid(value: str, modules: str) -> bool:
    if not modules:
        return _is_british(value) or _is_singaporean(value)
    return any(_judge(module)(value) for module in modules.split())


def _is_british(value: str) -> bool:
    """Tell whether the prefix of a National Insurance number is one that is allocated; it has no check digit."""
    return (
        value[0] not in "DFIQUV"
        and value[1] not in "DFIOQUV"
        and value[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")
        and value[-1] in "ABCD"
        and len(value.replace(" ", "")) == 9
        and value[1].isalpha()
    )


def _is_singaporean(value: str) -> bool:
    """Tell whether the check letter of an NRIC or FIN is right."""
    if not value[1:8].isdigit() or len(value) != 9:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(value[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    total += 4 if value[0] in "TG" else 0
    return value[8] == ("JZIHGFEDCBA" if value[0] in "ST" else "XWUTRQPNMLK")[total % 11]


@cache
def _judge(module: str) -> Callable[[str], bool]:
    judge: Callable[[str], bool] = importlib.import_module(f"stdnum.{module}").is_valid
    return judge
