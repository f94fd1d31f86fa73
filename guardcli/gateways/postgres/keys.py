"""The keys by which a client asks, over another connection, to cancel what its session does.

The real server's keys stay in the gateway: a client that knew one could cancel past the gateway, and one of another
session could be tried. Each session gets a random process number and a random key; a request that does not name both is
as good as none, and is not told so.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Generic, TypeVar

from guardcli.gateways.postgres.codec.backend import BackendKeyData
from guardcli.gateways.postgres.codec.startup import VERSION_3_2, CancelRequest

LONG_KEY = 32
"""Bytes of a key in protocol 3.2; in 3.0 it has 4."""

S = TypeVar("S")


class Keys(Generic[S]):
    """Who may cancel what."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[bytes, S]] = {}

    def give(self, session: S, version: int) -> BackendKeyData:
        """Return a fresh key for `session`."""
        process = secrets.randbelow(2**31 - 1) + 1
        while process in self._known:
            process = secrets.randbelow(2**31 - 1) + 1
        key = secrets.token_bytes(LONG_KEY if version >= VERSION_3_2 else 4)
        self._known[process] = (key, session)
        return BackendKeyData(process, key)

    def take_back(self, key: BackendKeyData) -> None:
        """Forget a key."""
        self._known.pop(key.process, None)

    def find(self, request: CancelRequest) -> S | None:
        """Return whose key `request` holds, None where nobody's."""
        key, session = self._known.get(request.process, (b"", None))
        return session if key and hmac.compare_digest(key, request.key) else None
