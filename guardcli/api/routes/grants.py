"""Grants: list those that hold, and end one."""

from __future__ import annotations

from guardcli.api.approval_bodies import GrantList, GrantView, Withdrawal
from guardcli.api.context import Api, Who
from guardcli.api.routing import new_router

router = new_router(prefix="/grants", tags=["approvals"])


@router.get("")
def list_grants(api: Api, who: Who) -> GrantList:
    """List the grants that hold now: all, or one's own."""
    who.may_list()
    owner = "" if who.reads_everything else who.owner
    return GrantList(grants=[GrantView.of(grant) for grant in api.store.grants.all(owner)])


@router.post("/{id}/revocation")
def revoke_grant(id: str, body: Withdrawal, api: Api, who: Who) -> GrantView:
    """End a grant now; for those who might have given it, and whose it is."""
    who.may_end(api.store.grants.get(id))
    return GrantView.of(api.store.grants.revoke(id, who.owner, body.reason))
