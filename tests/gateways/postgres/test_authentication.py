"""Logging in: what a server asks is answered, or refused where an answer would give too much."""

from __future__ import annotations

import hashlib

import pytest

from guardcli.gateways.postgres.authentication import (
    AuthenticationTerms,
    Login,
    LoginRefused,
    mechanisms,
    without_binding,
)
from guardcli.gateways.postgres.codec.backend import Authentication
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.verifier import Exchange, Verifier
from guardcli.model.secrets import Secret

SECRET = "correct horse, battery = staple"
PRIVATE = AuthenticationTerms(private=True)
OPEN = AuthenticationTerms(private=False)
SCRAM = b"SCRAM-SHA-256\0\0"
PLUS = b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"


def login(terms: AuthenticationTerms = PRIVATE, password: str | None = SECRET) -> Login:
    return Login("ann", None if password is None else Secret(password), terms)


def body(message: bytes | None) -> bytes:
    assert message is not None
    return message[5:]


def test_the_password_in_clear_text_only_where_nobody_reads_along() -> None:
    assert body(login().answer(Authentication(3))) == SECRET.encode() + b"\0"
    with pytest.raises(LoginRefused, match="without TLS"):
        login(OPEN).answer(Authentication(3))


def test_md5_as_the_protocol_has_it() -> None:
    inner = hashlib.md5((SECRET + "ann").encode()).hexdigest()
    expected = b"md5" + hashlib.md5(inner.encode() + b"salt").hexdigest().encode() + b"\0"
    assert body(login(OPEN).answer(Authentication(5, b"salt"))) == expected


def test_scram_with_a_server_that_knows_the_password() -> None:
    ours, theirs = login(OPEN), Exchange(Verifier.of(Secret(SECRET)))
    first = theirs.first(body(ours.answer(Authentication(10, SCRAM))))
    final = theirs.final(body(ours.answer(Authentication(11, first[9:]))))
    assert ours.answer(Authentication(12, final[9:])) is None
    assert not ours.done
    assert ours.answer(Authentication(0)) is None
    assert ours.done


def test_scram_with_a_server_that_does_not_know_the_password_is_refused() -> None:
    ours, theirs = login(), Exchange(Verifier.of(Secret(SECRET)))
    first = theirs.first(body(ours.answer(Authentication(10, SCRAM))))
    ours.answer(Authentication(11, first[9:]))
    with pytest.raises(LoginRefused):
        ours.answer(Authentication(12, b"v=" + b"A" * 43 + b"="))
    assert not ours.done


@pytest.mark.parametrize("steps", [1, 2])
def test_a_yes_in_the_middle_of_scram_is_none(steps: int) -> None:
    ours, theirs = login(), Exchange(Verifier.of(Secret(SECRET)))
    first = theirs.first(body(ours.answer(Authentication(10, SCRAM))))
    if steps == 2:
        ours.answer(Authentication(11, first[9:]))
    with pytest.raises(LoginRefused, match="before it had shown"):
        ours.answer(Authentication(0))


@pytest.mark.parametrize(
    ("requests", "refusal"),
    [
        ([(3, b""), (3, b"")], ProtocolViolation),
        ([(5, b"salt"), (10, SCRAM)], ProtocolViolation),
        ([(10, SCRAM), (3, b"")], ProtocolViolation),
        ([(11, b"r=x,s=eA==,i=4096")], ProtocolViolation),
        ([(12, b"v=x")], ProtocolViolation),
        ([(5, b"sal")], ProtocolViolation),
        ([(3, b"x")], ProtocolViolation),
        ([(0, b"x")], ProtocolViolation),
        ([(10, b"")], ProtocolViolation),
        ([(10, b"SCRAM-SHA-256")], ProtocolViolation),
        ([(10, b"PLAIN\0\0")], LoginRefused),
        ([(10, PLUS)], LoginRefused),
        ([(7, b"")], LoginRefused),
        ([(9, b"")], LoginRefused),
        ([(2, b"")], LoginRefused),
        ([(99, b"")], LoginRefused),
        ([(10, SCRAM), (11, b"")], (LoginRefused, ProtocolViolation)),
        ([(10, SCRAM), (11, b"\xff")], ProtocolViolation),
        ([(10, SCRAM), (11, b"r=other,s=c2FsdHNhbHRzYWx0,i=4096")], LoginRefused),
        ([(10, SCRAM), (11, b"m=x,r=other,s=c2FsdA==,i=4096")], LoginRefused),
    ],
)
def test_what_is_out_of_order_or_not_spoken_ends_the_login(requests, refusal) -> None:
    ours = login()
    with pytest.raises(refusal) as raised:
        for code, data in requests:
            ours.answer(Authentication(code, data))
    assert SECRET not in str(raised.value)
    assert not ours.done


@pytest.mark.parametrize(("rounds", "fine"), [(4096, True), (1, False), (2**31 - 1, False)])
def test_rounds_that_are_too_few_or_would_take_for_ever_are_refused(rounds: int, fine: bool) -> None:
    ours = login()
    nonce = body(ours.answer(Authentication(10, SCRAM))).rpartition(b"r=")[2].decode()
    challenge = f"r={nonce}more,s=c2FsdHNhbHRzYWx0c2FsdA==,i={rounds}".encode()
    if fine:
        assert ours.answer(Authentication(11, challenge)) is not None
    else:
        with pytest.raises(LoginRefused):
            ours.answer(Authentication(11, challenge))


def test_only_the_methods_that_may_be_used_are_used() -> None:
    terms = AuthenticationTerms(private=True, methods=frozenset({"scram-sha-256"}))
    for request in (Authentication(3), Authentication(5, b"salt"), Authentication(0)):
        with pytest.raises(LoginRefused, match="scram-sha-256"):
            login(terms).answer(request)
    assert login(terms).answer(Authentication(10, SCRAM)) is not None


def test_a_credential_without_a_password_answers_no_request_for_one_but_takes_a_yes() -> None:
    for request in (Authentication(3), Authentication(5, b"salt"), Authentication(10, SCRAM)):
        with pytest.raises(LoginRefused, match="has none"):
            login(password=None).answer(request)
    ours = login(password=None)
    ours.answer(Authentication(0))
    assert ours.done


def test_channel_binding_that_is_required_is_not_done_without() -> None:
    for offered in (SCRAM, b"\0"):
        terms = AuthenticationTerms(private=True, certificate=None, binding="require")
        with pytest.raises((LoginRefused, ProtocolViolation)):
            login(terms).answer(Authentication(10, offered))
    terms = AuthenticationTerms(private=True, binding="require")
    with pytest.raises(LoginRefused, match="channel binding"):
        login(terms).answer(Authentication(0))


def test_mechanisms_and_what_is_passed_on_of_them() -> None:
    assert mechanisms(PLUS) == ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]
    assert without_binding(PLUS) == SCRAM
    with pytest.raises(ProtocolViolation):
        mechanisms(b"A\0" * 40 + b"\0")
