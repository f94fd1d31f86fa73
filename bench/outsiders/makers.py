"""Makes the values of the outsiders' excerpts, from a pattern in a slot or by name."""

from __future__ import annotations

import base64
import json
import re
import string
import uuid
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import pairwise
from random import Random

import phonenumbers
from stdnum import get_cc_module, iban, luhn

_PIECE = re.compile(r"<([a-z_0-9]+)(?::([^>]+))?>|\[([^\]]+)\](?:\{(\d+)(?:,(\d+))?\})?|\(([^)]*)\)|\\?(.)", re.S)
_RANGE = re.compile(r"(.)-(.)|(.)")
_WORDS = (
    "autumn", "falcon", "pepper", "guitar", "harbor", "silver", "monkey", "rocket", "winter", "dragon",
    "coffee", "banana", "purple", "shadow", "tiger", "cookie", "flower", "castle", "summer", "orange",
    "bridge", "ginger", "master", "planet", "sunset", "marble", "copper", "violet",
)  # fmt: skip
_GIVEN = (
    "anna", "jonas", "maria", "pierre", "sofia", "lukasz", "ingrid", "mehmet", "yuki", "chen", "priya",
    "carlos", "fatima", "olga", "niamh", "sean", "giulia", "bjorn", "katarina", "thabo", "aisha", "dimitri",
    "elena", "hans", "marta", "joao",
)  # fmt: skip
_FAMILY = (
    "schmidt", "dubois", "rossi", "kowalski", "hansen", "yilmaz", "tanaka", "wang", "sharma", "garcia",
    "haddad", "ivanova", "murphy", "bianchi", "lindqvist", "novak", "dlamini", "petrov", "okafor", "jensen",
    "silva", "moreau", "weber", "costa",
)  # fmt: skip
_HOSTS = (
    "gmail.com", "outlook.com", "gmx.de", "web.de", "orange.fr", "libero.it", "wp.pl", "telia.se",
    "yahoo.co.jp", "qq.com", "rediffmail.com", "uol.com.br", "proton.me", "mail.ru", "acme-logistics.com",
    "nordbank.se",
)  # fmt: skip
_IBANS = {
    "DE": "18n", "FR": "10n11a2n", "GB": "4a14n", "ES": "20n", "IT": "1a22n", "NL": "4a10n", "BE": "12n",
    "PL": "24n", "CH": "17n", "AT": "16n", "SE": "20n", "PT": "21n", "DK": "14n", "IE": "4a14n", "NO": "11n",
}  # fmt: skip
_NATIONAL = {
    "cpf": ("br", "cpf", "[0-9]{11}"), "cnpj": ("br", "cnpj", "[0-9]{14}"), "dni": ("es", "dni", "[0-9]{8}[A-Z]"),
    "nie": ("es", "nie", "[XYZ][0-9]{7}[A-Z]"), "nir": ("fr", "nir", "[12][0-9]{2}0[1-9](75|69|13|33)[0-9]{8}"),
    "steuer": ("de", "idnr", "[1-9][0-9]{10}"), "pesel": ("pl", "pesel", "[789][0-9]0[1-9][12][0-9]{6}"),
    "bsn": ("nl", "bsn", "[1-9][0-9]{8}"), "nhs": ("gb", "nhs", "[4-7][0-9]{9}"), "sin": ("ca", "sin", "[1-7][0-9]{8}"),
    "tfn": ("au", "tfn", "[1-9][0-9]{8}"), "aadhaar": ("in_", "aadhaar", "[2-9][0-9]{11}"),
    "pan": ("in_", "pan", "[A-Z]{3}P[A-Z][0-9]{4}[A-Z]"), "ssn": ("us", "ssn", "[1-6][0-9]{2}[2-8][0-9][1-9][0-9]{3}"),
    "hetu": ("fi", "hetu", "[0-2][1-8]0[1-9][5-9][0-9]-[0-8][0-9]{2}[0-9A-Y]"),
    "personnummer": ("se", "personnummer", "[6-9][0-9]0[1-9][12][0-9]-[0-9]{4}"),
    "fodsel": ("no", "fodselsnummer", "[01][1-9]0[1-9][6-9][0-9][0-4][0-9]{4}"),
    "rrn": ("kr", "rrn", "[6-9][0-9]0[1-9][12][0-9]-[12][0-9]{6}"), "tckn": ("tr", "tckimlik", "[1-9][0-9]{10}"),
    "curp": ("mx", "curp", "[A-Z][AEIOU][A-Z]{2}[6-9][0-9]0[1-9][12][0-9]H(DF|JC|NL)[BCDFGL]{3}0[0-9]"),
    "rut": ("cl", "rut", "1[0-9]{7}[0-9K]"), "rc": ("cz", "rc", "[6-9][0-9]0[1-9][12][0-9][0-9]{4}"),
    "cnp": ("ro", "cnp", "[12][6-9][0-9]0[1-9][12][0-9](12|40|35)[0-9]{4}"),
    "nric": ("sg", "uen", "x"), "ric": ("cn", "ric", "110105[12]9[6-9][0-9]0[1-9][12][0-9][0-9]{3}[0-9X]"),
    "codice": ("it", "codicefiscale", "[BCDFGL]{3}[MNPRST]{3}[6-9][0-9][ABCDEHLMPRST][0-3][1-8][FHL][0-9]{3}[A-Z]"),
    "egn": ("bg", "egn", "[6-9][0-9]0[1-9][12][0-9]{5}"),
    "rsaid": ("za", "idnr", "[6-9][0-9]0[1-9][12][0-9][0-9]{4}08[0-9]"),
    "isikukood": ("ee", "ik", "[34][6-9][0-9]0[1-9][12][0-9]{5}"), "nino": ("gb", "x", "x"),
}  # fmt: skip
_COUNTRIES = {"gb": 44, "us": 1, "de": 49, "fr": 33, "es": 34, "it": 39, "pl": 48, "se": 46, "nl": 31, "br": 55,
              "in": 91, "jp": 81, "au": 61, "tr": 90, "za": 27, "mx": 52, "ch": 41, "at": 43, "be": 32,
              "dk": 45}  # fmt: skip
_ENTITY = {
    "email": "email",
    "phone": "phone",
    "iban": "iban",
    "card": "credit_card",
    "btc": "crypto_address",
    "eth": "crypto_address",
}
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_SYMBOLS = "!#%*+-.?@^_~"


def entity_of(pattern: str) -> str:
    """Return the entity of a personal slot ``@name``."""
    return _ENTITY.get(pattern[1:].partition("_")[0].partition(":")[0], "national_id")


class Makers:
    """Values of one filling of one excerpt; the same ones for the same `seed`."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)
        self._named: dict[str, Callable[[str], str]] = {
            "weak": self._weak, "strong": self._strong, "phrase": self._phrase, "word": self._word,
            "uuid": lambda _: str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "hex": lambda size: self._some("0123456789abcdef", int(size or 40)),
            "alnum": lambda size: self._some(string.ascii_letters + string.digits, int(size or 32)),
            "num": lambda size: self._some(string.digits, int(size or 8)),
            "b64": self._base64,
            "b64u": lambda size: self._base64(size).rstrip("=").replace("+", "-").replace("/", "_"),
            "jwt": self._jwt, "pem": self._pem, "name": self._name, "host": lambda _: self._random.choice(_HOSTS),
            "user": lambda _: self._random.choice(_GIVEN),
        }  # fmt: skip

    def fill(self, pattern: str) -> str:
        """Return a value of `pattern`: literals, ``[class]{n,m}``, ``(a|b)``, ``<name:size>``, or ``@personal``."""
        return self._personal(pattern[1:]) if pattern.startswith("@") else "".join(self._pieces(pattern))

    def _pieces(self, pattern: str) -> Iterator[str]:
        for piece in _PIECE.finditer(pattern):
            name, size, signs, low, high, choice, literal = piece.groups()
            if name:
                yield self._named[name](size or "")
            elif signs:
                length = self._random.randint(int(low or 1), int(high or low or 1))
                yield self._some(_expanded(signs), length)
            elif choice is not None:
                yield self._random.choice(choice.split("|"))
            else:
                yield literal

    def _some(self, signs: str, size: int) -> str:
        return "".join(self._random.choice(signs) for _ in range(size))

    def _word(self, _: str) -> str:
        return self._random.choice(_WORDS)

    def _weak(self, _: str) -> str:
        word = self._random.choice(_WORDS)
        shape = self._random.randrange(6)
        tail = str(self._random.randint(10, 2029))
        return (
            word + tail,
            word.title() + tail + "!",
            word.title() + "@" + tail,
            word + self._random.choice(_WORDS).title() + str(self._random.randint(1, 99)),
            word.replace("e", "3").replace("a", "@").replace("o", "0") + tail,
            word.title() + "-" + tail,
        )[shape]

    def _strong(self, size: str) -> str:
        signs = string.ascii_letters + string.digits
        length = int(size or self._random.randint(12, 22))
        body = [self._random.choice(signs) for _ in range(length)]
        for _ in range(2):
            body[self._random.randrange(1, length - 1)] = self._random.choice(_SYMBOLS)
        return "".join(body)

    def _phrase(self, _: str) -> str:
        return self._random.choice("-._").join(self._random.sample(_WORDS, 4))

    def _base64(self, size: str) -> str:
        return base64.b64encode(self._random.randbytes(int(size or 32))).decode()

    def _jwt(self, _: str) -> str:
        header = {"alg": self._random.choice(("HS256", "RS256")), "typ": "JWT"}
        claims = {"sub": self._some(string.digits, 10), "exp": self._random.randint(1700000000, 1800000000)}
        coded = [
            base64.urlsafe_b64encode(json.dumps(one, separators=(",", ":")).encode()).decode().rstrip("=")
            for one in (header, claims)
        ]
        return ".".join([*coded, self._base64("32").rstrip("=").replace("+", "-").replace("/", "_")])

    def _pem(self, kind: str) -> str:
        starts = {"rsa": "MIIEowIBAAKCAQEA", "pkcs8": "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "ec": "MHcCAQEEI",
                  "openssh": "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB"}  # fmt: skip
        body = starts[kind] + self._base64({"ec": "112"}.get(kind, "700"))
        return "\n".join(body[at : at + 64] for at in range(0, len(body), 64))

    def _name(self, _: str) -> str:
        return f"{self._random.choice(_GIVEN).title()} {self._random.choice(_FAMILY).title()}"

    def _personal(self, name: str) -> str:
        kind, _, form = name.partition("_")
        if kind == "email":
            dot = self._random.choice((".", "_", "", "-"))
            number = self._random.choice(("", "", str(self._random.randint(1, 99))))
            given, family = self._random.choice(_GIVEN), self._random.choice(_FAMILY)
            return f"{given}{dot}{family}{number}@{self._random.choice(_HOSTS)}"
        if kind == "phone":
            return self._phone(*form.split("_"))
        if kind == "iban":
            return self._iban(*(form or self._random.choice(list(_IBANS))).split("_"))
        if kind == "card":
            return self._card(form)
        if kind == "eth":
            return f"0x{self._some('0123456789abcdef', 40)}"
        if kind == "btc":
            return self._bitcoin()
        return self._national(*name.split("_"))

    def _phone(self, country: str, style: str = "international") -> str:
        code = _COUNTRIES[country]
        example = phonenumbers.example_number_for_type(country.upper(), phonenumbers.PhoneNumberType.MOBILE)
        national = str(example.national_number)
        while True:
            keep = self._random.randint(2, 3)
            number = phonenumbers.PhoneNumber(
                code, int(national[:keep] + self._some(string.digits, len(national) - keep))
            )
            if phonenumbers.is_valid_number(number):
                break
        written = {"international": 1, "national": 2, "e164": 0}[style]
        return phonenumbers.format_number(number, written)

    def _iban(self, country: str, style: str = "grouped") -> str:
        shape = re.findall(r"(\d+)([na])", _IBANS[country])
        while True:
            body = "".join(
                self._some(string.digits if kind == "n" else string.ascii_uppercase, int(size)) for size, kind in shape
            )
            made = country + iban.calc_check_digits(f"{country}00{body}") + body
            if iban.is_valid(made):
                return " ".join(made[at : at + 4] for at in range(0, len(made), 4)) if style == "grouped" else made

    def _card(self, form: str) -> str:
        start, length = self._random.choice(
            (("4539", 16), ("5425", 16), ("2221", 16), ("3782", 15), ("6011", 16), ("3566", 16))
        )
        if form == "visa":
            start, length = "4716", 16
        body = start + self._some(string.digits, length - len(start) - 1)
        made = body + luhn.calc_check_digit(body)
        if form in {"spaced", "dashed"}:
            sign = " " if form == "spaced" else "-"
            cuts = (0, 4, 10, 15) if length == 15 else (0, 4, 8, 12, 16)
            return sign.join(made[low:high] for low, high in pairwise(cuts))
        return made

    def _bitcoin(self) -> str:
        payload = bytes([self._random.choice((0, 5))]) + self._random.randbytes(20)
        payload += sha256(sha256(payload).digest()).digest()[:4]
        number, made = int.from_bytes(payload), ""
        while number:
            number, rest = divmod(number, 58)
            made = _BASE58[rest] + made
        return "1" * (len(payload) - len(payload.lstrip(b"\0"))) + made

    def _national(self, name: str, style: str = "") -> str:
        if name == "nino":
            made = (
                self._some("ABCEGHJKLM", 1)
                + self._some("ABCEGHJKLM", 1)
                + self._some(string.digits, 6)
                + self._some("ABCD", 1)
            )
            return " ".join((made[:2], made[2:4], made[4:6], made[6:8], made[8:])) if style else made
        if name == "nric":
            body = self._some(string.digits, 7)
            total = sum(int(digit) * weight for digit, weight in zip(body, (2, 7, 6, 5, 4, 3, 2), strict=True))
            return f"S{body}{'JZIHGFEDCBA'[total % 11]}"
        country, module_name, pattern = _NATIONAL[name]
        module = get_cc_module(country.rstrip("_"), module_name)
        while True:
            made = "".join(self._pieces(pattern))
            if module.is_valid(made):
                return module.format(made) if style and hasattr(module, "format") else made


def _expanded(signs: str) -> str:
    out = []
    for first, last, one in _RANGE.findall(signs):
        out.append(one or "".join(chr(code) for code in range(ord(first), ord(last) + 1)))
    return "".join(out)
