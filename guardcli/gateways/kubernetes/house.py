"""What all connections of a gateway share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from guardcli.gateways.kubernetes.authority import Authority
from guardcli.gateways.kubernetes.bearers import Bearers
from guardcli.gateways.kubernetes.upstream import Upstream

BODY_MAX = 3 << 20
"""The largest body of a request: what an API server takes (its MaxRequestBodyBytes)."""
CONNECTIONS_MAX = 512
HEAD_SECONDS = 30.0
"""How long a client may take for a head or a body that it has begun."""
KEEP_SECONDS = 120.0
"""How long a connection may wait for its next request."""
IDLE_SECONDS = 0.05
"""After such a silence a mask lets go what it holds back."""


DOCUMENTS_MAX = 8
"""Documents that are read at once; each is whole in memory while it is masked."""


@dataclass(slots=True)
class House:
    """`upstreams` are the clusters by their resource; `clock` gives epoch seconds. `documents` bounds their number."""

    upstreams: dict[str, Upstream]
    authority: Authority
    bearers: Bearers
    clock: Callable[[], float]
    connections: int = 0
    documents: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(DOCUMENTS_MAX))
