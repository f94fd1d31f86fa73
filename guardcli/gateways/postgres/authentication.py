"""Logging in to a server with a credential: what it asks is answered, or refused where an answer would give too much.

One `Login` answers the requests of one connection, in the order that PostgreSQL's documentation gives ("Message
Flow: Start-up"). No I/O. What is refused: a password in clear text where others could read it, methods that are not
spoken here, a server that says yes in the middle of SCRAM (it has not shown that it knows the password, so it is
perhaps another one), and one that asks twice. The SCRAM of RFC 5802 and RFC 7677 is scramp's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from scramp import ScramClient, ScramException  # type: ignore[import-untyped]

from guardcli.gateways.postgres.codec.backend import Authentication
from guardcli.gateways.postgres.codec.fields import Reader, string, uint32
from guardcli.gateways.postgres.codec.frontend import AuthenticationAnswer
from guardcli.gateways.postgres.codec.sqlstates import INVALID_AUTHORIZATION
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.model.secrets import Secret

OK: Final = 0
CLEARTEXT: Final = 3
MD5: Final = 5
SASL: Final = 10
SASL_CONTINUE: Final = 11
SASL_FINAL: Final = 12
PASSED_ON: Final = frozenset({CLEARTEXT, MD5, SASL, SASL_CONTINUE, SASL_FINAL})
"""What is asked of a client that logs in by itself."""
SCRAM: Final = "SCRAM-SHA-256"
SCRAM_PLUS: Final = "SCRAM-SHA-256-PLUS"
MECHANISMS_MAX = 32
UNSPOKEN = {2: "Kerberos 5", 6: "SCM credentials", 7: "GSSAPI", 8: "GSSAPI", 9: "SSPI"}
"""Requests that are known and not answered."""
METHODS: Final = {CLEARTEXT: "password", MD5: "md5", SASL: "scram-sha-256"}
"""Names of methods as `AuthenticationTerms.methods` has them; those of libpq's ``require_auth``."""
NONE: Final = "none"
_T = TypeVar("_T")


class LoginRefused(Exception):
    """The login cannot go on; the message says why and holds no secret."""


@dataclass(frozen=True, slots=True)
class AuthenticationTerms:
    """What a login may use.

    `private` says that nobody reads along: TLS, or a unix socket. `certificate` is the server's, in DER, for channel
    binding; None without TLS. `binding` is ``prefer``, ``require`` or ``disable``. `methods` are those that may be
    answered, of ``scram-sha-256``, ``md5``, ``password`` and ``none``; empty for any.
    """

    private: bool
    certificate: bytes | None = None
    binding: str = "prefer"
    methods: frozenset[str] = frozenset()


class Login:
    """Answers the requests of one server."""

    def __init__(self, user: str, password: Secret | None, terms: AuthenticationTerms) -> None:
        self._user = user
        self._password = password
        self._terms = terms
        self._scram: ScramClient | None = None
        self._stage = "start"

    @property
    def done(self) -> bool:
        """Whether the server has said that the login is complete."""
        return self._stage == "done"

    def answer(self, request: Authentication) -> bytes | None:
        """Return the message that answers `request`, None where there is none to send.

        May take some 10 ms for SCRAM, more where the server asks for many rounds (ten million at the most). Raises
        LoginRefused, and ProtocolViolation for what is out of order.
        """
        handler = _HANDLERS.get(request.code)
        if handler is None:
            name = UNSPOKEN.get(request.code, f"number {request.code}")
            raise LoginRefused(f"the server asks for the authentication method {name}, which guard does not speak")
        return handler(self, request.data)

    def _ok(self, data: bytes) -> None:
        if data:
            raise ProtocolViolation("the server's word that the login is complete has something behind it")
        if self._stage in ("first", "final"):
            raise LoginRefused("the server said yes before it had shown that it knows the password")
        if self._stage == "start":
            self._check_method(NONE)
        if self._terms.binding == "require" and self._stage != "proven":
            raise LoginRefused("the server did not use channel binding, which is required")
        self._stage = "done"

    def _cleartext(self, data: bytes) -> bytes:
        self._begin(CLEARTEXT, data, 0)
        if not self._terms.private:
            raise LoginRefused("the server asks for the password in clear text over a connection without TLS")
        return AuthenticationAnswer(string(self._needed().encode())).encode()

    def _md5(self, salt: bytes) -> bytes:
        self._begin(MD5, salt, 4)
        inner = hashlib.md5(self._needed().encode() + self._user.encode()).hexdigest()  # noqa: S324 - the protocol's
        outer = hashlib.md5(inner.encode() + salt).hexdigest()  # noqa: S324
        return AuthenticationAnswer(string(b"md5" + outer.encode())).encode()

    def _sasl(self, data: bytes) -> bytes:
        self._begin(SASL, data, None)
        offered = mechanisms(data)
        names = [name for name in (SCRAM, SCRAM_PLUS) if name in offered]
        certificate, binding = self._terms.certificate, self._terms.binding
        if certificate is None and SCRAM_PLUS in names:
            raise LoginRefused("the server offers channel binding over a connection without TLS")
        if certificate is None or binding == "disable":
            names = [name for name in names if name != SCRAM_PLUS]
        if binding == "require" and SCRAM_PLUS not in names:
            raise LoginRefused("the server does not offer channel binding, which is required")
        if not names:
            shown = ", ".join(sorted(name[:32] for name in offered)) or "none"
            raise LoginRefused(f"the server offers no mechanism that guard speaks (it offers: {shown})")
        channel = None if certificate is None or binding == "disable" else _binding(certificate)
        if SCRAM_PLUS in names and channel is None:
            names.remove(SCRAM_PLUS)
        # PostgreSQL takes the name from the startup packet and looks at none in here.
        self._scram = _scramp(lambda: ScramClient(names, "user", self._needed(), channel_binding=channel))
        first = _scramp(self._scram.get_client_first).encode()
        self._stage = "first"
        return AuthenticationAnswer(string(self._scram.mechanism_name.encode()) + uint32(len(first)) + first).encode()

    def _continue(self, data: bytes) -> bytes:
        scram = self._expected("first")
        _scramp(lambda: scram.set_server_first(_text(data)))
        self._stage = "final"
        return AuthenticationAnswer(_scramp(scram.get_client_final).encode()).encode()

    def _final(self, data: bytes) -> None:
        scram = self._expected("final")
        _scramp(lambda: scram.set_server_final(_text(data)))
        self._stage = "proven" if scram.mechanism_name == SCRAM_PLUS else "shown"

    def _begin(self, code: int, data: bytes, length: int | None) -> None:
        if self._stage != "start" or (length is not None and len(data) != length):
            raise ProtocolViolation("the server's request for a password is out of order or malformed")
        self._check_method(METHODS[code])
        self._stage = "answered"

    def _check_method(self, name: str) -> None:
        if self._terms.methods and name not in self._terms.methods:
            allowed = ", ".join(sorted(self._terms.methods))
            raise LoginRefused(f"the server wants the authentication method {name}, and only {allowed} may be used")

    def _expected(self, stage: str) -> ScramClient:
        if self._scram is None or self._stage != stage:
            raise ProtocolViolation("a step of SCRAM that is out of order")
        return self._scram

    def _needed(self) -> str:
        if self._password is None:
            raise LoginRefused("the server asks for a password, and the credential has none")
        return self._password.reveal()


_HANDLERS: dict[int, Callable[[Login, bytes], bytes | None]] = {
    OK: Login._ok,
    CLEARTEXT: Login._cleartext,
    MD5: Login._md5,
    SASL: Login._sasl,
    SASL_CONTINUE: Login._continue,
    SASL_FINAL: Login._final,
}


def mechanisms(data: bytes) -> list[str]:
    """Return the names of the mechanisms that a request for SASL offers. Raises ProtocolViolation."""
    reader = Reader(data, "AuthenticationSASL")
    found: list[str] = []
    while name := reader.string():
        if len(found) >= MECHANISMS_MAX:
            raise reader.fault("too many mechanisms")
        found.append(name.decode("ascii", "replace"))
    reader.end()
    return found


def without_binding(data: bytes) -> bytes:
    """Return a request for SASL without the mechanisms that bind to a channel, which ends at the gateway."""
    names = [name for name in mechanisms(data) if not name.endswith("-PLUS")]
    return b"".join(string(name.encode("ascii", "replace")) for name in names) + b"\0"


def _binding(certificate: bytes) -> tuple[str, bytes] | None:
    """Return the channel binding of RFC 5929, section 4; None for a certificate that names no hash (Ed25519)."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes

    try:
        algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except UnsupportedAlgorithm:
        algorithm = None
    if algorithm is None:
        return None
    if isinstance(algorithm, hashes.MD5 | hashes.SHA1):
        algorithm = hashes.SHA256()
    digest = hashes.Hash(algorithm)
    digest.update(certificate)
    return "tls-server-end-point", digest.finalize()


def _text(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise ProtocolViolation("a step of SCRAM that is no text") from None


def _scramp(step: Callable[[], _T]) -> _T:
    """Do a step of SCRAM; what is wrong with it refuses the login."""
    try:
        return step()
    except ScramException as error:
        raise LoginRefused(f"SCRAM failed: {error}") from None
    except (ValueError, KeyError, TypeError):
        raise ProtocolViolation("a step of SCRAM that is malformed", INVALID_AUTHORIZATION) from None
