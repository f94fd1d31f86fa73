"""What a person sees where a page cannot be shown."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from guardcli.api.web.view import bare
from guardcli.model.errors import GuardError, UnauthorizedError

PLACES = ("/sessions", "/approvals", "/search", "/policy", "/audit", "/login", "/logout")


def is_page(request: Request) -> bool:
    """Tell whether the request is for the page, not for the API."""
    path = request.url.path
    return path == "/" or any(path == place or path.startswith(place + "/") for place in PLACES)


def page(request: Request, error: GuardError) -> Response:
    """Return the page that says what went wrong; where nobody is signed in, the way to the sign-in."""
    if isinstance(error, UnauthorizedError):
        if request.headers.get("hx-request") == "true":
            return Response(status_code=401, headers={"hx-refresh": "true"})
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(back, safe='/')}", 303)
    return bare("failure.html", error.http_status, title="This cannot be shown", fault=str(error))
