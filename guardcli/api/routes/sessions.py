"""Sessions: open, list, show, and register more of their processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Request

from guardcli.api.ancestry import start_time
from guardcli.api.archive.spools import spool_key
from guardcli.api.bodies import Hold, NewProcesses, NewSession, Process, SessionOpened, SessionPage, SessionView
from guardcli.api.context import Api, Context, Who
from guardcli.api.principals import Kind, Principal
from guardcli.api.routing import new_router
from guardcli.api.store.database import now
from guardcli.api.store.sessions import SessionQuery, SessionState
from guardcli.model.errors import NotFoundError

router = new_router(prefix="/sessions", tags=["sessions"])


@router.post("", status_code=201)
def open_session(request: Request, body: NewSession, api: Api, who: Who) -> SessionOpened:
    """Open a session and give its token, which can add to this session alone and can never decide."""
    who.may_open()
    ring = api.store.stretches.segments.ring
    key = spool_key(ring, body.session.id, body.spool_key) if body.spool_key else ""
    processes = _accepted(request, api, who, body.processes)
    token = api.store.sessions.open(
        body.session.model_dump(),
        owner=who.owner,
        parent=who.inside,
        processes=processes,
        may_renew=who.kind is not Kind.INSIDE,
        sponsor=who.sponsor,
        vouched=vouched(api, who, body.session.groups),
    )
    api.trees.register(body.session.id, processes)
    api.notifier.publish("sessions")
    return SessionOpened(id=body.session.id, token=token.reveal(), recipient=ring.recipient(), spool_key=key)


def vouched(api: Context, who: Principal, claimed: Sequence[str]) -> tuple[str, ...]:
    """Return the groups that `who` is known to be in; what it claims counts for the local user alone.

    Inside a session they are those of that session: nothing that an agent starts is in other ones.
    """
    if who.kind is Kind.LOCAL:
        return tuple(claimed)
    if around := who.session or who.inside:
        try:
            return api.store.sessions.get(around).vouched
        except NotFoundError:
            return ()
    return who.groups


@router.post("/{id}/revocation", status_code=204)
def revoke_session(id: str, api: Api, who: Who) -> None:
    """End what a running session's token may do, but for delivering what was recorded."""
    who.may_manage()
    api.store.sessions.revoke(id, who.owner)
    api.notifier.publish(f"events/{id}", "sessions")


@router.post("/{id}/hold", status_code=204)
def hold_session(id: str, body: Hold, api: Api, who: Who) -> None:
    """Let nothing of the session be deleted until it is released, whatever the rules say."""
    who.may_hold()
    api.store.retention.hold(id, who.owner, body.reason)


@router.post("/{id}/release", status_code=204)
def release_session(id: str, body: Hold, api: Api, who: Who) -> None:
    """End the session's hold: its recording goes when the rules say so."""
    who.may_hold()
    api.store.retention.release(id, who.owner, body.reason)


@router.post("/{id}/processes", status_code=204)
def add_processes(request: Request, id: str, body: NewProcesses, api: Api, who: Who) -> None:
    """Register more processes whose descendants are inside the session. Numbers from another machine are ignored."""
    who.may_add(api.store.sessions.get(id))
    if processes := _accepted(request, api, who, body.processes):
        api.store.sessions.add_processes(id, processes)
        api.trees.register(id, processes)


def _accepted(request: Request, api: Context, who: Principal, processes: list[Process]) -> list[tuple[int, int]]:
    """Return the processes to register: none from another machine, perhaps, and from inside only such as are inside.

    Otherwise an agent could declare its reviewer's terminal to be part of a session.
    """
    if "peer" not in request.scope.get("state", {}):
        return []
    pairs = [(process.pid, process.start) for process in processes]
    if not who.inside:
        return pairs
    return [(pid, start) for pid, start in pairs if start_time(pid) == start and api.trees.session_of(pid)]


@router.get("")
def list_sessions(
    api: Api,
    who: Who,
    state: SessionState | None = None,
    identity: Annotated[str, Query(max_length=200)] = "",
    since: Annotated[float, Query(ge=0, allow_inf_nan=False)] = 0.0,
    until: Annotated[float, Query(ge=0, allow_inf_nan=False)] = 0.0,
    after: Annotated[str, Query(max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> SessionPage:
    """List sessions, newest first; `since` and `until` are seconds since the epoch, `after` the page's cursor."""
    who.may_list()
    if who.kind is Kind.SESSION:
        return SessionPage(sessions=[SessionView.of(api.store.sessions.get(who.session), now())], next="")
    owner = "" if who.reads_everything else who.owner
    query = SessionQuery(identity, owner, state, since, until, after, limit)
    found = api.store.sessions.find(query)
    at = now()
    views = [SessionView.of(session, at) for session in found]
    return SessionPage(sessions=views, next=found[-1].id if len(found) == limit else "")


@router.get("/{id}")
def show_session(id: str, api: Api, who: Who) -> SessionView:
    """Show one session."""
    session = api.store.sessions.get(id)
    who.may_read(session)
    return SessionView.of(session, now())
