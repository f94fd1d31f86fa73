"""Addresses are found in every surrounding; remotes, units, file names and noise are not addresses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from guardcli.masking.compiled.native import Sweep

CASES = [
    "⟦alice@example.com⟧",
    "Alice <⟦alice.smith+tag@mail.example.co.uk⟧>, x",
    '{"email":"⟦a@b.io⟧"}',
    "a,⟦a@b-c.org⟧,c",
    "mailto:⟦a@b-c.org⟧?subject=x",
    "to ⟦a@b-c.org⟧.",
    "email=⟦a@b-c.org⟧&x=1",
    "⟦jörg@mail.de⟧",
    "日本語テキスト日本語テキスト ⟦a@b.co⟧",
    "⟦info@münchen-bäcker.de⟧, ⟦用户@例子.公司⟧，⟦δοκιμή@παράδειγμα.gr⟧ 见 ⟦a@b.com⟧，谢谢",
    "GET /users?email=⟦ann.keller%40corp-mail.org⟧&x=1 lodash%404.17.21.tgz /%40babel%2fcore",
    'to ⟦"ann!keller"@corp-mail.org⟧, {"@babel/core": "x"}, "a"@b',
    "x\0⟦a@b.co⟧\0y",
    "ann@corp:hunter2",
    "https://ann@host.example.com/x",
    "git@github.com:org/repo.git",
    "ann@web.example.com:~/src",
    "ann@web.example.com:/etc/passwd",
    "user@1000.service getty@tty1.service",
    "icon@2x.png",
    "lodash@4.17.21",
    "@decorator.method",
    "a @ b.com",
    "user@localhost",
]


@pytest.mark.parametrize("marked", CASES)
def test_email(check: Callable[[str, str], None], marked: str) -> None:
    check("email", marked)


def test_a_short_address_in_noise_is_noise_where_it_is_no_usual_one_and_in_nul_separated_text_it_is_not() -> None:
    sweep = Sweep({"email": 0})
    noise = b"\x91\x02\xfe\x81\x07" * 8 + b"a@b.co" + b"\x91\x02\xfe\x81\x07" * 8
    copied = b"\x91\x02\xfe\x81\x07" * 8 + b"ann@corp.io" + b"\x91\x02\xfe\x81\x07" * 8
    assert [found[:2] for found in sweep.find(copied, 0, 0, len(copied))[0]] == [(40, 51)]
    text = b"row\0" * 8 + b"a@b.co" + b"\0row" * 8
    assert list(sweep.find(noise, 0, 0, len(noise))[0]) == []
    assert [found[:2] for found in sweep.find(text, 0, 0, len(text))[0]] == [(32, 38)]
