"""Tokens: 256 random bits, kept as a hash, with a role and scopes, ending and revocable.

Those of services are issued by an admin and say what they are for by their role. Those of logins stand for a person
whom an OIDC provider vouched for: they hold what the person might do at that moment, and end soon. One proof of the
provider's is worth one login.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import Connection, Engine, Row, bindparam, insert, select, update

from guardcli.api.permissions import Permission, Role, granted
from guardcli.api.store.database import now, reading, writing
from guardcli.api.store.engines import locking
from guardcli.api.store.schema import TOKENS
from guardcli.api.store.sessions import hash_token
from guardcli.api.store.trail import Action, Trail
from guardcli.model.errors import ConflictError, NotFoundError, UnauthorizedError
from guardcli.model.secrets import Secret

__all__ = ["LOGIN_PREFIX", "SERVICE_PREFIX", "Login", "Role", "Token", "TokenKind", "Tokens"]

SERVICE_PREFIX = "guard-service"
LOGIN_PREFIX = "guard-login"

ONE = select(TOKENS).where(TOKENS.c.id == bindparam("token"))


class TokenKind(str, Enum):
    """What a token stands for."""

    SERVICE = "service"
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; never the token itself. Times are seconds since the epoch, 0 for none.

    `role` is empty for a login. `owner` is who answers for it: the one whose requests its bearer never decides.
    """

    id: str
    kind: TokenKind
    name: str
    role: Role | None
    permissions: frozenset[Permission]
    groups: tuple[str, ...]
    owner: str
    hash: str
    created: float
    expires: float
    revoked: float
    used: float

    def valid(self, at: float) -> bool:
        """Tell whether the token may still be used at `at`."""
        return not self.revoked and (not self.expires or at < self.expires)

    def state(self, at: float) -> str:
        """Return ``valid``, ``revoked`` or ``ended``."""
        return "valid" if self.valid(at) else "revoked" if self.revoked else "ended"


@dataclass(frozen=True, slots=True)
class Login:
    """A person whom a provider vouched for by `proof`, the token that it gave."""

    name: str
    owner: str
    groups: tuple[str, ...]
    permissions: frozenset[Permission]
    proof: str


class Tokens:
    """Issues, finds and revokes tokens."""

    def __init__(self, engine: Engine, trail: Trail) -> None:
        self._engine = engine
        self._trail = trail

    def issue(
        self,
        name: str,
        role: Role,
        groups: Sequence[str] = (),
        lifetime: float = 0.0,
        actor: str = "",
        *,
        scopes: Iterable[Permission] = (),
        owner: str = "",
    ) -> tuple[Token, Secret]:
        """Keep a new service token and return it with its text, which is shown this one time.

        `lifetime` is in seconds, 0 for no end; `scopes` narrow what the role may do, none for all of it. Raises
        ConflictError for a name that is taken, or a scope that the role has not.
        """
        wanted = set(scopes)
        if beyond := wanted - granted([role]):
            raise ConflictError(f"{role.value} has no {', '.join(sorted(one.value for one in beyond))} to narrow")
        at = now()
        values = {
            "kind": TokenKind.SERVICE.value,
            "name": name,
            "role": role.value,
            "groups": json.dumps(list(groups)),
            "owner": owner,
            "scopes": _listed(wanted),
            "proof": "",
            "created": at,
            "expires": at + lifetime if lifetime else 0.0,
        }
        with writing(self._engine) as connection:
            locking(connection, "token", name)
            same = (TOKENS.c.name == name, TOKENS.c.kind == TokenKind.SERVICE.value, TOKENS.c.revoked == 0)
            if connection.execute(select(TOKENS.c.id).where(*same)).first():
                raise ConflictError(f"a token named {name!r} exists already", hint="revoke it, or take another name")
            id, text = self._keep(connection, SERVICE_PREFIX, values)
            facts = {"name": name, "role": role.value, "groups": list(groups), "owner": owner}
            facts["scopes"] = sorted(one.value for one in wanted)
            self._trail.append(connection, at, actor, Action.TOKEN_ISSUED, id, {**facts, "expires": values["expires"]})
        return self.get(id), text

    def log_in(self, login: Login, expires: float) -> tuple[Token, Secret]:
        """Keep a login and return its token. Raises UnauthorizedError for a proof that was used before."""
        at = now()
        proof = hashlib.sha256(login.proof.encode()).hexdigest()
        values = {
            "kind": TokenKind.LOGIN.value,
            "name": login.name,
            "role": "",
            "groups": json.dumps(list(login.groups)),
            "owner": login.owner,
            "scopes": _listed(login.permissions),
            "proof": proof,
            "created": at,
            "expires": expires,
        }
        with writing(self._engine) as connection:
            locking(connection, "login", proof)
            if connection.execute(select(TOKENS.c.id).where(TOKENS.c.proof == proof)).first():
                raise UnauthorizedError("this proof was used to log in before", hint="run guard login again")
            id, text = self._keep(connection, LOGIN_PREFIX, values)
            facts = {"name": login.name, "groups": list(login.groups), "expires": expires}
            facts["permissions"] = sorted(one.value for one in login.permissions)
            self._trail.append(connection, at, login.owner, Action.LOGGED_IN, id, facts)
        return self.get(id), text

    def _keep(self, connection: Connection, prefix: str, values: Mapping[str, object]) -> tuple[str, Secret]:
        id = secrets.token_hex(6)
        text = f"{prefix}.{id}.{secrets.token_hex(32)}"
        connection.execute(insert(TOKENS).values(id=id, hash=hash_token(text), **values))
        return id, Secret(text)

    def get(self, id: str) -> Token:
        """Return what is known of the token `id`. Raises NotFoundError."""
        with reading(self._engine) as connection:
            row = connection.execute(ONE, {"token": id}).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no token {id}", hint="guard api token list shows what there is")
        return _token(row)

    def all(self, kind: TokenKind | None = None) -> list[Token]:
        """Return every token that was ever issued, oldest first."""
        query = select(TOKENS).order_by(TOKENS.c.created)
        if kind is not None:
            query = query.where(TOKENS.c.kind == kind.value)
        with reading(self._engine) as connection:
            return [_token(row) for row in connection.execute(query)]

    def owner_of(self, name: str) -> str:
        """Return who answers for the valid service token called `name`, empty for nobody."""
        query = select(TOKENS.c.owner).where(
            TOKENS.c.name == name, TOKENS.c.kind == TokenKind.SERVICE.value, TOKENS.c.revoked == 0
        )
        with reading(self._engine) as connection:
            return str(connection.execute(query).scalar_one_or_none() or "")

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


def _listed(permissions: Iterable[Permission]) -> str:
    return json.dumps(sorted(one.value for one in permissions))


def _token(row: Row[tuple[object, ...]]) -> Token:
    role = Role(row.role) if row.role else None
    scopes = frozenset(Permission(one) for one in json.loads(row.scopes))
    most = granted([role]) if role else scopes
    return Token(
        id=row.id,
        kind=TokenKind(row.kind),
        name=row.name,
        role=role,
        permissions=most & scopes if scopes else most,
        groups=tuple(json.loads(row.groups)),
        owner=row.owner,
        hash=row.hash,
        created=row.created,
        expires=row.expires,
        revoked=row.revoked,
        used=row.used,
    )
