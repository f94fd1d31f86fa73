"""Recordings, as asciicast v2: of a whole session or of one call."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse

from guardcli.api.context import Api, Who
from guardcli.api.routing import new_router
from guardcli.api.windows import window
from guardcli.model.errors import NotFoundError
from guardcli.playback.asciicast import one_call

router = new_router(prefix="/sessions/{id}/recording", tags=["recordings"])


class Asciicast(StreamingResponse):
    """A recording that is sent stretch by stretch."""

    media_type = "application/x-asciicast"


@router.get("", response_class=Asciicast)
def read_recording(
    id: str,
    api: Api,
    who: Who,
    call: Annotated[int | None, Query(ge=0, lt=2**53)] = None,
    start: Annotated[int, Query(ge=0, lt=2**53)] = 0,
    at: Annotated[float | None, Query(ge=0, le=1e9, allow_inf_nan=False)] = None,
) -> Asciicast:
    """Send the recording; that of one call has the header of the whole and begins at its own start.

    `start` is the byte to begin at, for whoever has what comes before already; with a call it is not looked at.
    `at` is a moment in seconds: a stretch from then on, which begins with the screen as it was.
    """
    session = api.store.sessions.get(id)
    who.may_read(session)
    if session.erased and session.erased >= session.events:
        raise NotFoundError(f"the recording of {id} was deleted", hint=f"guard audit trail {id} says by which rule")
    if call is not None:
        return Asciicast(one_call(api.store.stretches.recording(id), api.store.stretches.recording(id, call)))
    if at is not None:
        return Asciicast(window(api.store, session, at))
    return Asciicast(api.store.stretches.recording(id, start=start))
