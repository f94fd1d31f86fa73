"""`ApiClient`: a typed method for each thing that the API does."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from guardcli.client.faults import Fault
from guardcli.client.forms import OpenedSession, approval_of, printable, processes, seconds
from guardcli.client.pages import numbered
from guardcli.client.search import SearchFilters, SearchPage, search_page
from guardcli.client.transport import Transport
from guardcli.model.approvals import Approval, ApprovalState
from guardcli.model.errors import UnavailableError
from guardcli.model.events import Event, EventType, parse_event
from guardcli.model.secrets import Secret

POLL_SECONDS = 25.0
"""How long one long poll waits; longer waits are made of several."""

TIMEOUT_SECONDS = 35.0
"""Longer than the API waits for its database, so that its answer, not a guess, says what went wrong."""

VERIFY_SECONDS = 3600.0
"""A verification reads everything that is kept."""

FACTS = ("id", "identity", "groups", "command", "cwd", "host", "policy", "policy_digest", "started")

BatchItem = tuple[Event, bytes | None]
"""An event, and its part of the recording where it is an ``output`` event."""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session as the API tells of it. Times are seconds since the epoch, 0 where not yet.

    `state` is ``live``, ``lost`` or ``closed``; `counts` holds calls, allow, approve, deny, asked, masked, failed.
    """

    id: str
    identity: str
    owner: str
    parent: str
    groups: tuple[str, ...]
    command: tuple[str, ...]
    cwd: str
    host: str
    policy: str
    policy_digest: str
    state: str
    started: float
    seen: float
    closed: float
    events: int
    head: str
    recorded: int
    counts: Mapping[str, int]
    status: object
    held: float = 0.0
    erased: int = 0


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, the sequence to go on from, and whether the session is closed."""

    events: tuple[Event, ...]
    next: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked, and what is wrong with it; `notes` say what was deleted by a rule that the trail names."""

    whole: bool
    sessions: int
    events: int
    bytes: int
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...] = ()
    heads: int = 0


class ApiClient:
    """Speaks to one API as one principal; safe to use from many threads.

    `url` is ``unix:///path`` or ``http(s)://host``; over a unix socket the kernel says who is asking, and no token
    is needed. Every method raises UnavailableError where the API cannot be reached, and the `GuardError` that the
    API answers with. `revive` is called, and the request made once more, when it cannot be reached.
    """

    def __init__(
        self,
        url: str,
        token: Secret | None = None,
        timeout: float = TIMEOUT_SECONDS,
        revive: Callable[[], object] | None = None,
    ) -> None:
        self._transport = Transport(url, token, timeout, revive)

    @property
    def url(self) -> str:
        """Where the API is."""
        return self._transport.url

    @property
    def transport(self) -> Transport:
        """What carries the requests, for the parts of the API that have a module of their own."""
        return self._transport

    def with_token(self, token: Secret) -> ApiClient:
        """Return a client of the same API that acts as the bearer of `token`."""
        client = ApiClient.__new__(ApiClient)
        client._transport = self._transport.with_token(token)
        return client

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def health(self) -> Mapping[str, Any]:
        """Return the API's status, version, schema_version and time."""
        form: Mapping[str, Any] = self._transport.call("GET", "/v1/health")
        return form

    # sessions

    def open_session(
        self, facts: Mapping[str, object], pids: Sequence[int] = (), spool_key: bytes = b""
    ) -> OpenedSession:
        """Open a session, or go on with one whose broker was lost; `spool_key` is what that one left beside its spool.

        `facts` are those of ``session.json``; ``started`` may be RFC 3339 or seconds since the epoch. `pids` are
        the broker's and the agent's processes, whose descendants may then never decide an approval.
        """
        form = {name: printable(facts[name]) for name in FACTS if name in facts}
        form["started"] = seconds(facts["started"])
        body: dict[str, object] = {"session": form, "processes": processes(pids)}
        if spool_key:
            body["spool_key"] = base64.b64encode(spool_key).decode()
        answer = self._transport.call("POST", "/v1/sessions", body=body)
        key = bytes.fromhex(answer.get("spool_key", ""))
        return OpenedSession(Secret(answer["token"]), answer.get("recipient", ""), key)

    def create_session(self, facts: Mapping[str, object], pids: Sequence[int] = ()) -> Secret:
        """Open a session as `open_session` does and return its token alone."""
        return self.open_session(facts, pids).token

    def add_processes(self, session: str, pids: Sequence[int]) -> None:
        """Register more processes of the session, such as the agent once it runs."""
        if found := processes(pids):
            self._transport.call("POST", f"/v1/sessions/{session}/processes", body={"processes": found})

    def sessions(
        self,
        *,
        state: str = "",
        identity: str = "",
        since: float = 0.0,
        until: float = 0.0,
        limit: int = 50,
    ) -> Iterator[SessionInfo]:
        """Give up to `limit` sessions, newest first."""
        after = ""
        while limit > 0:
            query = {"state": state, "identity": identity, "since": since, "until": until, "after": after}
            page = self._transport.call("GET", "/v1/sessions", query={**query, "limit": min(limit, 500)})
            yield from (_session(form) for form in page["sessions"])
            limit -= len(page["sessions"])
            after = page["next"]
            if not after:
                return

    def session(self, id: str) -> SessionInfo:
        """Return one session. Raises NotFoundError."""
        return _session(self._transport.call("GET", f"/v1/sessions/{id}"))

    def hold_session(self, id: str, reason: str) -> None:
        """Let nothing of a session be deleted. Raises DeniedError, NotFoundError, ConflictError."""
        self._transport.call("POST", f"/v1/sessions/{id}/hold", body={"reason": printable(reason)})

    def release_session(self, id: str, reason: str) -> None:
        """End the hold of a session. Raises DeniedError, NotFoundError, ConflictError."""
        self._transport.call("POST", f"/v1/sessions/{id}/release", body={"reason": printable(reason)})

    # events and recordings

    def append_events(self, session: str, batch: Sequence[BatchItem]) -> int:
        """Add events in order and return how many the API has stored; an empty batch is a sign of life.

        Raises ConflictError where the batch contradicts what is stored.
        """
        form = [_item(event, content) for event, content in batch]
        answer = self._transport.call("POST", f"/v1/sessions/{session}/events", body={"events": form})
        return int(answer["acknowledged"])

    def append_lines(self, session: str, lines: bytes) -> int:
        """The same for events as a spool holds them: `Event.line` each, behind an ``output`` event its bytes."""
        answer = self._transport.call("POST", f"/v1/sessions/{session}/events/lines", body=lines)
        return int(answer["acknowledged"])

    def events_page(
        self,
        session: str,
        start: int = 0,
        *,
        type: EventType | None = None,
        call: int | None = None,
        wait: float = 0.0,
        limit: int = 500,
    ) -> EventPage:
        """Return events from sequence `start`, waiting up to `wait` seconds (60 at the most) for the first."""
        query = {"start": start, "limit": limit, "type": type.value if type else "", "call": call, "wait": wait}
        form = self._transport.call("GET", f"/v1/sessions/{session}/events", query=query, wait=wait)
        return EventPage(tuple(parse_event(event) for event in form["events"]), form["next"], form["closed"])

    def events(
        self,
        session: str,
        start: int = 0,
        *,
        type: EventType | None = None,
        call: int | None = None,
        follow: bool = False,
    ) -> Iterator[Event]:
        """Give events from sequence `start`; with `follow`, go on until the session is closed."""
        while True:
            wait = POLL_SECONDS if follow else 0.0
            page = self.events_page(session, start, type=type, call=call, wait=wait)
            yield from page.events
            if not page.events and (page.closed or not follow):
                return
            start = page.next

    def recording(self, session: str, call: int | None = None) -> Iterator[bytes]:
        """Give the lines of the recording, asciicast v2, of the whole session or of one call."""
        return self._transport.lines(f"/v1/sessions/{session}/recording", {"call": call})

    def recording_from(self, session: str, start: int) -> Iterator[bytes]:
        """Give the recording from byte `start` on, in pieces of any size; nothing where it has no more yet."""
        return self._transport.pieces(f"/v1/sessions/{session}/recording", {"start": start})

    def recording_at(self, session: str, moment: float) -> Iterator[bytes]:
        """Give the lines of a stretch of the recording from `moment` seconds on; it begins with the screen then."""
        return self._transport.lines(f"/v1/sessions/{session}/recording", {"at": moment})

    def search(self, words: str = "", **filters: Unpack[SearchFilters]) -> SearchPage:
        """Find events, newest first: all that is given must hold; `SearchFilters` says what can be.

        Raises ConfigurationError for words without a letter or digit and for a filter out of its bounds.
        """
        return search_page(self._transport, words, filters)

    # approvals

    def request_approval(
        self,
        session: str,
        digest: str,
        *,
        tool: str = "",
        command: str = "",
        cwd: str = "",
        rule: str = "",
        message: str = "",
        effects: Sequence[str] = (),
        targets: Sequence[str] = (),
        groups: Sequence[str] = (),
        quorum: int = 1,
        expires: float = 600.0,
        justification: str = "",
        reach: str = "",
        changes: str = "",
        all_of: Sequence[str] = (),
        windows: Sequence[Mapping[str, object]] = (),
        grant: float = 0.0,
        grant_scope: Sequence[str] = (),
        must_justify: bool = False,
    ) -> Approval:
        """Ask for a yes to `digest`, or join the request that stands for it; perhaps it is decided already.

        `windows` are in the form of `Window.as_json`. Raises ConfigurationError where `must_justify` and nothing does.
        """
        texts = {"tool": tool, "command": command, "cwd": cwd, "rule": rule, "message": message}
        lists = {"effects": list(effects), "targets": list(targets), "groups": list(groups), "all_of": list(all_of)}
        lists["grant_scope"] = list(grant_scope)
        told = {"reach": reach, "changes": changes}
        texts |= {"justification": justification, **{name: text for name, text in told.items() if text}}
        form = {name: printable(value) for name, value in {**texts, **lists}.items()}
        body = {"session": session, "digest": digest, "quorum": quorum, "expires": expires, "grant": grant, **form}
        body |= {"windows": list(windows), "must_justify": must_justify}
        return approval_of(self._transport.call("POST", "/v1/approvals", body=body))

    def approval(self, id: str) -> Approval:
        """Return an approval as it stands. Raises NotFoundError."""
        return approval_of(self._transport.call("GET", f"/v1/approvals/{id}"))

    def wait_approval(self, id: str, seconds: float) -> Approval:
        """Return the approval once it is no longer pending, or as it stands after `seconds`.

        An API that goes away meanwhile is waited for too; UnavailableError comes only where it is away at the end.
        """
        end = time.monotonic() + seconds
        while True:
            left = max(0.0, end - time.monotonic())
            wait = min(POLL_SECONDS, left)
            try:
                form = self._transport.call("GET", f"/v1/approvals/{id}", query={"wait": wait}, wait=wait)
            except UnavailableError:
                if left <= 0:
                    raise
                time.sleep(min(0.2, left))
                continue
            approval = approval_of(form)
            if approval.state is not ApprovalState.PENDING or left <= 0:
                return approval

    def list_approvals(
        self, state: ApprovalState | None = None, session: str = "", limit: int = 200, wait: float = 0.0
    ) -> list[Approval]:
        """Return approvals, newest first; wait up to `wait` seconds (60 at the most) for the first."""
        query = {"state": state.value if state else "", "session": session, "limit": limit, "wait": wait}
        form = self._transport.call("GET", "/v1/approvals", query=query, wait=wait)
        return [approval_of(found) for found in form["approvals"]]

    def decide_approval(self, id: str, approve: bool, reason: str = "", grant: float = 0.0) -> Approval:
        """Vote yes or no, and return what became of it. Raises DeniedError, ConflictError, NotFoundError.

        With `grant`, seconds, the yes is also to all that the policy calls the same, for so long.
        """
        body = {"approve": approve, "reason": printable(reason), "grant": grant}
        return approval_of(self._transport.call("POST", f"/v1/approvals/{id}/decision", body=body))

    def cancel_approval(self, id: str) -> Approval:
        """Withdraw a pending request of this session's identity. Raises ConflictError."""
        return approval_of(self._transport.call("POST", f"/v1/approvals/{id}/cancel", body={}))

    def withdraw_approval(self, id: str, reason: str = "") -> Approval:
        """Take back a yes that was not used yet. Raises DeniedError, ConflictError, NotFoundError."""
        body = {"reason": printable(reason)}
        return approval_of(self._transport.call("POST", f"/v1/approvals/{id}/withdrawal", body=body))

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Return the grants that hold now: id, approval, requester, scope, reviewer, created, expires."""
        found: Sequence[Mapping[str, Any]] = self._transport.call("GET", "/v1/grants")["grants"]
        return found

    def revoke_grant(self, id: str, reason: str = "") -> None:
        """End a grant now. Raises DeniedError, ConflictError, NotFoundError."""
        self._transport.call("POST", f"/v1/grants/{id}/revocation", body={"reason": printable(reason)})

    def consume_approval(self, id: str, digest: str) -> Approval:
        """Use the yes for `digest`, once. Raises ConflictError where it is not there (any more), DeniedError."""
        return approval_of(self._transport.call("POST", f"/v1/approvals/{id}/consume", body={"digest": digest}))

    # audit

    def verify(self, session: str = "") -> Verification:
        """Have every chain and digest recomputed, or those of one session."""
        form = self._transport.call("GET", "/v1/audit/verify", query={"session": session}, wait=VERIFY_SECONDS)
        faults, notes = (tuple(Fault(**one) for one in form.pop(name)) for name in ("faults", "notes"))
        return Verification(faults=faults, notes=notes, **form)

    def export_record(self) -> Iterator[bytes]:
        """Give the whole record in pieces of any size: what `guardcli.client.exports` verifies, line by line."""
        return self._transport.pieces("/v1/audit/export", {})

    def evidence(self, since: float, until: float, framework: str) -> bytes:
        """Return evidence of a span as a zip that the API signed; takes as long as there is to read."""
        query = {"since": since, "until": until, "framework": framework}
        return b"".join(self._transport.pieces("/v1/audit/evidence", query, wait=VERIFY_SECONDS))

    def trail(self, subject: str = "") -> Iterator[Mapping[str, Any]]:
        """Give the entries of the API's own chain, of one session, approval or token where one is named."""
        return numbered(self._transport, "/v1/audit/trail", "entries", subject=subject)

    def heads(self) -> Iterator[Mapping[str, Any]]:
        """Give the signed heads: the number of each, what was signed, and the signature."""
        return numbered(self._transport, "/v1/audit/heads", "heads")


def _item(event: Event, content: bytes | None) -> dict[str, object]:
    if content is None:
        return {"event": event.as_json()}
    return {"event": event.as_json(), "content": base64.b64encode(content).decode()}


def _session(form: Mapping[str, Any]) -> SessionInfo:
    return SessionInfo(**{**form, "groups": tuple(form["groups"]), "command": tuple(form["command"])})
