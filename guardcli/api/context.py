"""What every route works with, and how it gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from guardcli.api.ancestry import SessionTrees
from guardcli.api.auth import Authenticator
from guardcli.api.config import Config
from guardcli.api.metrics import Metrics
from guardcli.api.notify import Notifier
from guardcli.api.principals import Principal
from guardcli.api.store import Store
from guardcli.signing import KeyRing

if TYPE_CHECKING:
    from guardcli.api.feed import Feed
    from guardcli.api.identity.provider import Providers


@dataclass(frozen=True, slots=True)
class Context:
    """The collaborators of the routes."""

    store: Store
    authenticator: Authenticator
    trees: SessionTrees
    notifier: Notifier
    metrics: Metrics
    config: Config
    providers: Providers | None
    feed: Feed
    keys: KeyRing


def _context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


async def _context(request: Request) -> Context:
    return _context_of(request)  # a plain function would be run in a thread


async def _principal(request: Request) -> Principal:
    peer = request.scope.get("state", {}).get("peer")
    shown = request.headers.get("authorization")
    principal = _context_of(request).authenticator.principal
    found = await run_in_threadpool(principal, peer, shown, address_of(request))
    request.scope["state"]["who"] = found.owner or found.name
    return found


def address_of(request: Request) -> str:
    """Return where the request comes from: the user of a unix socket, or the address of the caller.

    Behind proxies that are trusted by name, that is the last address in ``X-Forwarded-For`` that is none of theirs.
    """
    peer = request.scope.get("state", {}).get("peer")
    if peer is not None:
        return f"uid {peer.uid}"
    address = request.client.host if request.client else ""
    trusted = _context_of(request).config.limits.trusted_proxies
    for hop in reversed(request.headers.get("x-forwarded-for", "").split(",")):
        if address not in trusted or not hop.strip():
            break
        address = hop.strip()[:64]
    return address


async def _may_read_metrics(request: Request) -> None:
    if not _context_of(request).config.open_metrics:
        (await _principal(request)).may_verify()


Api = Annotated[Context, Depends(_context)]
Who = Annotated[Principal, Depends(_principal)]
MayReadMetrics = Depends(_may_read_metrics)
