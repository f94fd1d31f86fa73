"""Nothing of a value comes out bare, however long it is, and what is behind it comes out as it was."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Sequence

import pytest

from guardcli.masking import DEFAULT_RULES, Masker
from guardcli.model.masking import MaskRule

DICE = random.Random(11)
MASKER = Masker([*DEFAULT_RULES, MaskRule(columns=("ssn",))], key=bytes(32))


def words(size: int) -> str:
    return " ".join(f"w{DICE.getrandbits(40):x}9" for _ in range(size // 12))


def blob(size: int) -> str:
    return base64.b64encode(DICE.randbytes(size)).decode()


def letters(size: int) -> str:
    return blob(size).translate({ord(sign): None for sign in "+/="})


CASES: dict[str, tuple[str, str]] = {
    "YAML with blanks": (f"a: 1\npassword: {words(90000)}\nnext: 1\n", "a: 1\npassword: <PASSWORD>\nnext: 1\n"),
    "a little too long": (f"password: {words(9000)}\nnext: 1\n", "password: <PASSWORD>\nnext: 1\n"),
    "in quotes": (f'x password="{words(40000)}" rest\n', 'x password="[PASSWORD]" rest\n'),
    "JSON with escapes": (
        json.dumps({"password": words(20000) + '\\"q', "b": 2}) + "\n",
        '{"password": "[PASSWORD]", "b": 2}\n',
    ),
    "a release of helm": (
        f"data:\n  release: {blob(60000)}\n  tls: {blob(3000)}\nkind: Secret\n",
        "data:\n  release: <KUBERNETES_SECRET>\n  tls: <KUBERNETES_SECRET>\nkind: Secret\n",
    ),
    "the same in JSON": (
        f'{{\n  "data": {{\n    "release": "{blob(60000)}",\n    "tls": "{blob(3000)}"\n  }}\n}}\n',
        '{\n  "data": {\n    "release": "[KUBERNETES_SECRET]",\n    "tls": "[KUBERNETES_SECRET]"\n  }\n}\n',
    ),
    "on one line, then more": (
        json.dumps({"data": {"a": blob(40), "b": blob(9000), "c": blob(99)}, "kind": "Secret"}) + "\n",
        '{"data": {"a": "[KUBERNETES_SECRET]", "b": "[KUBERNETES_SECRET]"}, "kind": "Secret"}\n',
    ),
    "plain data on one line": (
        json.dumps({"stringData": {"k": words(30000), "l": "x"}, "kind": "Secret"}) + "\n",
        '{"stringData": {"k": "[KUBERNETES_SECRET]"}, "kind": "Secret"}\n',
    ),
    "a cookie": (f"Cookie: a={words(20000)}\nnext\n", "Cookie: <COOKIE>\nnext\n"),
    "a signed token": (
        f"t eyJhbGciOiJIUzI1NiJ9.{letters(20000)}.abc\nnext\n",
        "t [JWT]\nnext\n",
    ),
    "a token": (f"ghp_{letters(20000)} x\n", "[GITHUB_TOKEN] x\n"),
    "a field of CSV, and what follows it": (
        f"a,ssn,b\n1,s23,{words(50000)}\n2,{words(50000)},3\n3,secret,4\n",
        "a,ssn,b\n1,[SSN]\n2,[SSN]\n3,[SSN],4\n",
    ),
    "a ConfigMap": (f"data:\n  text: {words(20000)}\n", ""),
}
"""Text → what comes out; empty where nothing is masked."""


def through(data: bytes, places: Sequence[int]) -> bytes:
    stream = MASKER.stream()
    out = [stream.feed(data[a:b]) for a, b in zip([0, *places], [*places, len(data)], strict=True)]
    assert stream.held < 1 << 17
    return b"".join([*out, stream.finish()])


@pytest.mark.parametrize("name", CASES)
def test_an_over_long_value_is_masked_to_its_end_however_it_is_cut(name: str) -> None:
    text, wanted = CASES[name]
    data = text.encode()
    for places in (
        [],
        range(1000, len(data), 1000),
        *(sorted(DICE.randrange(len(data)) for _ in range(count)) for count in (1, 1, 2, 5, 30)),
    ):
        assert through(data, places).decode() == (wanted or text)
