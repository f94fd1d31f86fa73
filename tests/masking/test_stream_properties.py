"""Generated texts with secrets anywhere: however they are cut, coloured and delayed, no secret gets out.

``GUARD_TEST_SOAK`` is how many seconds to go on with ever new texts; without it fixed ones are tried, with
fewer silences: from the third on one does as the next, for ten seconds.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator

import pytest

from guardcli.masking import DEFAULT_RULES, Masker
from guardcli.masking.views import SEQUENCE

SOAK = float(os.environ.get("GUARD_TEST_SOAK", "0"))
IDLES = (0, 1, 2, 25 if SOAK else 4)
MASKER = Masker(DEFAULT_RULES, key=bytes(32))
BLOCK = 65536
"""So much at most is read from a tool at once."""
COLOURS = ("\x1b[0m", "\x1b[1;31m", "\x1b[K")
MOVES = ("\x1b[3C", "\x1b]0;t\x07", "\x1b(B", "\b")
ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
HARMLESS = (
    "INFO 2024-11-21 08:45:11 request served path=/api/v1/orders status=200",
    "commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
    "It's \"quoted",
    "日本語のテキスト — naïve café ☕",
    "data: {}",
    "[sudo] password for ann: ",
    "\tat com.example.Main(Main.java:42)",
    "",
)


def word(dice: random.Random, low: int, high: int) -> str:
    return "".join(dice.choice(ALPHABET) for _ in range(dice.randint(low, high))) + "7"


def secret_line(dice: random.Random) -> tuple[str, str]:
    """Return a line and the secret in it."""
    name, value = word(dice, 3, 8), word(dice, 8, 30)
    phrase = f"{value} {word(dice, 3, 9)}"
    mail = f"{word(dice, 3, 12)}.{name}@{word(dice, 3, 9).lower()}.org"
    return dice.choice(
        [
            (f"{name} password={value} {name}", value),
            (f"export {name.upper()}_TOKEN={value}", value),
            (f"db_password: {phrase}", phrase),
            (f'{{"{name}": 1, "api_key": "{phrase}", "n": 2}}', phrase),
            (f"run --password {value} --name {name}", value),
            (f"postgres://{name}:{value}@db.internal:5432/{name}", value),
            (f"Authorization: Bearer {value}{value}", value + value),
            (f"Cookie: sid={value}; theme={name}", value),
            (f"{name} ghp_{'aZ3' * 11}{value}xyz9", f"ghp_{'aZ3' * 11}{value}xyz9"),
            (f"{name} to {mail}, {name}", mail),
            (f"{name},{mail},{name}", mail),
            (f"x{name} 4111 1111 1111 1111 x{name}", "4111 1111 1111 1111"),
            (f"{name} DE89370400440532013000", "DE89370400440532013000"),
            (f'<add type="{name}" value="{phrase}" key="ApiKey"/>', phrase),
            (f'[{{"value": "{phrase}", "name": "DB_PASSWORD"}}, {{"value": "{name}"}}]', phrase),
            (f"HOME=/{name}\0DB_PASSWORD={phrase}\0LANG={name}\0", phrase),
            (f'"Env": ["A={name}", "DB_PASSWORD={phrase}"]', phrase),
            (f'{{"log":"{{\\"a\\":\\"{{\\\\\\"password\\\\\\":\\\\\\"{phrase}\\\\\\"}}\\"}}"}}', phrase),
            (f"? {name}_password\n: {phrase}", phrase),
            (f"{name}:\n  db_token:\n    {value}\n  name: {name}", value),
            (f"db_password = <<EOF\n{phrase}\nEOF", phrase),
            (f"<db:password><![CDATA[{phrase}]]></db:password>", phrase),
        ]
    )


def coloured(text: str, dice: random.Random) -> str:
    pieces = []
    for char in text:
        if dice.random() < 0.05:
            pieces.append(dice.choice(COLOURS if dice.random() < 0.8 else MOVES))
        pieces.append(char)
    return "".join(pieces)


def generated(dice: random.Random) -> tuple[bytes, list[bytes]]:
    """Return a text and the secrets in it."""
    lines, secrets = [], []
    for _ in range(dice.randint(1, 5)):
        if dice.random() < 0.6:
            line, secret = secret_line(dice)
            secrets.append(secret.encode())
        else:
            line = dice.choice(HARMLESS)
        lines.append(line + dice.choice(("\n", "\r\n")))
    text = "".join(lines)
    if dice.random() < 0.2:
        text = text.rstrip()
    kind = dice.random()
    return (coloured(text, dice) if kind < 0.5 else wrapped(text) if kind < 0.6 else text).encode(), secrets


def wrapped(text: str) -> str:
    """Return the text as readline echoes it on a terminal of 80 columns: a blank and a return at the border."""
    lines = text.split("\n")
    return "\n".join(" \r".join(line[at : at + 80] for at in range(0, len(line) or 1, 80)) for line in lines)


def pieces(data: bytes, dice: random.Random) -> Iterator[bytes]:
    places = sorted(dice.randrange(len(data) + 1) for _ in range(dice.choice((1, 2, 5, 20))))
    for start, end in zip([0, *places], [*places, len(data)], strict=True):
        yield data[start:end]


def try_one(seed: int) -> None:
    """Hold for one text that the cut does not matter, and that silence lets out neither a secret nor its tail."""
    dice = random.Random(seed)
    data, secrets = generated(dice)
    whole = MASKER.stream()
    wanted = whole.feed(data) + whole.finish()
    for idles in IDLES:
        stream = MASKER.stream()
        out = b""
        for piece in pieces(data, dice):
            out += stream.feed(piece)
            for _ in range(dice.randint(0, idles)):
                out += stream.idle()
        out += stream.finish()
        assert idles or out == wanted, (seed, data)
        shown = SEQUENCE.sub(b"", out).replace(b" \r", b"")
        for secret in secrets:
            assert secret not in shown, (seed, idles, data, out)
            assert secret[-8:] not in shown, (seed, idles, data, out)


def rows(dice: random.Random, count: int) -> list[tuple[str, str, str]]:
    return [(str(number), word(dice, 150, 200), word(dice, 8, 20)) for number in range(count)]


TABLES = {
    "aligned": lambda some: (
        f" id | {'name':<201} | {'password':<21}\n----+-{'-' * 201}-+-{'-' * 21}\n"
        + "".join(f"{number:>3} | {name:<201} | {secret:<21}\n" for number, name, secret in some)
    ),
    "comma-separated": lambda some: "id,name,password\n" + "".join(",".join(one) + "\n" for one in some),
    "expanded": lambda some: "".join(
        f"-[ RECORD {number} ]---\nid       | {number}\nname     | {name}\npassword | {secret}\n"
        for number, name, secret in some
    ),
    "copied": lambda some: "COPY t (id, name, password) FROM stdin;\n" + "".join("\t".join(one) + "\n" for one in some),
}


@pytest.mark.parametrize("form", TABLES)
def test_a_table_of_several_blocks_is_masked_alike_however_it_is_cut(form: str) -> None:
    dice = random.Random(form)
    some = rows(dice, 1010)
    data = TABLES[form](some).encode() + b"\nid and name\n"
    whole = MASKER.stream()
    wanted = whole.feed(data) + whole.finish()
    assert not any(secret.encode() in wanted for _, _, secret in some)
    assert all(name.encode() in wanted for _, name, _ in some)
    for size in (BLOCK - 1, BLOCK, dice.randrange(1000, 9000), *(dice.randrange(len(data)) for _ in range(3))):
        stream = MASKER.stream()
        out = b"".join(stream.feed(data[at : at + size]) for at in range(0, len(data), size))
        assert out + stream.finish() == wanted, size


def test_no_secret_and_no_tail_of_one_gets_out_of_generated_texts() -> None:
    first, count, end = random.randrange(1 << 40) if SOAK else 0, 0, time.monotonic() + SOAK
    while count < 800 or time.monotonic() < end:
        try_one(first + count)
        count += 1
