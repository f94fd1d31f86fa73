"""The bodies of requests and answers about identity: who one is, logins, tokens."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from guardcli.api.bodies import Body
from guardcli.api.identity.settings import Issuer
from guardcli.api.permissions import Permission, Role
from guardcli.api.principals import Principal
from guardcli.api.store.tokens import Token, TokenKind

PLAIN = r"^[^\x00-\x1f\x7f]*$"
"""Names that are shown in one line."""

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN)]
MAX_DAYS = 3660.0


class ProviderView(Body):
    """An issuer that people may log in by, with their device (RFC 8628)."""

    name: str
    issuer: str
    client: str
    scope: str
    need_nonce: bool

    @classmethod
    def of(cls, issuer: Issuer) -> ProviderView:
        """Return the view of `issuer`."""
        return cls(
            name=issuer.name,
            issuer=issuer.issuer,
            client=issuer.client,
            scope=issuer.scope,
            need_nonce=issuer.need_nonce,
        )


class ProviderList(Body):
    """All of them."""

    providers: list[ProviderView]


class NewLogin(Body):
    """What an issuer said of a person: an ID token, and the nonce that was sent for it, if one was."""

    token: Annotated[str, Field(min_length=1, max_length=16384, pattern=r"^[A-Za-z0-9._-]+$")]
    nonce: Annotated[str, Field(max_length=200, pattern=PLAIN)] = ""


class LoggedIn(Body):
    """The token of a login, given once."""

    token: str
    name: str
    expires: float


class WhoAmI(Body):
    """The caller, as the API sees it. `expires` is in seconds since the epoch, 0 for never."""

    kind: str
    name: str
    owner: str
    groups: list[str]
    permissions: list[Permission]
    session: str
    inside: str
    expires: float

    @classmethod
    def of(cls, who: Principal) -> WhoAmI:
        """Return the view of `who`."""
        return cls(
            kind=who.kind.value,
            name=who.name,
            owner=who.owner,
            groups=list(who.groups),
            permissions=sorted(who.permissions),
            session=who.session,
            inside=who.inside,
            expires=who.expires,
        )


class NewToken(Body):
    """A service token to be issued. `scopes` narrow its role; `days` is how long it is valid, 0 until it is revoked."""

    name: Name
    role: Role
    groups: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    scopes: Annotated[tuple[Permission, ...], Field(max_length=10)] = ()
    owner: Annotated[str, Field(max_length=300, pattern=PLAIN)] = ""
    days: Annotated[float, Field(ge=0, le=MAX_DAYS, allow_inf_nan=False)] = 0.0


class TokenView(Body):
    """What is known of a token, never its text. Times are seconds since the epoch, 0 for none."""

    id: str
    kind: TokenKind
    name: str
    role: str
    permissions: list[Permission]
    groups: list[str]
    owner: str
    state: str
    created: float
    expires: float
    revoked: float
    used: float

    @classmethod
    def of(cls, token: Token, at: float) -> TokenView:
        """Return the view of `token` at the time `at`."""
        return cls(
            id=token.id,
            kind=token.kind,
            name=token.name,
            role=token.role.value if token.role else "",
            permissions=sorted(token.permissions),
            groups=list(token.groups),
            owner=token.owner,
            state=token.state(at),
            created=token.created,
            expires=token.expires,
            revoked=token.revoked,
            used=token.used,
        )


class TokenIssued(Body):
    """A new token with its text, given once."""

    token: TokenView
    text: str


class TokenList(Body):
    """All tokens, oldest first."""

    tokens: list[TokenView]
