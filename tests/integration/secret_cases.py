"""Outputs with secrets anywhere, as scripts that write them in pieces, and the search for what got through."""

from __future__ import annotations

import random
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
SEQUENCE = re.compile(rb"\x1b(?:\[[0-9;]*[A-Za-z]|\][^\x07]*\x07|\(B)")
DIGEST = re.compile(rb"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])")
"""The chain of events and the files' checks: among thousands some hold the digits of a secret by chance."""
WINDOW = 8
"""So many bytes of a secret in a row are a part of it: more than any strategy of these policies keeps."""
COLOURS = ("\x1b[0m", "\x1b[1;31m", "\x1b[K")
RULES = """
mask:
  - {columns: ["*.ssn"], with: partial, keep_last: 4}
  - {detect: [email], with: hash}
  - {detect: [credentials, personal], with: redact, decode: [base64]}
  - {deny: [%s]}
"""
DENIED = "Blue-Heron-Over-Marsh"
PLAIN = (
    "INFO 2024-11-21 08:45:11 served /api/v1/orders 200",
    "commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
    "",
    "x",
)


@dataclass(frozen=True)
class Case:
    """One output: its bytes, what is secret in it, and the script that writes it."""

    data: bytes
    secrets: tuple[bytes, ...]
    script: Path


def word(dice: random.Random, low: int, high: int) -> str:
    """Return letters that occur nowhere else."""
    return "".join(dice.choices(LETTERS, k=dice.randint(low, high))) + "7q"


def digits(dice: random.Random, count: int) -> str:
    """Return digits that occur nowhere else."""
    return "".join(dice.choices("0123456789", k=count))


def card(dice: random.Random) -> str:
    """Return a card number with a right check digit (ISO/IEC 7812-1)."""
    body = "4" + digits(dice, 14)
    doubled = sum(sum(divmod(int(one) * (2 - place % 2), 10)) for place, one in enumerate(body))
    return body + str(-doubled % 10)


def lines(dice: random.Random) -> tuple[str, list[str]]:
    """Return a few lines with a secret, and it."""
    value, name, long = word(dice, 12, 30), word(dice, 3, 8), word(dice, 60, 60)
    key = "\n".join(word(dice, 62, 62) for _ in range(3))
    mail, number, person = f"{word(dice, 9, 14)}@{name.lower()}.org", card(dice), digits(dice, 12)
    return dice.choice(
        [
            (f"{name} password={value} {name}\n", [value]),
            (f"export {name.upper()}_TOKEN='{value}'\n", [value]),
            (f'{{"{name}": 1, "api_key": "{value}", "n": 2}}\n', [value]),
            (f"postgres://{name}:{value}@db.internal:5432/{name}\n", [value]),
            (f"> Authorization: Bearer {long}\r\n> Accept: */*\r\n", [long]),
            (f"cloned with ghp_{long[:36]} by {name}\n", [long[:36]]),
            (f"-----BEGIN RSA PRIVATE KEY-----\n{key}\n-----END RSA PRIVATE KEY-----\n", key.split("\n")),
            (f"  3 | {name} | {mail} | Berlin\n", [mail.partition("@")[0]]),
            (f"declined {number} today\n", [number]),
            (f" id | ssn\n----+--------------\n  1 | {person}\n(1 row)\n\n", [person[:-4]]),
            (f'{{"kind": "Person", "ssn": "{person}", "id": 4}}\n', [person[:-4]]),
            (f"{name} {DENIED} {name}\n", [DENIED]),
            (f"db:\n  passphrase: |\n    {long}\n  host: x\n", [long]),
        ]
    )


def case(directory: Path, seed: str, joined: bool) -> Case:
    """Make the case of `seed` in `directory`, which its script reads.

    Where stdout and stderr are `joined` any piece goes to either; a secret in halves on two streams is none on either.
    """
    dice = random.Random(seed)
    text, secrets = "", []
    for _ in range(dice.randint(1, 4)):
        if dice.random() < 0.7:
            some, hidden = lines(dice)
            text, secrets = text + some, secrets + hidden
        else:
            text += dice.choice(PLAIN) + "\n"
    if dice.random() < 0.3:
        text = "".join(
            one + dice.choice(COLOURS) if one not in "\r\n" and dice.random() < 0.04 else one for one in text
        )
    data = (text.rstrip("\n") if dice.random() < 0.3 else text).encode()
    places = sorted(dice.randrange(len(data) + 1) for _ in range(dice.choice((0, 1, 1, 2, 4))))
    directory.mkdir(parents=True)
    steps = ["exec >&2"] * (not joined and dice.random() < 0.4)
    for number, (start, end) in enumerate(zip([0, *places], [*places, len(data)], strict=True)):
        (directory / str(number)).write_bytes(data[start:end])
        steps.append(
            f"cat {shlex.quote(str(directory / str(number)))}{dice.choice(('', '', ' >&2')) if joined else ''}"
        )
        steps += ["sleep 0.12"] * (end - start > WINDOW and dice.random() < 0.3)
    script = directory / "write.sh"
    script.write_text("\n".join(steps) + "\n")
    return Case(data, tuple(secret.encode() for secret in secrets), script)


def windows(secrets: Iterable[bytes]) -> set[bytes]:
    """Return every part of `WINDOW` bytes of every secret."""
    return {one[place : place + WINDOW] for one in secrets for place in range(len(one) - WINDOW + 1)}


def found_in(data: bytes, parts: set[bytes], digits: int = WINDOW) -> list[bytes]:
    """Return those of `parts` that stand in `data`, with escape sequences or without.

    Of digits so many must stand together: eight of a long series' numbers are among rows and times by chance.
    """
    return [one for text in (data, SEQUENCE.sub(b"", data)) for one in _found(DIGEST.sub(b"-", text), parts, digits)]


def _found(text: bytes, parts: set[bytes], digits: int) -> Iterator[bytes]:
    places = {at for at in range(len(text)) if text[at : at + WINDOW] in parts}
    for at in sorted(places):
        part = text[at : at + WINDOW]
        if not part.isdigit() or all(at + more in places for more in range(digits - WINDOW + 1)):
            yield part
