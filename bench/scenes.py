"""Excerpts of files and of what programs print, as they occur where software is built and run, with secrets in them.

``scenes.txt`` holds them, apart by lines of ``%%``. A slot ``⟦kind⟧`` is a secret, ``‹kind›`` a value of the same
making that is none; `value` says what the kinds are.
"""

from __future__ import annotations

import base64
import json
import random
import re
import string
from pathlib import Path

from places import chars, plain_value, quoted_value

_ALNUM = string.ascii_letters + string.digits
_URL = _ALNUM + "-_"
_SLOT = re.compile(r"([⟦‹])([a-zA-Z0-9]+)(?::([0-9]+))?[⟧›]")

SCENES: tuple[str, ...] = tuple(
    (Path(__file__).parent / "scenes.txt").read_text("utf-8").removesuffix("\n").split("\n%%\n")
)


def _jwt(dice: random.Random) -> str:
    parts = [json.dumps(one).encode() for one in ({"alg": "RS256", "kid": chars(dice, _ALNUM, 8)}, {"sub": "app"})]
    return ".".join([*(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in parts), chars(dice, _URL, 86)])


def _armoured(dice: random.Random, kind: str) -> str:
    body = base64.b64encode(dice.randbytes(300)).decode()
    return base64.b64encode(f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n".encode()).decode()


def value(dice: random.Random, kind: str, size: int) -> str:
    """Return a value of that kind and size; what the size counts is the kind's own."""
    plain = plain_value(dice)
    made = {
        "v": plain,
        "v1": chars(dice, _ALNUM, 11) + "7k",
        "pw": chars(dice, _ALNUM, 5) + dice.choice("!;&<>=+,") + chars(dice, _ALNUM, 6),
        "q": quoted_value(dice),
        "q1": quoted_value(dice).replace("'", ""),
        "q2": quoted_value(dice).translate({ord(one): None for one in "<>&"}),
        "q3": quoted_value(dice).translate({ord(one): None for one in "{};"}),
        "q4": quoted_value(dice).replace("$", ""),
        "jwt": _jwt(dice),
        "uuid": "-".join(chars(dice, "0123456789abcdef", one) for one in (8, 4, 4, 4, 12)),
        "login": base64.b64encode(f"app:{plain}".encode()).decode(),
        "key64": _armoured(dice, "RSA PRIVATE KEY"),
        "cert64": _armoured(dice, "CERTIFICATE"),
        "boot": f"{chars(dice, string.ascii_lowercase + string.digits, 6)}."
        + chars(dice, string.ascii_lowercase + string.digits, 16),
        "akia": "AKIA" + chars(dice, string.ascii_uppercase + "234567", 16),
        "npm": "npm_" + chars(dice, _ALNUM, 36),
        "ghp": "ghp_" + chars(dice, _ALNUM, 36),
        "ghs": "ghs_" + chars(dice, _ALNUM, 36),
        "gho": "gho_" + chars(dice, _ALNUM, 36),
        "glpat": "glpat-" + chars(dice, _URL, 20),
        "azsp": chars(dice, _ALNUM, 3) + "8Q~" + chars(dice, _ALNUM + "_~.-", 34),
        "token36": f"{chars(dice, string.ascii_lowercase, 2)}-" + chars(dice, "0123456789abcdef-", 36),
        "fernet": base64.urlsafe_b64encode(dice.randbytes(32)).decode(),
        "django": chars(dice, string.ascii_lowercase + string.digits + "!@#$%^&*(-_=+)", 50),
        "salt": chars(dice, _ALNUM + "!@#%^*()-_=+[]{}|;:,.<>/?~ ", 64).strip() + "k",
        "scram": f"SCRAM-SHA-256$4096:{base64.b64encode(dice.randbytes(16)).decode()}"
        + f"${base64.b64encode(dice.randbytes(32)).decode()}:{base64.b64encode(dice.randbytes(32)).decode()}",
    }
    if kind in made:
        return made[kind]
    if kind == "b64":
        return base64.b64encode(dice.randbytes(size)).decode()
    if kind == "urlenc":
        return (
            base64.b64encode(dice.randbytes(size)).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
        )
    if kind == "words":
        return " ".join(
            dice.choices(("ocean", "ladder", "absent", "zebra", "mimic", "crisp", "fabric", "yellow"), k=size)
        )
    alphabets = {
        "alnum": _ALNUM,
        "hex": "0123456789abcdef",
        "HEX": "0123456789ABCDEF",
        "url": _URL,
        "UP": string.ascii_uppercase + string.digits,
        "low": string.ascii_lowercase + string.digits,
        "digits": string.digits,
        "crypt": _ALNUM + "./",
        "B32": string.ascii_uppercase + "234567",
    }
    return chars(dice, alphabets[kind], size)


def filled(dice: random.Random, scene: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the text of a scene, and where its secrets stand."""
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    length = end = 0
    for slot in _SLOT.finditer(scene):
        made = value(dice, slot[2], int(slot[3] or 0))
        pieces += [scene[end : slot.start()], made]
        start = length + slot.start() - end
        length, end = start + len(made), slot.end()
        if slot[1] == "⟦":
            places.append((start, length))
    return "".join([*pieces, scene[end:]]), places
