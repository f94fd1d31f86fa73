"""What is not proven is refused: the table of tokens that an attacker might show, beside those that are good."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey
from oidc_provider import OidcProvider, encoded

from guardcli.api.identity.proofs import MAX_TOKEN, RefusedToken
from guardcli.api.identity.provider import Provider, Providers
from guardcli.api.identity.settings import Issuer
from guardcli.api.permissions import Permission

HARMLESS: dict[str, Callable[[OidcProvider], str]] = {
    "RS256": lambda oidc: oidc.token("RS256"),
    "ES256": lambda oidc: oidc.token("ES256"),
    "EdDSA": lambda oidc: oidc.token("EdDSA"),
    "several audiences": lambda oidc: oidc.token(aud=["other", "guard"]),
    "authorised party is us": lambda oidc: oidc.token(aud=["other", "guard"], azp="guard"),
    "expired within the leeway": lambda oidc: oidc.token(exp=int(time.time()) - 30),
    "a clock that is ahead": lambda oidc: oidc.token(nbf=int(time.time()) + 30, iat=int(time.time()) + 30),
    "without a beginning": lambda oidc: oidc.token(nbf=None),
    "without a name of the key": lambda oidc: oidc.signed(json.dumps(oidc.claims()).encode(), head={"kid": ""}),
    "a time with a fraction": lambda oidc: oidc.token(exp=time.time() + 100.5),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_good_token_says_who_it_is_of(oidc: OidcProvider, provider: Provider, name: str) -> None:
    found = provider.identity(HARMLESS[name](oidc), time.time())
    assert (found.name, found.owner, found.groups) == ("ann@corp.example", "corp:user-1", ("dba",))
    assert found.permissions == {Permission.READ, Permission.DECIDE}


def public_pem(oidc: OidcProvider) -> bytes:
    return oidc.keys["RS256"].as_pem(private=False)


def by_public_key(oidc: OidcProvider, head: dict[str, object]) -> str:
    """Sign with HMAC, and the provider's public key for a secret: whoever trusts ``alg`` takes it."""
    import hashlib
    import hmac

    parts = f"{encoded(head)}.{encoded(oidc.claims())}"
    mac = hmac.new(public_pem(oidc), parts.encode(), hashlib.sha256).digest()
    return f"{parts}.{encoded(mac)}"


def forged(oidc: OidcProvider) -> str:
    """Sign with a key of one's own under the name of the provider's."""
    key = RSAKey.generate_key(2048)
    head = {"alg": "RS256", "kid": oidc.keys["RS256"].kid}
    return jws.serialize_compact(head, json.dumps(oidc.claims()).encode(), key, ["RS256"])


def embedded(oidc: OidcProvider) -> str:
    """Bring the key along in the head (RFC 7515, 4.1.3)."""
    key = RSAKey.generate_key(2048)
    head = {"alg": "RS256", "kid": "mine", "jwk": key.as_dict(private=False)}
    return jws.serialize_compact(head, json.dumps(oidc.claims()).encode(), key, ["RS256"])


def hmac_token(oidc: OidcProvider) -> str:
    key = OctKey.import_key("x" * 64)
    return jws.serialize_compact({"alg": "HS256"}, json.dumps(oidc.claims()).encode(), key, ["HS256"])


def tampered(oidc: OidcProvider) -> str:
    head, _, signature = oidc.token().split(".")
    return f"{head}.{encoded(oidc.claims(sub='user-2'))}.{signature}"


def raw(oidc: OidcProvider, text: str) -> str:
    return oidc.signed(text.encode())


def twice(oidc: OidcProvider) -> str:
    return raw(oidc, json.dumps(oidc.claims())[:-1] + ', "sub": "user-2"}')


def twice_in_the_head(oidc: OidcProvider) -> str:
    head = encoded(b'{"alg":"RS256","kid":"%s","alg":"none"}' % str(oidc.keys["RS256"].kid).encode())
    _, payload, signature = oidc.token().split(".")
    return f"{head}.{payload}.{signature}"


DANGEROUS: dict[str, tuple[str, Callable[[OidcProvider], str]]] = {
    "expired": ("expired", lambda oidc: oidc.token(exp=int(time.time()) - 61)),
    "long expired": ("expired", lambda oidc: oidc.token(exp=1)),
    "without an end": ("form", lambda oidc: oidc.token(exp=None)),
    "an end that is no number": ("form", lambda oidc: oidc.token(exp="9999999999")),
    "an end that is true": ("form", lambda oidc: oidc.token(exp=True)),
    "an infinite end": (
        "form",
        lambda oidc: raw(oidc, json.dumps(oidc.claims(exp=0)).replace('"exp": 0', '"exp": 1e999')),
    ),
    "an end that is NaN": ("form", lambda oidc: raw(oidc, json.dumps(oidc.claims(exp=float("nan"))))),
    "not valid yet": ("early", lambda oidc: oidc.token(nbf=int(time.time()) + 120)),
    "made in the future": ("early", lambda oidc: oidc.token(iat=int(time.time()) + 120)),
    "living too long": ("longevity", lambda oidc: oidc.token(exp=int(time.time()) + 86400 * 30)),
    "for another": ("audience", lambda oidc: oidc.token(aud="other")),
    "for nobody": ("audience", lambda oidc: oidc.token(aud=None)),
    "for a list of others": ("audience", lambda oidc: oidc.token(aud=["a", "b"])),
    "for what is no text": ("audience", lambda oidc: oidc.token(aud={"guard": 1})),
    "given to another party": ("audience", lambda oidc: oidc.token(aud=["guard", "x"], azp="x")),
    "of another issuer": ("issuer", lambda oidc: oidc.token(iss="https://evil.example")),
    "of an issuer with a slash more": ("issuer", lambda oidc: oidc.token(iss=oidc.issuer + "/")),
    "of no issuer": ("issuer", lambda oidc: oidc.token(iss=None)),
    "of a list of issuers": ("issuer", lambda oidc: oidc.token(iss=[oidc.issuer])),
    "alg none": ("algorithm", lambda oidc: f"{encoded({'alg': 'none'})}.{encoded(oidc.claims())}."),
    "alg NONE": ("algorithm", lambda oidc: f"{encoded({'alg': 'NoNe'})}.{encoded(oidc.claims())}.x"),
    "alg none, with a signature": (
        "algorithm",
        lambda oidc: f"{encoded({'alg': 'none'})}.{encoded(oidc.claims())}.{oidc.token().split('.')[2]}",
    ),
    "the public key as a secret": ("algorithm", lambda oidc: by_public_key(oidc, {"alg": "HS256", "kid": "RS256-1"})),
    "the public key as a secret, called RS256": (
        "signature",
        lambda oidc: by_public_key(oidc, {"alg": "RS256", "kid": "RS256-1"}),
    ),
    "the public key as a secret, called ES256": (
        "key",
        lambda oidc: by_public_key(oidc, {"alg": "ES256", "kid": "RS256-1"}),
    ),
    "an HMAC": ("algorithm", hmac_token),
    "RS384": ("algorithm", lambda oidc: f"{encoded({'alg': 'RS384'})}.{encoded(oidc.claims())}.x"),
    "an algorithm that is no text": ("form", lambda oidc: f"{encoded({'alg': ['RS256']})}.{encoded(oidc.claims())}.x"),
    "an unknown key": ("key", lambda oidc: oidc.token(head={"kid": "nobody"})),
    "a key's name that is no text": (
        "form",
        lambda oidc: f"{encoded({'alg': 'RS256', 'kid': 1})}.{encoded(oidc.claims())}.x",
    ),
    "a key of the other kind": ("key", lambda oidc: oidc.token("RS256", head={"kid": "ES256-1"})),
    "signed by somebody else": ("signature", forged),
    "a key brought along": ("key", embedded),
    "changed after signing": ("signature", tampered),
    "no signature": ("signature", lambda oidc: oidc.token().rpartition(".")[0] + "."),
    "a cut signature": ("signature", lambda oidc: oidc.token()[:-8]),
    "a critical extension": (
        "form",
        lambda oidc: f"{encoded({'alg': 'RS256', 'kid': 'RS256-1', 'crit': ['x'], 'x': 1})}.{encoded(oidc.claims())}.x",
    ),
    "an unencoded payload": (
        "form",
        lambda oidc: f"{encoded({'alg': 'RS256', 'kid': 'RS256-1', 'b64': False})}.{encoded(oidc.claims())}.x",
    ),
    "a name twice": ("form", twice),
    "a name twice in the head": ("form", twice_in_the_head),
    "no object": ("form", lambda oidc: raw(oidc, "[1]")),
    "no JSON": ("form", lambda oidc: raw(oidc, "sub: user-1")),
    "deep JSON": ("form", lambda oidc: raw(oidc, "[" * 4000)),
    "no UTF-8": ("form", lambda oidc: oidc.signed(b'{"sub": "\xff"}')),
    "too long": ("size", lambda oidc: oidc.token(groups=["x" * 100] * 300)),
    "just too long": ("size", lambda oidc: "a." + "b" * MAX_TOKEN + ".c"),
    "not ASCII": ("size", lambda oidc: "a.é.c"),
    "no parts": ("form", lambda oidc: "abc"),
    "five parts, encrypted": ("form", lambda oidc: "a.b.c.d.e"),
    "empty parts": ("form", lambda oidc: ".."),
    "padding": ("form", lambda oidc: oidc.token().replace(".", "=.", 1)),
    "white space": ("form", lambda oidc: oidc.token()[:10] + " " + oidc.token()[10:]),
    "without a subject": ("subject", lambda oidc: oidc.token(sub=None)),
    "an empty subject": ("subject", lambda oidc: oidc.token(sub="")),
    "a subject that is no text": ("subject", lambda oidc: oidc.token(sub=7)),
    "a subject with a line break": ("subject", lambda oidc: oidc.token(sub="user-1\nadmin")),
    "a subject that is too long": ("subject", lambda oidc: oidc.token(sub="x" * 500)),
    "of no group that has a role": ("grant", lambda oidc: oidc.token(groups=["others"])),
    "groups that are no list": ("grant", lambda oidc: oidc.token(groups={"g-dba": True})),
}


@pytest.mark.parametrize("name", DANGEROUS)
def test_a_token_that_proves_nothing_is_refused(oidc: OidcProvider, provider: Provider, name: str) -> None:
    reason, make = DANGEROUS[name]
    token = make(oidc)
    with pytest.raises(RefusedToken) as told:
        provider.identity(token, time.time())
    assert told.value.reason == reason
    if len(token) > 20:
        assert token.split(".")[1][:40] not in str(told.value)


def test_a_nonce_is_held_against_the_token(oidc: OidcProvider, provider: Provider) -> None:
    assert provider.identity(oidc.token(nonce="n-1"), time.time(), "n-1").name == "ann@corp.example"
    for token in (oidc.token(), oidc.token(nonce="n-2"), oidc.token(nonce=["n-1"])):
        with pytest.raises(RefusedToken) as told:
            provider.identity(token, time.time(), "n-1")
        assert told.value.reason == "nonce"


def test_an_issuer_takes_only_the_algorithms_that_it_is_trusted_for(oidc: OidcProvider, issuer: Issuer) -> None:
    narrow = Provider(issuer.model_copy(update={"algorithms": ("ES256",)}))
    assert narrow.identity(oidc.token("ES256"), time.time())
    with pytest.raises(RefusedToken) as told:
        narrow.identity(oidc.token("RS256"), time.time())
    assert told.value.reason == "algorithm"


def test_a_short_rsa_key_proves_nothing(oidc: OidcProvider, provider: Provider) -> None:
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256

    private = rsa.generate_private_key(65537, 1024)
    numbers = private.public_key().public_numbers()
    form = {
        "kty": "RSA",
        "kid": "short",
        "n": encoded(numbers.n.to_bytes(128, "big")),
        "e": encoded(numbers.e.to_bytes(3, "big")),
    }

    class Short:
        def as_dict(self, private: bool) -> dict[str, str]:
            return form

    oidc.published.append(Short())  # type: ignore[arg-type]
    parts = f"{encoded({'alg': 'RS256', 'kid': 'short'})}.{encoded(oidc.claims())}"
    token = f"{parts}.{encoded(private.sign(parts.encode(), padding.PKCS1v15(), SHA256()))}"
    with pytest.raises(RefusedToken):
        provider.identity(token, time.time())


def test_the_token_chooses_only_among_issuers_that_are_trusted(oidc: OidcProvider, issuer: Issuer) -> None:
    providers = Providers([issuer])
    assert providers.of(oidc.token()).issuer is issuer
    for token in (oidc.token(iss="https://evil.example"), "a.b.c", "", "x" * 20000):
        with pytest.raises(RefusedToken):
            providers.of(token)
