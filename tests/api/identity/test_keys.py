"""Keys are fetched when they are needed, kept, fetched anew when they rotate, and never more often than bounded."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from oidc_provider import OidcProvider

from guardcli.api.identity.keys import (
    FRESH_SECONDS,
    MAX_DOCUMENT,
    STALE_SECONDS,
    UNKNOWN_SECONDS,
    Keys,
    from_file,
    from_issuer,
)
from guardcli.api.identity.proofs import Header, RefusedToken
from guardcli.api.identity.provider import Provider
from guardcli.api.identity.settings import Issuer
from guardcli.model.errors import UnavailableError


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def clocked(oidc: OidcProvider, issuer: Issuer, clock: Clock) -> Provider:
    return Provider(issuer, Keys(from_issuer(oidc.issuer, "", None), clock))


def fetched(oidc: OidcProvider) -> int:
    return oidc.asked.count("/keys")


def test_keys_are_kept(oidc: OidcProvider, clocked: Provider, clock: Clock) -> None:
    for _ in range(50):
        clocked.identity(oidc.token("EdDSA"), time.time())
    assert fetched(oidc) == 1
    clock.at = FRESH_SECONDS + 1
    clocked.identity(oidc.token("EdDSA"), time.time())
    assert fetched(oidc) == 2


def test_a_rotated_key_is_found_and_the_old_one_refused(oidc: OidcProvider, clocked: Provider, clock: Clock) -> None:
    old = oidc.token("EdDSA")
    clocked.identity(old, time.time())
    oidc.rotate()
    clock.at = UNKNOWN_SECONDS + 1
    assert clocked.identity(oidc.token("EdDSA"), time.time())
    with pytest.raises(RefusedToken) as told:
        clocked.identity(old, time.time())
    assert told.value.reason == "key"


def test_tokens_with_unknown_keys_do_not_make_a_flood(oidc: OidcProvider, clocked: Provider, clock: Clock) -> None:
    clocked.identity(oidc.token("EdDSA"), time.time())
    for number in range(200):
        clock.at += 0.1
        with pytest.raises(RefusedToken):
            clocked.identity(oidc.token("EdDSA", head={"kid": f"x{number}"}), time.time())
    assert fetched(oidc) <= 2


def test_an_issuer_that_is_away_is_done_without_for_a_while(
    oidc: OidcProvider, clocked: Provider, clock: Clock
) -> None:
    clocked.identity(oidc.token("EdDSA"), time.time())
    oidc.broken = True
    clock.at = STALE_SECONDS - 1
    assert clocked.identity(oidc.token("EdDSA"), time.time())
    clock.at = STALE_SECONDS + 10
    with pytest.raises(UnavailableError):
        clocked.identity(oidc.token("EdDSA"), time.time())
    oidc.broken = False
    clock.at += 10
    assert clocked.identity(oidc.token("EdDSA"), time.time())


def test_an_issuer_that_never_answered_vouches_for_nobody(oidc: OidcProvider, clocked: Provider) -> None:
    oidc.broken = True
    with pytest.raises(UnavailableError):
        clocked.identity(oidc.token("EdDSA"), time.time())


def test_the_document_of_another_issuer_is_refused(oidc: OidcProvider) -> None:
    with pytest.raises(UnavailableError, match="another issuer"):
        from_issuer(oidc.issuer + "/", "", None)()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"keys": {}}', b"\xff", b"[" * 100000])
def test_a_file_without_keys_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys").write_bytes(content)
    with pytest.raises(UnavailableError):
        from_file(tmp_path / "keys")()
    with pytest.raises(UnavailableError):
        from_file(tmp_path / "none")()


def test_odd_keys_among_good_ones_are_passed_over(oidc: OidcProvider) -> None:
    good = oidc.keys["ES256"].as_dict(private=False)
    odd = [{}, {"kty": "oct", "k": "eHh4"}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256"}, 5, None, {"kty": "OKP"}]
    keys = Keys(lambda: [*odd, good])  # type: ignore[list-item]
    assert [key.kid for key in keys.find(Header("ES256", "ES256-1"))] == ["ES256-1"]
    for algorithm in ("RS256", "EdDSA"):
        assert keys.find(Header(algorithm, "")) == []


def test_a_key_for_encryption_signs_nothing(oidc: OidcProvider) -> None:
    good = oidc.keys["ES256"].as_dict(private=False)
    for change in ({"use": "enc"}, {"alg": "ECDH-ES"}, {"key_ops": ["sign"]}):
        assert Keys(lambda change=change: [{**good, **change}]).find(Header("ES256", "")) == []
    assert MAX_DOCUMENT >= 1 << 20
