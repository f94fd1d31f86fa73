"""Who looks at the page. The cookie holds the bearer token itself, out of reach of any script; nothing is kept here.

Every request is judged by that token as one to the API would be, so a token that is revoked or over ends at once. A
form proves that it is ours by a digest of the token (a synchroniser token, OWASP's Cross-Site Request Forgery
Prevention), and by what the browser says of its origin (Fetch Metadata, the Origin header of RFC 6454).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Form, Request
from starlette.responses import Response

from guardcli.api.context import Context, address_of
from guardcli.api.principals import Principal
from guardcli.model.errors import DeniedError, UnauthorizedError

COOKIE = "guard"
COOKIE_SECURE = "__Host-guard"
COOKIE_MAX = 3800
"""Bytes; browsers keep some 4096 for name, value and attributes (RFC 6265, section 6.1)."""

LIFETIME = 12 * 3600
"""Seconds after which a browser forgets the token, whatever its own end."""


def token_of(request: Request) -> str:
    """Return the token in the cookie. Raises UnauthorizedError where there is none.

    Behind TLS only the cookie with the ``__Host-`` prefix counts: another may have been set by a sister site.
    """
    token = request.cookies.get(COOKIE_SECURE if is_secure(request) else COOKIE, "")
    if not token:
        raise UnauthorizedError("sign in first")
    return token


def _viewer(request: Request) -> Principal:
    """Return who looks. Nobody looks from inside a session."""
    context: Context = request.app.state.context
    peer = request.scope.get("state", {}).get("peer")
    found = context.authenticator.principal(peer, f"Bearer {token_of(request)}", address_of(request))
    if found.inside:
        raise DeniedError("the page is not for a process inside a session")
    request.scope["state"]["who"] = found.owner or found.name
    return found


def proof(token: str) -> str:
    """Return what a form of the bearer of `token` carries."""
    return hashlib.sha256(b"guard form\n" + token.encode()).hexdigest()


def check_origin(request: Request) -> None:
    """Refuse a request that another site made the browser send. Raises DeniedError."""
    site = request.headers.get("sec-fetch-site", "")
    if site not in ("", "same-origin", "none"):
        raise DeniedError("this request comes from another site")
    origin = request.headers.get("origin", "")
    context: Context = request.app.state.context
    own = {request.headers.get("host", ""), urlsplit(context.config.public_url).netloc} - {""}
    if origin and urlsplit(origin).netloc not in own:
        raise DeniedError("this request comes from another site")


def _proven(request: Request, form_proof: Annotated[str, Form(alias="proof", max_length=200)] = "") -> None:
    check_origin(request)
    if not hmac.compare_digest(form_proof.encode(), proof(token_of(request)).encode()):
        raise DeniedError("this form is out of date", hint="load the page again")


Viewer = Annotated[Principal, Depends(_viewer)]
Proven = Depends(_proven)


def is_secure(request: Request) -> bool:
    """Tell whether the browser reaches us over TLS: directly, or by the public address that is configured."""
    context: Context = request.app.state.context
    return request.url.scheme == "https" or context.config.public_url.startswith("https://")


def sign_in(request: Request, response: Response, token: str) -> None:
    """Give the browser the token. Raises UnauthorizedError for one that is too long to be one."""
    if len(token) > COOKIE_MAX:
        raise UnauthorizedError("the token is too long")
    secure = is_secure(request)
    name = COOKIE_SECURE if secure else COOKIE
    response.set_cookie(name, token, max_age=LIFETIME, httponly=True, secure=secure, samesite="lax", path="/")


def sign_out(response: Response) -> None:
    """Have the browser forget the token, and what it may have kept of pages."""
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    for name, secure in ((COOKIE_SECURE, True), (COOKIE, False)):
        response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")


def local_path(wanted: str) -> str:
    """Return `wanted` where it is a path of this page, else ``/``: no sign-in leads to another site."""
    parts = urlsplit(wanted)
    plain = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if plain and not parts.scheme and not parts.netloc and "\\" not in wanted else "/"
