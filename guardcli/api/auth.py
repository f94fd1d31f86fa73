"""Who is asking, and what that one may do. Everything not granted here is refused.

Two ways in: the unix socket, where the kernel says which user and which process it is, and bearer tokens. On TCP a
token is always needed. The matrix, for the parts of the API that are not one's own:

================  ====================  ==============  ==============  ===============  =============
principal         open sessions         add to, ask in  read            decide           verify, trail
================  ====================  ==============  ==============  ===============  =============
local user        yes                   own             everything      yes              yes
session token     no                    that session    that session    never            no
agent token       yes                   own             own             no               no
approver token    no                    no              everything      of its groups    no
auditor token     no                    no              everything      no               yes
admin token       yes                   own             everything      yes              yes
inside a session  yes, never renewing   no              nothing         never            no
================  ====================  ==============  ==============  ===============  =============

*Inside a session* is every connection over the unix socket that comes from the process tree of a running session,
whatever token it shows; a session's own token alone keeps what it grants. *Own* are the sessions that the same
principal opened. Nobody decides what was asked for in a session that the same token opened.
"""

from __future__ import annotations

import hmac
import os
import pwd
from dataclasses import dataclass
from enum import Enum

from guardcli.api.peers import Peer
from guardcli.api.store import Store
from guardcli.api.store.database import now
from guardcli.api.store.sessions import SESSION_PREFIX, Session, hash_token
from guardcli.api.store.tokens import SERVICE_PREFIX, Role
from guardcli.model.approvals import Approval
from guardcli.model.errors import DeniedError, NotFoundError, UnauthorizedError

USED_SECONDS = 60.0
"""How exactly the last use of a token is kept: a write for each request would cost more than it tells."""


class Kind(str, Enum):
    """What a principal is."""

    LOCAL = "local"
    INSIDE = "inside"
    SESSION = "session"
    SERVICE = "service"


READERS = frozenset({Role.APPROVER, Role.AUDITOR, Role.ADMIN})
DECIDERS = frozenset({Role.APPROVER, Role.ADMIN})
VERIFIERS = frozenset({Role.AUDITOR, Role.ADMIN})
OPENERS = frozenset({Role.AGENT, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking. `owner` is what sessions and approvals opened by it carry, `inside` the session around it."""

    kind: Kind
    name: str
    owner: str
    role: Role | None = None
    groups: tuple[str, ...] = ()
    session: str = ""
    inside: str = ""

    def may_open(self) -> None:
        """Raise DeniedError unless it may open sessions."""
        if self.kind is Kind.SESSION or (self.kind is Kind.SERVICE and self.role not in OPENERS):
            raise self._refusal("open a session")

    @property
    def reads_everything(self) -> bool:
        """Whether it sees every session and approval."""
        return self.kind is Kind.LOCAL or (self.kind is Kind.SERVICE and self.role in READERS)

    def may_read(self, session: Session) -> None:
        """Raise DeniedError unless it may see the session."""
        if not self.reads_everything and not self._owns(session):
            raise self._refusal("see this session")

    def may_list(self) -> None:
        """Raise DeniedError unless it may list what it sees."""
        if self.kind is Kind.INSIDE:
            raise self._refusal("list what is recorded")

    def may_add(self, session: Session) -> None:
        """Raise DeniedError unless it may add events to the session, and ask for approvals in it."""
        if not self._owns(session):
            raise self._refusal("add to this session")

    def _owns(self, session: Session) -> bool:
        if self.kind is Kind.SESSION:
            return self.session == session.id
        if self.kind is Kind.INSIDE:
            return False
        opens = self.kind is Kind.LOCAL or self.role in OPENERS
        return opens and session.owner == self.owner

    def may_decide(self, approval: Approval, owner: str) -> None:
        """Raise DeniedError unless it may decide `approval`, asked for in a session that `owner` opened."""
        if self.inside or self.kind in (Kind.SESSION, Kind.INSIDE):
            raise DeniedError(
                "approvals are never decided from inside a session", hint="decide from a terminal outside of it"
            )
        if self.kind is Kind.LOCAL:
            return
        if self.role not in DECIDERS:
            raise self._refusal("decide approvals")
        if owner == self.owner or approval.requester == self.name:
            raise DeniedError("what one asks for oneself is decided by somebody else")
        if self.role is not Role.ADMIN and approval.groups and not set(approval.groups) & set(self.groups):
            raise DeniedError(f"this approval is for the group {', '.join(approval.groups)}")

    def may_see(self, approval: Approval, owner: str) -> None:
        """Raise DeniedError unless it may see `approval`, asked for in a session that `owner` opened."""
        if self.reads_everything or self.asked_for(approval, owner):
            return
        if self.kind is not Kind.SERVICE or owner != self.owner:
            raise self._refusal("see this approval")

    def may_use(self, approval: Approval, owner: str) -> None:
        """Raise DeniedError unless it may use or withdraw `approval`, asked for in a session that `owner` opened."""
        if not self.asked_for(approval, owner):
            raise self._refusal("use or withdraw this approval, which is for the session that asked for it")

    def asked_for(self, approval: Approval, owner: str) -> bool:
        """Tell whether it is a session of the identity that asked, be it another one than the one that asked."""
        return self.kind is Kind.SESSION and (self.name, self.owner) == (approval.requester, owner)

    def may_verify(self) -> None:
        """Raise DeniedError unless it may verify the record and read the trail."""
        if self.kind is not Kind.LOCAL and not (self.kind is Kind.SERVICE and self.role in VERIFIERS):
            raise self._refusal("verify the record")

    def _refusal(self, act: str) -> DeniedError:
        if self.inside and self.kind is not Kind.SESSION:
            return DeniedError(f"a process inside a session may not {act}", hint="do it from a terminal outside of it")
        return DeniedError(f"{self.name} may not {act}")


class Authenticator:
    """Finds out who is asking."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def principal(self, peer: Peer | None, authorization: str | None) -> Principal:
        """Return who is asking. Raises UnauthorizedError for nobody, and for a token that is not valid (any more)."""
        inside = peer.inside if peer else ""
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer":
                raise UnauthorizedError("only bearer tokens are understood")
            found = self._bearer(token.strip(), inside)
            if inside and found.kind is not Kind.SESSION:
                return _inside(peer, inside)
            return found
        if peer is None:
            raise UnauthorizedError("a token is needed", hint="set GUARD_TOKEN")
        if inside:
            return _inside(peer, inside)
        name = user_name(peer.uid)
        return Principal(Kind.LOCAL, name, f"local:{name}")

    def _bearer(self, token: str, inside: str) -> Principal:
        prefix, _, rest = token.partition(".")
        id, _, _ = rest.partition(".")
        if prefix == SESSION_PREFIX:
            return self._session(id, token, inside)
        if prefix == SERVICE_PREFIX:
            return self._service(id, token, inside)
        raise _bad_token()

    def _session(self, id: str, token: str, inside: str) -> Principal:
        if not hmac.compare_digest(self._store.sessions.token_hash(id) or "", hash_token(token)):
            raise _bad_token()
        session = self._store.sessions.get(id)
        return Principal(Kind.SESSION, session.identity, session.owner, session=id, inside=inside)

    def _service(self, id: str, token: str, inside: str) -> Principal:
        try:
            found = self._store.tokens.get(id)
        except NotFoundError:
            raise _bad_token() from None
        at = now()
        if not hmac.compare_digest(found.hash, hash_token(token)) or not found.valid(at):
            raise _bad_token()
        if at - found.used > USED_SECONDS:
            self._store.tokens.touch(id)
        return Principal(Kind.SERVICE, found.name, f"token:{found.name}", found.role, found.groups, inside=inside)


def _inside(peer: Peer | None, inside: str) -> Principal:
    name = user_name(peer.uid if peer else -1)
    return Principal(Kind.INSIDE, name, f"local:{name}", inside=inside)


def _bad_token() -> UnauthorizedError:
    return UnauthorizedError("the token is not valid", hint="it may have been revoked or have ended")


def user_name(uid: int) -> str:
    """Return the name of the user `uid`, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return f"uid-{uid}"


def own_name() -> str:
    """Return the name of the user that this process runs as."""
    return user_name(os.getuid())
