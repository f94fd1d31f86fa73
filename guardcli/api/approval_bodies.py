"""The bodies of requests and answers about approvals and grants."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from guardcli.api.bodies import Body, Digest, LongText, Reason, SessionId, Text
from guardcli.api.principals import Principal
from guardcli.api.store.approvals import LISTS, TEXTS
from guardcli.api.store.grants import Grant
from guardcli.model.approvals import Approval, ApprovalState
from guardcli.model.windows import window_of

MAX_LIFETIME = 7 * 86400.0
"""Seconds that an approval may wait, and may hold, and a grant too; a yes older than a week is no consent."""

Seconds = Annotated[float, Field(ge=0, le=MAX_LIFETIME, allow_inf_nan=False)]
Day = Annotated[str, Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")]
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]


class WindowForm(Body):
    """When an approved call may run: days from 0, Monday, on; two clock times or none; a zone; first and last day."""

    days: Annotated[tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(max_length=7)] = ()
    hours: Annotated[tuple[Clock, ...], Field(max_length=2)] = ()
    zone: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")] = "UTC"
    start: Day = ""
    end: Day = ""

    @model_validator(mode="after")
    def is_a_window(self) -> WindowForm:
        """Refuse what is on no calendar."""
        window_of(self.model_dump())
        return self


class NewApproval(Body):
    """Asks for a yes to the bytes behind `digest`. `expires` is in seconds from now, and again from the yes.

    `reach` says how far it would go, as far as that is known before it runs, a sentence a line; `changes` what it would
    change, a diff for one.

    `quorum` people of `groups`, and one of each group in `all_of`, must say yes. `grant` is for how many seconds they
    may say yes to all of `grant_scope`. With `must_justify` there has to be a `justification`.
    """

    session: SessionId
    digest: Digest
    tool: Text = ""
    command: LongText = ""
    cwd: LongText = ""
    rule: Text = ""
    message: LongText = ""
    justification: LongText = ""
    reach: LongText = ""
    changes: LongText = ""
    effects: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    targets: Annotated[tuple[LongText, ...], Field(max_length=1000)] = ()
    groups: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    all_of: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    windows: Annotated[tuple[WindowForm, ...], Field(max_length=20)] = ()
    grant: Seconds = 0.0
    grant_scope: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    must_justify: bool = False
    quorum: Annotated[int, Field(ge=0, le=100)] = 1
    expires: Annotated[float, Field(gt=0, le=MAX_LIFETIME, allow_inf_nan=False)] = 600.0

    @model_validator(mode="after")
    def somebody_is_asked(self) -> NewApproval:
        """Refuse a request that nobody would have to say yes to, or that lacks the reason that it needs."""
        if self.quorum == 0 and not self.all_of:
            raise ValueError("a quorum of nobody is no approval")
        if self.must_justify and not self.justification.strip():
            raise ValueError("the policy wants a reason: set GUARD_REASON")
        return self

    def facts(self) -> dict[str, object]:
        """Return the texts and lists that are shown to whoever decides, and the terms."""
        found: dict[str, object] = {name: getattr(self, name) for name in (*TEXTS, *LISTS)}
        windows = [window.model_dump(mode="json") for window in self.windows]
        return {**found, **({"windows": windows} if windows else {}), **({"grant": self.grant} if self.grant else {})}


class VoteView(Body):
    """What one reviewer said; `time` is in seconds since the epoch."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    reviewer: str
    approve: bool
    reason: str
    time: float


class ApprovalView(Body):
    """An approval as it stands. Times are seconds since the epoch, 0 where not yet.

    `reach` and `changes` are empty but for whoever sees every approval: they speak of what an agent may not read.
    """

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    id: str
    session: str
    digest: str
    state: ApprovalState
    requester: str
    tool: str
    command: str
    cwd: str
    rule: str
    message: str
    effects: list[str]
    targets: list[str]
    groups: list[str]
    quorum: int
    created: float
    expires: float
    decided: float
    reviewer: str
    reason: str
    justification: str
    reach: str
    changes: str
    all_of: list[str]
    windows: list[str]
    grant: float
    grant_scope: list[str]
    granted: str
    votes: list[VoteView]

    @classmethod
    def of(cls, approval: Approval, who: Principal) -> ApprovalView:
        """Return the view of `approval` for `who`."""
        return cls.model_validate(who.told(approval))


class ApprovalList(Body):
    """Approvals, newest first."""

    approvals: list[ApprovalView]


class NewDecision(Body):
    """A reviewer's yes or no, and why; with `grant`, seconds, also to all that the policy calls the same."""

    approve: bool
    reason: Reason = ""
    grant: Seconds = 0.0


class Withdrawal(Body):
    """Why a yes is taken back, or a grant ended."""

    reason: Reason = ""


class GrantView(Body):
    """A grant that holds, until `expires`, in seconds since the epoch."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    id: str
    approval: str
    requester: str
    owner: str
    scope: list[str]
    reviewer: str
    created: float
    expires: float
    revoked: float

    @classmethod
    def of(cls, grant: Grant) -> GrantView:
        """Return the view of `grant`."""
        names: list[str] = list(cls.model_fields)
        form: dict[str, Any] = {name: getattr(grant, name) for name in names}
        return cls.model_validate({**form, "scope": list(grant.scope)})


class GrantList(Body):
    """Grants that hold now, newest first."""

    grants: list[GrantView]


class Consumption(Body):
    """The digest of what is about to run."""

    digest: Digest


class ChannelView(Body):
    """How one channel does: notices by state, and what went wrong last."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    channel: str
    waiting: int
    sent: int
    failed: int
    error: str


class ChannelList(Body):
    """All of them."""

    channels: list[ChannelView]
