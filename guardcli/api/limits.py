"""Refuses a body that is too large, before it is read whole."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 24 * 1024 * 1024
"""Bytes of one request: the largest batch and its events, in Base64 and JSON, with room to spare."""


class TooLargeError(HTTPException):
    """The body is over the bound; answered with 413 where all such are, in ``app.py``."""

    def __init__(self) -> None:
        super().__init__(413, f"more than {MAX_BODY} bytes: send smaller batches")


class BodyLimit:
    """Middleware that lets no more than `MAX_BODY` bytes of a body through, whatever its length is said to be."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        too_large = not declared.isdigit() or int(declared) > MAX_BODY
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            if too_large:
                raise TooLargeError
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY:
                raise TooLargeError
            return message

        await self._app(scope, counted, send)
