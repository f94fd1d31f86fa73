"""Grants: a yes to all that the same identity asks for under the same rules and for the same resources, for a time.

A policy says whether, and for how long at the most; each reviewer says for how long. What is asked for under a grant is
approved at once, is bound to its exact bytes all the same, and is used once like any other.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from guardcli.api.store.approval_rows import TERMS
from guardcli.api.store.database import now, reading, writing
from guardcli.api.store.schema import GRANTS
from guardcli.api.store.trail import Action, Trail
from guardcli.model.errors import ConflictError, NotFoundError
from guardcli.model.events import canonical


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant: `scope` names the rules and resources, `reviewer` who gave it. Times are seconds since the epoch."""

    id: str
    approval: str
    requester: str
    owner: str
    scope: tuple[str, ...]
    groups: tuple[str, ...]
    all_of: tuple[str, ...]
    reviewer: str
    created: float
    expires: float
    revoked: float


def scope_digest(requester: str, owner: str, quorum: int, facts: Mapping[str, Any]) -> str:
    """Return what must be the same for a grant to say yes; empty where none can be had."""
    scope = facts.get("grant_scope", ())
    if not scope:
        return ""
    terms = {name: list(facts.get(name, ())) for name in TERMS}
    whole = {
        "who": [requester, owner],
        "scope": sorted(scope),
        "quorum": quorum,
        "tool": facts.get("tool", ""),
        **terms,
    }
    return hashlib.sha256(canonical(whole)).hexdigest()


class Grants:
    """Gives, finds, lists and ends grants."""

    def __init__(self, engine: Engine, trail: Trail) -> None:
        self._engine = engine
        self._trail = trail

    def give(
        self, connection: Connection, row: Row[Any], reviewer: str, seconds: float, at: float
    ) -> tuple[str, float]:
        """Keep a grant for what the approval `row` asks, within its transaction; return its id and its end."""
        facts = json.loads(row.facts)
        id = secrets.token_hex(8)
        connection.execute(
            insert(GRANTS).values(
                id=id,
                approval=row.id,
                requester=row.requester,
                owner=row.owner,
                scope=scope_digest(row.requester, row.owner, row.quorum, facts),
                facts=json.dumps({name: list(facts.get(name, ())) for name in ("grant_scope", "groups", "all_of")}),
                reviewer=reviewer,
                created=at,
                expires=at + seconds,
            )
        )
        return id, at + seconds

    def standing(self, connection: Connection, scope: str, at: float) -> Row[Any] | None:
        """Return the grant that says yes to `scope` at `at`, kept from being ended until the transaction is over."""
        query = select(GRANTS).where(GRANTS.c.scope == scope, GRANTS.c.expires > at, GRANTS.c.revoked == 0)
        return connection.execute(query.order_by(GRANTS.c.expires.desc()).limit(1).with_for_update(read=True)).first()

    def get(self, id: str) -> Grant:
        """Return the grant. Raises NotFoundError."""
        with reading(self._engine) as connection:
            row = connection.execute(select(GRANTS).where(GRANTS.c.id == id)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no grant {id}", hint="guard approvals grants shows what there is")
        return _grant(row)

    def all(self, owner: str = "", limit: int = 200) -> Sequence[Grant]:
        """Return the grants that hold now, of one owner where that is given, newest first."""
        query = select(GRANTS).where(GRANTS.c.expires > now(), GRANTS.c.revoked == 0)
        if owner:
            query = query.where(GRANTS.c.owner == owner)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(GRANTS.c.created.desc()).limit(limit))
            return [_grant(row) for row in rows]

    def revoke(self, id: str, actor: str, reason: str = "") -> Grant:
        """End the grant now. Raises NotFoundError, ConflictError where it has ended already."""
        with writing(self._engine) as connection:
            at = now()
            live = (GRANTS.c.id == id, GRANTS.c.revoked == 0, GRANTS.c.expires > at)
            if connection.execute(update(GRANTS).where(*live).values(revoked=at)).rowcount != 1:
                self.get(id)
                raise ConflictError(f"grant {id} has ended already")
            self._trail.append(connection, at, actor, Action.GRANT_REVOKED, id, {"reason": reason})
        return self.get(id)


def _grant(row: Row[Any]) -> Grant:
    facts = json.loads(row.facts)
    return Grant(
        id=row.id,
        approval=row.approval,
        requester=row.requester,
        owner=row.owner,
        scope=tuple(facts["grant_scope"]),
        groups=tuple(facts["groups"]),
        all_of=tuple(facts["all_of"]),
        reviewer=row.reviewer,
        created=row.created,
        expires=row.expires,
        revoked=row.revoked,
    )
