"""Whether the API answers."""

from __future__ import annotations

from fastapi import APIRouter

from guardcli import __version__
from guardcli.api.bodies import Health
from guardcli.api.context import Api
from guardcli.api.store.database import SCHEMA_VERSION, now, reading

router = APIRouter(tags=["health"])


@router.get("/health")
def health(api: Api) -> Health:
    """Answer, having asked the database; needs no identity and tells nothing of what is kept."""
    with reading(api.store.engine):
        return Health(status="ok", version=__version__, schema_version=SCHEMA_VERSION, time=now())
