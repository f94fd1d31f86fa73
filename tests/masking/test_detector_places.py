"""Detectors that sift the places of their trigger leave out only places at which they find nothing."""

from __future__ import annotations

import base64
import random
from array import array
from re import _parser as parser  # type: ignore[attr-defined]

from masking.test_scanner_triggers import example

from guardcli.masking.compiled.finders import Table
from guardcli.masking.compiled.native import find
from guardcli.masking.detector import Detector
from guardcli.masking.detectors import REGISTRY
from guardcli.masking.detectors.cookie import Header
from guardcli.masking.detectors.jwt import Jwt
from guardcli.masking.detectors.kubernetes import Inline
from guardcli.masking.scanner import Scanner

SIFTED = [part for kind in REGISTRY.values() for part in kind.parts() if part.sifted]
PIECES = (
    b" ", b"\t", b"\n", b"\r\n", b"-u", b" -p", b" -P ", b" --user ", b"app:", b"hunter2secret", b'"', b"'", b"$X",
    b"|", b"/usr/bin/", b".", b"-", b"=", b'":{"', b'":"', b'"data"', b'\\"', b"bGV0LW1lLWlu", b"}", b"\x0b", b"\xe9",
    b"eyJ", b"Cookie", b"set-cookie: a=", b"_cookie: b=c", b"user:pw@tcp(", b"login ", b"x" * 120, b"x" * 390,
)  # fmt: skip
HEADERS = (
    '{"alg":"RS256"}', '{"alg":"none"} ', '{"enc":"A256GCM","alg":"dir"}\r\n', '{"a":"alg"}', '{"alg":1}x', '{"alg":',
    '{"typ":"JWT","kid":"' + "k" * 1090 + '","alg":"x"}', '{"kid":"' + "k" * 1500 + '","alg":"x"}', '{"enc":"é"}',
)  # fmt: skip


def token(dice: random.Random) -> bytes:
    plain = dice.choice(HEADERS).encode()
    header = base64.urlsafe_b64encode(plain[: dice.randrange(3, len(plain))] if dice.random() < 0.2 else plain)
    return header.rstrip(b"=")[: -1 if dice.random() < 0.1 else None] + dice.choice([b".", b".e30.c2ln", b"", b".eyJ."])


def text(kind: Detector, dice: random.Random) -> bytes:
    """Return triggers of `kind`, and forms of which they may be a part, among what may stand around them."""
    expressions = kind.triggers
    parts = []
    for _ in range(dice.randrange(1, 14)):
        one = dice.random()
        if isinstance(kind, Jwt) and one < 0.4:
            parts.append(token(dice))
        else:
            parts.append(example(parser.parse(dice.choice(expressions)), dice) if one < 0.5 else dice.choice(PIECES))
    return b"".join(parts) * dice.choice([1, 1, 1, 2, 6])


def test_those_that_come_in_crowds_are_sifted() -> None:
    assert {type(kind) for kind in SIFTED} == {Jwt, Inline, Header}
    assert all(len(kind.triggers) == 1 for kind in SIFTED)


def test_only_places_without_a_secret_are_left_out() -> None:
    dice, found, left_out = random.Random(7), 0, 0
    for kind in SIFTED:
        scanner = Scanner(kind.triggers)
        table = Table([(0, finder) for finder in kind.finders])
        table.compile([0])
        for _ in range(400):
            one = text(kind, dice)
            end = dice.choice([len(one), one.rfind(b"\n") + 1])
            hits = set(scanner.scan(one, end)[::2])
            places = list(kind.places(one, end))
            assert places == sorted(set(places)), (kind.triggers, one)
            assert set(places) <= hits, (kind.triggers, one)
            for at in hits - set(places):
                assert not kind.find_all(one[:end], at), (kind.triggers, one, at)
                assert not kind.finders or not find(one, 0, end, array("I", (at, 0)), table.entries)[0], (one, at)
            found += len(places)
            left_out += len(hits) - len(places)
    assert found > 1000
    assert left_out > 500


def test_more_tokens_than_there_is_room_for_are_all_found() -> None:
    one = b"eyJhbGciOjF9.." * 9000
    assert list(Jwt().places(one, len(one))) == [14 * place + 9 for place in range(9000)]
