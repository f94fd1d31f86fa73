"""The bodies of requests and answers: outside text comes in here, and is checked here."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from guardcli.api.store.appended import Appended
from guardcli.api.store.sessions import Session, SessionState
from guardcli.api.store.trail import Entry
from guardcli.api.store.verification import Report
from guardcli.model.errors import ConfigurationError
from guardcli.model.events import EventType, parse_event

MAX_BATCH = 2000
"""Events in one request; the shipper sends at most 500."""

SessionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{7,63}$")]
Text = Annotated[str, Field(max_length=200)]
LongText = Annotated[str, Field(max_length=65536)]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
"""What lies in a column of its own: PostgreSQL's text holds no zero character."""
Reason = Annotated[str, Field(max_length=4096, pattern=r"^[^\x00]*$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Body(BaseModel):
    """Base of all: what is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class Process(Body):
    """A process on the API's machine: its number, and when it began in clock ticks since boot."""

    pid: Annotated[int, Field(gt=0, lt=2**31)]
    start: Annotated[int, Field(ge=0, lt=2**62)]


class SessionFacts(Body):
    """What a broker says of its session when it begins. `started` is in seconds since the epoch."""

    id: SessionId
    identity: Line
    groups: Annotated[list[Text], Field(max_length=100)] = []
    command: Annotated[list[LongText], Field(max_length=4096)] = []
    cwd: LongText = ""
    host: Text = ""
    policy: LongText = ""
    policy_digest: Text = ""
    started: Annotated[float, Field(ge=0, lt=2**40, allow_inf_nan=False)]


class NewSession(Body):
    """Opens a session; `processes` are its broker and its agent, where they run on the API's machine.

    `spool_key` is what a lost broker left beside its record, in Base64: sealed for the API, opened for who goes on.
    """

    session: SessionFacts
    processes: Annotated[list[Process], Field(max_length=64)] = []
    spool_key: Annotated[str, Field(max_length=4096)] = ""


class NewProcesses(Body):
    """More processes of a session that runs."""

    processes: Annotated[list[Process], Field(min_length=1, max_length=64)]


class SessionOpened(Body):
    """The token of a new session, given once, and the age recipient that its broker seals its spool's key for.

    `spool_key` is the key that was sealed, in hexadecimal; empty where none was.
    """

    id: str
    token: str
    recipient: str
    spool_key: str


class SessionView(Body):
    """A session as it stands. Times are seconds since the epoch, 0 where not yet."""

    id: str
    identity: str
    owner: str
    parent: str
    groups: list[str]
    command: list[str]
    cwd: str
    host: str
    policy: str
    policy_digest: str
    state: SessionState
    started: float
    seen: float
    closed: float
    events: int
    head: str
    recorded: int
    counts: dict[str, int]
    status: Any
    held: float
    erased: int

    @classmethod
    def of(cls, session: Session, at: float) -> SessionView:
        """Return the view of `session` at the time `at`."""
        facts: dict[str, Any] = dict(session.facts)
        return cls(
            **facts,
            owner=session.owner,
            parent=session.parent,
            state=session.state(at),
            seen=session.seen,
            closed=session.closed,
            events=session.events,
            head=session.head,
            recorded=session.recorded,
            counts=dict(session.counts),
            status=session.status,
            held=session.held,
            erased=session.erased,
        )


class Hold(Body):
    """Why nothing of a session may be deleted, or why it may be again."""

    reason: Reason = ""


class SessionPage(Body):
    """One page, newest first; `next` is the cursor of the page after it, empty on the last."""

    sessions: list[SessionView]
    next: str


class EventForm(BaseModel):
    """An event as it is stored; its hash is the SHA-256 of its canonical JSON without ``hash``."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    session: SessionId
    sequence: Annotated[int, Field(ge=0, lt=2**53)]
    time: Annotated[str, Field(max_length=32, pattern=r"^[^\x00]*$")]
    type: EventType
    call: Annotated[int, Field(ge=0, lt=2**53)]
    data: dict[Any, Any]
    previous: Digest
    hash: Digest


class NewEvent(Body):
    """One event; an ``output`` event comes with its part of the recording in Base64."""

    event: EventForm
    content: str | None = None

    def appended(self) -> Appended:
        """Return what the store takes. Raises ConfigurationError for content that is not Base64."""
        try:
            content = None if self.content is None else base64.b64decode(self.content, validate=True)
            form = {name: getattr(self.event, name) for name in EventForm.model_fields}
            return Appended(parse_event(form), content)
        except (ValueError, binascii.Error) as error:
            raise ConfigurationError(f"event {self.event.sequence}: {error}") from None


class Batch(Body):
    """Events in order; none at all is a sign of life."""

    events: Annotated[list[NewEvent], Field(max_length=MAX_BATCH)]


class Acknowledged(Body):
    """How many events of the session are stored: all below this sequence."""

    acknowledged: int


class EventPage(Body):
    """Some events, and the sequence to go on from."""

    events: list[EventForm]
    next: int
    closed: bool


class FaultView(Body):
    """One thing that is wrong; `sequence` is -1 where it is not about one event, `session` empty for the trail."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    session: str
    sequence: int
    message: str


class Verification(Body):
    """What was checked, and what is wrong with it; `notes` say what is not there any more, as the trail admits."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    whole: bool
    sessions: int
    events: int
    bytes: int
    heads: int
    faults: list[FaultView]
    notes: list[FaultView]

    @classmethod
    def of(cls, report: Report) -> Verification:
        """Return the view of `report`."""
        return cls(
            whole=not report.faults,
            sessions=report.sessions,
            events=report.events,
            bytes=report.bytes,
            heads=report.heads,
            faults=[FaultView.model_validate(fault) for fault in report.faults],
            notes=[FaultView.model_validate(note) for note in report.notes],
        )


class TrailEntry(Body):
    """One act in the API's own chain."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    sequence: int
    time: str
    actor: str
    action: str
    subject: str
    data: dict[str, Any]
    previous: str
    hash: str

    @classmethod
    def of(cls, entry: Entry) -> TrailEntry:
        """Return the view of `entry`."""
        return cls.model_validate(entry)


class HeadView(Body):
    """A signed head: the JSON that was signed, and the signature as JSON."""

    number: int
    body: str
    signature: str


class HeadPage(Body):
    """Signed heads in order; `next` is where the next page starts."""

    heads: list[HeadView]
    next: int


class TrailPage(Body):
    """Some entries, and the sequence to go on from."""

    entries: list[TrailEntry]
    next: int


class Health(Body):
    """That the API answers, and which one it is."""

    status: str
    version: str
    schema_version: str
    time: float


class Readiness(Body):
    """Whether requests should come here, and what was looked at: ``ok`` or what is wrong."""

    ready: bool
    checks: dict[str, str]


class Failure(Body):
    """What went wrong, and what to do next; `code` names the kind."""

    code: str
    error: str
    hint: str
