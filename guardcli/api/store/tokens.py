"""Service tokens: 256 random bits, kept as a hash, with a role, revocable."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import Engine, Row, insert, select, update

from guardcli.api.store.database import now, reading, writing
from guardcli.api.store.engines import locking
from guardcli.api.store.schema import TOKENS
from guardcli.api.store.sessions import hash_token
from guardcli.api.store.trail import Action, Trail
from guardcli.model.errors import ConflictError, NotFoundError
from guardcli.model.secrets import Secret

SERVICE_PREFIX = "guard-service"


class Role(str, Enum):
    """What the bearer of a service token is for."""

    AGENT = "agent"
    """Opens sessions, and sees its own."""
    APPROVER = "approver"
    """Sees sessions and decides approvals."""
    AUDITOR = "auditor"
    """Sees everything, changes nothing."""
    ADMIN = "admin"
    """Does all of these, and manages tokens."""


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """What is known of a token; never the token itself. Times are seconds since the epoch, 0 for none."""

    id: str
    name: str
    role: Role
    groups: tuple[str, ...]
    hash: str
    created: float
    expires: float
    revoked: float
    used: float

    def valid(self, at: float) -> bool:
        """Tell whether the token may still be used at `at`."""
        return not self.revoked and (not self.expires or at < self.expires)


class Tokens:
    """Issues, finds and revokes service tokens."""

    def __init__(self, engine: Engine, trail: Trail) -> None:
        self._engine = engine
        self._trail = trail

    def issue(
        self, name: str, role: Role, groups: tuple[str, ...] = (), lifetime: float = 0.0, actor: str = ""
    ) -> tuple[ServiceToken, Secret]:
        """Make a token that ends after `lifetime` seconds, 0 for never. Raises ConflictError for a name in use.

        The token's text is given here and nowhere else.
        """
        id = secrets.token_hex(6)
        text = f"{SERVICE_PREFIX}.{id}.{secrets.token_hex(32)}"
        at = now()
        values = {
            "id": id,
            "name": name,
            "role": role.value,
            "groups": json.dumps(list(groups)),
            "hash": hash_token(text),
            "created": at,
            "expires": at + lifetime if lifetime else 0.0,
        }
        with writing(self._engine) as connection:
            locking(connection, "token", name)
            if connection.execute(select(TOKENS.c.id).where(TOKENS.c.name == name, TOKENS.c.revoked == 0)).first():
                raise ConflictError(f"a token named {name!r} exists already", hint="revoke it, or take another name")
            connection.execute(insert(TOKENS).values(**values))
            self._trail.append(connection, at, actor, Action.TOKEN_ISSUED, id, {"name": name, "role": role.value})
        return self.get(id), Secret(text)

    def get(self, id: str) -> ServiceToken:
        """Return what is known of the token `id`. Raises NotFoundError."""
        with reading(self._engine) as connection:
            row = connection.execute(select(TOKENS).where(TOKENS.c.id == id)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no token {id}", hint="guard api token list shows what there is")
        return _token(row)

    def all(self) -> list[ServiceToken]:
        """Return every token that was ever issued, oldest first."""
        with reading(self._engine) as connection:
            return [_token(row) for row in connection.execute(select(TOKENS).order_by(TOKENS.c.created))]

    def revoke(self, id: str, actor: str = "") -> None:
        """End the token `id` now. Raises NotFoundError, ConflictError for one that is revoked already."""
        found = self.get(id)
        with writing(self._engine) as connection:
            at = now()
            ended = connection.execute(
                update(TOKENS).where(TOKENS.c.id == id, TOKENS.c.revoked == 0).values(revoked=at)
            )
            if ended.rowcount == 0:
                raise ConflictError(f"token {id} is revoked already")
            self._trail.append(connection, at, actor, Action.TOKEN_REVOKED, id, {"name": found.name})

    def touch(self, id: str) -> None:
        """Note that the token was used now."""
        with writing(self._engine) as connection:
            connection.execute(update(TOKENS).where(TOKENS.c.id == id).values(used=now()))


def _token(row: Row[tuple[object, ...]]) -> ServiceToken:
    return ServiceToken(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        groups=tuple(json.loads(row.groups)),
        hash=row.hash,
        created=row.created,
        expires=row.expires,
        revoked=row.revoked,
        used=row.used,
    )
