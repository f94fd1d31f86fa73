"""Identity: who one is, and logging in and out."""

from __future__ import annotations

from fastapi import Request

from guardcli.api.context import Api, Who, address_of
from guardcli.api.principals import Kind
from guardcli.api.routing import new_router
from guardcli.api.store.database import now
from guardcli.api.store.tokens import Login
from guardcli.api.token_bodies import LoggedIn, NewLogin, ProviderList, ProviderView, WhoAmI
from guardcli.model.errors import ConflictError, UnauthorizedError

router = new_router(tags=["identity"])


@router.get("/identity/providers")
async def list_providers(api: Api) -> ProviderList:
    """List the issuers that people may log in by; needs no identity."""
    return ProviderList(providers=[ProviderView.of(issuer) for issuer in api.config.issuers if issuer.client])


@router.post("/login", status_code=201)
def log_in(request: Request, body: NewLogin, api: Api) -> LoggedIn:
    """Take an issuer's word for a person, once, and give a token of guard's own that ends soon."""
    with api.authenticator.counting(address_of(request), "login"):
        if api.providers is None:
            raise UnauthorizedError("nobody logs in here: no issuer is configured")
        provider = api.providers.of(body.token)
        if not provider.issuer.client or (provider.issuer.need_nonce and not body.nonce):
            raise UnauthorizedError("people do not log in by this issuer, or not without a nonce")
        identity = provider.identity(body.token, now(), body.nonce)
        login = Login(identity.name, identity.owner, identity.groups, identity.permissions, body.token)
        found, text = api.store.tokens.log_in(login, now() + api.config.limits.login_hours * 3600)
    return LoggedIn(token=text.reveal(), name=found.name, expires=found.expires)


@router.post("/logout", status_code=204)
def log_out(api: Api, who: Who) -> None:
    """End the login whose token is shown."""
    if who.kind is not Kind.LOGIN:
        raise ConflictError("this is no login", hint="service tokens are revoked by guard api token revoke")
    api.store.tokens.revoke(who.token, who.owner)


@router.get("/whoami")
async def who_am_i(who: Who) -> WhoAmI:
    """Tell who the caller is, and what it may do."""
    return WhoAmI.of(who)
