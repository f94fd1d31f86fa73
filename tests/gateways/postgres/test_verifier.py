"""The session's own password: who knows it is let in, and what is malformed is nobody."""

from __future__ import annotations

import pytest

from guardcli.gateways.postgres.authentication import AuthenticationTerms, Login
from guardcli.gateways.postgres.codec.backend import Authentication
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.verifier import Exchange, Verifier, WrongPassword
from guardcli.model.secrets import Secret

VERIFIER = Verifier.of(Secret("right"))


def client_final(exchange: Exchange, password: str) -> bytes:
    client = Login("x", Secret(password), AuthenticationTerms(private=False))
    first = exchange.first(client.answer(Authentication(10, b"SCRAM-SHA-256\0\0"))[5:])  # type: ignore[index]
    final = client.answer(Authentication(11, first[9:]))
    assert final is not None
    return final[5:]


def test_who_knows_the_password_is_in_and_who_does_not_is_not() -> None:
    exchange = Exchange(VERIFIER)
    assert exchange.final(client_final(exchange, "right"))
    for wrong in ("wrong", "right ", "Right"):
        exchange = Exchange(VERIFIER)
        with pytest.raises(WrongPassword):
            exchange.final(client_final(exchange, wrong))


def test_a_proof_is_good_for_its_own_exchange_only() -> None:
    first = Exchange(VERIFIER)
    proof = client_final(first, "right")
    second = Exchange(VERIFIER)
    client_final(second, "right")
    with pytest.raises(WrongPassword):
        second.final(proof)


@pytest.mark.parametrize("change", [b"p=AAAA", b"p=" + b"A" * 43 + b"=", b"p=!", b"p=", b""])
def test_a_proof_that_is_none_lets_nobody_in(change: bytes) -> None:
    exchange = Exchange(VERIFIER)
    head = client_final(exchange, "right").rpartition(b"p=")[0]
    with pytest.raises((WrongPassword, ProtocolViolation)):
        exchange.final(head + change)


def initial(text: bytes, mechanism: bytes = b"SCRAM-SHA-256") -> bytes:
    return mechanism + b"\0" + len(text).to_bytes(4) + text


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"password\0",
        initial(b"n,,n=,r=abcdefgh", b"PLAIN"),
        initial(b"p=tls-server-end-point,,n=,r=abcdefgh", b"SCRAM-SHA-256-PLUS"),
        initial(b"p=tls-server-end-point,,n=,r=abcdefgh"),
        initial(b"n,a=root,n=,r=abcdefgh"),
        initial(b"n,,n=,r=short"),
        initial(b"n,,n=,r=" + b"x" * 300),
        initial(b"n,,m=x,n=,r=abcdefgh"),
        initial(b"n,,n=,r=abc\xffdefgh"),
        initial(b"n,,n=,r=abcdefgh") + b"x",
    ],
)
def test_a_first_message_that_is_not_understood_is_refused(answer: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        Exchange(VERIFIER).first(answer)


def test_the_header_said_first_is_the_one_that_is_proven() -> None:
    exchange = Exchange(VERIFIER)
    final = client_final(exchange, "right")
    assert final.startswith(b"c=biws,")
    with pytest.raises(ProtocolViolation):
        exchange.final(final.replace(b"c=biws", b"c=eSws"))
