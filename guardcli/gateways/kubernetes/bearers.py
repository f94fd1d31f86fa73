"""Who may use the gateway: bearer tokens, each for one cluster, for one call or for the session.

A token is 256 random bits and kept as its digest only. When a call ends its token is worth nothing, and what still runs
with it is ended.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from guardcli.gateways.kubernetes.authority import Bearer
from guardcli.model.secrets import Secret

_SCHEME = "bearer "


class Bearers:
    """The tokens that hold now."""

    def __init__(self) -> None:
        self._held: dict[bytes, Bearer] = {}
        self._running: dict[bytes, set[asyncio.Task[None]]] = {}

    def issue(self, bearer: Bearer) -> Secret:
        """Return a new token for `bearer`."""
        token = Secret(secrets.token_urlsafe(32))
        self._held[_digest(token.reveal())] = bearer
        return token

    def revoke(self, token: Secret) -> None:
        """Let a token be worth nothing from now on, and end what still runs with it."""
        key = _digest(token.reveal())
        self._held.pop(key, None)
        for task in self._running.pop(key, ()):
            task.cancel()

    def find(self, authorization: str) -> Bearer | None:
        """Return whose the ``Authorization`` field of a request is, None for nobody's."""
        return self._held.get(_key(authorization))

    @contextmanager
    def using(self, authorization: str, task: asyncio.Task[None]) -> Iterator[None]:
        """Have `task` cancelled where the token ends while the block runs."""
        running = self._running.setdefault(_key(authorization), set())
        running.add(task)
        try:
            yield
        finally:
            running.discard(task)


def _key(authorization: str) -> bytes:
    if authorization[: len(_SCHEME)].lower() != _SCHEME:
        return b""
    return _digest(authorization[len(_SCHEME) :].strip())


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
