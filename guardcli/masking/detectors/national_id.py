"""National identifiers with check digits or reserved ranges: `native` finds them; python-stdnum judges those that it
holds against tables and dates, and what stands in columns."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question
from guardcli.masking.detector import Detector
from guardcli.masking.tables.headings import IDENTIFIERS
from guardcli.masking.tables.telling import TellingColumns

_WEAK: Sequence[tuple[bytes, bytes, str]] = (
    (rb"ssn|social.?security|itin", rb"[0-9]{9}|[0-9]{3} [0-9]{2} [0-9]{4}", "us.ssn us.itin"),
    (rb"cpf", rb"[0-9]{11}", "br.cpf"),
    (rb"cnpj", rb"[0-9]{14}", "br.cnpj"),
    (rb"nhs", rb"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}", "gb.nhs"),
    (rb"pesel", rb"[0-9]{11}", "pl.pesel"),
    ("aadhaar|aadhar|uid|आधार".encode(), rb"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}", "in_.aadhaar"),
    (rb"tfn|tax.?file", rb"[0-9]{3} ?[0-9]{3} ?[0-9]{2,3}", "au.tfn"),
    (
        rb"steuer[ _-]?id(?:entifikationsnummer|nr|-nr|ent[-.]?nr)?\.?|identifikationsnummer|idnr|tax.?id",
        rb"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}",
        "de.idnr",
    ),
    (rb"bsn|burgerservicenummer", rb"[0-9]{8,9}|[0-9]{4}\.[0-9]{2}\.[0-9]{3}", "nl.bsn"),
    (rb"personnummer|person.?nr|pnr|personal.?number", rb"(?:[0-9]{2})?[0-9]{6}[-+]?[0-9]{4}", "se.personnummer"),
    (
        rb"nir|insee|s(?:e|\xc3\xa9)cu(?:rit(?:e|\xc3\xa9) sociale)?",
        rb"[12](?: ?[0-9AB]{2}){3}(?: ?[0-9]{3}){2} ?[0-9]{2}",
        "fr.nir",
    ),
    (rb"hetu|henkil(?:o|\xc3\xb6)tunnus", rb"[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]", "fi.hetu"),
    (rb"pan|permanent.?account.?number", rb"[A-Z]{5}[0-9]{4}[A-Z]", "in_.pan"),
    (rb"ahv|avs|sozialversicherung", rb"756\.?[0-9]{4}\.?[0-9]{4}\.?[0-9]{2}", "ch.ssn"),
    (rb"rrn|jumin", rb"[0-9]{6}-[1-8][0-9]{6}", "kr.rrn"),
    ("주민등록번호".encode(), rb"[0-9]{6}-[1-8][0-9]{6}", "kr.rrn"),
    (rb"f(?:o|\xc3\xb8)dselsn(?:umme)?r|fnr", rb"[0-9]{6} ?[0-9]{5}", "no.fodselsnummer"),
    (rb"cpr", rb"[0-9]{6}[- ]?[0-9]{4}", "dk.cpr"),
    (
        rb"r\xc4\x8d|rodn(?:e|\xc3\xa9).?(?:c|\xc4\x8d)(?:i|\xc3\xad)slo|birth.?number",
        rb"[0-9]{6}/?[0-9]{3,4}",
        "cz.rc",
    ),
    (
        rb"rijksregister(?:nummer)?|niss|insz|nrn|num(?:e|\xc3\xa9)ro.national",
        rb"[0-9]{2}[. ]?[0-9]{2}[. ]?[0-9]{2}[- ]?[0-9]{3}[. ]?[0-9]{2}",
        "be.nn",
    ),
    (rb"cnp|cod.numeric.personal", rb"[1-9][0-9]{12}", "ro.cnp"),
    ("egn|ЕГН|егн".encode(), rb"[0-9]{10}", "bg.egn"),
    (rb"oib", rb"[0-9]{11}", "hr.oib"),
    (rb"asmens|isikukood|personas", rb"[0-9]{6}-?[0-9]{5}", "lt.asmens ee.ik"),
    (rb"t\.?c\.?(?: kimlik)?(?: no)?|kimlik", rb"[1-9][0-9]{10}", "tr.tckimlik"),
    (rb"teudat.?zehut|israeli.?id", rb"[0-9]{8,9}", "il.idnr"),
    (rb"curp", rb"[A-Z]{4}[0-9]{6}[HM][A-Z]{5}[0-9A-Z][0-9]", "mx.curp"),
    (rb"rfc", rb"[A-Z&]{4}[0-9]{6}[0-9A-Z]{3}", "mx.rfc"),
    (rb"cuit|cuil", rb"[0-9]{2}-?[0-9]{8}-?[0-9]", "ar.cuit"),
    (rb"rut|run", rb"[0-9]{1,2}\.?[0-9]{3}\.?[0-9]{3}-?[0-9Kk]", "cl.rut"),
    (rb"c(?:e|\xc3\xa9)dula", rb"[0-9]{3}-?[0-9]{7}-?[0-9]", "do.cedula ec.ci"),
    (
        "shenfenzheng|sfz|resident.?id|身份证(?:号码?)?|公民身份号码".encode(),
        rb"[0-9]{17}[0-9Xx]",
        "cn.ric",
    ),
    (rb"nric|mykad", rb"[0-9]{6}-?[0-9]{2}-?[0-9]{4}", "my.nric"),
    (rb"nik|ktp", rb"[0-9]{16}", "id.nik"),
    (rb"cnic", rb"[0-9]{5}-?[0-9]{7}-?[0-9]", "pk.cnic"),
    (rb"ird", rb"[0-9]{2,3}-?[0-9]{3}-?[0-9]{3}", "nz.ird"),
    (rb"kennitala", rb"[0-9]{6}-?[0-9]{4}", "is_.kennitala"),
    ("amka|αμκα|ΑΜΚΑ".encode(), rb"[0-9]{11}", "gr.amka"),
    (rb"nif|contribuinte", rb"[1-9][0-9]{8}", "pt.nif"),
    (rb"pps(?:n|.?number)?", rb"[0-9]{7}[A-W][A-IW]?", "ie.pps"),
    (rb"svnr|sozialversicherungsnummer", rb"[0-9]{4} ?[0-9]{6}", "at.vnr"),
    (rb"em(?:s|\xc5[\xa0\xa1])o|jmbg", rb"[0-9]{13}", "si.emso"),
    (
        rb"(?:national|identity|identification|personal|citizen|tax(?:payer)?|social security|id)[ _-]?(?:id|number"
        rb"|no|card|code)",
        rb"[0-9A-Z][0-9A-Z.-]{7,17}[0-9A-Z]",
        "us.ssn us.itin za.idnr pl.pesel tr.tckimlik se.personnummer fi.hetu no.fodselsnummer dk.cpr ro.cnp bg.egn"
        " hr.oib ee.ik es.nie es.dni it.codicefiscale br.cpf cl.rut ar.cuit cn.ric kr.rrn th.pin il.idnr de.idnr nl.bsn"
        " be.nn fr.nir ie.pps pt.nif mx.curp cz.rc in_.aadhaar in_.pan ch.ssn ca.sin",
    ),
    (rb"sin|social.?insurance", rb"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}", "ca.sin"),
    (rb"(?:south.?african|rsa).?id", rb"[0-9]{13}", "za.idnr"),
    ("thai.?id|บัตรประชาชน|เลขประจำตัวประชาชน".encode(), rb"[0-9]-?[0-9]{4}-?[0-9]{5}-?[0-9]{2}-?[0-9]", "th.pin"),
    (
        rb"codice.?fiscale|c\.f\.|partita.?iva|p\.? ?iva",
        rb"[0-9]{11}|[A-Za-z]{6}[0-9A-Za-z]{2}[A-Za-z][0-9A-Za-z]{2}[A-Za-z][0-9A-Za-z]{3}[A-Za-z]",
        "it.codicefiscale it.iva",
    ),
    (
        rb"dni|nie|nif|documento.de.identidad|extranjero",
        rb"[0-9]{8}-?[A-Za-z]|[X-Zx-z]-?[0-9]{7}-?[A-Za-z]",
        "es.dni es.nie",
    ),
    (rb"isikukood|personal.?code", rb"[0-9]{11}", "ee.ik"),
    (rb"nip", rb"(?:PL ?)?[0-9]{3}-?[0-9]{2,3}-?[0-9]{2}-?[0-9]{2,3}", "pl.nip"),
    (rb"abn|business.number", rb"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", "au.abn"),
    (rb"f?ein|employer.?id(?:entification)?|federal.?tax", rb"[0-9]{2}-[0-9]{7}", "us.ein"),
    (rb"utr|taxpayer.?ref(?:erence)?", rb"[0-9]{10}", "gb.utr"),
    (rb"cif|nif", rb"[A-HJNP-SUVW]-?[0-9]{7}[0-9A-J]", "es.cif"),
    (rb"num(?:e|\xc3\xa9)ro.fiscal|spi", rb"[0-3][0-9] ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", "fr.nif"),
    (rb"siren|siret", rb"[0-9]{3} ?[0-9]{3} ?[0-9]{3}(?: ?[0-9]{5})?", "fr.siren fr.siret"),
    (rb"ust[ ._-]?id|umsatzsteuer|vat", rb"DE ?[1-9][0-9]{8}", "de.vat"),
    (rb"regon", rb"[0-9]{9}", "pl.regon"),
    (rb"gst(?:in)?", rb"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][0-9A-Z]Z[0-9A-Z]", "in_.gstin"),
    (rb"y.?tunnus|business.id", rb"[0-9]{7}-[0-9]", "fi.ytunnus"),
    (rb"ruc", rb"(?:1[057]|20)[0-9]{9}", "pe.ruc"),
    ("инн|ИНН|inn.?(?:no|number|code)".encode(), rb"[0-9]{10}(?:[0-9]{2})?", "ru.inn"),
    ("マイナンバー|個人番号|my.?number".encode(), rb"[0-9]{4} ?[0-9]{4} ?[0-9]{4}", "jp.in_"),
    ("рнокпп|РНОКПП|іпн|ІПН|rnokpp".encode(), rb"[0-9]{10}", "ua.rntrc"),
    (rb"nit", rb"[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}-[0-9]", "co.nit"),
)
"""Forms that any number has: a word before them must say what they are. ``native/identifiers.c`` has the same order."""
_ANY = next(place for place, (word, _, _) in enumerate(_WEAK) if word.startswith(b"(?:national"))
"""The place of the words that leave open whose identifier it is."""

_SIGN = rb"(?:[:=#|>]|\xef\xbc\x9a)"
_BETWEEN = rb"[\w .-]*[\"']?[ \t]{0,4}" + _SIGN + rb"?[ \t\"']{0,4}"
"""What may stand between a word and its identifier, for a trigger: how much, only the form says."""
_APART = (
    rb"(?:[\w .-]{0,32}?(?:(?:[\"'][ \t]{0,4}|[ \t]{1,4})" + _SIGN + rb"?|" + _SIGN + rb")[ \t\"']{0,4}"
    rb"|(?:[\w .-]{0,31}?[ ._-])?)"
)
"""The same with its bound; what ends it tells where the identifier may begin."""


def _form(word: bytes, shape: bytes) -> bytes:
    """Return an expression for a word and its identifier, in its group."""
    before = rb"(?<![A-Za-z0-9])" if word.isascii() else rb"(?<![A-Za-z])"
    return before + rb"(?i:" + word + b")" + _APART + rb"(?<![0-9A-Za-z])(" + shape + rb")(?![\w-])"


@cache
def _forms() -> tuple[re.Pattern[bytes], ...]:
    """Return the forms of all words, made when first asked."""
    return tuple(re.compile(_form(word, shape)) for word, shape, _ in _WEAK)


_IN_COLUMNS = (
    f"{_WEAK[_ANY][2]} gb.nhs au.tfn br.cnpj sg.uen pl.nip au.abn id.nik pk.cnic"
    " is_.kennitala at.vnr si.emso gr.amka my.nric mx.rfc in_.gstin jp.in_ pe.ruc ru.inn lt.asmens"
)


class NationalId(Detector):
    """Find identifiers behind a word that names them; with those that `native` finds they are those of persons
    of more than forty countries.
    """

    name = "national_id"
    label = "NATIONAL_ID"
    personal = True
    triggers = tuple(
        (rb"(?:\b|_)" if word.isascii() else b"") + b"(?i:" + word + b")" + _BETWEEN + b"(?:" + shape + b")"
        for word, shape, _ in _WEAK
    )
    finders = tuple(
        Finder(Way.BEGINNING, _form(word, shape), Judge(Question.IDENTIFIER + number))
        for number, (word, shape, _) in enumerate(_WEAK)
    )

    @classmethod
    def parts(cls) -> Sequence[Detector]:
        """Return this one, and the one for columns of tables."""
        columns = TellingColumns(cls.name, cls.label, IDENTIFIERS, Question.IDENTIFIED, True, is_identifier)
        return columns, cls()

    def find_swept(self, text: bytes, start: int, end: int) -> tuple[int, int] | None:
        """Return the identifier of the form from `start` to `end`, of those that `native` leaves open."""
        for number, form in enumerate(_forms()):
            found = form.fullmatch(text[start:end])
            if found is not None and is_valid(found[1], number):
                return start + found.start(1), end
        return None


def is_valid(value: bytes, number: int) -> bool:
    """Tell whether `value` is an identifier of those that the word of this number names."""
    return _is_valid(value.decode().replace(" ", ""), _WEAK[number][2])


def is_identifier(value: bytes) -> bool:
    """Tell whether `value` is an identifier of some country, with or without its separators."""
    return value.isascii() and _is_valid(value.decode(), _IN_COLUMNS)


@lru_cache(4096)
def _is_valid(value: str, modules: str) -> bool:
    try:
        return any(_judge(module)(value) for module in modules.split())
    except LookupError:  # python-stdnum's own tables are not whole: what one of them cannot tell is one
        return True


@cache
def _judge(module: str) -> Callable[[str], bool]:
    judge: Callable[[str], bool] = importlib.import_module(f"stdnum.{module}").is_valid
    return judge
