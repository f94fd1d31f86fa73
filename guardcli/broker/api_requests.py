"""Decides about the requests that a Kubernetes gateway sees, and keeps their record.

Every request is a call of the session: a ``judged`` event before anything of it is sent, ``asked`` and ``decided``
where a person is asked, ``started`` once there is a yes, ``masked`` and ``ended`` when the cluster has answered. What
a call of kubectl implies needs no further yes (`guardcli.gateways.kubernetes.coverage`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from guardcli.broker.approval import Approvals, Question
from guardcli.broker.limits import Limits, MakeFinder, Mask, Observer
from guardcli.broker.recorder import COMMAND_MAX, CallRecord, Recorder
from guardcli.broker.standing import Standing
from guardcli.gateways.kubernetes.authority import Bearer, Outcome, Request, Ticket
from guardcli.gateways.kubernetes.bodies import Body
from guardcli.gateways.kubernetes.codec.request_info import RequestInfo
from guardcli.gateways.kubernetes.codec.status import Refusal
from guardcli.gateways.kubernetes.documents import DocumentMask
from guardcli.gateways.kubernetes.judging import TOOL
from guardcli.masking import Masker
from guardcli.model.decisions import Decision, Verdict
from guardcli.model.effects import Effect
from guardcli.model.events import EventType
from guardcli.model.limits import OutputLimit
from guardcli.model.masking import MaskRule
from guardcli.model.operations import Target, conceded
from guardcli.model.resources import Resource
from guardcli.policy import Context
from guardcli.policy.globs import Glob

IMPLIED = "implied-by-the-call"
"""The rule of a request that is a part of a call which was allowed."""
UNREADABLE = "kubernetes-gateway"
"""The rule of a request that is refused before it is judged."""


class Maskers(Protocol):
    """Gives the policy's masks, with those that a decision adds."""

    def masker(self, extra: tuple[MaskRule, ...]) -> Masker:
        """Return the rules compiled."""
        ...

    def stream(self, tool: str, extra: tuple[MaskRule, ...], observer: Observer) -> Mask:
        """Return a mask for a stream of text."""
        ...

    def finder(self, detectors: tuple[str, ...], observer: Observer) -> Mask:
        """Return a stream that tells of what is found."""
        ...


@dataclass(frozen=True, slots=True)
class RequestRules:
    """What all requests of a session share. `resources` are the clusters that are served, by name."""

    standing: Standing
    resources: Mapping[str, Resource]
    identity: str
    groups: tuple[str, ...]
    recorder: Recorder
    approvals: Approvals
    maskers: Maskers
    justification: str = ""


class RequestAuthority:
    """Decides about the requests of all clusters of a session."""

    def __init__(self, rules: RequestRules, clock: Callable[[], float] = time.time) -> None:
        self._rules = rules
        self._clock = clock
        self._calls: dict[int, CallRecord] = {}
        self._limits: dict[int, Limits] = {}
        self._gauges: dict[int, Gauge] = {}

    def admit(self, bearer: Bearer, request: Request) -> Ticket:
        """Decide, and write the ``judged`` event. Raises UnavailableError."""
        decision = self.judge(bearer, request)
        info = request.info
        data: dict[str, object] = {
            **self._about(bearer, f"{info.method} {info.location.target()}"),
            "request_sha256": request.digest,
            "verb": info.verb,
            "group": info.group,
            "version": info.version,
            "kind": info.resource,
            "namespace": info.namespace,
            "name": self._rules.recorder.mask(info.name),
            "subresource": info.subresource,
        }
        if request.sent:
            data["bytes"] = request.sent
        now = self._clock()
        call = self._rules.recorder.admitted(data, decision, now)
        self._calls[call.number] = call
        if decision.limits and not bearer.call:  # what a call of kubectl prints is held against them anyway
            self._gauges[call.number] = Gauge(decision.limits, self._rules.maskers.finder)
        return Ticket(call.number, request, decision, now)

    def judge(self, bearer: Bearer, request: Request) -> Decision:
        """Return what the policy says, or that the request is a part of a call which was allowed."""
        resource = self._rules.resources[bearer.resource]
        placed = _is_placed(resource, request.info)
        operations = request.operations
        if not placed:
            host = Target("host", f"{resource.hosts[0]}:{resource.ports[0] if resource.ports else ''}")
            operations = tuple(replace(one, targets=(*one.targets, host)) for one in operations)
        context = Context(
            tool=TOOL,
            identity=self._rules.identity,
            groups=self._rules.groups,
            resource=resource.name if placed else "",
            now=datetime.fromtimestamp(self._clock(), UTC),
        )
        decision = self._rules.standing.decide(operations, context)
        if decision.verdict is Verdict.ALLOW or bearer.coverage is None:
            return decision
        if not bearer.coverage.covers(request.info, request.operations):
            return decision
        message = f"This is a part of call {bearer.call}, which was allowed."
        return replace(decision, verdict=Verdict.ALLOW, rule=IMPLIED, message=message, terms=None, grant_scope=())

    def refused(self, bearer: Bearer, said: str, reason: str) -> None:
        """Write the ``judged`` event of a request that is not even judged. Raises UnavailableError."""
        operation = conceded(TOOL, "request", self._rules.recorder.mask(reason)[:500], Effect.NETWORK)
        decision = Decision(Verdict.DENY, UNREADABLE, self._rules.recorder.mask(reason)[:500], (operation,))
        self._rules.recorder.admitted(self._about(bearer, said), decision, self._clock())

    def _about(self, bearer: Bearer, command: str) -> dict[str, object]:
        data: dict[str, object] = {
            "tool": TOOL,
            "command": self._rules.recorder.mask(command)[:COMMAND_MAX],
            "resource": bearer.resource,
        }
        if bearer.call:
            data["part_of"] = bearer.call
        return data

    async def obtain(self, bearer: Bearer, ticket: Ticket) -> None:
        """Wait for a person's yes to exactly this request, sent to exactly this cluster."""
        rules, info = self._rules, ticket.request.info
        resource = rules.resources[bearer.resource]
        where = (TOOL, resource.name, *resource.hosts, *map(str, resource.ports))
        digest = rules.approvals.bound(where, ticket.request.digest, ticket.decision.operations)
        question = Question(
            digest=digest,
            tool=TOOL,
            command=rules.recorder.mask(f"{info.method} {info.location.target()}"),
            cwd="/",
            decision=ticket.decision,
            justification=rules.justification,
        )
        async for words in rules.approvals.ask(self._calls[ticket.number], question):
            if bearer.tell is not None:
                await bearer.tell(words)

    def started(self, ticket: Ticket) -> None:
        """Write that the request is about to be sent. Raises UnavailableError."""
        program = {"program": "kubernetes gateway"}
        self._rules.recorder.event(EventType.STARTED, self._calls[ticket.number], program)

    def ended(self, ticket: Ticket, outcome: Outcome) -> None:
        """Write what came of a request. Raises UnavailableError."""
        call = self._calls.pop(ticket.number, None)
        texts, gauge = self._limits.pop(ticket.number, None), self._gauges.pop(ticket.number, None)
        if call is None:
            return
        recorder = self._rules.recorder
        if outcome.masked:
            recorder.event(EventType.MASKED, call, {"findings": dict(sorted(outcome.masked.items()))})
        for limit in (one.broken for one in (texts, gauge) if one is not None and one.broken is not None):
            recorder.event(
                EventType.LIMITED, call, {"limit": limit.name, "then": limit.then.value, "reason": limit.words}
            )
        data: dict[str, object] = {"status": outcome.status, "sent": outcome.sent, "received": outcome.received}
        if outcome.error:
            data["error"] = recorder.mask(outcome.error)[:2000]
        if outcome.lost:
            reason = outcome.error or "the client left before the end of the answer"
            recorder.event(EventType.FAILED, call, {**data, "reason": recorder.mask(reason)[:2000]})
            return
        data["seconds"] = round(self._clock() - ticket.began, 6)
        recorder.event(EventType.ENDED, call, data)

    def document_mask(self, ticket: Ticket) -> DocumentMask:
        """Return what masks documents of the answer to a request."""
        masker = self._rules.maskers.masker(ticket.decision.mask)
        return DocumentMask(masker, TOOL, gauge=self._gauges.get(ticket.number))

    def text(self, ticket: Ticket) -> Body:
        """Return what masks text of the answer to a request, within the limits of its decision."""
        limits = self._limits.get(ticket.number)
        if limits is None:
            limits = self._limits[ticket.number] = Limits(ticket.decision.limits, self._make_finder())
        return _Text(limits.around(self._rules.maskers.stream(TOOL, ticket.decision.mask, _nobody)))

    def _make_finder(self) -> MakeFinder:
        return self._rules.maskers.finder

    def mask(self, text: str) -> str:
        """Return words as the client may read them."""
        return self._rules.maskers.masker(()).text(text, TOOL)


class Gauge:
    """Holds the documents of one answer against limits: the one that goes over is not delivered, cut or not.

    Rows are objects; findings are counted in what the cluster sent, masked or not.
    """

    def __init__(self, limits: Sequence[OutputLimit], make_finder: MakeFinder) -> None:
        self.broken: OutputLimit | None = None
        self._limits = tuple(limits)
        self._make_finder = make_finder
        self._found = dict.fromkeys(self._limits, 0)
        self._rows = self._size = 0

    def __call__(self, came: bytes, delivered: bytes, objects: int) -> None:
        """Count one document. Raises Refusal."""
        self._rows += objects
        self._size += len(delivered)
        for limit in self._limits:
            if self._over(limit, came):
                self.broken = limit
                said = f" {limit.message}" if limit.message else " Ask for less at a time."
                raise Refusal(403, f"guard: denied by limit {limit.name}: the answer held {limit.words}.{said}")

    def _over(self, limit: OutputLimit, came: bytes) -> bool:
        if limit.size is not None:
            return self._size > limit.size
        if limit.rows is not None:
            return self._rows > limit.rows

        def found(detector: str, offset: int, length: int) -> None:
            self._found[limit] += 1

        finder = self._make_finder(limit.detect, found)
        finder.feed(came)
        finder.finish()
        return self._found[limit] > (limit.findings or 0)


def _is_placed(resource: Resource, info: RequestInfo) -> bool:
    """Return whether a request is surely about a resource, which may be some namespaces of a cluster only."""
    if not resource.namespaces:
        return True
    return bool(info.namespace) and any(Glob(one).matches(info.namespace) for one in resource.namespaces)


def _nobody(detector: str, offset: int, length: int) -> None:
    """Hear of a finding and do nothing: they are counted."""


class _Text:
    """A mask for text, as a body."""

    whole = False
    size = 0

    def __init__(self, mask: Mask) -> None:
        self._mask = mask

    @property
    def held(self) -> int:
        """Bytes held back now."""
        return self._mask.held

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector fired."""
        return self._mask.findings

    def feed(self, data: bytes) -> bytes:
        """Take text, return what may go."""
        return self._mask.feed(data)

    def idle(self) -> bytes:
        """Return what may go after a silence."""
        return self._mask.idle()

    def finish(self) -> bytes:
        """Return the rest."""
        return self._mask.finish()
