"""What is only looked at: the overview, sessions, a session's timeline, a call, what is searched, the audit."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import HTMLResponse

from guardcli.api.context import Api
from guardcli.api.principals import Kind
from guardcli.api.routing import new_router
from guardcli.api.store.database import now
from guardcli.api.store.search import Found, SearchQuery
from guardcli.api.store.sessions import SessionQuery, SessionState
from guardcli.api.store.verification import verify
from guardcli.api.web.access import Proven, Viewer
from guardcli.api.web.overview import overview
from guardcli.api.web.policies import policies
from guardcli.api.web.view import render
from guardcli.model.errors import ConfigurationError
from guardcli.model.events import EventType
from guardcli.playback import timeline

router = new_router(include_in_schema=False)

PAGE = 50
EVENTS = 500


@router.get("/")
def show_overview(request: Request, api: Api, who: Viewer) -> HTMLResponse:
    """Show what happens, what waits, and what was decided lately."""
    who.may_list()
    owner = "" if who.reads_everything else who.owner
    return render(request, who, "overview.html", title="Overview", **overview(api.store, owner, now()))


@router.get("/sessions")
def show_sessions(
    request: Request,
    api: Api,
    who: Viewer,
    identity: Annotated[str, Query(max_length=200)] = "",
    state: Annotated[str, Query(max_length=10)] = "",
    after: Annotated[str, Query(max_length=64)] = "",
    part: bool = False,
) -> HTMLResponse:
    """List sessions, a page at a time."""
    who.may_list()
    chosen = SessionState(state) if state in {one.value for one in SessionState} else None
    owner = "" if who.reads_everything else who.owner
    found = api.store.sessions.find(SessionQuery(identity, owner, chosen, after=after, limit=PAGE))
    following = found[-1].id if len(found) == PAGE else ""
    values = {"sessions": found, "at": now(), "identity": identity, "state": state, "after": after}
    name = "sessions_part.html" if part else "sessions.html"
    return render(request, who, name, title="Sessions", following=following, **values)


@router.get("/sessions/{id}")
def show_session(
    request: Request,
    id: str,
    api: Api,
    who: Viewer,
    start: Annotated[int, Query(ge=0, lt=2**53)] = 0,
    only: Annotated[str, Query(max_length=16)] = "",
    part: bool = False,
) -> HTMLResponse:
    """Show a session: its facts, and its timeline a page at a time."""
    session = api.store.sessions.get(id)
    who.may_read(session)
    kind = EventType(only) if only in {one.value for one in EventType} else None
    found = api.store.events.read(id, start, EVENTS, kind)
    events = [event for event in found if event.type not in timeline.HIDDEN or kind is EventType.OUTPUT]
    following = found[-1].sequence + 1 if len(found) == EVENTS else 0
    name = "timeline_part.html" if part else "session.html"
    values = {"session": session, "at": now(), "events": events, "start": start, "only": only}
    return render(request, who, name, title=f"Session {id}", following=following, **values)


@router.get("/sessions/{id}/calls/{call}")
def show_call(request: Request, id: str, call: int, api: Api, who: Viewer) -> HTMLResponse:
    """Show one call: what it was, why it was decided so, what became of it."""
    session = api.store.sessions.get(id)
    who.may_read(session)
    events = [event for event in api.store.events.read(id, 0, EVENTS, call=call) if event.type is not EventType.OUTPUT]
    return render(request, who, "call.html", title=f"Call {call} of {id}", session=session, call=call, events=events)


@router.get("/policy")
def show_policy(request: Request, api: Api, who: Viewer) -> HTMLResponse:
    """Show which policies were in force, and what their rules decided."""
    who.may_list()
    owner = "" if who.reads_everything else who.owner
    return render(request, who, "policy.html", title="Policy", policies=policies(api.store, owner))


@router.get("/search")
def show_search(
    request: Request,
    api: Api,
    who: Viewer,
    words: Annotated[str, Query(max_length=500)] = "",
    tool: Annotated[str, Query(max_length=200)] = "",
    verdict: Annotated[str, Query(pattern="^(allow|approve|deny)?$")] = "",
    detector: Annotated[str, Query(max_length=200)] = "",
    rule: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(pattern=r"^([1-9][0-9]{0,17})?$")] = "",
) -> HTMLResponse:
    """Show what is found in commands, statements and output, among what the viewer may read."""
    who.may_list()
    facets = {"tool": tool.strip(), "verdict": verdict, "detector": detector.strip(), "rule": rule.strip()}
    found: list[Found] | None = None
    following = fault = ""
    if words.strip() or any(facets.values()):
        own = who.session if who.kind is Kind.SESSION else ""
        owner = "" if own or who.reads_everything else who.owner
        query = SearchQuery(words, facets, limit=PAGE, after=int(after or 0), owner=owner, session=own)
        try:
            found = api.store.search.find(query)
        except ConfigurationError as error:
            fault = str(error)
        following = str(found[-1].id) if found is not None and len(found) == PAGE else ""
    values = {"hits": found, "following": following, "fault": fault, "words": words, **facets}
    return render(request, who, "search.html", title="Search", **values)


@router.get("/audit")
def show_audit(request: Request, api: Api, who: Viewer) -> HTMLResponse:
    """Show the last entries of the API's own chain, and how to have everything verified."""
    who.may_verify()
    latest = api.store.trail.latest(100)
    return render(request, who, "audit.html", title="Audit", report=None, entries=latest)


@router.post("/audit", dependencies=[Proven])
def run_audit(request: Request, api: Api, who: Viewer) -> HTMLResponse:
    """Recompute every chain and digest, and show what was found."""
    who.may_verify()
    report = verify(api.store, keys=api.keys.public() if api.store.signed.any() else None)
    return render(request, who, "audit.html", title="Audit", report=report, entries=api.store.trail.latest(100))
