"""What is compiled finds and judges assignments as a model in Python does, on texts made of what either looks for."""

from __future__ import annotations

import random
import re

import pytest
from masking.compiled import assigned_model as model
from masking.compiled import values_model as values

from guardcli.masking.compiled.chosen import is_chosen
from guardcli.masking.compiled.native import assigned
from guardcli.masking.compiled.placeholders import is_dummy, is_placeholder
from guardcli.masking.compiled.rightside import is_secret_string, is_secret_word
from guardcli.masking.forms.names import PUBLIC, SUFFIX, TELLING

EXPRESSIONS = [one.pattern for one in vars(values).values() if isinstance(one, re.Pattern)]
WORDS = sorted(set(re.findall(rb"[A-Za-z]+", b" ".join([*EXPRESSIONS, TELLING, PUBLIC, SUFFIX]))))
NAMES = (
    "password Password PASSWORD pwd pass Pass secret token api_key apiKey API-KEY credentials pswd psk next_token "
    "dbPass compass secret_key client_secret passphrase wpa-psk password_old token2 contraseña"
)
TELLING_NAMES = [*(one.encode() for one in NAMES.split()), b"the pass", b"access token", b"mot de passe"]
SIGNS = [
    *[b"=", b": ", b":", b" = ", b" := ", b":=", b"=>", b" => ", b"||=", b" || ", b" ?? ", b"?=", b'="', b"='", b"=`"],
    *[b': "', b'": "', b"': '", b'\\":\\"', b" ", b": str = ", b"?: string = ", b"[]=", b"==", b"::", b"://", b":\t"],
    *[b"    =   ", b"     :", b": &'a str = ", b": Optional[str] = "],
]
PIECES = [
    *[bytes([one]) for one in b" \t\n\"'`\\,;&|<>()[]{}$#/.-_@!?*+=x0\0\x1b"],
    *[b"  ", b"\r\n", b'\\"', b"${", b"%s", b"%(", b" #", b" //", b"../", b"--", b"***", b"xxxx", b"export ", b"set "],
    *[b"self.", b"if ", b"const ", b"let ", b"- ", b"declare -x ", b"ENV ", b"@param ", b":param ", b"arn:", b"&b="],
    *[b"hunter2secret", b"S3cr3t!", b"abc123", b"12345", b"1.2.3", b"a1b2c3d4e5", b"\xff\xfe", b"\xc3\xa9", b"new "],
    *[b"&pw ", b"!!str ", b"*pw", b'\\\\\\"', b'\\\\"', b'"DB_PASSWORD=', b"\0DB_PASSWORD=", b"pwD87", b"ApiKeyID"],
    *[b"not ", b"&amp;c=", b"N'", b"u8", b"rb", b"f", b"r", b" | ", b" ? ", b" + ", b"123456"],
]
SOUP = b"abcXYZ0189!$%^&*_-+=/.,"


def piece(dice: random.Random) -> bytes:
    kind = dice.random()
    if kind < 0.4:
        return dice.choice(PIECES)
    return dice.choice(WORDS) if kind < 0.75 else bytes(dice.choices(SOUP, k=dice.randrange(1, 14)))


def line(dice: random.Random) -> bytes:
    """Return what an assignment is made of, in an order that makes sense now and then."""
    parts = []
    for _ in range(dice.randrange(1, 7)):
        if dice.random() < 0.4:
            parts.append(piece(dice))
            continue
        parts.append(dice.choice([b"", b"", b"", b"-", b" --", b"--db-", b" -my-", piece(dice)]))
        parts.append(dice.choice(TELLING_NAMES))
        parts.append(dice.choice([b"", b"", b"", b'"', b"'", b"_prod", b"1", b"]", b"  ", b'\\"']))
        parts.append(dice.choice(SIGNS))
        parts.extend(piece(dice) for _ in range(dice.randrange(4)))
    return b"".join(parts)


def text(dice: random.Random) -> bytes:
    """Return a line, or one that is repeated, stands far behind its beginning, or holds a very long value."""
    made, kind = line(dice), dice.random()
    if kind < 0.05:
        return made * dice.randrange(2, 30)
    if kind < 0.1:
        return b"x" * dice.randrange(150, 220) + made
    if kind < 0.12:
        long = dice.choice([b"a", b"A", b"1", b" ", b"'", b'"', b"x"]) * dice.randrange(7900, 8300)
        return made + long + dice.choice([b"", b" ", b'"', b"'", b"\\", b"\n"]) + made
    return made


@pytest.mark.parametrize("seed", [1, 2])
def test_assignments_are_those_of_the_model(seed: int) -> None:
    dice, some = random.Random(seed), 0
    for _ in range(2500):
        one = text(dice)
        wanted = model.assigned(one)
        some += len(wanted)
        found = assigned(one, 0, len(one), 7)
        assert [(span.start, span.end, span.rest) for span in found] == wanted, one
        assert {span.rank for span in found} <= {7}
    assert some > 1000


def test_values_are_judged_as_the_model_does() -> None:
    dice = random.Random(3)
    for _ in range(15_000):
        value = b"".join(piece(dice) for _ in range(dice.randrange(1, 6)))
        value = value.swapcase() if dice.random() < 0.3 else value * dice.randrange(1, 3)
        following = dice.choice([b"", b"(", b"[", b",", b" "])
        code, strict, shell, formatted = (dice.random() < 0.5 for _ in "four")
        assert is_placeholder(value) == values.is_placeholder(value), value
        assert is_dummy(value) == values.is_dummy(value), value
        assert is_chosen(value) == values.is_chosen(value), value
        assert is_secret_string(value, formatted, strict) == values.is_secret_string(value, formatted, strict), value
        judged = is_secret_word(value, following, code, strict, shell)
        assert judged == values.is_secret_word(value, following, code, strict, shell), (value, following)


def test_more_assignments_than_there_is_room_for_are_all_found() -> None:
    one = b"pwd=x7 " * 10_000
    assert [span[:2] for span in assigned(one, 0, len(one), 0)] == [
        (7 * place + 4, 7 * place + 6) for place in range(10_000)
    ]


def test_what_begins_before_the_base_is_context() -> None:
    one = b"pwd=x7 pwd=y8\npwd=z9\n"
    assert [span[:2] for span in assigned(one, 7, 14, 0)] == [(11, 13)]
    assert not assigned(b"", 0, 0, 0)
