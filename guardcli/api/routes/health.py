"""Whether the API answers, whether it can do its work, and what it counts."""

from __future__ import annotations

from fastapi import Response
from starlette.concurrency import run_in_threadpool

from guardcli import __version__
from guardcli.api.bodies import Health, Readiness
from guardcli.api.context import Api, Context, MayReadMetrics
from guardcli.api.metrics import CONTENT_TYPE
from guardcli.api.routing import new_router
from guardcli.api.store.database import SCHEMA_VERSION, now, reading, revision
from guardcli.model.errors import GuardError

router = new_router(tags=["health"])

root = new_router(tags=["health"])
"""What lies outside of ``/v1``, where machines look for it."""


@router.get("/health")
def health(api: Api) -> Health:
    """Answer, having asked the database; needs no identity and tells nothing of what is kept."""
    with reading(api.store.engine) as connection:
        connection.exec_driver_sql("SELECT 1")
    return Health(status="ok", version=__version__, schema_version=SCHEMA_VERSION, time=now())


@root.get("/health")
async def alive() -> dict[str, str]:
    """Answer: the process lives. Asks nothing else, so that a lost database restarts nobody."""
    return {"status": "ok"}


@root.get("/ready", responses={503: {"model": Readiness}})
async def ready(api: Api, response: Response) -> Readiness:
    """Tell whether requests should come here: the database answers, its schema is this one, and nobody said to stop."""
    checks = {
        "database": await run_in_threadpool(_database, api),
        "bus": "ok" if api.notifier.connected() else "not connected: changes by other workers are seen late",
        "server": "stopping" if api.notifier.closed else "ok",
    }
    if api.config.telemetry.endpoint:
        checks["telemetry"] = await run_in_threadpool(_telemetry, api)
    is_ready = checks["database"] == checks["server"] == "ok"
    response.status_code = 200 if is_ready else 503
    return Readiness(ready=is_ready, checks=checks)


def _database(api: Api) -> str:
    try:
        with reading(api.store.engine) as connection:
            found = revision(connection)
    except GuardError as error:
        return error.message
    return "ok" if found == SCHEMA_VERSION else f"its schema is {found}, not {SCHEMA_VERSION}"


def _telemetry(api: Context) -> str:
    """Return how the collector does; one that is away keeps no request from coming here."""
    try:
        return next((one.error for one in api.store.leases.all() if one.name == "telemetry" and one.error), "ok")
    except GuardError as error:
        return error.message


@root.get("/metrics", response_class=Response, dependencies=[MayReadMetrics])
def metrics(api: Api) -> Response:
    """Give what is counted, for Prometheus; to auditors and admins, or to everybody where so configured."""
    return Response(api.metrics.text(), headers={"content-type": CONTENT_TYPE})
