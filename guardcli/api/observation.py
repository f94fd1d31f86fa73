"""Counts, times and logs every request: method, route, status, who; never a header, a query or a body."""

from __future__ import annotations

import logging
import re
import secrets
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guardcli.api.metrics import Metrics

log = logging.getLogger("guard.api")

REQUEST_ID = b"x-request-id"

QUIET = frozenset({"/health", "/ready", "/metrics", "/v1/health"})
"""Routes that are asked every few seconds: counted, not logged."""

_is_plain = re.compile(rb"[A-Za-z0-9._-]{1,64}").fullmatch


class Observation:
    """Middleware around the whole application. A request's id comes from the caller, if it is plain, or is made up."""

    def __init__(self, app: ASGIApp, metrics: Metrics, log_requests: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._log_requests = log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(REQUEST_ID, b"")
        id = given if _is_plain(given) else secrets.token_hex(8).encode()
        began, status = time.monotonic(), 500

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID, id)]
            await send(message)

        scope.setdefault("state", {})
        try:
            await self._app(scope, receive, answered)
        finally:
            self._note(scope, status, time.monotonic() - began, id)

    def _note(self, scope: Scope, status: int, seconds: float, id: bytes) -> None:
        route = template(scope)
        method = scope["method"] if route != "none" else "any"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)
        if not self._log_requests or route in QUIET:
            return
        facts = {
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "who": scope["state"].get("who", ""),
            "request": id.decode(),
        }
        log.info("request", extra={"facts": facts})


def template(scope: Scope) -> str:
    """Return the path of the route that answered, prefix included and with names for what varies; ``none`` for none.

    Depending on its version, FastAPI gives a route's path with or without the prefix that it was included under.
    """
    own: str = getattr(scope.get("route"), "path", "")
    if not own:
        return "none"
    asked = scope["path"].split("/")
    return "/".join(asked[: len(asked) - own.count("/")]) + own
