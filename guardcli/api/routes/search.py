"""Search: events by what they say and what they did, among those that the asker may read."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from guardcli.api.context import Api, Who
from guardcli.api.principals import Kind
from guardcli.api.routing import new_router
from guardcli.api.search_bodies import SearchHit, SearchResults
from guardcli.api.store.search import SearchQuery
from guardcli.model.effects import Effect
from guardcli.model.events import EventType

router = new_router(prefix="/search", tags=["search"])

Name = Annotated[str, Query(max_length=1000)]
Moment = Annotated[float, Query(ge=0, le=4e9, allow_inf_nan=False)]
Cursor = Annotated[str, Query(pattern=r"^([1-9][0-9]{0,17})?$")]


@router.get("")
def search_events(
    api: Api,
    who: Who,
    words: Annotated[
        str, Query(max_length=500, description="All of them, in any order; `begin*` for a beginning")
    ] = "",
    session: Annotated[str, Query(max_length=64)] = "",
    type: EventType | None = None,
    identity: Annotated[Name, Query(description="Whose session it was")] = "",
    tool: Name = "",
    effect: Effect | None = None,
    verdict: Annotated[str, Query(pattern="^(allow|approve|deny)?$")] = "",
    rule: Name = "",
    target: Annotated[Name, Query(description="Whole, as `table:public/orders`, or a part of its name")] = "",
    resource: Name = "",
    table: Annotated[Name, Query(description="`orders`, or with its schema `public.orders`")] = "",
    namespace: Annotated[Name, Query(description="In a cluster")] = "",
    host: Annotated[Name, Query(description="With or without user and port")] = "",
    ref: Annotated[Name, Query(description="`main`, `refs/heads/main` or `origin/refs/heads/main`")] = "",
    approver: Annotated[Name, Query(description="Who decided")] = "",
    detector: Annotated[Name, Query(description="What was found in output, and masked")] = "",
    since: Annotated[Moment, Query(description="Seconds since the epoch")] = 0.0,
    until: Annotated[Moment, Query(description="Seconds since the epoch, exclusive")] = 0.0,
    after: Annotated[Cursor, Query(description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> SearchResults:
    """Find events, newest first: all that is given must hold. Upper and lower case are the same.

    An event of a call is also found by what the call was judged to be. Words are those of commands, statements,
    reasons and output, as masked. Agents find what is of their own sessions.
    """
    who.may_list()
    facets = {
        "session": session,
        "type": type.value if type else "",
        "identity": identity,
        "tool": tool,
        "effect": effect.value if effect else "",
        "verdict": verdict,
        "rule": rule,
        "target": target,
        "resource": resource,
        "table": table,
        "namespace": namespace,
        "host": host,
        "ref": ref,
        "approver": approver,
        "detector": detector,
    }
    own = who.session if who.kind is Kind.SESSION else ""
    owner = "" if own or who.reads_everything else who.owner
    query = SearchQuery(words, facets, since, until, int(after or 0), limit, owner, own)
    found = api.store.search.find(query)
    following = str(found[-1].id) if len(found) == limit else ""
    return SearchResults(hits=[SearchHit.of(one) for one in found], next=following)
