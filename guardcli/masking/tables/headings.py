"""The names of a table's columns that tell what stands below them.

This module imports nothing of guard: the core's build runs it too, and makes automata of it.
"""

from __future__ import annotations

BEFORE = r"(?:[a-z][a-z0-9]{0,20}_){0,4}"
"""What may stand before such a name; here its words are put together with underscores, whatever the table has."""

OF_NONE = r"(?:is|has|needs|can|num|count|max|min|the|an?|your|my|no)_"
"""With which a name begins that tells of something else."""

STRICT = r"(?:pass(?:word|wd|phrase|code)|pwd|secret[_ ]?access[_ ]?key|client[_ ]?secret)"
"""Names of columns that hold nothing but passwords and keys."""

LOOSE = (
    r"(?:secret(?:[_ ]?key)?|pass|[a-z0-9]{1,20}_pw"
    r"|(?:api|access|auth|private|encryption|signing|admin|master|hmac)[_ ]?key"
    r"|(?:(?:api|auth|access|refresh|bearer|reset|session|id|jwt)[_ ]?)?token)"
)
"""Names of columns that may hold words as well, of a text or of a configuration."""

NUMBERS = r"(?:(?:tele)?phone|mobile|cell|fax|tel|msisdn)(?:[_ ]?(?:no|num(?:ber)?|[0-9]))?"
"""Names of columns that hold telephone numbers."""

_PERSONS = (
    r"ssn|itin|nino|nhs|cpf|cnpj|dni|nie|nif|nir|pesel|aadhaar|pan|bsn|tfn|nric|hetu|curp|egn|oib|steuer_?id|tax_?id"
    r"|personnummer|codice_?fiscale|insee|cnp|cui[lt]|rfc|nip|abn|cnic|nik|ktp|kennitala|svnr"
)
_OTHERS = (
    r"emso|jmbg|isikukood|asmens_?kodas|rodne_?cislo|birth_?number|cpr|fodselsnummer|rijksregisternummer|insz|niss|ahv"
    r"|tckn|ppsn|mykad|rrn|amka|gstin|idnr|uidai|permanent_?account|social_?insurance"
    r"|(?:national|social_?security|tax(?:payer)?|personal|identity|citizen)[_ ]?(?:id|code|no|num(?:ber)?)"
)
_NUMBERED = r"(?:_?(?:no|num(?:ber)?))?"
IDENTIFIERS = f"(?:{_PERSONS}|{_OTHERS}){_NUMBERED}"
"""Names of columns that hold national identifiers."""

HALVES = {IDENTIFIERS: (f"(?:{_PERSONS}){_NUMBERED}", f"(?:{_OTHERS}){_NUMBERED}")}
"""For the first pass: it finds so many names in two parts ten times as fast as in one."""

NAMES = (STRICT, LOOSE, NUMBERS, IDENTIFIERS)
"""All of them, in the order of ``native/tables.h``."""
