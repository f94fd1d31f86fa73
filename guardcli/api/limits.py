"""Refuses a body that is too large, before it is read whole."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guardcli.model.events import canonical

MAX_BODY = 24 * 1024 * 1024
"""Bytes of one request: a batch of 4 MiB and its events, in Base64 and JSON, with room to spare."""


class _TooLarge(Exception):
    """The body went over the bound while it was read."""


class BodyLimit:
    """Middleware that answers 413 where a body is, or turns out to be, larger than `MAX_BODY`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > MAX_BODY:
            await _refuse(send)
            return
        taken = 0
        began = False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY:
                raise _TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except _TooLarge:
            if not began:
                await _refuse(send)


async def _refuse(send: Send) -> None:
    body = canonical({"code": "http", "error": f"more than {MAX_BODY} bytes", "hint": "send smaller batches"})
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
