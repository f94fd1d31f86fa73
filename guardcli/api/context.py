"""What every route works with, and how it gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from guardcli.api.ancestry import SessionTrees
from guardcli.api.auth import Authenticator, Principal
from guardcli.api.config import Config
from guardcli.api.metrics import Metrics
from guardcli.api.notify import Notifier
from guardcli.api.store import Store


@dataclass(frozen=True, slots=True)
class Context:
    """The collaborators of the routes."""

    store: Store
    authenticator: Authenticator
    trees: SessionTrees
    notifier: Notifier
    metrics: Metrics
    config: Config


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def _principal(request: Request) -> Principal:
    peer = request.scope.get("state", {}).get("peer")
    found = _context(request).authenticator.principal(peer, request.headers.get("authorization"))
    request.scope["state"]["who"] = found.owner or found.name
    return found


def _may_read_metrics(request: Request) -> None:
    if not _context(request).config.open_metrics:
        _principal(request).may_verify()


Api = Annotated[Context, Depends(_context)]
Who = Annotated[Principal, Depends(_principal)]
MayReadMetrics = Depends(_may_read_metrics)
