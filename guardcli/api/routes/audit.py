"""The audit: verify what is kept, and read the trail of decisions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from guardcli.api.bodies import TrailEntry, TrailPage, Verification
from guardcli.api.context import Api, Who
from guardcli.api.store.verification import verify

router = APIRouter(prefix="/audit", tags=["audit"])


@router.get("/verify")
def verify_record(api: Api, who: Who, session: Annotated[str, Query(max_length=64)] = "") -> Verification:
    """Recompute every chain and digest, or those of one session; takes as long as there is to read."""
    who.may_verify()
    return Verification.of(verify(api.store, session))


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
