"""Who is asking, as a principal, and what that one may do. Everything not granted here is refused.

The matrix, for the parts of the API that are not one's own; what a role may do is in `permissions`:

================  ====================  ==============  ==============  ===============  =============  ==========
principal         open sessions         add to, ask in  read            decide           verify, trail  manage
================  ====================  ==============  ==============  ===============  =============  ==========
local user        yes                   own             everything      yes              yes            yes
session token     no                    that session    that session    never            no             no
agent             yes                   own             own             no               no             no
approver          no                    no              everything      of its groups    no             no
auditor           no                    no              everything      no               yes            no
admin             yes                   own             everything      yes              yes            yes
inside a session  yes, never renewing   no              nothing         never            no             no
================  ====================  ==============  ==============  ===============  =============  ==========

*Inside a session* is every connection over the unix socket that comes from the process tree of a running session,
whatever token it shows; a session's own token alone keeps what it grants. *Own* are the sessions that the same
principal opened. Nobody decides what was asked for in a session of the same principal, or of one that the same person
answers for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from guardcli.api.permissions import Permission
from guardcli.api.store.approvals import Parties, Reviewer
from guardcli.api.store.grants import Grant
from guardcli.api.store.sessions import Session
from guardcli.model.approvals import Approval
from guardcli.model.decisions import ApprovalTerms
from guardcli.model.errors import DeniedError


class Kind(str, Enum):
    """What a principal is."""

    LOCAL = "local"
    INSIDE = "inside"
    SESSION = "session"
    SERVICE = "service"
    LOGIN = "login"
    WORKLOAD = "workload"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking.

    `owner` is what sessions and approvals opened by it carry, `sponsor` who answers for it, `inside` the session around
    it. `session` is the one that a session's token is for; `ended` says that this one may only deliver its record.
    `token` is the id of the token that was shown, `expires` when that ends, 0 for never.
    """

    kind: Kind
    name: str
    owner: str
    permissions: frozenset[Permission] = frozenset()
    groups: tuple[str, ...] = ()
    session: str = ""
    inside: str = ""
    sponsor: str = ""
    token: str = ""
    expires: float = 0.0
    ended: bool = False

    def may(self, permission: Permission) -> bool:
        """Tell whether it has `permission`."""
        return permission in self.permissions

    def may_open(self) -> None:
        """Raise DeniedError unless it may open sessions."""
        if self.kind is not Kind.INSIDE and not self.may(Permission.OPEN):
            raise self._refusal("open a session")

    @property
    def reads_everything(self) -> bool:
        """Whether it sees every session and approval."""
        return self.may(Permission.READ)

    def may_read(self, session: Session) -> None:
        """Raise DeniedError unless it may see the session."""
        if self.ended or not (self.reads_everything or self._owns(session)):
            raise self._refusal("see this session")

    def may_list(self) -> None:
        """Raise DeniedError unless it may list what it sees."""
        if self.kind is Kind.INSIDE or self.ended:
            raise self._refusal("list what is recorded")

    def may_add(self, session: Session) -> None:
        """Raise DeniedError unless it may add events to the session."""
        if not self._owns(session):
            raise self._refusal("add to this session")

    def may_ask(self, session: Session) -> None:
        """Raise DeniedError unless it may ask for approvals in the session."""
        self.may_add(session)
        if session.ended:
            raise DeniedError(f"session {session.id} has ended", hint="begin a new one")

    def is_session(self, id: str) -> bool:
        """Tell whether it is the session `id` itself, which was looked up when its token was."""
        return self.kind is Kind.SESSION and self.session == id

    def _owns(self, session: Session) -> bool:
        if self.kind is Kind.SESSION:
            return self.is_session(session.id)
        return self.kind is not Kind.INSIDE and self.may(Permission.OPEN) and session.owner == self.owner

    def may_decide(self, approval: Approval, parties: Parties) -> None:
        """Raise DeniedError unless it may decide `approval`, which is of `parties`."""
        if self.inside or self.kind in (Kind.SESSION, Kind.INSIDE):
            raise DeniedError(
                "approvals are never decided from inside a session", hint="decide from a terminal outside of it"
            )
        if self.kind is Kind.LOCAL:
            return
        if not self.may(Permission.DECIDE):
            raise self._refusal("decide approvals")
        if self._is_party(parties) or approval.requester == self.name:
            raise DeniedError("what one asks for oneself is decided by somebody else")
        terms = ApprovalTerms(approval.groups, approval.quorum, all_of=approval.all_of)
        if not self.may(Permission.MANAGE) and not terms.may_say_yes(self.groups):
            raise DeniedError(f"this approval is for the group {', '.join((*approval.groups, *approval.all_of))}")

    def may_end(self, grant: Grant) -> None:
        """Raise DeniedError unless it may end `grant`: whoever might have given it, and whose it is."""
        if self.inside or self.ended or self.kind in (Kind.SESSION, Kind.INSIDE):
            raise self._refusal("end a grant")
        given = ApprovalTerms(grant.groups, 0, all_of=grant.all_of)
        speaks = self.may(Permission.DECIDE) and (not (grant.groups or grant.all_of) or given.may_say_yes(self.groups))
        if not (self.may(Permission.MANAGE) or speaks or grant.owner == self.owner):
            raise self._refusal("end this grant")

    @property
    def reviewer(self) -> Reviewer:
        """As whom it votes."""
        return Reviewer(self.owner, self.name, self.groups, self.may(Permission.MANAGE))

    def _is_party(self, parties: Parties) -> bool:
        mine = {self.owner, self.sponsor} - {""}
        return bool(mine & {parties.owner, parties.sponsor})

    def may_see(self, approval: Approval, parties: Parties) -> None:
        """Raise DeniedError unless it may see `approval`, which is of `parties`."""
        if self.reads_everything or self.asked_for(approval, parties):
            return
        own = self.may(Permission.OPEN) and parties.owner == self.owner
        if self.kind in (Kind.SESSION, Kind.INSIDE) or not own:
            raise self._refusal("see this approval")

    def told(self, approval: Approval) -> Approval:
        """Return `approval` as it is shown to it: without `reach` and `changes` but to whoever reviews.

        Both speak of what the agent may not read: asking again and again, with another condition each time, it could
        count rows by the planner's guess.
        """
        if self.reads_everything or not (approval.reach or approval.changes):
            return approval
        return replace(approval, reach="", changes="")

    def may_use(self, approval: Approval, parties: Parties) -> None:
        """Raise DeniedError unless it may use or withdraw `approval`, which is of `parties`."""
        if not self.asked_for(approval, parties):
            raise self._refusal("use or withdraw this approval, which is for the session that asked for it")

    def asked_for(self, approval: Approval, parties: Parties) -> bool:
        """Tell whether it is a session of the identity that asked, be it another one than the one that asked."""
        same = (self.name, self.owner) == (approval.requester, parties.owner)
        return self.kind is Kind.SESSION and not self.ended and same

    def may_verify(self) -> None:
        """Raise DeniedError unless it may verify the record, and read the trail and the numbers."""
        if not self.may(Permission.AUDIT):
            raise self._refusal("verify the record")

    def may_read_everything(self) -> None:
        """Raise DeniedError unless it sees every session."""
        if not self.reads_everything:
            raise self._refusal("see every session")

    def may_hold(self) -> None:
        """Raise DeniedError unless it may keep what is recorded from being deleted."""
        if not self.may(Permission.AUDIT):
            raise self._refusal("hold or release a session")

    def may_manage(self) -> None:
        """Raise DeniedError unless it may issue and revoke tokens, end sessions and publish policies."""
        if not self.may(Permission.MANAGE):
            raise self._refusal("manage the API")

    def may_be_ruled(self) -> None:
        """Raise DeniedError unless it may ask by which policy it is judged."""
        if self.ended:
            raise self._refusal("ask for its policy")

    def may_read_policies(self) -> None:
        """Raise DeniedError unless it may see every policy, and whose it is."""
        if self.ended or not self.reads_everything:
            raise self._refusal("see the policies")

    def _refusal(self, act: str) -> DeniedError:
        if self.ended:
            return DeniedError(f"the session of {self.name} has ended: it may not {act}", hint="begin a new one")
        if self.inside and self.kind is not Kind.SESSION:
            return DeniedError(f"a process inside a session may not {act}", hint="do it from a terminal outside of it")
        return DeniedError(f"{self.name} may not {act}")
