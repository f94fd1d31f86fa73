"""Asking a client for the session's own password, by SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side of it.

Only for the loopback port, which any user of the machine can reach; the unix socket lets only its owner in. Clients of
PostgreSQL leave the name in the SCRAM messages empty, which scramp does not take, so these few lines are guard's own.
The password is random and guard's own, so that few rounds are enough and no preparation of Unicode is needed. There is
no channel binding: there is no TLS on the loopback.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from guardcli.gateways.postgres.authentication import SASL, SASL_CONTINUE, SASL_FINAL, SCRAM
from guardcli.gateways.postgres.codec.backend import Authentication
from guardcli.gateways.postgres.codec.fields import Reader, string
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.model.secrets import Secret

ROUNDS = 4096
"""What clients expect at the least; the password has 256 bits of its own."""
_FIRST = re.compile(r"(?P<header>[ny],,)(?P<bare>n=[^,]*,r=(?P<nonce>[\x21-\x2b\x2d-\x7e]{8,256}))")
_FINAL = re.compile(
    r"(?P<bare>c=(?P<binding>[A-Za-z0-9+/=]+),r=(?P<nonce>[\x21-\x2b\x2d-\x7e]+)),p=(?P<proof>[A-Za-z0-9+/=]+)"
)


class WrongPassword(Exception):
    """The client does not know the password."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """What a server keeps in place of a password (RFC 5802, section 3)."""

    salt: bytes
    stored_key: bytes
    server_key: bytes

    @classmethod
    def of(cls, password: Secret) -> Verifier:
        """Return the verifier for `password`, with a fresh salt."""
        salt = secrets.token_bytes(16)
        salted = hashlib.pbkdf2_hmac("sha256", password.reveal().encode(), salt, ROUNDS)
        return cls(salt, hashlib.sha256(_mac(salted, b"Client Key")).digest(), _mac(salted, b"Server Key"))


class Exchange:
    """One login of one client: send `request`, then what `first` and `final` return for its answers."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._said = ""
        self._header = ""
        self._nonce = ""

    @staticmethod
    def request() -> bytes:
        """Return the request for SASL."""
        return Authentication(SASL, string(SCRAM.encode()) + b"\0").encode()

    def first(self, answer: bytes) -> bytes:
        """Return the challenge for the client's first message. Raises ProtocolViolation."""
        reader = Reader(answer, "SASLInitialResponse")
        mechanism, message = reader.string(), reader.value()
        reader.end()
        found = _FIRST.fullmatch(_text(message or b""))
        if mechanism != SCRAM.encode() or found is None:
            raise ProtocolViolation("the first message of SCRAM is not understood")
        self._header = found["header"]
        self._nonce = found["nonce"] + secrets.token_urlsafe(24)
        challenge = f"r={self._nonce},s={base64.b64encode(self._verifier.salt).decode()},i={ROUNDS}"
        self._said = f"{found['bare']},{challenge}"
        return Authentication(SASL_CONTINUE, challenge.encode()).encode()

    def final(self, answer: bytes) -> bytes:
        """Return the proof for a client that has given its own. Raises WrongPassword and ProtocolViolation."""
        found = _FINAL.fullmatch(_text(answer))
        if found is None or found["binding"] != base64.b64encode(self._header.encode()).decode():
            raise ProtocolViolation("the final message of SCRAM is not understood")
        try:
            proof = base64.b64decode(found["proof"], validate=True)
        except binascii.Error:
            raise ProtocolViolation("the final message of SCRAM is not understood") from None
        said = f"{self._said},{found['bare']}".encode()
        signature = _mac(self._verifier.stored_key, said)
        key = bytes(one ^ other for one, other in zip(proof, signature, strict=False))
        known = hmac.compare_digest(hashlib.sha256(key).digest(), self._verifier.stored_key)
        if len(proof) != len(signature) or not hmac.compare_digest(found["nonce"], self._nonce) or not known:
            raise WrongPassword
        mine = base64.b64encode(_mac(self._verifier.server_key, said)).decode()
        return Authentication(SASL_FINAL, f"v={mine}".encode()).encode()


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def _text(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise ProtocolViolation("a message of SCRAM that is no text") from None
