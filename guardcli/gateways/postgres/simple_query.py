"""Query and FunctionCall: judged, recorded, asked about, sent on or replaced by what fails (``conversation``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from guardcli.gateways.postgres import refusals
from guardcli.gateways.postgres.asking import Asking, WaitingParse, next_word
from guardcli.gateways.postgres.authority import Authority, Source, Statement, Ticket
from guardcli.gateways.postgres.calls import as_select
from guardcli.gateways.postgres.codec.backend import FAILED, ErrorResponse
from guardcli.gateways.postgres.codec.frames import Frame, Run
from guardcli.gateways.postgres.codec.frontend import (
    STATEMENT,
    Close,
    Describe,
    FunctionCall,
    Parse,
    Query,
    Sync,
    decode_frontend,
)
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.copying import CopyTerms, copy_terms
from guardcli.gateways.postgres.effects import changes, is_quiet
from guardcli.gateways.postgres.flight import Item, Sent
from guardcli.gateways.postgres.inspected import KNOWN_LENGTH, inspected
from guardcli.gateways.postgres.names import Prepared
from guardcli.gateways.postgres.opening import replication_command
from guardcli.gateways.postgres.parameters import digest, judged, readable
from guardcli.gateways.postgres.reading import Unreadable, keeps_ascii, read_text, write_text
from guardcli.gateways.postgres.results import Results
from guardcli.gateways.postgres.server_side import ServerSide
from guardcli.inspectors.sql import inspect_sql
from guardcli.model.decisions import Decision, Verdict
from guardcli.model.errors import GuardError
from guardcli.model.operations import Operation

_TOOL = "psql"


class SimpleQueries(ServerSide):
    """Judges, records and sends on what comes as one text."""

    def __init__(self, authority: Authority, results: Results, replication: bool = False) -> None:
        """`replication`: the connection speaks the replication protocol, and the policy allows it."""
        super().__init__(authority, results)
        self.replication = replication
        self.asking: Asking | None = None
        self.waiting_parse: WaitingParse | None = None
        self.probing = False
        self.unsettled = False
        self._quiet: tuple[tuple[Operation, ...], bool] = (), True

    def drain(self, piece: Frame | Run) -> bool:
        """Keep `piece` until all that was sent is answered; False where nothing is to be waited for."""
        raise NotImplementedError

    def end_group(self, item: Item, raw: bytes) -> None:
        """Send the end of a group."""
        raise NotImplementedError

    # -- judging --

    def _read(self, text: bytes) -> str:
        return read_text(text, self.settings, not self.unsettled)

    def operations(self, text: str) -> tuple[Operation, ...]:
        """Return what a text does. Only one with EXECUTE in it means by the names of a session what it means."""
        if len(text) > KNOWN_LENGTH or "execute" in text.lower():
            return inspect_sql(text, tool=_TOOL, prepared=self.names.as_sql_sees_them())
        return inspected(text)

    def _judge(self, operations: tuple[Operation, ...], values: tuple[str | None, ...] = ()) -> Decision:
        return self.authority.judge(operations, values)

    def _admit(
        self, statement: Statement, decision: Decision, refuse: Callable[[ErrorResponse], None]
    ) -> Ticket | None:
        """Record the statement. Where that fails, or it is denied, refuse it and return None."""
        try:
            ticket = self.authority.admit(statement, decision)
        except GuardError as failure:
            refuse(refusals.not_approved(failure))
            return None
        if decision.verdict is Verdict.DENY:
            refuse(refusals.denied(ticket))
            self.end_ticket(ticket, "denied")
            return None
        return ticket

    def _ask(self, ticket: Ticket, send: Callable[[], None], refuse: Callable[[ErrorResponse], None]) -> None:
        def refused(answer: ErrorResponse) -> None:
            words = answer.field("M").decode("utf-8", "replace")
            self.end_ticket(ticket, f"{answer.field('C').decode()} {words}")
            refuse(answer)

        self.asking = Asking(self.authority.obtain(ticket), send, refused)
        self.step.client_wait = next_word(self.asking.words)

    # -- the simple query --

    def take_query(self, frame: Frame) -> None:
        """Judge a Query."""
        if self.drain(frame):
            return
        query = decode_frontend(frame)
        if not isinstance(query, Query):
            raise ProtocolViolation("no Query")
        try:
            text = self._read(query.text)
        except Unreadable as reason:
            self._refuse_query(refusals.unreadable(str(reason)))
            return
        command = replication_command(text, _TOOL) if self.replication else None
        operations = command or self.operations(text)
        self._simple(frame, Statement(text, Source.QUERY, digest("Query", query.text)), operations)

    def take_call(self, frame: Frame) -> None:
        """Judge a FunctionCall as the SELECT that does the same."""
        if self.drain(frame):
            return
        call = decode_frontend(frame)
        if not isinstance(call, FunctionCall):
            raise ProtocolViolation("no FunctionCall")
        text = as_select(call)
        shown = readable(call.arguments, call.formats)
        statement = Statement(text, Source.CALL, digest("FunctionCall", text.encode(), (), call), shown)
        self._simple(frame, statement, inspect_sql(text, tool=_TOOL), judged(call.arguments, call.formats))

    def _simple(
        self,
        frame: Frame,
        statement: Statement,
        operations: tuple[Operation, ...],
        values: tuple[str | None, ...] = (),
    ) -> None:
        quiet = self._is_quiet(operations)
        if not quiet and self.names.are_too_many and any(one.action in ("prepare", "declare") for one in operations):
            self._refuse_query(refusals.too_many_names())
            return
        ticket = self._admit(statement, self._judge(operations, values), self._refuse_query)
        if ticket is None:
            return
        kind = Sent.QUERY if statement.source is Source.QUERY else Sent.CALL
        item = Item(kind, ticket=ticket, text=statement.text, quiet=quiet)
        item.stream = self.replication and replication_command(statement.text, _TOOL) is not None
        if not quiet:
            if kind is Sent.QUERY:
                item.changes = changes(statement.text, operations)
            item.unsettled = any(not operation.complete for operation in operations)
        if ticket.decision.verdict is Verdict.APPROVE:
            self._ask(ticket, lambda: self._send_simple(item, operations, frame.raw), self._refuse_query)
        else:
            self._send_simple(item, operations, frame.raw)

    def _is_quiet(self, operations: tuple[Operation, ...]) -> bool:
        """Say what `is_quiet` says; the same operations come again and again."""
        if self._quiet[0] is not operations:
            self._quiet = operations, is_quiet(operations)
        return self._quiet[1]

    def _send_simple(self, item: Item, operations: Sequence[Operation], raw: bytes) -> None:
        if item.quiet:
            self.end_group(item, raw)
        else:
            self._after_probe(item, operations, lambda: self.end_group(item, raw))

    def _after_probe(self, item: Item, operations: Sequence[Operation], send: Callable[[], None]) -> None:
        """Send a Query; before a COPY of which columns may have to be masked, ask the server which these are."""
        terms = self._copy_to_mask(item, operations)
        if terms is None or self.status == FAILED:
            send()
            return
        if len(operations) > 1 or not self._can_be_cut(terms):
            self.end_ticket(item.ticket, "refused: COPY that cannot be masked")
            self._refuse_query((refusals.copy_with_others if len(operations) > 1 else refusals.copy_uncut)())
            return
        self._probe(item, terms)
        self.end_group(Item(Sent.SYNC, own=True, ticket=item.ticket, after=send), Sync().encode())

    def _copy_to_mask(self, item: Item, operations: Sequence[Operation]) -> CopyTerms | None:
        if item.ticket is None or not self.results.names_columns(item.ticket.decision):
            return None
        found = (copy_terms(item.text, at) for at, one in enumerate(operations) if one.action == "copy to")
        return next((terms for terms in found if terms is not None), None)

    def _can_be_cut(self, terms: CopyTerms) -> bool:
        encoding = terms.encoding or ("" if self.unsettled else self.settings.get("client_encoding", ""))
        return terms.can_be_cut and keeps_ascii(encoding)

    def _probe(self, item: Item, terms: CopyTerms) -> None:
        """Let the server describe what a COPY gives. Nothing is run for that."""
        item.probe = Prepared(terms.select, ())
        select = write_text(terms.select, self.settings)
        self.flight += (
            Item(Sent.PARSE, own=True),
            Item(Sent.DESCRIBE, own=True, prepared=item.probe),
            Item(Sent.CLOSE, own=True),
        )
        self.to_server(Parse(refusals.STAND_IN, select).encode())
        self.to_server(Describe(STATEMENT, refusals.STAND_IN).encode())
        self.to_server(Close(STATEMENT, refusals.STAND_IN).encode())

    def _refuse_query(self, instead: ErrorResponse) -> None:
        self.end_group(Item(Sent.QUERY, instead=instead), refusals.failing_query())
