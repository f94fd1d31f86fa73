"""Decides about the statements that a PostgreSQL gateway sees, and keeps their record.

Every statement is a call of the session: a ``judged`` event before anything of it is sent, ``asked`` and ``decided``
where a person is asked, ``started`` once there is a yes, ``masked`` and ``ended`` when the server has answered. What is
allowed and only reads is recorded, or noted beside the record, before anything of its answer is delivered: where that
is all there at once, it has one event, a ``judged`` that says how it ended. Statement and parameters are masked before
they are written.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from guardcli.broker.approval import Approvals, Question
from guardcli.broker.recorder import CallRecord, Recorder
from guardcli.broker.standing import Standing
from guardcli.broker.statement_lines import TOOL, StatementLines
from guardcli.gateways.postgres.authority import Outcome, Statement, Ticket
from guardcli.gateways.postgres.contract import Conversation, Opening, Refused
from guardcli.gateways.postgres.conversation import StatementConversation
from guardcli.gateways.postgres.inspected import ONLY_READS
from guardcli.gateways.postgres.opening import opening_operations, wants_replication
from guardcli.gateways.postgres.reach import begins_moved, moves_names, parts
from guardcli.gateways.postgres.results import Maskers, Results
from guardcli.model.decisions import Decision, Verdict
from guardcli.model.events import EventType
from guardcli.model.operations import Operation, Target
from guardcli.policy import Context

EVENT_ROOM = 4096
"""Bytes that the record of a statement takes beside its text, by and large."""
REMEMBERED, REMEMBERED_SECONDS = 512, 1.0
"""So many decisions are remembered, for so long: rules may hold at some hours only."""


@dataclass(frozen=True, slots=True)
class StatementRules:
    """What all connections of a session share."""

    standing: Standing
    identity: str
    groups: tuple[str, ...]
    recorder: Recorder
    approvals: Approvals
    maskers: Maskers
    justification: str = ""


class StatementGatekeeper:
    """Says which sessions a gateway may open, and makes the conversation of each."""

    def __init__(self, rules: StatementRules) -> None:
        self._rules = rules

    async def admit(self, opening: Opening) -> Conversation:
        """Return the conversation of a session that may begin.

        Raises Refused where the startup packet wants what no rule allows: replication, a role, a setting that is a
        privilege. Nobody is asked about these: the same may be said by a statement, which waits for a person.
        """
        authority = ConnectionAuthority(self._rules, opening)
        resources = [one for one in self._rules.standing.policy.resources if one.name == opening.resource]
        replication = any(resource.access.replication for resource in resources)
        operations = opening_operations(opening.parameters, TOOL, replication)
        decision = authority.judge(operations) if operations else None
        if decision is not None and decision.verdict is not Verdict.ALLOW:
            what = ", ".join(dict.fromkeys(one.reason or one.action for one in operations))
            raise Refused(
                f"guard: denied by rule {decision.rule}: the connection's own parameters are not allowed here ({what})",
                "leave out PGOPTIONS and the like, and say it by a statement",
            )
        results = Results(self._rules.maskers, opening.catalogue, TOOL)
        return StatementConversation(authority, results, replication and wants_replication(opening.parameters))

    def masked(self, text: str) -> str:
        """Return words of a server from before a conversation."""
        return _masked(self._rules.maskers, text)


class ConnectionAuthority:
    """Decides about the statements of one connection."""

    def __init__(self, rules: StatementRules, opening: Opening, clock: Callable[[], float] = time.time) -> None:
        self._rules = rules
        self._opening = opening
        self._clock = clock
        self._calls: dict[int, CallRecord] = {}
        self._unsaid: dict[int, Ticket] = {}
        self._reads: tuple[Decision | None, bool] = None, False
        self._decided: dict[tuple[Operation, ...], tuple[float, Decision]] = {}
        self._ruling = rules.standing.ruling
        self._last: tuple[tuple[Operation, ...], float, Decision] | None = None
        self._place = _place(opening)
        self._moved = 0.0 if begins_moved(opening.parameters) else math.inf
        """After this call a name without a schema may mean another table than to a connection that has just begun."""
        self._still: Decision | None = None
        """One whose statements move no names, whatever their text."""
        self._lines = StatementLines(rules.recorder, opening)

    @property
    def reads_values(self) -> bool:
        """Whether a rule looks at the values of parameters."""
        return self._rules.standing.reads_values

    def judge(self, operations: Sequence[Operation], values: tuple[str | None, ...] = ()) -> Decision:
        """Return what the policy says."""
        key = tuple(operations)
        now = self._clock()
        if self.reads_values:  # which are never the same for long
            return self._decide(key, now, values)
        if self._rules.standing.ruling is not self._ruling:  # a policy that was taken holds at once
            self._ruling, self._last = self._rules.standing.ruling, None
            self._decided.clear()
        last = self._last
        if last is not None and last[0] is key and now - last[1] < REMEMBERED_SECONDS:
            return last[2]
        known = self._decided.get(key)
        if known is not None and now - known[0] < REMEMBERED_SECONDS:
            self._last = (key, *known)
            return known[1]
        decision = self._decide(key, now, ())
        if len(self._decided) >= REMEMBERED:
            self._decided.clear()
        self._decided[key] = (now, decision)
        self._last = (key, now, decision)
        return decision

    def _decide(self, operations: tuple[Operation, ...], now: float, values: tuple[str | None, ...]) -> Decision:
        context = Context(
            tool=TOOL,
            identity=self._rules.identity,
            groups=self._rules.groups,
            resource=self._opening.resource,
            now=datetime.fromtimestamp(now, UTC),
            values=values,
        )
        if not self._opening.resource:
            operations = tuple(replace(one, targets=(*one.targets, *self._place)) for one in operations)
        return self._rules.standing.decide(operations, context)

    @property
    def unsaid(self) -> bool:
        """Whether something is under way that the record does not have yet."""
        return bool(self._unsaid)

    def admit(self, statement: Statement, decision: Decision) -> Ticket:
        """Write the ``judged`` event, unless that may come with the answer. Raises UnavailableError."""
        recorder = self._rules.recorder
        call = recorder.begun(self._clock())
        ticket = Ticket(call.number, statement, decision, call.started)
        if self._only_reads(decision) and recorder.takes(EVENT_ROOM + len(statement.text)):
            self._unsaid[call.number] = ticket
        else:
            self.say()  # in order
            recorder.judged_as(call, self._lines.judged(statement, decision), late=False)
        self._calls[call.number] = call
        runs = decision.verdict is not Verdict.DENY
        if runs and call.number < self._moved and decision is not self._still:
            if any(moves_names(one, statement.text) for one in decision.operations):
                self._moved = call.number
            elif all(one.effects == ONLY_READS for one in decision.operations):
                self._still = decision
        return ticket

    def _only_reads(self, decision: Decision) -> bool:
        if decision is not self._reads[0]:
            reads = all(one.complete and one.effects == ONLY_READS for one in decision.operations)
            self._reads = decision, reads and decision.verdict is Verdict.ALLOW
        return self._reads[1]

    def note(self, ticket: Ticket) -> None:
        """Leave word beside the record of what is under way."""
        if ticket.number in self._unsaid:
            line = self._lines.judged(ticket.statement, ticket.decision)
            self._rules.recorder.note(self._calls[ticket.number], line)

    def noted(self, ticket: Ticket) -> bool:
        """Say whether the record would have it if the broker were lost now."""
        return ticket.number in self._unsaid and self._rules.recorder.has_noted(self._calls[ticket.number])

    def say(self) -> None:
        """Write the ``judged`` events that are not written yet. Raises UnavailableError."""
        while self._unsaid:
            number, ticket = next(iter(self._unsaid.items()))
            line = self._lines.judged(ticket.statement, ticket.decision)
            self._rules.recorder.judged_as(self._calls[number], line, late=True)
            del self._unsaid[number]

    async def obtain(self, ticket: Ticket) -> AsyncIterator[str]:
        """Wait for a person's yes to exactly this statement, sent to exactly this server."""
        call = self._calls[ticket.number]
        shown = self._rules.recorder.mask(ticket.statement.text)
        for number, value in enumerate(ticket.statement.parameters, 1):
            written = "NULL" if value is None else repr(self._rules.recorder.mask(value))
            shown += f"\n-- ${number} = {written}"
        question = Question(
            digest=self._digest(ticket),
            tool=TOOL,
            command=shown,
            cwd="/",
            decision=ticket.decision,
            justification=self._rules.justification,
            reach=await self._reach(ticket),
        )
        async for words in self._rules.approvals.ask(call, question):
            yield words
        self._rules.recorder.event(EventType.STARTED, call, {"program": "postgres gateway"})

    async def _reach(self, ticket: Ticket) -> str:
        """Say how far a statement would go, as far as the server's planner knows; it is not run for that."""
        catalogue, statement = self._opening.catalogue, ticket.statement
        found = parts(statement.text, ticket.decision.operations, self._moved < ticket.number)
        if not found or catalogue is None:
            return ""
        return "\n".join(await catalogue.reach(found, statement.parameters))

    def _digest(self, ticket: Ticket) -> str:
        opening = self._opening
        where = (opening.resource, opening.host, str(opening.port), opening.user, opening.database)
        return self._rules.approvals.bound((TOOL, *where), ticket.statement.digest, ticket.decision.operations)

    def ended(self, ticket: Ticket, outcome: Outcome) -> None:
        """Write what came of it. What cannot be written ends the connection: it would not be known."""
        recorder, number = self._rules.recorder, ticket.number
        if number not in self._calls:
            return
        end = self._lines.ended(outcome, round(self._clock() - ticket.began, 6))
        if number in self._unsaid and not (outcome.masked or outcome.lost):
            line = self._lines.judged(ticket.statement, ticket.decision, end)
            recorder.judged_as(self._calls[number], line, late=True)
            del self._unsaid[number], self._calls[number]
            return
        self.say()
        call = self._calls.pop(number)
        if outcome.masked:
            recorder.event(EventType.MASKED, call, {"findings": dict(sorted(outcome.masked.items()))})
        if not outcome.lost:
            recorder.encoded(EventType.ENDED, call, end)
            return
        data: dict[str, object] = {"tags": outcome.tags, "rows": outcome.rows, "bytes": outcome.bytes}
        if outcome.error:
            data["error"] = recorder.mask(outcome.error)
        recorder.event(
            EventType.FAILED, call, {"reason": "the connection ended before the server had answered", **data}
        )

    def mask(self, text: str) -> str:
        """Return words of the server's as the agent may read them."""
        return _masked(self._rules.maskers, text)


def _masked(maskers: Maskers, text: str) -> str:
    exact = maskers.exact
    return maskers.masker(()).text(text if exact is None else exact.text(text), TOOL)


def _place(opening: Opening) -> tuple[Target, ...]:
    """Return where a server is that no resource names, for rules that go by host and database."""
    host = Target("host", f"{opening.user}@{opening.host}:{opening.port}")
    return host, Target("database", opening.database)
