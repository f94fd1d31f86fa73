"""What may be done at the API, and which role may do it. Everything not granted here is refused."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Permission(str, Enum):
    """One kind of act. A token's scopes are permissions too: it never has more than its role, and may have less."""

    OPEN = "open"
    """Opens sessions, adds to them and asks for approvals in them; sees its own."""
    READ = "read"
    """Sees every session and every approval."""
    DECIDE = "decide"
    """Decides approvals for its groups."""
    AUDIT = "audit"
    """Verifies the record, reads the trail and the numbers, keeps what is recorded from being deleted."""
    MANAGE = "manage"
    """Issues and revokes tokens, ends sessions, publishes policies; decides for every group."""


class Role(str, Enum):
    """What a principal is for."""

    AGENT = "agent"
    """Opens sessions, and sees its own."""
    APPROVER = "approver"
    """Sees sessions and decides approvals of its groups."""
    AUDITOR = "auditor"
    """Sees everything; changes nothing, but for holds."""
    ADMIN = "admin"
    """Does all of these, and manages."""


EVERYTHING = frozenset(Permission)

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.AGENT: frozenset({Permission.OPEN}),
    Role.APPROVER: frozenset({Permission.READ, Permission.DECIDE}),
    Role.AUDITOR: frozenset({Permission.READ, Permission.AUDIT}),
    Role.ADMIN: EVERYTHING,
}


def granted(roles: Iterable[Role]) -> frozenset[Permission]:
    """Return what `roles` may do together."""
    return frozenset(permission for role in roles for permission in GRANTS[role])
