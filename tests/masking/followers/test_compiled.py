"""Lines that are followed in C become what they become in the model, wherever a text is cut."""

from __future__ import annotations

import base64
import os
import random
from collections.abc import Callable, Sequence

import pytest
from masking.followers.lines_model import followed

from guardcli.masking.compiled.native import Spans
from guardcli.masking.detectors.kubernetes import Kubernetes
from guardcli.masking.followers.compiled import Compiled, Kind
from guardcli.masking.scanner import Scanner
from guardcli.masking.spans import LONG_LINE

SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"
PLAIN = (
    "pässwörd日本🎉".encode(),
    b"a\nb\tc\x01",
    b"\xed\xa0\x80abc",
    b"\xf4\x90\x80\x80",
    b"\xe0\x80\xaf12",
    b"s3cr3t word",
)
VALUES = (
    *("Tr0ub4dor3x!", "8080", "1234567890123456", "hello world", "|", "", "null", ">-", "{", "x" * 5000, "changeme"),
    *("`s3cr3t-Value!`", "none", "**hunter2x**", "<password>", "-----BEGIN X-----", "two words", " ", "\r"),
)
KEYS = ("RSA PRIVATE KEY", "PRIVATE KEY", "PGP PRIVATE KEY BLOCK", "CERTIFICATE", "A B C D E PRIVATE KEY")
MARKERS = ("-----BEGIN OpenVPN Static key V1-----", "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----", "Private-Lines: 4")
BEFORE = ("", "", "    ", "12:", "+", "- ", "| ", '"', "file.txt:3:", "> ", "abc (Ann 2024-01-01 12) ")
BEHIND = ("", "", "", "\\n", '\\n",', "'\",", "\r", " |", "'+", '\\r\\n" +')
ARMOUR = ("Proc-Type: 4,ENCRYPTED", 'Comment: "x" +', "Version: 1", "Hash: " + "a" * 205, "text that is none", "-+")
NAMES = ("Password", "Host", "`api_key`", "**Token**", "DB Password", "notes", "client-secret", "compass", "bypass")
HEADS = ("data:", "stringData:", '"data": {', '"stringData": {', "data: ", "data:\t{ ", "metadata:", '\\"data\\": {')
QUOTED = ("%s", '"%s"', "'%s'", '"%s",', "%s ,", '"%s"', "%s,", '"%s" ,', "'%s\"", "%s\r")


def base(dice: random.Random) -> str:
    if dice.random() < 0.5:
        return "".join(dice.choices(SIGNS, k=dice.choice((0, 1, 4, 20, 41, 64, 513))))
    plain = dice.choice((*PLAIN, dice.randbytes(dice.randrange(50))))
    return base64.b64encode(plain[: dice.randrange(1, 60)]).decode()


def data(dice: random.Random) -> list[str]:
    pick = dice.choice
    lines = [pick(("", "  ", "+ ", "- ", "  - ", "+   ")) + pick(HEADS)]
    for _ in range(dice.randrange(1, 7)):
        key = pick(("key", "tls.key", '"a.b"', "a b", "-", "k" * 260)) + pick((": ", ": ", ":  ", ":", ": \t"))
        value = pick(QUOTED) % (base(dice) if dice.random() < 0.6 else pick(VALUES))
        indent = pick(("", "  ", "    ", "+ ", "-", "\t")) + pick(("  ", "   "))
        lines.append(pick((indent + key + value, indent + key + value, indent + "      " + base(dice), "}", "")))
    return lines


def key(dice: random.Random) -> list[str]:
    before, behind = dice.choice(BEFORE), dice.choice(BEHIND)
    marker = dice.choice((*(f"-----BEGIN {one}-----" for one in KEYS), *MARKERS))
    lines = [before + marker + behind]
    for _ in range(dice.randrange(1, 8)):
        inner = base(dice) + dice.choice(("", "", " ", "+", "=", "\\")) if dice.random() < 0.8 else dice.choice(ARMOUR)
        lines.append(dice.choice((before, before, before, before + "9", "")) + inner + behind)
    return [*lines, before + marker.replace("BEGIN", "END") + behind]


def bars(dice: random.Random) -> list[str]:
    names = dice.choices(NAMES, k=dice.randrange(1, 5))
    ruler = "|".join(dice.choice(("---", ":---:", " --- ", "--", "- --")) for _ in names)
    rows = ("|".join(f" {dice.choice(VALUES)} " for _ in range(dice.randrange(1, 6))) for _ in range(dice.randrange(4)))
    edge = dice.choice(("|", ""))
    return [edge + "|".join(names) + edge, "|" + ruler + dice.choice(("|", "", "|\r")), *(edge + row for row in rows)]


def scalar(dice: random.Random) -> list[str]:
    name = dice.choice((*NAMES, "DB_PASSWORD", "dbPass", "APASS", "BPass", '"token"', "пароль", "apiKey_prod"))
    sign = dice.choice((": |", ": >-", ": |2", ": | ", ":  >+", ":|", ": |x", ": \t|\r"))
    values = (dice.choice(("", "  ", "    ", "\t")) + dice.choice(VALUES) for _ in range(dice.randrange(1, 6)))
    return [dice.choice(("", "  ", "- ", "  - ", "- - ")) + name + sign, *values]


MADE: dict[Kind, Callable[[random.Random], list[str]]] = {
    Kind.SECRET_DATA: data,
    Kind.KEY_BLOCK: key,
    Kind.BARS: bars,
    Kind.BLOCK_SCALAR: scalar,
}


def walked(kind: Kind, text: bytes, ends: Sequence[int]) -> list[tuple[int, int, bool]]:
    """Return what goes where the text is looked at up to each of `ends`, one after the other."""
    spans, place = Spans.room(0), 0
    follower: Compiled | None = None
    for end in ends:
        place, follower = (follower or Compiled(kind)).walk(text[:end], place, 0, spans)
    return [(one.start, one.end, one.drop) for one in spans]


@pytest.mark.parametrize("kind", MADE, ids=lambda one: one.name)
def test_lines_become_what_they_become_in_the_model(kind: Kind) -> None:
    dice = random.Random(int(kind))
    for _ in range(4 * int(os.environ.get("GUARD_TEST_EXAMPLES", "60"))):
        lines = [line for _ in range(dice.randrange(1, 4)) for line in MADE[kind](dice)]
        text = "\n".join(lines).encode() + dice.choice((b"\n", b"\n", b""))
        wanted = [tuple(one) for one in followed(kind, text)]
        cut = text.rfind(b"\n", 0, dice.randrange(len(text) + 1)) + 1
        assert walked(kind, text, [len(text)]) == wanted, text
        assert [(a, b) for a, b, _ in walked(kind, text, [cut, len(text)])] == [(a, b) for a, b, _ in wanted], text


def test_a_line_that_is_too_long_is_judged_by_its_head() -> None:
    for text, kind in (
        (b"data:\n  key: " + b"QUJD" * LONG_LINE + b"\n", Kind.SECRET_DATA),
        (b"password: |\n  " + b"a7" * LONG_LINE + b"\n", Kind.BLOCK_SCALAR),
        (b"|password|\n|---|\n| a7" + b"a7" * LONG_LINE + b"\n", Kind.BARS),
    ):
        place, follower = Compiled(kind).walk(text, 0, 0, Spans.room(0))
        assert place == text.rfind(b"\n", 0, -1) + 1 and follower is not None
        gone, _ = follower.line(text, place, place + LONG_LINE, True)
        assert gone[-1].end == place + LONG_LINE


def test_the_first_pass_looks_for_a_word_of_each_head() -> None:
    scanner = Scanner(Kubernetes.triggers)
    assert all(scanner.scan(b"\n " + one + b"\n") for one in (b"data:", b'"stringData": {', b"data:\t{"))
