"""Puts the API together: routes, the one place where an error becomes a status, and the sweeper."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from guardcli import __version__
from guardcli.api.ancestry import SessionTrees
from guardcli.api.auth import Authenticator
from guardcli.api.bodies import Failure
from guardcli.api.config import Config
from guardcli.api.context import Context
from guardcli.api.feed import Feed
from guardcli.api.identity.throttle import Throttle
from guardcli.api.jobs import Jobs, jobs_of
from guardcli.api.keys import key_ring
from guardcli.api.limits import BodyLimit
from guardcli.api.metrics import Metrics
from guardcli.api.notify import Notifier
from guardcli.api.observation import Observation
from guardcli.api.routes import (
    approvals,
    audit,
    events,
    grants,
    health,
    identity,
    keys,
    notices,
    policies,
    recordings,
    search,
    sessions,
    tokens,
)
from guardcli.api.store import Store
from guardcli.api.web import failures
from guardcli.api.web.decisions import router as web_decisions
from guardcli.api.web.headers import SecurityHeaders
from guardcli.api.web.oidc import router as web_oidc
from guardcli.api.web.pages import router as web_pages
from guardcli.api.web.players import Tails
from guardcli.api.web.players import router as web_players
from guardcli.api.web.versions import router as web_versions
from guardcli.api.web.view import ROOM
from guardcli.model.errors import GuardError, UnavailableError
from guardcli.model.events import canonical

if TYPE_CHECKING:
    from guardcli.api.identity.provider import Providers

log = logging.getLogger("guard.api")

SWEEP_SECONDS = 10.0
"""How soon an approval whose time is over is written down as expired; whoever reads it sees that at once anyhow."""

FAILURE: dict[str, Any] = {
    "model": Failure,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}},
}
"""What every failure looks like, be the route's own answer JSON or not."""

ROUTES = (
    *(events, approvals, sessions, policies, health, identity, keys),
    *(recordings, tokens, grants, notices, search, audit),
)
"""Looked through in turn for each request: first what is asked for most."""

FAILURES = (400, 401, 403, 404, 409, 413, 422, 429, 500, 503)


def create_app(store: Store, trees: SessionTrees, notifier: Notifier, config: Config | None = None) -> FastAPI:
    """Return the application over `store`.

    `trees` knows the processes of the sessions on this machine, `notifier` wakes long polls.
    """
    config = config or Config()
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await notifier.start()
        tasks = [asyncio.create_task(_sweep(store, notifier)), asyncio.create_task(feed.run())]
        if config.channels:
            tasks.append(asyncio.create_task(_tell(store, notifier, metrics, config)))
        tasks.append(asyncio.create_task(Jobs(store, metrics, jobs_of(store, metrics, config, ring)).run()))
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await notifier.stop()

    app = FastAPI(
        title="guard",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        responses=dict.fromkeys(FAILURES, FAILURE),
    )
    providers = _providers(config)
    throttle = Throttle(config.limits.failed_logins, count=store.failures.count)
    authenticator = Authenticator(store, providers, throttle, metrics)
    feed = Feed(store, notifier, authenticator, metrics)
    ring = key_ring(config, store.engine)
    app.state.context = Context(store, authenticator, trees, notifier, metrics, config, providers, feed, ring)
    app.state.tails = Tails()
    app.include_router(health.root)
    for module in ROUTES:
        app.include_router(module.router, prefix="/v1")
    for router in (web_pages, web_decisions, web_oidc, web_players, web_versions):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=ROOM / "static"), name="static")
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Observation, metrics=metrics, log_requests=config.log.requests)
    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        GuardError: _guard_error,
        RequestValidationError: _invalid,
        HTTPException: _http_error,
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    return app


async def _tell(store: Store, notifier: Notifier, metrics: Metrics, config: Config) -> None:
    from guardcli.api.notices import Teller

    await Teller(store, notifier, metrics, config).run()


def _providers(config: Config) -> Providers | None:
    """Return the issuers that are trusted, None for none: what verifies their tokens takes long to load."""
    if not config.issuers:
        return None
    from guardcli.api.identity.provider import Providers

    return Providers(config.issuers)


async def _sweep(store: Store, notifier: Notifier) -> None:
    """Write down the end of approvals, for ever; a database that is away is tried again."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            expired = await run_in_threadpool(store.approvals.sweep)
        except UnavailableError as error:
            log.warning("sweep failed", extra={"facts": {"error": str(error)}})
            continue
        if expired:
            notifier.publish("approvals", *(f"approval/{id}" for id in expired))


def failure(status: int, code: str, error: str, hint: str = "") -> Response:
    """Return the answer that says what went wrong; any string can be said."""
    body = canonical({"code": code, "error": error, "hint": hint})
    return Response(body, status_code=status, media_type="application/json")


def code_of(kind: type[GuardError]) -> str:
    """Return the stable name of a kind of error: ``ConflictError`` is ``conflict``, as is what is made of it."""
    while GuardError not in kind.__bases__ and kind is not GuardError:
        kind = kind.__bases__[0]
    return kind.__name__.removesuffix("Error").lower()


async def _guard_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, GuardError):
        raise error
    if error.http_status >= 500:
        log.error("request failed", extra={"facts": {"path": request.url.path, "error": str(error)}})
    if failures.is_page(request):
        return failures.page(request, error)
    return failure(error.http_status, code_of(type(error)), error.message, error.hint)


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    problems = [f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()]
    return failure(422, "configuration", "; ".join(problems[:10]))


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return failure(error.status_code, "http", str(error.detail))


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected failure", exc_info=error, extra={"facts": {"path": request.url.path}})
    return failure(500, "internal", "the API failed", "its log says why")
