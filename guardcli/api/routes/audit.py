"""The audit: verify what is kept, and read the trail of decisions."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Response
from fastapi.responses import StreamingResponse

from guardcli.api.bodies import HeadPage, HeadView, TrailEntry, TrailPage, Verification
from guardcli.api.context import Api, Who
from guardcli.api.routing import new_router
from guardcli.api.store.database import now
from guardcli.api.store.exporting import export
from guardcli.api.store.verification import verify

router = new_router(prefix="/audit", tags=["audit"])


@router.get("/verify")
def verify_record(api: Api, who: Who, session: Annotated[str, Query(max_length=64)] = "") -> Verification:
    """Recompute every chain and digest, or those of one session; takes as long as there is to read."""
    who.may_verify()
    return Verification.of(verify(api.store, session, api.keys.public() if api.store.signed.any() else None))


class Export(StreamingResponse):
    """The record as lines of JSON, sent as they are read."""

    media_type = "application/jsonl"


@router.get("/export", response_class=Export)
def export_record(api: Api, who: Who) -> Export:
    """Send all that is needed to verify the record elsewhere: heads, sessions, events, recordings, the trail."""
    who.may_verify()
    who.may_read_everything()
    keys = api.keys.public() if api.store.signed.any() else None
    return Export(export(api.store, keys, now()))


class Bundle(Response):
    """Evidence as one file."""

    media_type = "application/zip"


@router.get("/evidence", response_class=Bundle)
def export_evidence(
    api: Api,
    who: Who,
    since: Annotated[float, Query(ge=0, le=2**35, allow_inf_nan=False)],
    until: Annotated[float, Query(ge=0, le=2**35, allow_inf_nan=False)],
    framework: Literal["nist-800-53"] = "nist-800-53",
) -> Bundle:
    """Send what was recorded in a span, mapped to the controls of a framework, signed by the API's key."""
    who.may_verify()
    who.may_read_everything()
    from guardcli.api.evidence import bundle

    return Bundle(bundle(api.store, api.keys, since, until, framework))


@router.get("/heads")
def read_heads(
    api: Api,
    who: Who,
    start: Annotated[int, Query(ge=0, lt=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> HeadPage:
    """Read the signed heads, as they were signed, without their leaves."""
    who.may_verify()
    found = api.store.signed.bare(start, limit)
    heads = [HeadView(number=number, body=head.body, signature=head.signature) for number, head in found]
    return HeadPage(heads=heads, next=heads[-1].number + 1 if heads else start)


@router.get("/trail")
def read_trail(
    api: Api,
    who: Who,
    subject: Annotated[str, Query(max_length=64)] = "",
    start: Annotated[int, Query(ge=0, lt=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> TrailPage:
    """Read who decided, opened, issued and revoked; of one session, approval or token where one is named."""
    who.may_verify()
    entries = api.store.trail.entries(subject, start, limit)
    return TrailPage(
        entries=[TrailEntry.of(entry) for entry in entries], next=entries[-1].sequence + 1 if entries else start
    )
