"""Events: add a batch, and read them, waiting for more where that is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool

from guardcli.api.bodies import Acknowledged, Batch, EventPage
from guardcli.api.context import Api, Context, Who
from guardcli.api.lines import read_lines
from guardcli.api.principals import Principal
from guardcli.api.routing import new_router
from guardcli.api.store.appended import Appended
from guardcli.model.events import Event, EventType, canonical

router = new_router(prefix="/sessions/{id}/events", tags=["events"])

MAX_WAIT = 60.0
"""Seconds that one request may wait; proxies cut longer ones off."""


@router.post("")
def append_events(id: str, body: Batch, api: Api, who: Who) -> Acknowledged:
    """Add a batch. What is stored already is passed over, so that a batch may be sent again after a break."""
    _may_add(id, api, who)
    return _append(id, [item.appended() for item in body.events], api, who)


@router.post(
    "/lines",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def append_lines(id: str, request: Request, api: Api, who: Who) -> Acknowledged:
    """Add a batch as a spool holds it: lines of canonical JSON, behind each ``output`` event its bytes.

    What `append_events` does otherwise, at a fraction of the cost.
    """
    body = await request.body()

    def add() -> Acknowledged:
        _may_add(id, api, who)
        return _append(id, read_lines(body), api, who)

    return await run_in_threadpool(add)


def _may_add(id: str, api: Context, who: Principal) -> None:
    """Raise DeniedError or NotFoundError before anything is read of a batch that may not be added."""
    if not who.is_session(id):
        who.may_add(api.store.sessions.get(id))


def _append(id: str, batch: Sequence[Appended], api: Context, who: Principal) -> Acknowledged:
    acknowledged = api.store.events.append(id, batch, who.name)
    if batch:
        api.notifier.publish(f"events/{id}", "sessions")
    return Acknowledged(acknowledged=acknowledged)


@router.get("", response_class=Response, responses={200: {"model": EventPage}})
async def read_events(
    id: str,
    api: Api,
    who: Who,
    start: Annotated[int, Query(ge=0, lt=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    type: EventType | None = None,
    call: Annotated[int | None, Query(ge=0, lt=2**53)] = None,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT, allow_inf_nan=False)] = 0.0,
) -> Response:
    """Read events from sequence `start`; with `wait`, up to so many seconds until there is one or the session ends."""
    who.may_read(await run_in_threadpool(api.store.sessions.get, id))

    def look() -> tuple[bool, int, list[Event]]:
        session = api.store.sessions.get(id)
        return bool(session.closed), session.events, api.store.events.read(id, start, limit, type, call)

    closed, known, events = await api.notifier.wait(f"events/{id}", wait, look, lambda seen: seen[0] or bool(seen[2]))
    following = events[-1].sequence + 1 if events else start
    if len(events) < limit:
        following = max(following, known)
    page = {"events": [event.as_json() for event in events], "next": following, "closed": closed}
    return Response(canonical(page), media_type="application/json")
