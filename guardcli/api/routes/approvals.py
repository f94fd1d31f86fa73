"""Approvals: ask or join, wait, decide, cancel, consume."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.concurrency import run_in_threadpool

from guardcli.api.approval_bodies import (
    ApprovalList,
    ApprovalView,
    Consumption,
    NewApproval,
    NewDecision,
    Withdrawal,
)
from guardcli.api.context import Api, Context, Who
from guardcli.api.feed import HEADERS, EventStream
from guardcli.api.principals import Kind, Principal
from guardcli.api.routes.events import MAX_WAIT
from guardcli.api.routing import new_router
from guardcli.api.store import approvals
from guardcli.model.approvals import Approval, ApprovalState

router = new_router(prefix="/approvals", tags=["approvals"])


@router.post("")
def request_approval(body: NewApproval, api: Api, who: Who) -> ApprovalView:
    """Ask for a yes, or join the request that stands for the same bytes and identity.

    A denial that the requester was not told of yet is given instead, once.
    """
    session = api.store.sessions.get(body.session)
    who.may_ask(session)
    approval = api.store.approvals.request(
        approvals.Request(
            session=session.id,
            requester=session.identity,
            owner=session.owner,
            digest=body.digest,
            quorum=body.quorum,
            lifetime=body.expires,
            facts=body.facts(),
            channels=tuple(channel.name for channel in api.config.channels if channel.wants(body.groups, body.all_of)),
        )
    )
    api.notifier.publish("approvals", "notices")
    return ApprovalView.of(approval, who)


@router.get("")
async def list_approvals(
    api: Api,
    who: Who,
    state: ApprovalState | None = None,
    session: Annotated[str, Query(max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT, allow_inf_nan=False)] = 0.0,
) -> ApprovalList:
    """List approvals, newest first; with `wait`, up to so many seconds until there is one."""
    who.may_list()
    mine = who.session if who.kind is Kind.SESSION else session
    owner = "" if who.reads_everything else who.owner
    found = await api.notifier.wait(
        "approvals", wait, lambda: api.store.approvals.find(state, mine, owner, limit), bool
    )
    return ApprovalList(approvals=[ApprovalView.of(approval, who) for approval in found])


@router.get("/stream", response_class=EventStream, responses={200: {"content": {"text/event-stream": {}}}})
async def stream_approvals(request: Request, api: Api, who: Who) -> EventStream:
    """Send approvals as server-sent events: first those that wait, then each that changes, until the caller leaves.

    Events are called ``approval`` and hold what `show_approval` answers. ``lost`` says that some were passed over: read
    the list again.
    """
    who.may_list()
    return EventStream(api.feed.follow(request, who), headers=HEADERS)


@router.get("/{id}")
async def show_approval(
    id: str, api: Api, who: Who, wait: Annotated[float, Query(ge=0, le=MAX_WAIT, allow_inf_nan=False)] = 0.0
) -> ApprovalView:
    """Show one approval; with `wait`, up to so many seconds until it is no longer pending."""

    def look() -> Approval:
        approval, parties = api.store.approvals.case(id)
        who.may_see(approval, parties)
        return approval

    approval = await api.notifier.wait(
        f"approval/{id}",
        wait,
        look,
        lambda seen: seen.state is not ApprovalState.PENDING,
        lambda seen: seen.expires,
    )
    if approval.state is ApprovalState.DENIED and who.kind is Kind.SESSION:
        await run_in_threadpool(api.store.approvals.delivered, id)
    return ApprovalView.of(approval, who)


@router.post("/{id}/decision")
def decide_approval(id: str, body: NewDecision, api: Api, who: Who) -> ApprovalView:
    """Vote yes or no. Never from inside a session, never for what one asked oneself."""
    return ApprovalView.of(decide(api, who, id, body.approve, body.reason, body.grant), who)


def decide(api: Context, who: Principal, id: str, approve: bool, reason: str, grant: float = 0.0) -> Approval:
    """Count the vote of `who`, if it may vote at all, and tell everybody who waits."""
    found = api.store.approvals.decide(id, who.reviewer, approve, reason, grant=grant, may=who.may_decide)
    return changed(api, found)


@router.post("/{id}/withdrawal")
def withdraw_approval(id: str, body: Withdrawal, api: Api, who: Who) -> ApprovalView:
    """Take back a yes that was not used yet; for those who might have given it."""
    found = api.store.approvals.withdraw(id, who.reviewer, body.reason, who.may_decide)
    return ApprovalView.of(changed(api, found), who)


@router.post("/{id}/cancel")
def cancel_approval(id: str, api: Api, who: Who) -> ApprovalView:
    """Withdraw a request that is pending."""
    return ApprovalView.of(changed(api, api.store.approvals.cancel(id, who.name, who.may_use)), who)


@router.post("/{id}/consume")
def consume_approval(id: str, body: Consumption, api: Api, who: Who) -> ApprovalView:
    """Use the yes for the bytes behind the digest, once."""
    found = api.store.approvals.consume(id, body.digest, who.session, who.may_use)
    return ApprovalView.of(changed(api, found), who)


def changed(api: Context, approval: Approval) -> Approval:
    """Tell everybody who waits for `approval`, or for any, that it changed; return it."""
    api.notifier.publish(f"approval/{approval.id}", "approvals")
    api.metrics.approvals.labels(approval.state.value).inc()
    return approval
