"""Finds out who is asking.

Two ways in: the unix socket, where the kernel says which user and which process it is, and bearer tokens: of a session,
of a service, of a login, or straight from an OIDC provider that is trusted for workloads and people. On TCP a token is
always needed. Tokens of guard's own are compared by the hash that is kept, in constant time; what fails too often from
one address is not even looked at for a while.
"""

from __future__ import annotations

import hmac
import os
import pwd
from typing import TYPE_CHECKING

from guardcli.api.identity.throttle import Throttle
from guardcli.api.metrics import Metrics
from guardcli.api.peers import Peer
from guardcli.api.permissions import EVERYTHING
from guardcli.api.principals import Kind, Principal
from guardcli.api.store import Store
from guardcli.api.store.database import now
from guardcli.api.store.sessions import SESSION_PREFIX, hash_token
from guardcli.api.store.tokens import LOGIN_PREFIX, SERVICE_PREFIX, TokenKind
from guardcli.model.errors import NotFoundError, UnauthorizedError

if TYPE_CHECKING:
    from guardcli.api.identity.provider import Providers

USED_SECONDS = 60.0
"""How exactly the last use of a token is kept: a write for each request would cost more than it tells."""

GARBAGE = 10
"""So many times the failures of one token are too many of one address, whatever it tries."""


class Authenticator:
    """Turns what came with a request into a principal."""

    def __init__(self, store: Store, providers: Providers | None, throttle: Throttle, metrics: Metrics) -> None:
        self._store = store
        self._providers = providers
        self._throttle = throttle
        self._all_of_an_address = throttle.wider(GARBAGE)
        self._metrics = metrics

    def principal(self, peer: Peer | None, authorization: str | None, address: str = "") -> Principal:
        """Return who is asking.

        Raises UnauthorizedError for nobody, and for a token that is not valid (any more); ThrottledError for one that
        failed too often from `address`.
        """
        inside = peer.inside if peer else ""
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer":
                raise UnauthorizedError("only bearer tokens are understood")
            found = self.attempt(address, token.strip(), inside)
            if inside and found.kind is not Kind.SESSION:
                return _inside(peer, inside)
            return found
        if peer is None:
            raise UnauthorizedError("a token is needed", hint="guard login, or set GUARD_TOKEN")
        if inside:
            return _inside(peer, inside)
        name = user_name(peer.uid)
        return Principal(Kind.LOCAL, name, f"local:{name}", EVERYTHING)

    def attempt(self, address: str, token: str, inside: str = "") -> Principal:
        """Return whose `token` is, counting failures of the address with this token, and with any."""
        with self.counting(address, ".".join(token.split(".")[:2])):
            return self._bearer(token, inside)

    def counting(self, address: str, what: str) -> Attempts:
        """Return a context in which a refusal counts against `address` and `what` it tried."""
        return Attempts(self._throttle, self._all_of_an_address, self._metrics, address, what)

    def _bearer(self, token: str, inside: str) -> Principal:
        prefix, _, rest = token.partition(".")
        id, _, _ = rest.partition(".")
        if prefix == SESSION_PREFIX:
            return self._session(id, token, inside)
        if prefix == SERVICE_PREFIX:
            return self._token(TokenKind.SERVICE, id, token, inside)
        if prefix == LOGIN_PREFIX:
            return self._token(TokenKind.LOGIN, id, token, inside)
        if self._providers is not None and token.count(".") == 2:
            identity = self._providers.of(token).identity(token, now())
            return Principal(
                Kind.WORKLOAD,
                identity.name,
                identity.owner,
                identity.permissions,
                identity.groups,
                inside=inside,
                expires=identity.expires,
            )
        raise _bad_token()

    def _session(self, id: str, token: str, inside: str) -> Principal:
        try:
            session = self._store.sessions.get(id)
        except NotFoundError:
            raise _bad_token() from None
        if not hmac.compare_digest(session.token_hash, hash_token(token)) or session.token_expires <= now():
            raise _bad_token()
        return Principal(
            Kind.SESSION,
            session.identity,
            session.owner,
            session=id,
            inside=inside,
            sponsor=session.sponsor,
            expires=session.token_expires,
            ended=session.ended,
        )

    def _token(self, kind: TokenKind, id: str, token: str, inside: str) -> Principal:
        try:
            found = self._store.tokens.get(id)
        except NotFoundError:
            raise _bad_token() from None
        at = now()
        matches = hmac.compare_digest(found.hash, hash_token(token))
        if not matches or found.kind is not kind or not found.valid(at):
            raise _bad_token()
        if at - found.used > USED_SECONDS:
            self._store.tokens.touch(id)
        is_login = kind is TokenKind.LOGIN
        return Principal(
            Kind.LOGIN if is_login else Kind.SERVICE,
            found.name,
            found.owner if is_login else f"token:{found.name}",
            found.permissions,
            found.groups,
            inside=inside,
            sponsor="" if is_login else found.owner,
            token=id,
            expires=found.expires,
        )


class Attempts:
    """A context that refuses at once where too much has failed, and counts a refusal that leaves it."""

    def __init__(self, throttle: Throttle, total: Throttle, metrics: Metrics, address: str, what: str) -> None:
        self._throttle = throttle
        self._total = total
        self._metrics = metrics
        self._address = address
        self._what = f"{address} {what[:200]}"

    def __enter__(self) -> None:
        self._throttle.check(self._what)
        self._total.check(self._address)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, UnauthorizedError):
            self._throttle.failed(self._what)
            self._total.failed(self._address)
            self._metrics.refused.labels(getattr(error, "reason", "token")).inc()


def _inside(peer: Peer | None, inside: str) -> Principal:
    name = user_name(peer.uid if peer else -1)
    return Principal(Kind.INSIDE, name, f"local:{name}", inside=inside)


def _bad_token() -> UnauthorizedError:
    return UnauthorizedError("the token is not valid", hint="it may have been revoked or have ended")


def user_name(uid: int) -> str:
    """Return the name of the user `uid`, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return f"uid-{uid}"


def own_name() -> str:
    """Return the name of the user that this process runs as."""
    return user_name(os.getuid())
