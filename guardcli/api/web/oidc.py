"""Signing in by an OIDC provider: the authorization code flow with PKCE.

OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE, S256 only); RFC 9700 for what may go wrong; RFC 9207 for the
``iss`` parameter. What a flow has to remember until the browser comes back lies in a cookie of its own, for ten
minutes; what comes of it is a login of guard's own, the same as by ``guard login``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request
from starlette.responses import RedirectResponse, Response

from guardcli.api.context import Api, Context, address_of
from guardcli.api.identity.settings import Issuer
from guardcli.api.routing import new_router
from guardcli.api.store.database import now
from guardcli.api.store.tokens import Login
from guardcli.api.web.access import is_secure, local_path, sign_in
from guardcli.model.errors import NotFoundError, UnauthorizedError, UnavailableError
from guardcli.model.secrets import Secret

router = new_router(include_in_schema=False)

SEE_OTHER = 303
FLOW_COOKIE = "guard-flow"
FLOW_COOKIE_SECURE = "__Host-guard-flow"
FLOW_SECONDS = 600
ANSWER_SECONDS = 10.0
ANSWER_MAX = 1 << 20
CALLBACK = "/login/callback"


@router.get("/login/with/{name}")
def begin(request: Request, name: str, api: Api, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:
    """Send the browser to the provider."""
    issuer = _issuer(api, name)
    place = _endpoint(issuer, "authorization_endpoint")
    flow = {
        "name": name,
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "verifier": secrets.token_urlsafe(48),
        "next": local_path(next),
    }
    challenge = hashlib.sha256(flow["verifier"].encode()).digest()
    query = {
        "response_type": "code",
        "client_id": issuer.client,
        "redirect_uri": _callback(request, api),
        "scope": issuer.scope,
        "state": flow["state"],
        "nonce": flow["nonce"],
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    response = RedirectResponse(f"{place}{'&' if '?' in place else '?'}{urlencode(query)}", SEE_OTHER)
    kept = base64.urlsafe_b64encode(json.dumps(flow).encode()).decode()
    secure = is_secure(request)
    response.set_cookie(
        _flow_cookie(secure), kept, FLOW_SECONDS, path="/", secure=secure, httponly=True, samesite="lax"
    )
    return response


@router.get(CALLBACK)
def finish(
    request: Request,
    api: Api,
    code: Annotated[str, Query(max_length=4000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
    iss: Annotated[str, Query(max_length=500)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Take the provider's answer, and sign the person in."""
    with api.authenticator.counting(address_of(request), "login"):
        flow = _flow(request)
        if not state or not hmac.compare_digest(state.encode(), str(flow.get("state", "")).encode()):
            raise UnauthorizedError("this answer belongs to no sign-in that began here", hint="sign in again")
        issuer = _issuer(api, str(flow.get("name", "")))
        if iss and iss != issuer.issuer:
            raise UnauthorizedError("this answer comes from another provider")
        if error or not code:
            raise UnauthorizedError(f"the provider refused: {error or 'it gave no code'}")
        text = _logged_in(api, issuer, _exchange(request, api, issuer, code, str(flow["verifier"])), str(flow["nonce"]))
    response = RedirectResponse(local_path(str(flow.get("next", "/"))), SEE_OTHER)
    sign_in(request, response, text.reveal())
    secure = is_secure(request)
    response.delete_cookie(_flow_cookie(secure), path="/", secure=secure, httponly=True, samesite="lax")
    return response


def _issuer(api: Context, name: str) -> Issuer:
    for issuer in api.config.issuers:
        if issuer.name == name and issuer.client:
            return issuer
    raise NotFoundError("people do not sign in by this provider")


def _endpoint(issuer: Issuer, name: str) -> str:
    from guardcli.api.identity.keys import discovered, urlsafe

    place = str(discovered(issuer.issuer, issuer.ca_file).get(name, ""))
    if not place or not urlsafe(place, issuer.issuer):
        raise UnavailableError(f"{issuer.issuer} has no {name} that can be used")
    return place


def _callback(request: Request, api: Context) -> str:
    base = api.config.public_url or f"{request.url.scheme}://{request.headers.get('host', '')}"
    return base.rstrip("/") + CALLBACK


def _flow_cookie(secure: bool) -> str:
    """Return the name under which no sister site can set the cookie, where the browser reaches us over TLS."""
    return FLOW_COOKIE_SECURE if secure else FLOW_COOKIE


def _flow(request: Request) -> dict[str, Any]:
    """Return what was kept for the flow, nothing where it is over or was never begun."""
    try:
        found = json.loads(base64.urlsafe_b64decode(request.cookies.get(_flow_cookie(is_secure(request)), "")))
    except (ValueError, RecursionError):
        return {}
    whole = isinstance(found, dict) and {"name", "state", "nonce", "verifier", "next"} <= found.keys()
    return found if whole else {}


def _exchange(request: Request, api: Context, issuer: Issuer, code: str, verifier: str) -> str:
    """Return the ID token for `code`. Raises UnauthorizedError where the provider gives none, UnavailableError."""
    import requests  # here, as in `_endpoint`: loaded with the first sign-in by a provider

    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _callback(request, api),
        "client_id": issuer.client,
        "code_verifier": verifier,
    }
    place = _endpoint(issuer, "token_endpoint")
    verify = str(issuer.ca_file) if issuer.ca_file else True
    try:
        with requests.Session() as session:
            session.trust_env = False
            with session.post(
                place, data=form, timeout=ANSWER_SECONDS, allow_redirects=False, verify=verify, stream=True
            ) as answer:
                content = answer.raw.read(ANSWER_MAX, decode_content=True)
        found = json.loads(content)
    except (requests.RequestException, OSError, ValueError, RecursionError) as error:
        raise UnavailableError(f"{issuer.issuer} cannot be asked: {type(error).__name__}") from error
    token = found.get("id_token") if isinstance(found, dict) else None
    if not isinstance(token, str):
        raise UnauthorizedError("the provider gave no ID token", hint="the scope must have openid in it")
    return token


def _logged_in(api: Context, issuer: Issuer, token: str, nonce: str) -> Secret:
    if api.providers is None:
        raise UnauthorizedError("nobody signs in here by a provider")
    provider = api.providers.of(token)
    if provider.issuer != issuer:
        raise UnauthorizedError("the token is from another provider")
    at = now()
    identity = provider.identity(token, at, nonce)
    login = Login(identity.name, identity.owner, identity.groups, identity.permissions, token)
    _, text = api.store.tokens.log_in(login, at + api.config.limits.login_hours * 3600)
    return text
