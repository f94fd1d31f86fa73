"""Values of every kind that the excerpts have a slot for, by a seed: credentials; and what the bases make."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

from excerpts.identifiers import DIGITS, LETTERS, LOWER, UPPER
from excerpts.passwords import ALNUM, Passwords
from excerpts.persons import HEX, PEOPLE, WORDS

_URL = ALNUM + "-_"
_SETS = {
    "alnum": ALNUM, "hex": HEX, "HEX": HEX.upper(), "url": _URL, "low": LOWER + DIGITS, "digits": DIGITS,
    "crypt": ALNUM + "./", "UP": UPPER + DIGITS, "B32": UPPER + "234567", "BECH": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
}  # fmt: skip
_MIXED = ("alnum", "url", "low", "UP", "HEX", "hex")
"""Those of which a value has letters and digits."""


class Values(Passwords):
    """The source of the values of one excerpt."""

    def get(self, kind: str, size: int = 0) -> str:
        """Return a value of `kind`: `size` characters of an alphabet, `size` bytes in base64, or one of a form."""
        if kind == "b64":
            return base64.b64encode(self.r.randbytes(size)).decode()
        if kind not in _SETS:
            return str(getattr(self, "_" + kind)())
        made = self._s(_SETS[kind], size)
        while kind in _MIXED and size > 7 and not self._is_mixed(made):
            made = self._s(_SETS[kind], size)
        return made

    @staticmethod
    def _is_mixed(made: str) -> bool:
        sides = made[0].isalnum() and made[-1].isalnum()
        return sides and any(one.isdigit() for one in made) and any(one.isalpha() for one in made)

    def _akia(self) -> str:
        return "AKIA" + self._s(_SETS["B32"], 16)

    def _asia(self) -> str:
        return "ASIA" + self._s(_SETS["B32"], 16)

    def _awssecret(self) -> str:
        return self._s(ALNUM + "/+", 40)

    def _awssession(self) -> str:
        return self.r.choice(["IQoJb3JpZ2luX2Vj", "FwoGZXIvYXdzE"]) + base64.b64encode(self.r.randbytes(270)).decode()

    def _aiza(self) -> str:
        return "AIzaSy" + self._s(_URL, 32) + self._s(ALNUM, 1)

    def _ya29(self) -> str:
        return "ya29." + self.r.choice(["a0", "c.", "A0"]) + self._s(_URL, 150)

    def _gref(self) -> str:
        return "1//0" + self._s(ALNUM, 1) + self._s(_URL, 100)

    def _gocspx(self) -> str:
        return "GOCSPX-" + self._s(_URL, 27) + self._s(ALNUM, 1)

    def _gsa(self) -> str:
        return f"{self.r.choice(WORDS)}-sa@shop-prod.iam.gserviceaccount.com"

    def _azsp(self) -> str:
        return self._s(ALNUM, 3) + self.r.choice("78") + "Q~" + self._s(ALNUM + "_~.-", 33) + self._s(ALNUM, 1)

    def _sas(self) -> str:
        return quote(base64.b64encode(self.r.randbytes(32)).decode(), safe="")

    def _login(self) -> str:
        return base64.b64encode(f"{self.r.choice(PEOPLE)}:{self._p()}".encode()).decode()

    def _dockercfg(self) -> str:
        return base64.b64encode(
            json.dumps(
                {"auths": {"registry.corp.net": {"username": "ci", "password": self._p(), "auth": self._login()}}}
            ).encode()
        ).decode()

    def _ghp(self) -> str:
        return "ghp_" + self._s(ALNUM, 36)

    def _gho(self) -> str:
        return "gho_" + self._s(ALNUM, 36)

    def _ghs(self) -> str:
        return "ghs_" + self._s(ALNUM, 36)

    def _ghu(self) -> str:
        return "ghu_" + self._s(ALNUM, 36)

    def _ghr(self) -> str:
        return "ghr_" + self._s(ALNUM, 76)

    def _ghpat(self) -> str:
        return "github_pat_" + self._s(ALNUM, 22) + "_" + self._s(ALNUM, 59)

    def _gl(self, prefix: str, n: int = 20) -> str:
        return prefix + self._s(_URL, n - 1) + self._s(ALNUM, 1)

    def _glpat(self) -> str:
        return self._gl("glpat-")

    def _glpatlong(self) -> str:
        return "glpat-" + self._s(_URL, 27) + ".01." + self._s(LOWER + DIGITS, 9)

    def _glcbt(self) -> str:
        return "glcbt-64_" + self._s(_URL, 20)

    def _glrt(self) -> str:
        return self._gl("glrt-")

    def _glptt(self) -> str:
        return "glptt-" + self._s(HEX, 40)

    def _gldt(self) -> str:
        return self._gl("gldt-")

    def _glft(self) -> str:
        return self._gl("glft-")

    def _glagent(self) -> str:
        return self._gl("glagent-", 50)

    def _x(self, p: str, n: int = 3, tail: int = 24) -> str:
        return p + "-" + "".join(str(self._n(10**11, 10**13 - 1)) + "-" for _ in range(n - 1)) + self._s(ALNUM, tail)

    def _xoxb(self) -> str:
        return self._x("xoxb", self.r.choice([2, 3]))

    def _xoxp(self) -> str:
        return self._x("xoxp", 4, 32)

    def _xoxc(self) -> str:
        return "xoxc-" + "".join(f"{self._n(10**11, 10**12 - 1)}-" for _ in "abc") + self._s(HEX, 64)

    def _xoxs(self) -> str:
        return self._x("xoxs", 4, 10)

    def _xoxe(self) -> str:
        return "xoxe.xoxp-1-" + self._s(ALNUM, 146)

    def _xapp(self) -> str:
        return f"xapp-1-A0{self._s(UPPER + DIGITS, 9)}-{self._n(10**12, 10**13 - 1)}-{self._s(HEX, 64)}"

    def _slackhook(self) -> str:
        return f"T0{self._s(UPPER + DIGITS, 8)}/B0{self._s(UPPER + DIGITS, 9)}/{self._s(ALNUM, 24)}"

    def _sk_live(self) -> str:
        return "sk_live_" + self.r.choice([self._s(ALNUM, 24), "51" + self._s(ALNUM, 97)])

    def _sk_test(self) -> str:
        return "sk_test_" + self.r.choice([self._s(ALNUM, 24), "51" + self._s(ALNUM, 97)])

    def _rk_live(self) -> str:
        return "rk_live_" + self.r.choice([self._s(ALNUM, 24), "51" + self._s(ALNUM, 97)])

    def _whsec(self) -> str:
        return "whsec_" + self.r.choice([self._s(ALNUM, 32), self._s(HEX, 64)])

    def _skold(self) -> str:
        return "sk-" + self._s(ALNUM, 48)

    def _skt3(self) -> str:
        return "sk-" + self._s(ALNUM, 20) + "T3BlbkFJ" + self._s(ALNUM, 20)

    def _sk(self, p: str) -> str:
        return f"sk-{p}-" + self._s(_URL, 74) + "T3BlbkFJ" + self._s(_URL, 73) + self._s(ALNUM, 1)

    def _skproj(self) -> str:
        return self.r.choice([self._sk("proj"), "sk-proj-" + self._s(ALNUM, 48)])

    def _sksvc(self) -> str:
        return self._sk("svcacct")

    def _skadmin(self) -> str:
        return self._sk("admin")

    def _sknone(self) -> str:
        return "sk-None-" + self._s(ALNUM, 20) + "T3BlbkFJ" + self._s(ALNUM, 20)

    def _antapi(self) -> str:
        return "sk-ant-api03-" + self._s(_URL, 93) + "AA"

    def _antadmin(self) -> str:
        return "sk-ant-admin01-" + self._s(_URL, 93) + "AA"

    def _antoat(self) -> str:
        return "sk-ant-oat01-" + self._s(_URL, 93) + "AA"

    def _npm(self) -> str:
        return "npm_" + self._s(ALNUM, 36)

    def _pypi(self) -> str:
        return "pypi-AgEIcHlwaS5vcmc" + self._s(_URL, 150) + self._s(ALNUM, 1)

    def _pypitest(self) -> str:
        return "pypi-AgENdGVzdC5weXBpLm9yZw" + self._s(_URL, 150) + self._s(ALNUM, 1)

    def _dckrpat(self) -> str:
        return "dckr_pat_" + self._s(_URL, 26) + self._s(ALNUM, 1)

    def _dckroat(self) -> str:
        return "dckr_oat_" + self._s(_URL, 31) + self._s(ALNUM, 1)

    def _hvs(self) -> str:
        return "hvs." + self.r.choice([self._s(ALNUM, 24), "CAESI" + self._s(_URL, 86) + self._s(ALNUM, 1)])

    def _hvb(self) -> str:
        return "hvb.AAAAAQ" + self._s(_URL, 150) + self._s(ALNUM, 1)

    def _s_vault(self) -> str:
        return "s." + self._s(ALNUM, 24)

    def _boot(self) -> str:
        return self._s(LOWER + DIGITS, 6) + "." + self._s(LOWER + DIGITS, 16)

    def _sendgrid(self) -> str:
        return f"SG.{self._s(_URL, 22)}.{self._s(_URL, 42)}{self._s(ALNUM, 1)}"

    def _hf(self) -> str:
        return "hf_" + self._s(LETTERS, 34)

    def _dop(self) -> str:
        return "dop_v1_" + self._s(HEX, 64)

    def _telegram(self) -> str:
        return f"{self._n(10**8, 10**10 - 1)}:AA{self._s(_URL, 32)}{self._s(ALNUM, 1)}"

    def _square(self) -> str:
        return "sq0atp-" + self._s(_URL, 21) + self._s(ALNUM, 1)

    def _uuid(self) -> str:
        return "-".join(self._s(HEX, n) for n in (8, 4, 4, 4, 12))

    def _j(self, o: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(o, separators=(",", ":")).encode()).rstrip(b"=").decode()

    def _jwt(self) -> str:
        alg = self.r.choice([("HS256", 43), ("RS256", 342), ("ES256", 86)])
        return (
            self._j({"alg": alg[0], "typ": "JWT"})
            + "."
            + self._j({"sub": self._s(DIGITS, 9), "name": "Ann", "iat": self._n(16 * 10**8, 18 * 10**8)})
            + "."
            + self._s(_URL, alg[1] - 1)
            + self._s(ALNUM, 1)
        )

    def _jwtk8s(self) -> str:
        return (
            self._j({"alg": "RS256", "kid": self._s(_URL, 43)})
            + "."
            + self._j(
                {
                    "aud": ["https://kubernetes.default.svc.cluster.local"],
                    "sub": "system:serviceaccount:default:deployer",
                    "exp": self._n(16 * 10**8, 18 * 10**8),
                }
            )
            + "."
            + self._s(_URL, 341)
            + self._s(ALNUM, 1)
        )

    def _b64lines(self, size: int, width: int, indent: str = "") -> str:
        t = base64.b64encode(self.r.randbytes(size)).decode()
        return ("\n" + indent).join(t[i : i + width] for i in range(0, len(t), width))

    def _lines_of_key(self, indent: str = "") -> str:
        return self._b64lines(600, 64, indent)

    def _pem(self) -> str:
        return self._lines_of_key()

    def _pemindent(self) -> str:
        return self._lines_of_key("    ")

    def _pemdiff(self) -> str:
        return self._lines_of_key("+")

    def _pemjson(self) -> str:
        return self._lines_of_key().replace("\n", "\\n") + "\\n"

    def _pemoneline(self) -> str:
        return self._lines_of_key().replace("\n", " ")

    def _openssh(self) -> str:
        t = base64.b64encode(b"openssh-key-v1\0" + self.r.randbytes(380)).decode()
        return "\n".join(t[i : i + 70] for i in range(0, len(t), 70))

    def _pgp(self) -> str:
        return f"{self._b64lines(700, 64)}\n={self._s(ALNUM, 4)}"

    def _key64(self) -> str:
        return base64.b64encode(
            f"-----BEGIN RSA PRIVATE KEY-----\n{self._lines_of_key()}\n-----END RSA PRIVATE KEY-----\n".encode()
        ).decode()

    def _cert64(self) -> str:
        return base64.b64encode(
            f"-----BEGIN CERTIFICATE-----\n{self._lines_of_key()}\n-----END CERTIFICATE-----\n".encode()
        ).decode()

    def _digest(self) -> str:
        return (
            f'username="ann", realm="corp", nonce="{self._s(HEX, 32)}", uri="/x", response="{self._s(HEX, 32)}", '
            f'qop=auth, cnonce="{self._s(HEX, 16)}"'
        )

    def _tokenparam(self) -> str:
        return f'token="{self._s(HEX, 32)}"'

    def _hawk(self) -> str:
        return f'id="dh37fgj492je", ts="{self._n(10**9, 2 * 10**9)}", nonce="j4h3g2", mac="{self.get("b64", 32)}"'

    def _oauth1(self) -> str:
        return (
            f'oauth_consumer_key="{self._s(ALNUM, 25)}", oauth_nonce="{self._s(HEX, 20)}", '
            f'oauth_signature="{self._sas()}", oauth_token="{self._s(ALNUM, 40)}"'
        )

    def _sbsas(self) -> str:
        return f"sr=shop.servicebus.windows.net&sig={self._sas()}&se=1767139200&skn=Root"

    def _aws4(self) -> str:
        scope = "20250114/us-east-1/s3/aws4_request"
        return f"Credential={self._akia()}/{scope}, SignedHeaders=host;x-amz-date, Signature={self._s(HEX, 64)}"

    def _p10(self) -> str:
        return self._s(LETTERS, 6) + self._s(DIGITS, 4)

    def _cookies(self) -> str:
        return f"sid={self._s(ALNUM, 32)}; theme=dark; _ga=GA1.2.{self._n(10**8, 10**9)}.{self._n(10**9, 2 * 10**9)}"

    def _azfunc(self) -> str:
        return self._s(_URL, 52) + "AzFu" + self._s(ALNUM, 4) + "=="

    def _discord(self) -> str:
        return "M" + self._s(ALNUM, 25) + "." + self._s(_URL, 5) + "G." + self._s(_URL, 37) + "x"

    def _phonep(self) -> str:
        return f"{self._phonee164():16}"

    def _phonenatp(self) -> str:
        return "0" + self._s("123456789", 1) + self._s(DIGITS, 8)

    def _opaque(self) -> str:
        return self._s(_URL, self._n(24, 60)) + self._s(ALNUM, 1) + self._s(DIGITS, 1)

    def _bcrypt(self) -> str:
        return "$2b$12$" + self._s(ALNUM + "./", 53)
