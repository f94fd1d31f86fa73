"""Recordings, as asciicast v2: of a whole session or of one call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from guardcli.api.context import Api, Who
from guardcli.playback.asciicast import one_call

router = APIRouter(prefix="/sessions/{id}/recording", tags=["recordings"])


class Asciicast(StreamingResponse):
    """A recording that is sent stretch by stretch."""

    media_type = "application/x-asciicast"


@router.get("", response_class=Asciicast)
def read_recording(id: str, api: Api, who: Who, call: Annotated[int | None, Query(ge=0, lt=2**53)] = None) -> Asciicast:
    """Send the recording; that of one call has the header of the whole and begins at its own start."""
    session = api.store.sessions.get(id)
    who.may_read(session)
    stretches: Iterator[bytes] = api.store.events.recording(id)
    if call is not None:
        stretches = one_call(stretches, api.store.events.recording(id, call))
    return Asciicast(stretches)
