"""Recordings on the page: a replay from any moment, and the live tail as server-sent events."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import Annotated

from fastapi import Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response, StreamingResponse

from guardcli.api.context import Api, Context
from guardcli.api.routing import new_router
from guardcli.api.store.sessions import Session
from guardcli.api.web.access import Viewer
from guardcli.api.web.view import render
from guardcli.api.windows import duration, marks, screen_now, window
from guardcli.model.errors import ThrottledError
from guardcli.playback.asciicast import entry, lines

router = new_router(include_in_schema=False)

KEEP_ALIVE_SECONDS = 15.0
LIVE_SECONDS = 300.0
"""After so long the browser has to ask again, and is asked who it is."""
TAILS_MAX = 30
"""Live tails of one person at a time, on one worker: each holds a connection and looks at every change."""


class Tails:
    """Counts the live tails of each person."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def check(self, person: str) -> None:
        """Raise ThrottledError where there are enough."""
        if self._open[person] >= TAILS_MAX:
            raise ThrottledError(f"{TAILS_MAX} live tails are open already", hint="close one of them")

    @contextmanager
    def counted(self, person: str) -> Iterator[None]:
        """Count one more for as long as the context lasts."""
        self._open[person] += 1
        try:
            yield
        finally:
            self._open[person] -= 1
            if not self._open[person]:
                del self._open[person]


@router.get("/sessions/{id}/replay")
def show_replay(
    request: Request,
    id: str,
    api: Api,
    who: Viewer,
    at: Annotated[float, Query(ge=0, le=1e9, allow_inf_nan=False)] = 0.0,
    live: bool = False,
) -> HTMLResponse:
    """Show the player."""
    session = api.store.sessions.get(id)
    who.may_read(session)
    length = duration(api.store, session)
    return render(
        request,
        who,
        "replay.html",
        title=f"Replay of {id}",
        session=session,
        length=length,
        start=min(at, length),
        live=live and not session.closed,
        marks=marks(api.store, id),
    )


@router.get("/sessions/{id}/cast")
def send_cast(
    id: str, api: Api, who: Viewer, at: Annotated[float, Query(ge=0, le=1e9, allow_inf_nan=False)] = 0.0
) -> Response:
    """Send the recording from the moment `at` on, beginning with the screen as it was then."""
    session = api.store.sessions.get(id)
    who.may_read(session)
    return StreamingResponse(window(api.store, session, at), media_type="application/x-asciicast")


@router.get("/sessions/{id}/live")
async def send_live(request: Request, id: str, api: Api, who: Viewer) -> Response:
    """Send the screen as it is, then what is recorded as it comes, until the session ends."""
    session = await run_in_threadpool(api.store.sessions.get, id)
    who.may_read(session)
    tails: Tails = request.app.state.tails
    person = who.owner or who.name
    tails.check(person)
    return StreamingResponse(_counted(tails, person, _follow(api, session)), media_type="text/event-stream")


async def _counted(tails: Tails, person: str, messages: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    with tails.counted(person):
        async with aclosing(messages):
            async for message in messages:
                yield message


async def _follow(api: Context, session: Session) -> AsyncGenerator[bytes]:
    terminal, place, moment = await run_in_threadpool(screen_now, api.store, session)
    columns, rows = terminal.size
    from guardcli.playback.dump import dump  # the emulator is loaded with the first screen

    yield _message({"cols": columns, "rows": rows, "time": moment, "init": dump(terminal)})
    end = time.monotonic() + LIVE_SECONDS
    while not api.notifier.closed and time.monotonic() < end:
        added = await run_in_threadpool(_read, api, session.id, place)
        for line in added:
            place += len(line)
            found = entry(line)
            if found is not None and found.code in "or":
                yield _message([found.time, found.code, found.data])
        known = await api.notifier.wait(
            f"events/{session.id}",
            KEEP_ALIVE_SECONDS,
            lambda: api.store.sessions.get(session.id),
            lambda seen, place=place: bool(seen.closed) or seen.recorded > place,  # type: ignore[misc]
        )
        if known.recorded <= place:
            if known.closed:
                yield b"event: done\ndata: {}\n\n"
                return
            yield b": still here\n\n"


def _read(api: Context, session: str, place: int) -> list[bytes]:
    return list(lines(api.store.stretches.recording(session, start=place)))


def _message(form: object) -> bytes:
    return b"data: " + json.dumps(form).encode() + b"\n\n"
