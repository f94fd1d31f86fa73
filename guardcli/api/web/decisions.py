"""Where people act: signing in and out, and the queue of approvals."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from guardcli.api.context import Api, Context, address_of
from guardcli.api.principals import Kind
from guardcli.api.routes.approvals import decide as decide_approval
from guardcli.api.routing import new_router
from guardcli.api.store.database import now
from guardcli.api.web.access import Proven, Viewer, check_origin, local_path, sign_in, sign_out
from guardcli.api.web.view import bare, render
from guardcli.model.approvals import ApprovalState
from guardcli.model.errors import GuardError, UnauthorizedError

router = new_router(include_in_schema=False)

SEE_OTHER = 303


@router.get("/login")
def show_login(api: Api, next: Annotated[str, Query(max_length=2000)] = "/") -> HTMLResponse:
    """Ask who it is."""
    return bare("login.html", title="Sign in", next=local_path(next), fault="", providers=_providers(api))


def _providers(api: Context) -> list[str]:
    return [issuer.name for issuer in api.config.issuers if issuer.client]


@router.post("/login", dependencies=[Depends(check_origin)])
def login(
    request: Request,
    api: Api,
    token: Annotated[str, Form(max_length=8000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Sign in with a token."""
    peer = request.scope.get("state", {}).get("peer")
    to = local_path(next)
    try:
        if not token.strip():
            raise UnauthorizedError("a token is needed", hint="guard api token create makes one")
        api.authenticator.principal(peer, f"Bearer {token.strip()}", address_of(request)).may_list()
        response = RedirectResponse(to, SEE_OTHER)
        sign_in(request, response, token.strip())
    except GuardError as error:
        values = {"next": to, "fault": str(error), "providers": _providers(api)}
        return bare("login.html", error.http_status, title="Sign in", **values)
    return response


@router.post("/logout", dependencies=[Proven])
def logout(api: Api, who: Viewer) -> Response:
    """Forget who it was; a login ends for good."""
    if who.kind is Kind.LOGIN:
        api.store.tokens.revoke(who.token, who.owner)
    response = RedirectResponse("/login", SEE_OTHER)
    sign_out(response)
    return response


@router.get("/approvals")
def show_approvals(
    request: Request, api: Api, who: Viewer, everything: bool = False, part: bool = False
) -> HTMLResponse:
    """Show what waits, and with `everything` also what was decided."""
    who.may_list()
    owner = "" if who.reads_everything else who.owner
    found = api.store.approvals.find(None if everything else ApprovalState.PENDING, "", owner, 200)
    found.sort(key=lambda one: (one.state is not ApprovalState.PENDING, -one.created))
    name = "approvals_part.html" if part else "approvals.html"
    return render(request, who, name, title="Approvals", approvals=found, everything=everything, at=now())


@router.get("/approvals/{id}")
def show_approval(
    request: Request, id: str, api: Api, who: Viewer, shown: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    """Show all that is needed to decide; to a page that has `shown` a state, what has changed."""
    approval, parties = api.store.approvals.case(id)
    who.may_see(approval, parties)
    if shown and shown != approval.state.value:
        return Response(headers={"hx-refresh": "true"})  # the page is another then, with a form or without
    name = "approval_part.html" if shown else "approval.html"
    return render(request, who, name, title=f"Approval {id}", approval=who.told(approval), at=now(), fault="")


@router.post("/approvals/{id}/decision", dependencies=[Proven])
def decide(
    request: Request,
    id: str,
    api: Api,
    who: Viewer,
    vote: Annotated[str, Form(pattern="^(approve|deny)$")],
    reason: Annotated[str, Form(max_length=4096)] = "",
) -> Response:
    """Vote, under the same rights as by the API."""
    try:
        decide_approval(api, who, id, vote == "approve", reason.strip())
    except GuardError as error:
        approval, parties = api.store.approvals.case(id)
        who.may_see(approval, parties)
        values = {"approval": who.told(approval), "at": now(), "fault": str(error)}
        answer = render(request, who, "approval.html", title=f"Approval {id}", **values)
        answer.status_code = error.http_status
        return answer
    return RedirectResponse(f"/approvals/{id}", SEE_OTHER)
