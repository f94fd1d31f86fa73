"""Statements that come again and again: known by their form, sent on and answered with hardly a thing made.

What went the short way (``whole``), is allowed and meets no mask leaves its form behind: of a Query its text, or what
stands before and behind its one number where every number does the same (``inspected``); of Parse all of it; Bind names
a statement that is known. The next of that form is judged, admitted and recorded like any other, by the same authority.
But its bytes are not read again, since nothing in them can mean something else, and a ticket is nearly all that is kept
of it while it is under way. Where its answer is not like the last one, or anything comes in between, it takes its place
among what is under way (`QuietStatements.put_in_place`), and all goes the longer way.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

from guardcli.gateways.postgres.authority import Authority, Outcome, Source, Statement, Ticket
from guardcli.gateways.postgres.codec.backend import IDLE
from guardcli.gateways.postgres.codec.frames import HEADER, Frame
from guardcli.gateways.postgres.codec.frontend import Bind, decode_frontend
from guardcli.gateways.postgres.flight import Item, Sent
from guardcli.gateways.postgres.inspected import KNOWN_LENGTH, form_of
from guardcli.gateways.postgres.names import Portal, Prepared, Undo
from guardcli.gateways.postgres.parameters import digest, readable
from guardcli.gateways.postgres.reading import NAME_BYTES
from guardcli.gateways.postgres.results import Results
from guardcli.gateways.postgres.whole import (
    CHUNK_MAX,
    DESCRIBE_EXECUTE_SYNC,
    EXECUTE_SYNC,
    QUERY_ANSWERS,
    WholeExchanges,
    group_answers,
)
from guardcli.model.decisions import Decision, Verdict
from guardcli.model.errors import GuardError
from guardcli.model.operations import Operation

FORMS = 256
"""So many forms are remembered, of Query and of Parse."""
NUMBER_MAX = 9
"""Digits of the numbers that a form holds for."""
_DIGITS = b"0123456789"
_QUERY, _PARSE, _BIND, _ZERO = b"QPB0"
_header = struct.Struct(">BI").unpack_from


@dataclass(frozen=True, slots=True)
class Form:
    """What Queries have in common that do the same: what is before and behind their number, or all of it."""

    before: bytes
    behind: bytes | None
    operations: tuple[Operation, ...]

    def is_of(self, chunk: bytes) -> bool:
        """Say whether `chunk` is one whole Query of this form."""
        kind, length = _header(chunk)
        if kind != _QUERY or length != len(chunk) - 1:
            return False
        before, behind = self.before, self.behind
        if behind is None:
            return chunk[HEADER:] == before
        if not (chunk.startswith(before, HEADER) and chunk.endswith(behind)):
            return False
        number = chunk[HEADER + len(before) : -len(behind)]
        return number.isdigit() and number[0] != _ZERO and len(number) <= NUMBER_MAX


class Group(NamedTuple):
    """Bind, perhaps Describe, Execute and Sync of the unnamed portal; `undo` that of the Parse before them."""

    prepared: Prepared
    bind: Bind
    described: bool
    undo: tuple[Undo, ...]


class Alone(NamedTuple):
    """What is under way by itself, a Query where there is no `group`; `answers` has the types of the usual ones."""

    ticket: Ticket
    answers: frozenset[bytes]
    group: Group | None


class QuietStatements(WholeExchanges):
    """The shortest way through a conversation."""

    def __init__(self, authority: Authority, results: Results, replication: bool = False) -> None:
        super().__init__(authority, results, replication)
        self._forms: dict[bytes, Form] = {}
        self._parses: dict[bytes, Prepared] = {}
        self._alone: Alone | None = None
        self._delivered: tuple[Ticket, Outcome] | None = None

    def is_at_rest(self) -> bool:
        """Say whether a group begins with the client's next byte, and nothing stands in its way."""
        raise NotImplementedError

    # -- from the client --

    def passes_to_server(self, chunk: bytes) -> bool:
        """Take what is of a known form; say whether it was and goes on as it came. Else nothing has happened."""
        if not HEADER < len(chunk) <= KNOWN_LENGTH or self._alone is not None:
            return False
        self._alone = self._query(chunk) if chunk[0] == _QUERY else self._group(chunk)
        return self._alone is not None

    def known_form(self, chunk: bytes) -> Form | None:
        """Return the form of `chunk`, None where it is not one whole Query of a form that is known."""
        form = self._forms.get(chunk[HEADER:].translate(None, _DIGITS))
        return form if form is not None and form.is_of(chunk) else None

    def _query(self, chunk: bytes) -> Alone | None:
        form = self.known_form(chunk)
        if form is None or not self.is_at_rest():
            return None
        decision = self._passing(form.operations)
        if decision is None:
            return None
        text = chunk[HEADER:-1]
        ticket = self._admitted(Statement(text.decode(), Source.QUERY, digest("Query", text)), decision)
        return Alone(ticket, QUERY_ANSWERS, None) if ticket is not None else None

    def _group(self, chunk: bytes) -> Alone | None:
        described = chunk.endswith(DESCRIBE_EXECUTE_SYNC)
        if not (described or chunk.endswith(EXECUTE_SYNC)) or self.status != IDLE or not self.is_at_rest():
            return None
        at, parsed = 0, None
        kind, length = _header(chunk)
        if kind == _PARSE:
            at = length + 1
            known = self._parses.get(chunk[:at])
            if known is None or self.names.are_too_many:
                return None
            parsed = Prepared(known.text, known.operations, known.types, quiet=True)
        bind = self._bind(chunk, at, len(DESCRIBE_EXECUTE_SYNC if described else EXECUTE_SYNC))
        if bind is None or (parsed is not None and bind.statement):
            return None
        prepared = parsed or self.names.statements.get(bind.statement[:NAME_BYTES])
        if prepared is None or not prepared.quiet or prepared.doubt:
            return None
        decision = self._passing(prepared.operations)
        if decision is None:
            return None
        state = digest("Bind", prepared.text.encode(), prepared.types, bind)
        values = readable(bind.values, bind.formats, prepared.types)
        ticket = self._admitted(Statement(prepared.text, Source.BIND, state, values), decision)
        if ticket is None:
            return None
        undo = (self.names.set_statement(b"", parsed),) if parsed is not None else ()
        return Alone(ticket, group_answers(bool(undo), described), Group(prepared, bind, described, undo))

    def _bind(self, chunk: bytes, at: int, end: int) -> Bind | None:
        """Return the Bind that stands from `at` on, `end` bytes before the end, where it is of the unnamed portal."""
        if len(chunk) - at <= HEADER:
            return None
        kind, length = _header(chunk, at)
        if kind != _BIND or at + length + 1 != len(chunk) - end:
            return None
        bind = decode_frontend(Frame(kind, chunk[at : at + length + 1]))
        usual = isinstance(bind, Bind) and not bind.portal and bind.statement.isascii()
        return bind if isinstance(bind, Bind) and usual else None

    def _passing(self, operations: tuple[Operation, ...]) -> Decision | None:
        """Judge; return the decision where it lets a statement and its answer pass as they are."""
        if self.authority.reads_values or self.names.portals:
            return None
        decision = self.authority.judge(operations)
        return decision if decision.verdict is Verdict.ALLOW and not self.results.looks_into(decision) else None

    def _admitted(self, statement: Statement, decision: Decision) -> Ticket | None:
        try:
            return self.authority.admit(statement, decision)
        except GuardError:  # said where it is taken the longer way
            return None

    # -- from the server --

    def passes_to_client(self, chunk: bytes) -> bool:
        """Take the answer to it; say whether it goes on as it came. Raises UnavailableError.

        It is recorded by then, or noted beside the record: then `passed` records it, once it has been sent.
        """
        alone = self._alone
        if alone is None or len(chunk) > CHUNK_MAX or not self.hears_next:
            return False
        answer = self.like_last(chunk)
        if answer is None or answer.kinds not in alone.answers or (alone.group is not None and answer.status != IDLE):
            return False
        if self.results.looks_into(alone.ticket.decision) or self.results.holds_lent(chunk):
            return False
        outcome = Outcome([answer.tag], answer.rows, len(chunk) - answer.other)
        if self.authority.noted(alone.ticket):
            self._delivered = alone.ticket, outcome
        else:
            self.authority.ended(alone.ticket, outcome)
        self._alone = None
        self.status = answer.status
        return True

    def passed(self) -> None:
        """Record what has been answered; note what is under way, while the server is at work."""
        delivered, self._delivered = self._delivered, None
        if delivered is not None:
            self.authority.ended(*delivered)
        elif self._alone is not None:
            self.authority.note(self._alone.ticket)

    def put_in_place(self) -> None:
        """Let what is under way by itself be under way like anything else."""
        alone, self._alone = self._alone, None
        if alone is None:
            return
        ticket, group = alone.ticket, alone.group
        self.closing = True
        if group is None:
            self.flight.append(Item(Sent.QUERY, ticket=ticket, text=ticket.statement.text, quiet=True))
            self.note_query()
            return
        if group.undo:
            self.flight.append(Item(Sent.PARSE, prepared=group.prepared, undo=group.undo))
        portal = Portal(group.prepared, ticket, group.bind.result_formats)
        item = Item(Sent.BIND, portal=portal, ticket=ticket)
        self.replace_portal(item, b"", portal)
        self.flight.append(item)
        self.note_group(portal, group.described)

    # -- what is learned --

    def learn(self, frame: Frame) -> None:
        """Remember the form of a Query, or a Parse without a name, that went the short way."""
        if self._usual is None or self.replication or len(frame.raw) > KNOWN_LENGTH:
            return
        item = self.flight[0]
        text = item.prepared.text if item.prepared is not None else item.text
        if not text.isascii() or "\\" in text or "execute" in text.lower():
            return  # its meaning hangs on settings or names
        for known in (self._forms, self._parses):
            if len(known) >= FORMS:
                known.clear()
        if item.prepared is not None:
            if item.prepared.quiet and self.names.statements.get(b"") is item.prepared:
                self._parses[frame.raw] = item.prepared
            return
        before, behind = form_of(text) or (f"{text}\0", None)
        end = None if behind is None else behind.encode() + b"\0"
        skeleton = frame.raw[HEADER:].translate(None, _DIGITS)
        self._forms[skeleton] = Form(before.encode(), end, self.operations(text))
