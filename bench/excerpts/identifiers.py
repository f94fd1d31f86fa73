"""National identifiers of many countries, with right check digits."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import ModuleType

LETTERS, LOWER, UPPER, DIGITS = string.ascii_letters, string.ascii_lowercase, string.ascii_uppercase, string.digits


@cache
def stdnum(name: str) -> ModuleType:
    """Return a module of python-stdnum."""
    return import_module(f"stdnum.{name}")


class Identifiers:
    """Makes them; each method one kind, by its name without the underscore."""

    def __init__(self, seed: str) -> None:
        self.r = random.Random(seed)

    def _s(self, signs: str, count: int) -> str:
        return "".join(self.r.choices(signs, k=count))

    def _n(self, low: int, high: int) -> int:
        return self.r.randint(low, high)

    def _std(self, name: str, make: Callable[[], str]) -> str:
        m = stdnum(name)
        for _ in range(50000):
            v = make()
            try:
                if m.is_valid(v):
                    return v
            except Exception:
                pass
        raise SystemExit(name)

    def _ssn(self) -> str:
        return self._std("us.ssn", lambda: f"{self._n(1, 899):03}-{self._n(1, 99):02}-{self._n(1, 9999):04}")

    def _ssnplain(self) -> str:
        return self._ssn().replace("-", "")

    def _itin(self) -> str:
        return self._std("us.itin", lambda: f"9{self._n(0, 99):02}-{self._n(70, 99)}-{self._n(1, 9999):04}")

    def _nino(self) -> str:
        return self.r.choice(["AB", "CE", "HK", "JM", "SR", "TW"]) + self._s(DIGITS, 6) + self.r.choice("ABCD")

    def _ninosp(self) -> str:
        v = self._nino()
        return f"{v[:2]} {v[2:4]} {v[4:6]} {v[6:8]} {v[8]}"

    def _nhsplain(self) -> str:
        return self._std("gb.nhs", lambda: self._s("123456789", 1) + self._s(DIGITS, 9))

    def _nhs(self) -> str:
        v = self._nhsplain()
        return f"{v[:3]} {v[3:6]} {v[6:]}"

    def _cpfplain(self) -> str:
        return self._cpf().replace(".", "").replace("-", "")

    def _cpf(self) -> str:
        d = [self._n(0, 9) for _ in range(9)]
        for size in (10, 11):
            d.append(-sum(x * w for x, w in zip(d, range(size, 1, -1), strict=False)) % 11 % 10)
        t = "".join(map(str, d))
        return f"{t[:3]}.{t[3:6]}.{t[6:9]}-{t[9:]}"

    def _cnpjplain(self) -> str:
        return self._std(
            "br.cnpj", lambda: (lambda b: b + stdnum("br.cnpj").calc_check_digits(b))(self._s(DIGITS, 8) + "0001")
        )

    def _cnpj(self) -> str:
        v = self._cnpjplain()
        return f"{v[:2]}.{v[2:5]}.{v[5:8]}/{v[8:12]}-{v[12:]}"

    def _dni(self) -> str:
        b = self._s(DIGITS, 8)
        return b + self.r.choice(["", "-"]) * 0 + "TRWAGMYFPDXBNJZSQVHLCKE"[int(b) % 23]

    def _nie(self) -> str:
        x = self._n(0, 2)
        b = self._s(DIGITS, 7)
        return "XYZ"[x] + b + "TRWAGMYFPDXBNJZSQVHLCKE"[int(str(x) + b) % 23]

    def _cf(self) -> str:
        m = stdnum("it.codicefiscale")

        def make() -> str:
            b = (
                self._s("BCDFGLMNPRSTV", 6)
                + f"{self._n(50, 99)}"
                + self.r.choice("ABCDEHLMPRST")
                + f"{self._n(1, 28):02d}"
                + self.r.choice("FHLA")
                + f"{self._n(100, 999)}"
            )
            return b + m.calc_check_digit(b)

        return self._std("it.codicefiscale", make)

    def _nirplain(self) -> str:
        b = f"{self._n(1, 2)}{self._n(50, 99)}{self._n(1, 12):02d}{self._n(1, 95):02d}"
        b += f"{self._n(1, 900):03d}{self._n(1, 999):03d}"
        return b + f"{97 - int(b) % 97:02d}"

    def _nir(self) -> str:
        v = self._nirplain()
        return f"{v[0]} {v[1:3]} {v[3:5]} {v[5:7]} {v[7:10]} {v[10:13]} {v[13:]}"

    def _idnr(self) -> str:
        return self._std("de.idnr", lambda: self._s("123456789", 1) + self._s(DIGITS, 10))

    def _idnrsp(self) -> str:
        v = self._idnr()
        return f"{v[:2]} {v[2:5]} {v[5:8]} {v[8:]}"

    def _pesel(self) -> str:
        return self._std(
            "pl.pesel", lambda: f"{self._n(50, 99)}{self._n(1, 12):02}{self._n(1, 28):02}" + self._s(DIGITS, 5)
        )

    def _aadhaar(self) -> str:
        return self._std("in_.aadhaar", lambda: self._s("23456789", 1) + self._s(DIGITS, 11))

    def _aadhaarsp(self) -> str:
        v = self._aadhaar()
        return f"{v[:4]} {v[4:8]} {v[8:]}"

    def _pan(self) -> str:
        return self._std(
            "in_.pan",
            lambda: (
                self._s(UPPER, 3)
                + self.r.choice("ABCFGHLJPT")
                + self._s(UPPER, 1)
                + self._s(DIGITS, 4)
                + self._s(UPPER, 1)
            ),
        )

    def _tfnplain(self) -> str:
        return self._std("au.tfn", lambda: self._s(DIGITS, 9))

    def _tfn(self) -> str:
        v = self._tfnplain()
        return f"{v[:3]} {v[3:6]} {v[6:]}"

    def _nric(self) -> str:
        p = self.r.choice("STFG")
        b = self._s(DIGITS, 7)
        t = sum(int(x) * w for x, w in zip(b, (2, 7, 6, 5, 4, 3, 2), strict=True)) + (4 if p in "TG" else 0)
        return p + b + ("JZIHGFEDCBA" if p in "ST" else "XWUTRQPNMLK")[t % 11]

    def _hetu(self) -> str:
        b = f"{self._n(1, 28):02}{self._n(1, 12):02}{self._n(40, 99)}"
        i = f"{self._n(2, 899):03}"
        return f"{b}-{i}{'0123456789ABCDEFHJKLMNPRSTUVWXY'[int(b + i) % 31]}"

    def _bsn(self) -> str:
        return self._std("nl.bsn", lambda: self._s(DIGITS, 9))

    def _pnr(self) -> str:
        return self._std(
            "se.personnummer", lambda: f"{self._n(50, 99)}{self._n(1, 12):02}{self._n(1, 28):02}-{self._s(DIGITS, 4)}"
        )

    def _ahv(self) -> str:
        return self._std("ch.ssn", lambda: f"756.{self._s(DIGITS, 4)}.{self._s(DIGITS, 4)}.{self._s(DIGITS, 2)}")

    def _sin(self) -> str:
        return self._std("ca.sin", lambda: f"{self._n(100, 799)} {self._s(DIGITS, 3)} {self._s(DIGITS, 3)}")

    def _nn(self) -> str:
        b = f"{self._n(50, 99)}{self._n(1, 12):02}{self._n(1, 28):02}{self._n(1, 997):03}"
        c = f"{97 - int(b) % 97:02}"
        return f"{b[:2]}.{b[2:4]}.{b[4:6]}-{b[6:]}.{c}"

    def _curp(self) -> str:
        m = stdnum("mx.curp")

        def make() -> str:
            b = (
                self._s("BCDFGLM", 1)
                + self.r.choice("AEIOU")
                + self._s("BCDFGLM", 2)
                + f"{self._n(50, 99)}{self._n(1, 12):02}{self._n(1, 28):02}"
                + self.r.choice("HM")
                + self.r.choice(["DF", "JC", "NL"])
                + self._s("BCDFGLM", 3)
                + "0"
            )
            return b + m.calc_check_digit(b)

        return self._std("mx.curp", make)

    def _fnr(self) -> str:
        return self._std(
            "no.fodselsnummer", lambda: f"{self._n(1, 28):02}{self._n(1, 12):02}{self._n(50, 99)}{self._s(DIGITS, 5)}"
        )

    def _cpr(self) -> str:
        return self._std(
            "dk.cpr", lambda: f"{self._n(1, 28):02}{self._n(1, 12):02}{self._n(50, 99)}-{self._s(DIGITS, 4)}"
        )

    def _tckimlik(self) -> str:
        return self._std("tr.tckimlik", lambda: self._s("123456789", 1) + self._s(DIGITS, 10))

    def _rrn(self) -> str:
        return self._std(
            "kr.rrn",
            lambda: f"{self._n(50, 99)}{self._n(1, 12):02}{self._n(1, 28):02}-{self._n(1, 2)}{self._s(DIGITS, 6)}",
        )

    def _ric(self) -> str:
        return self._std(
            "cn.ric",
            lambda: (
                self.r.choice(["110101", "310104", "440305"])
                + f"{self._n(1950, 2003)}{self._n(1, 12):02}{self._n(1, 28):02}{self._s(DIGITS, 3)}"
                + self.r.choice("0123456789X")
            ),
        )
