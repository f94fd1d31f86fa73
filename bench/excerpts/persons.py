"""Values of persons and of machines: cards, accounts, addresses, telephones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import phonenumbers

from excerpts.identifiers import DIGITS, UPPER, Identifiers, stdnum

HEX = "0123456789abcdef"
PEOPLE = (
    "anna", "bob", "carla", "dmitri", "elena", "farid", "greta", "hiro", "ines", "jonas", "katja", "liam", "mona",
    "nils", "olga", "pavel", "rosa", "sven", "tara", "ugo",
)  # fmt: skip
WORDS = (
    "amber", "falcon", "river", "delta", "copper", "winter", "orbit", "maple", "silver", "harbor", "stone",
    "meadow", "tiger", "lemon", "rocket", "canyon", "velvet", "breeze", "summit", "walnut", "dragon", "monkey",
    "shadow", "master", "sunshine", "princess", "football", "welcome",
)  # fmt: skip
_LAST = (
    "keller", "novak", "rossi", "dubois", "larsen", "silva", "nowak", "virtanen", "okafor", "tanaka", "murphy",
    "jansen", "weber", "costa", "moreau",
)  # fmt: skip
_HOSTS = (
    "corp-mail.org", "nordwind.io", "stahlbau.de", "acme-logistics.co.uk", "finbank.fr", "lumen.eu", "gmail.com",
    "outlook.com", "example.com", "yandex.ru", "qq.com", "proton.me",
)  # fmt: skip
_IBANS = (
    "DE18", "FR23", "GB4a14", "NL4a10", "ES20", "IT1A22", "AT16", "BE12", "CH17", "PL24", "PT21", "SE20", "NO11",
    "DK14", "FI14", "IE4a14", "CZ20", "SK20", "HU24", "RO4a16", "BG4a14", "GR23", "HR17", "SI15", "LT16", "LV4a13",
    "EE16", "LU16", "MT4a23", "CY24", "TR22", "SA20", "AE19", "IL19", "BR23", "UA25",
)  # fmt: skip
"""Countries, with the digits behind the check digits: of ``NL4a10`` four are letters."""


_REGIONS = (
    "US", "GB", "DE", "FR", "ES", "IT", "NL", "BE", "CH", "AT", "PL", "SE", "NO", "DK", "FI", "IE", "PT", "BR", "IN",
    "AU", "JP", "CN", "KR", "MX", "ZA", "TR", "RU", "UA", "IL", "SG", "NZ", "CA", "AR",
)  # fmt: skip


class Persons(Identifiers):
    """Makes them; each method one kind, by its name without the underscore."""

    def _luhn(self, head: str, n: int) -> str:
        d = head + self._s(DIGITS, n - len(head) - 1)
        return d + stdnum("luhn").calc_check_digit(d)

    def _card(self) -> str:
        h, n = self.r.choice(
            [
                ("4", 16),
                ("4", 16),
                (str(self._n(51, 55)), 16),
                (str(self._n(2221, 2720)), 16),
                ("6011", 16),
                ("65", 16),
                ("35" + str(self._n(28, 89)), 16),
                ("36", 14),
                ("62", 16),
                ("34", 15),
                ("37", 15),
                ("5018", 16),
            ]
        )
        return self._luhn(h, n)

    def _c16(self, sep):
        c = self._luhn(self.r.choice(["4", "51", "54", "2223", "6011", "3530"]), 16)
        return sep.join(c[i : i + 4] for i in range(0, 16, 4))

    def _cardsp(self) -> str:
        return self._c16(" ")

    def _carddash(self) -> str:
        return self._c16("-")

    def _carddot(self) -> str:
        return self._c16(".")

    def _amex(self) -> str:
        c = self._luhn(self.r.choice(["34", "37"]), 15)
        return self.r.choice([c, f"{c[:4]} {c[4:10]} {c[10:]}", f"{c[:4]}-{c[4:10]}-{c[10:]}"])

    def _iban(self) -> str:
        for _ in range(4000):
            form = self.r.choice(_IBANS)
            cc, rest = form[:2], form[2:]
            if "a" in rest:
                k, m = rest.split("a")
                body = self._s(UPPER, int(k)) + self._s(DIGITS, int(m))
            elif "A" in rest:
                k, m = rest.split("A")
                body = self._s(UPPER, int(k)) + self._s(DIGITS, int(m))
            else:
                body = self._s(DIGITS, int(rest))
            if cc == "BR":
                body = body[:21] + "".join(self.r.choice(UPPER)) + self._s(DIGITS, 1)
            num = "".join(str(int(c, 36)) for c in body + cc + "00")
            v = f"{cc}{98 - int(num) % 97:02d}{body}"
            if stdnum("iban").is_valid(v, check_country=True):
                return v
        raise SystemExit("iban")

    def _ibansp(self) -> str:
        i = self._iban()
        return " ".join(i[k : k + 4] for k in range(0, len(i), 4))

    def _ibanlow(self) -> str:
        return self._iban().lower()

    def _email(self) -> str:
        f, last, h = self.r.choice(PEOPLE), self.r.choice(_LAST), self.r.choice(_HOSTS)
        return self.r.choice(
            [
                f"{f}.{last}@{h}",
                f"{f[0]}{last}@{h}",
                f"{f}_{last}{self._n(1, 99)}@{h}",
                f"{f}@{last}.{self.r.choice(['io', 'dev', 'com', 'museum', 'co.jp', 'com.br'])}",
                f"{f}{self._n(1960, 2008)}@mail.{h}",
                f"info@{last}-{f}.org",
            ]
        )

    def _emailplus(self) -> str:
        return f"{self.r.choice(PEOPLE)}+{self.r.choice(WORDS)}@{self.r.choice(_HOSTS)}"

    def _emailpct(self) -> str:
        return self._email().replace("@", "%40")

    def _emailidn(self) -> str:
        return self.r.choice(
            ["jürgen.müller@firma.de", "info@münchen-bäcker.de", "josé@correo.es", "kontakt@xn--mnchen-3ya.de"]
        )

    def _emailquote(self) -> str:
        return '"' + self.r.choice(PEOPLE) + "!" + self.r.choice(_LAST) + '"@' + self.r.choice(_HOSTS)

    def _emailup(self) -> str:
        return self._email().upper()

    def _emailutf8(self) -> str:
        return self.r.choice(["用户@例子.公司", "иван.петров@почта.рф", "δοκιμή@παράδειγμα.gr", "jørgen@fjord.no"])

    def _phone(
        self,
        form: int,
        regions: Sequence[str] = _REGIONS,
    ) -> str:
        for _ in range(500):
            region = self.r.choice(regions)
            ex = phonenumbers.example_number_for_type(region, self.r.choice([0, 1]))
            if not ex:
                continue
            t = list(str(ex.national_number))
            k = self._n(3, 5)
            for i in range(len(t) - k, len(t)):
                t[i] = self._s(DIGITS, 1)
            ex.national_number = int("".join(t))
            if phonenumbers.is_valid_number(ex):
                return phonenumbers.format_number(ex, form)
        raise SystemExit("phone")

    def _phoneint(self) -> str:
        return self._phone(phonenumbers.PhoneNumberFormat.INTERNATIONAL)

    def _phonee164(self) -> str:
        return self._phone(phonenumbers.PhoneNumberFormat.E164)

    def _phonenat(self) -> str:
        return self._phone(phonenumbers.PhoneNumberFormat.NATIONAL, ["GB", "DE", "FR", "IT", "US", "NL", "ES"])

    def _phone00(self) -> str:
        number = self._phone(phonenumbers.PhoneNumberFormat.INTERNATIONAL, ["GB", "DE", "FR", "IT", "NL", "ES"])
        return "00" + number[1:]

    def _us(self) -> str:
        return (
            self.r.choice(["212", "415", "646", "312", "305", "617", "206", "512", "702", "303"]),
            str(self._n(200, 989)),
            f"{self._n(1000, 9999)}",
        )

    def _phoneus(self) -> str:
        a, b, c = self._us()
        return self.r.choice(
            [f"({a}) {b}-{c}", f"{a}-{b}-{c}", f"+1 ({a}) {b}-{c}", f"+1-{a}-{b}-{c}", f"1-{a}-{b}-{c}", f"{a}.{b}.{c}"]
        )

    def _phoneusdot(self) -> str:
        return ".".join(self._us())

    def _phoneusx(self) -> str:
        return "({}) {}-{}".format(*self._us())

    # crypto
    def _b58(self, head):
        raw = head + self.r.randbytes(20)
        raw += hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4]
        num, out = int.from_bytes(raw, "big"), ""
        while num:
            num, k = divmod(num, 58)
            out = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[k] + out
        return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + out

    def _btc(self) -> str:
        return self._b58(b"\0")

    def _btc3(self) -> str:
        return self._b58(b"\5")

    def _ltc(self) -> str:
        return self._b58(b"\x30")

    def _eth(self) -> str:
        return "0x" + self._s(HEX, 40)

    def _bech32(self) -> str:
        ch = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
        data = [0]
        acc = bits = 0
        for b in self.r.randbytes(20):
            acc = acc << 8 | b
            bits += 8
            while bits >= 5:
                bits -= 5
                data.append(acc >> bits & 31)

        def poly(v: list[int]) -> int:
            c = 1
            for x in v:
                top = c >> 25
                c = (c & 0x1FFFFFF) << 5 ^ x
                for i, g in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
                    c ^= g if top >> i & 1 else 0
            return c

        hrp = [3, 3, 0, 2, 3]
        c = poly(hrp + data + [0] * 6) ^ 1
        return "bc1" + "".join(ch[x] for x in data + [c >> 5 * (5 - i) & 31 for i in range(6)])

    # machines
    def _ip4(self) -> str:
        return f"{self.r.choice([10, 52, 81, 93, 185, 203])}.{self._n(1, 254)}.{self._n(1, 254)}.{self._n(1, 254)}"

    def _ip6(self) -> str:
        return (
            self.r.choice(["2001:db8::", "2a02:8108::", "fe80::"]) + ":".join(self._s(HEX, 4) for _ in range(4))
            if self.r.random() < 0.5
            else ("2a02:8108:" + ":".join(f"{self._n(1, 65535):x}" for _ in range(6)))
        )

    def _mac(self) -> str:
        return ":".join(f"{self._n(0, 255):02x}" for _ in range(6))

    def _macdash(self) -> str:
        return self._mac().upper().replace(":", "-")

    def _maccisco(self) -> str:
        m = self._mac().replace(":", "")
        return f"{m[:4]}.{m[4:8]}.{m[8:]}"
