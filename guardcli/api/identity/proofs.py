"""Takes a JSON Web Token apart and holds it against a key and a list of rules. Pure.

RFC 7519 (JWT), RFC 7515 (JWS, compact form), RFC 8725 (best current practices), OpenID Connect Core 1.0, 3.1.3.7.
The signature itself is checked by joserfc. What comes before is done here: the algorithm comes from a list of three,
each with the one kind of key that it goes with, so that neither ``none`` nor a public key used as an HMAC secret is
ever tried; a part with the same name twice is refused, since two readers could take different ones.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from guardcli.model.errors import UnauthorizedError

MAX_TOKEN = 16384
"""Bytes; a token with thousands of groups in it is none that a header can carry."""

MIN_RSA_BITS = 2048
"""RFC 7518, 3.3."""

FAMILIES: Mapping[str, tuple[str, str]] = {
    "RS256": ("RSA", ""),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
"""Algorithm → kind of key and curve. ``Ed25519`` is the name that RFC 9864 gives to EdDSA over that curve."""

Key = RSAKey | ECKey | OKPKey


class RefusedToken(UnauthorizedError):
    """A token that proves nothing. `reason` is one word for the numbers, and says nothing of the token."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"the token is not valid: {message}", hint="get a new one: guard login, or from the issuer")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Header:
    """The parts of a token's head that choose a key."""

    algorithm: str
    key: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What a token must say. Times are seconds; `nonce` is empty where none was sent."""

    issuer: str
    audience: tuple[str, ...]
    algorithms: tuple[str, ...]
    leeway: float
    longest: float
    nonce: str = ""


def header_of(token: str, rules: Rules) -> Header:
    """Return the head of `token`. Raises RefusedToken where it is no token, or not of an algorithm of `rules`."""
    if len(token) > MAX_TOKEN or not token.isascii():
        raise RefusedToken("size", f"more than {MAX_TOKEN} bytes, or not ASCII")
    parts = token.split(".")
    if len(parts) != 3 or not all(parts[:2]):
        raise RefusedToken("form", "it is not a signed JSON Web Token")
    head = _object(_decoded(parts[0]))
    algorithm, key = head.get("alg"), head.get("kid", "")
    if not isinstance(algorithm, str) or not isinstance(key, str) or "crit" in head or "b64" in head:
        raise RefusedToken("form", "its head is not understood")
    if ("EdDSA" if algorithm == "Ed25519" else algorithm) not in rules.algorithms or algorithm not in FAMILIES:
        raise RefusedToken("algorithm", "its algorithm is not accepted")
    return Header(algorithm, key)


def unverified_issuer(token: str) -> str:
    """Return who the token says it is from, to choose whose keys to hold it against; empty where it does not say."""
    parts = token.split(".")
    if len(token) > MAX_TOKEN or len(parts) != 3:
        return ""
    try:
        issuer = _object(_decoded(parts[1])).get("iss")
    except RefusedToken:
        return ""
    return issuer if isinstance(issuer, str) else ""


def fits(form: Mapping[str, Any], header: Header) -> bool:
    """Tell whether a JWK is one that `header` may mean: its kind, its curve, its use, and its name."""
    kind, curve = FAMILIES[header.algorithm]
    return (
        form.get("kty") == kind
        and form.get("crv", "") == curve
        and form.get("use", "sig") == "sig"
        and form.get("alg", header.algorithm) in (header.algorithm, "EdDSA" if kind == "OKP" else header.algorithm)
        and "verify" in form.get("key_ops", ("verify",))
        and (not header.key or form.get("kid", "") == header.key)
    )


def verified(token: str, header: Header, keys: Sequence[Key], rules: Rules, at: float) -> Mapping[str, Any]:
    """Return the claims of `token`, signed by one of `keys`, which `fits` chose, and good at `at` by `rules`.

    Raises RefusedToken.
    """
    for key in keys:
        if isinstance(key, RSAKey) and key.public_key.key_size < MIN_RSA_BITS:
            continue
        try:
            payload = jws.deserialize_compact(token, key, algorithms=[header.algorithm]).payload
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        claims = _object(payload)
        _check(claims, rules, at)
        return claims
    raise RefusedToken("signature", "its signature is not by a key of its issuer")


def _check(claims: Mapping[str, Any], rules: Rules, at: float) -> None:
    if claims.get("iss") != rules.issuer:
        raise RefusedToken("issuer", "it is from another issuer")
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience if isinstance(audience, list) else []
    if not set(rules.audience) & {one for one in named if isinstance(one, str)}:
        raise RefusedToken("audience", "it is meant for somebody else")
    if len(named) > 1 and "azp" in claims and claims["azp"] not in rules.audience:
        raise RefusedToken("audience", "it was given to somebody else")
    expires, begins = _moment(claims, "exp"), _moment(claims, "nbf", at)
    issued = _moment(claims, "iat", begins)
    if at >= expires + rules.leeway:
        raise RefusedToken("expired", "it has expired")
    if begins > at + rules.leeway or issued > at + rules.leeway:
        raise RefusedToken("early", "it is not valid yet")
    if expires - min(issued, at) > rules.longest:
        raise RefusedToken("longevity", "it would live too long")
    if rules.nonce and claims.get("nonce") != rules.nonce:
        raise RefusedToken("nonce", "it was not made for this login")


def _moment(claims: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 2**40:
        raise RefusedToken("form", f"{name} is missing, or no time")
    return float(value)


def _decoded(part: str) -> bytes:
    """Return the bytes of unpadded Base64 of the URL alphabet, and of nothing else."""
    try:
        content = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise RefusedToken("form", "it is not Base64") from None
    if base64.urlsafe_b64encode(content).rstrip(b"=") != part.encode():
        raise RefusedToken("form", "it is not the Base64 that it should be")
    return content


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise RefusedToken("form", "it is not the JSON that it should be") from None
    if not isinstance(found, dict):
        raise RefusedToken("form", "it holds no object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")
