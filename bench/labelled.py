"""Makes the labelled set that masking is measured against: made-up secrets in surroundings that occur, and lookalikes.

The same seed gives the same set. Source code is taken from the packages that are installed where it runs.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import string
import sysconfig
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from harmless import harmless
from places import PLACES, placed
from tokens import MAKERS

_ALNUM = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_WORDS = (
    "server", "request", "order", "invoice", "node", "worker", "queue", "cache", "report", "customer", "table", "index",
    "backup", "deploy", "build", "release", "branch", "merge", "commit", "region", "zone", "bucket", "cluster",
)  # fmt: skip


class Labelled(NamedTuple):
    """A text, the kind of secret in it ("" for none), and the secret."""

    text: str
    kind: str = ""
    secret: str = ""


def chars(dice: random.Random, alphabet: str, count: int) -> str:
    """Return `count` characters of `alphabet`."""
    return "".join(dice.choices(alphabet, k=count))


def _luhn(digits: str) -> str:
    total = sum(int(one) if place % 2 else sum(divmod(2 * int(one), 10)) for place, one in enumerate(digits[::-1]))
    return digits + str(-total % 10)


def _card(dice: random.Random) -> str:
    prefix, length = dice.choice([("4", 16), ("51", 16), ("2345", 16), ("34", 15), ("6011", 16), ("3530", 16)])
    number = _luhn(prefix + chars(dice, string.digits, length - len(prefix) - 1))
    if length == 15:
        return dice.choice([number, f"{number[:4]} {number[4:10]} {number[10:]}"])
    sign = dice.choice(["", " ", "-"])
    return sign.join(number[place : place + 4] for place in range(0, 16, 4))


def _iban(dice: random.Random) -> str:
    forms = [("DE", "9" * 18), ("FR", "9" * 23), ("GB", "AAAA" + "9" * 14), ("NL", "AAAA" + "9" * 10)]
    country, form = dice.choice(forms)
    body = "".join(dice.choice(string.digits if one == "9" else string.ascii_uppercase) for one in form)
    check = 98 - int("".join(str(int(one, 36)) for one in body + country + "00")) % 97
    whole = f"{country}{check:02}{body}"
    return whole if dice.random() < 0.6 else " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _jwt(dice: random.Random) -> str:
    head = {"alg": dice.choice(["HS256", "RS256", "ES384"]), "typ": "JWT"}
    body = {"sub": chars(dice, string.digits, 10), "iat": dice.randrange(1_600_000_000, 1_800_000_000)}
    return f"{_part(head)}.{_part(body)}.{chars(dice, _ALNUM + '-_', 43)}"


def _ssn(dice: random.Random) -> str:
    area = dice.choice([one for one in range(1, 900) if one != 666])
    return f"{area:03}-{dice.randint(1, 99):02}-{dice.randint(1, 9999):04}"


def _cpf(dice: random.Random) -> str:
    digits = [dice.randrange(10) for _ in range(9)]
    for size in (10, 11):
        total = sum(digit * weight for digit, weight in zip(digits, range(size, 1, -1), strict=True))
        digits.append(-total % 11 % 10)
    text = "".join(map(str, digits))
    return f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"


def _email(dice: random.Random) -> str:
    first, last = (chars(dice, string.ascii_lowercase, dice.randint(2, 9)) for _ in "ab")
    name = dice.choice([f"{first}.{last}", first, f"{first}_{last}{dice.randrange(99)}", f"{first}+{last}"])
    host = chars(dice, string.ascii_lowercase, dice.randint(3, 10))
    top = dice.choice(["com", "org", "de", "co.uk", "io", "museum"])
    return f"{name}@{dice.choice(['', 'mail.', 'eu-1.'])}{host}.{top}"


def _password(dice: random.Random) -> str:
    return dice.choice(
        [
            chars(dice, _ALNUM, dice.randint(8, 24)),
            chars(dice, string.ascii_lowercase, 6) + str(dice.randrange(10, 999)),
            chars(dice, _ALNUM + "!#%+_-~^", dice.randint(10, 20)) + "x9",
            chars(dice, string.ascii_letters, 5) + dice.choice("!#%@^") + chars(dice, string.digits, 4),
        ]
    )


_TOKENS: dict[str, tuple[Callable[[random.Random], str], ...]] = {
    "aws_key": (lambda d: d.choice(["AKIA", "ASIA"]) + chars(d, string.ascii_uppercase + "234567", 16),),
    "github": (
        lambda d: d.choice(["ghp_", "gho_", "ghs_", "ghu_"]) + chars(d, _ALNUM, 36),
        lambda d: f"github_pat_{chars(d, _ALNUM, 22)}_{chars(d, _ALNUM, 59)}",
    ),
    "gitlab": (lambda d: d.choice(["glpat-", "gldt-", "glrt-"]) + chars(d, _ALNUM + "-_", 19) + chars(d, _ALNUM, 1),),
    "slack": (
        lambda d: f"xoxb-{chars(d, string.digits, 12)}-{chars(d, string.digits, 12)}-{chars(d, _ALNUM, 24)}",
        lambda d: f"xoxp-{chars(d, string.digits, 12)}-{chars(d, string.digits, 12)}-{chars(d, _HEX, 32)}",
        lambda d: f"xapp-1-A{chars(d, string.ascii_uppercase, 9)}-{chars(d, string.digits, 13)}-{chars(d, _HEX, 64)}",
    ),
    "stripe": (lambda d: d.choice(["sk_live_", "sk_test_", "rk_live_"]) + chars(d, _ALNUM, d.choice([24, 99])),),
    "openai": (
        lambda d: f"sk-proj-{chars(d, _ALNUM + '-_', 73)}T3BlbkFJ{chars(d, _ALNUM, 74)}",
        lambda d: f"sk-{chars(d, _ALNUM, 48)}",
    ),
    "anthropic": (lambda d: f"sk-ant-api03-{chars(d, _ALNUM + '-_', 92)}AA",),
    "npm": (lambda d: f"npm_{chars(d, _ALNUM, 36)}",),
    "pypi": (lambda d: f"pypi-AgEIcHlwaS5vcmc{chars(d, _ALNUM + '-_', 120)}x",),
    "vault": (lambda d: f"hvs.{chars(d, _ALNUM, 90)}",),
    "gcp": (
        lambda d: f"AIza{chars(d, _ALNUM + '-_', 34)}x",
        lambda d: f"GOCSPX-{chars(d, _ALNUM + '-_', 28)}",
        lambda d: f"ya29.{chars(d, _ALNUM + '-_', 120)}x",
    ),
    "azure": (lambda d: f"{chars(d, _ALNUM, 3)}8Q~{chars(d, _ALNUM + '_~-', 33)}x",),
    "docker": (lambda d: f"dckr_pat_{chars(d, _ALNUM + '-_', 26)}x",),
    "jwt": (_jwt,),
    "vendor_token": (
        lambda d: f"SG.{chars(d, _ALNUM + '-_', 22)}.{chars(d, _ALNUM + '-_', 43)}",
        lambda d: f"hf_{chars(d, string.ascii_letters, 34)}",
        lambda d: f"dop_v1_{chars(d, _HEX, 64)}",
        lambda d: f"dapi{chars(d, _HEX, 32)}",
    ),
    "email": (_email,),
    "credit_card": (_card,),
    "iban": (_iban,),
    "national_id": (_ssn, _cpf),
    "phone": (
        lambda d: f"+1 212-{d.randint(200, 899)}-{d.randint(1000, 9999)}",
        lambda d: f"+49 30 {d.randint(1000000, 9999999)}",
        lambda d: f"(415) {d.randint(200, 899)}-{d.randint(1000, 9999)}",
        lambda d: f"+33 1 {d.randint(40, 59)} {d.randint(10, 99)} {d.randint(10, 99)} {d.randint(10, 99)}",
    ),
}
_AROUND = (
    "%s", "found %s in the log", "token is %s.", '{"value": "%s", "n": 1}', "a,%s,b", "id | %s | active", "<td>%s</td>",
    "curl -H 'X-Custom: %s' https://host/x", "- %s", "value: %s", "(%s)", "\x1b[32m%s\x1b[0m", "https://host/cb?x=%s&y=1",
    "2024-11-21T08:45:11Z INFO got %s from worker-3", "'%s'", "`%s`", "%s\t42\tactive", "was '%s', now gone",
)  # fmt: skip
_AROUND_PERSONAL = (
    *(one for one in _AROUND if "?x=" not in one and "token is" not in one),
    "contact: %s",
    "to %s, please",
)
_ASSIGNED = (
    "password=%s", "PGPASSWORD=%s psql", "export DB_PASSWORD=%s", "db_password: %s", '{"password": "%s", "user": "x"}',
    "password = '%s'", 'secret_key = "%s"', "api_key: '%s'", "--password %s --verbose", "mysql --password=%s db",
    "ALTER ROLE app PASSWORD '%s';", "DB_PASS=%s", "client_secret=%s&grant_type=x", "[db]\npassword = %s", "token: %s",
    "  - name: x\n    password: %s", 'ENV API_TOKEN="%s"', "auth_token => '%s'", "spring.datasource.password=%s",
    'os.environ["SECRET_KEY"] = "%s"', "IDENTIFIED BY '%s'", "REDIS_PASSWORD=%s # prod", "passphrase: %s",
)  # fmt: skip
_NAMED: dict[str, tuple[Callable[[random.Random], str], tuple[str, ...]]] = {
    "password": (_password, _ASSIGNED),
    "connection_uri": (
        lambda d: chars(d, _ALNUM + "-_", d.randint(6, 20)) + "9",
        ("postgres://app:%s@db.internal:5432/orders", "DSN=mysql://root:%s@10.0.0.5/x", "redis://:%s@cache:6379/0",
         "amqps://u:%s@mq.host/v", "https://bot:%s@git.host/org/repo.git", '"url": "mongodb+srv://u:%s@c0.host/db"'),
    ),
    "authorization": (
        lambda d: chars(d, _ALNUM, d.randint(20, 60)),
        ("Authorization: Bearer %s", "curl -H 'Authorization: Bearer %s' x", '{"Authorization": "Basic %s"}',
         "authorization: token %s", "> Authorization: Basic %s"),
    ),
    "cookie": (lambda d: "sid=" + chars(d, _ALNUM, 32), ("Cookie: %s", "curl -H 'Cookie: %s' x", "> cookie: %s")),
    "high_entropy": (
        lambda d: chars(d, _ALNUM, 36) + "4",
        ("auth_key_id_key=%s", "signing salt: %s", "license_key = %s", "session_id=%s", '"hmac": "%s"'),
    ),
    "aws_secret": (
        lambda d: chars(d, _ALNUM + "/+", 40),
        ("aws_secret_access_key = %s", "AWS_SECRET_ACCESS_KEY=%s", '"SecretAccessKey": "%s"'),
    ),
}  # fmt: skip
GROUP_PERSONAL = frozenset({"email", "credit_card", "iban", "national_id", "phone"})


def positives(seed: int, each: int) -> Iterator[Labelled]:
    """Make `each` texts of every kind of secret."""
    dice = random.Random(seed)
    for kind, makers in _TOKENS.items():
        around = _AROUND_PERSONAL if kind in GROUP_PERSONAL else _AROUND
        for _ in range(each):
            secret = dice.choice(makers)(dice)
            yield Labelled(dice.choice(around) % secret, kind, secret)
    for kind, (make, around) in _NAMED.items():
        for _ in range(each):
            secret = make(dice)
            yield Labelled(dice.choice(around) % secret, kind, secret)
    for make_token in MAKERS.values():
        for _ in range(each // 10):
            secret = make_token(dice)
            text = secret if secret.startswith("https") else dice.choice(_AROUND) % secret
            yield Labelled(text, "other services", re.split("/(?:webhooks|webhookb2|catch)/", secret)[-1])
    for place in PLACES:
        for _ in range(2 * each):
            text, secret = placed(dice, place)
            yield Labelled(text, f"in {place}", secret)


def _prose(dice: random.Random, count: int) -> str:
    return " ".join(dice.choices(_WORDS, k=count))


def lookalikes(seed: int, count: int) -> Iterator[Labelled]:
    """Make `count` texts that hold no secret and look as if they might."""
    dice = random.Random(seed)
    hashes = ("md5", "sha1", "sha256", "sha512")

    def digest() -> str:
        return hashlib.new(dice.choice(hashes), dice.randbytes(8)).hexdigest()

    def number(low: int, high: int) -> str:
        return chars(dice, string.digits, dice.randint(low, high))

    def blob(low: int, high: int) -> str:
        return base64.b64encode(dice.randbytes(dice.randint(low, high))).decode()

    makers: tuple[Callable[[], str], ...] = (
        *(lambda: harmless(dice),) * 10,
        lambda: f"{digest()}  ./{dice.choice(_WORDS)}-{number(1, 3)}.tar.gz",
        lambda: f"commit {chars(dice, _HEX, 40)}",
        lambda: f"index {chars(dice, _HEX, 7)}..{chars(dice, _HEX, 7)} 100644",
        lambda: f":100644 100755 {chars(dice, _HEX, 40)} {chars(dice, _HEX, 40)} M\t{dice.choice(_WORDS)}.py",
        lambda: f"100644 blob {chars(dice, _HEX, 40)}    {dice.choice(_WORDS)}.key",
        lambda: f"{dice.choice(_WORDS)}-id: {uuid.UUID(int=dice.getrandbits(128))}",
        lambda: f'{{"id": "{uuid.UUID(int=dice.getrandbits(128))}", "n": {number(1, 18)}}}',
        lambda: f"build #{number(3, 16)} of {dice.choice(_WORDS)} took {number(1, 5)} ms",
        lambda: f"{dice.randint(10**9, 2 * 10**9)}.{number(3, 6)} {_prose(dice, 4)}",
        lambda: f"ts={dice.randint(10**12, 2 * 10**12)} seq={number(8, 19)} {_prose(dice, 3)}",
        lambda: f'<img src="data:image/png;base64,iVBORw0KGgo{blob(60, 300)}">',
        lambda: f'"integrity": "sha512-{base64.b64encode(dice.randbytes(64)).decode()}"',
        lambda: f"image: registry.host/{dice.choice(_WORDS)}@sha256:{chars(dice, _HEX, 64)}",
        lambda: f"{dice.choice(_WORDS)} v{number(1, 2)}.{number(1, 2)}.{number(1, 3)}+build.{number(4, 8)}",
        lambda: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{blob(32, 32)[:43]} user",
        lambda: f"SHA256:{blob(32, 32)[:43]} host (ED25519)",
        lambda: f"0x{chars(dice, _HEX, 16)}: {' '.join(chars(dice, _HEX, 4) for _ in range(8))}  ................",
        lambda: " ".join(number(4, 4) for _ in range(dice.randint(2, 12))),
        lambda: "\t".join(number(2, 16) for _ in range(6)),
        lambda: f"password={dice.choice(['$PASSWORD', '${DB_PASSWORD}', '<password>', '****', '%s', '{{ secret }}'])}",
        lambda: f"{dice.choice(['password', 'token', 'secret'])} {_prose(dice, 5)}",
        lambda: f"the {dice.choice(['password', 'api key', 'token'])} of the {_prose(dice, 3)} was changed",
        lambda: f"pod/{dice.choice(_WORDS)}-{chars(dice, 'bcdfghjklm2456789', 10)}-{chars(dice, 'bcdfgh245', 5)}",
        lambda: f'etag: W/"{chars(dice, _HEX, 32)}" age: {number(1, 5)}',
        lambda: f"arn:aws:iam::{number(12, 12)}:role/{dice.choice(_WORDS)}",
        lambda: f"trace_id={chars(dice, _HEX, 32)} span_id={chars(dice, _HEX, 16)} {_prose(dice, 2)}",
        lambda: f"cache_key={chars(dice, _HEX, 40)} primary_key={number(4, 10)}",
        lambda: (
            f"GET /api/v{number(1, 1)}/{dice.choice(_WORDS)}/{number(6, 16)}?page={number(1, 3)} 200 {number(2, 7)}"
        ),
        lambda: f"at com.{dice.choice(_WORDS)}.{dice.choice(_WORDS).title()}Token.parse(Token.java:{number(2, 4)})",
        lambda: f"lat={dice.uniform(-90, 90):.12f} lon={dice.uniform(-180, 180):.12f}",
    )
    for _ in range(count):
        yield Labelled(dice.choice(makers)())


def source_files(seed: int, lines: int) -> Iterator[Labelled]:
    """Take whole files of the packages that are installed, of `lines` lines together; their tests keep fixtures."""
    files = [one for one in sorted(Path(sysconfig.get_path("purelib")).rglob("*.py")) if "test" not in str(one)]
    random.Random(seed).shuffle(files)
    for path in files:
        text = path.read_text("utf-8", "replace")
        lines -= text.count("\n")
        if lines < 0:
            return
        yield Labelled(text)
