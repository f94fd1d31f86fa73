"""One event of a batch, on its way into the record."""

from __future__ import annotations

from typing import NamedTuple

from guardcli.model.events import Event


class Appended(NamedTuple):
    """An event, with its stretch of the recording where it is an ``output`` event."""

    event: Event
    content: bytes | None = None
    text: str = ""
    """The canonical JSON of the event's data, where the hash has been checked over just that; else empty."""
