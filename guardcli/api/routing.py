"""Routers whose plain functions run in a thread, once.

FastAPI runs a plain function in a thread, and then what checks its answer in another; each such turn costs as much as a
statement does. Here the function alone goes to a thread, and its answer is checked where it is sent.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool


class _Route(APIRoute):
    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, in_thread(endpoint), **options)


def in_thread(endpoint: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """Return `endpoint` as a coroutine function, which runs it in a thread; one that is such as it is."""
    if inspect.iscoroutinefunction(endpoint):
        return endpoint

    @functools.wraps(endpoint)
    async def threaded(**arguments: Any) -> Any:
        return await run_in_threadpool(endpoint, **arguments)

    return threaded


def new_router(**options: Any) -> APIRouter:
    """Return a router whose plain functions run in a thread; `options` are those of `APIRouter`."""
    return APIRouter(route_class=_Route, **options)
