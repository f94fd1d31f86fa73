"""What every route works with, and how it gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from guardcli.api.ancestry import SessionTrees
from guardcli.api.auth import Authenticator, Principal
from guardcli.api.notify import Notifier
from guardcli.api.store import Store


@dataclass(frozen=True, slots=True)
class Context:
    """The collaborators of the routes."""

    store: Store
    authenticator: Authenticator
    trees: SessionTrees
    notifier: Notifier


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def _principal(request: Request) -> Principal:
    peer = request.scope.get("state", {}).get("peer")
    return _context(request).authenticator.principal(peer, request.headers.get("authorization"))


Api = Annotated[Context, Depends(_context)]
Who = Annotated[Principal, Depends(_principal)]
