"""The extended query, message by message: judged, recorded, asked about, sent on or replaced (``conversation``)."""

from __future__ import annotations

from functools import partial

from guardcli.gateways.postgres import refusals
from guardcli.gateways.postgres.asking import WaitingParse
from guardcli.gateways.postgres.authority import Source, Statement, Ticket
from guardcli.gateways.postgres.codec.backend import FAILED, ErrorResponse
from guardcli.gateways.postgres.codec.frames import Frame
from guardcli.gateways.postgres.codec.frontend import (
    STATEMENT,
    Bind,
    Close,
    Describe,
    Execute,
    Flush,
    Parse,
    decode_frontend,
)
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.effects import changes, may_copy_in, unsettles
from guardcli.gateways.postgres.flight import Item, Sent
from guardcli.gateways.postgres.names import Portal, Prepared
from guardcli.gateways.postgres.parameters import digest, judged, readable
from guardcli.gateways.postgres.reading import NAME_BYTES, Unreadable, read_name
from guardcli.gateways.postgres.simple_query import SimpleQueries
from guardcli.model.decisions import Verdict

_TOOL = "psql"


class ClientSide(SimpleQueries):
    """The half of a conversation that hears the client."""

    # -- the extended query --

    def _refuse(self, instead: ErrorResponse, name: bytes | None = None) -> None:
        """Let a message of the extended query fail; what follows is dropped up to Sync."""
        self.flight.append(Item(Sent.PARSE, instead=instead))
        self.to_server(refusals.failing_parse(name))
        self.skipping = True

    def take_parse(self, frame: Frame) -> None:
        """Judge a Parse."""
        parse = decode_frontend(frame)
        if not isinstance(parse, Parse):
            raise ProtocolViolation("no Parse")

        def refuse(instead: ErrorResponse) -> None:
            self._refuse(instead, parse.name)

        try:
            text, name = self._read(parse.text), read_name(parse.name, self.settings)
        except Unreadable as reason:
            refuse(refusals.unreadable(str(reason)))
            return
        if self.names.are_too_many:
            refuse(refusals.too_many_names())
            return
        operations = self.operations(text)
        decision = self._judge(operations)
        prepared = Prepared(text, operations, parse.types, quiet=self._is_quiet(operations))
        open_ = self.authority.reads_values and "$" in text  # its values decide, and are to come
        if decision.verdict is Verdict.ALLOW and not open_:
            self._send_parse(name, prepared, frame.raw)
            return
        statement = Statement(text, Source.PARSE, digest("Parse", parse.text, parse.types))
        if decision.verdict is Verdict.DENY and not open_:
            self._admit(statement, decision, refuse)
        elif not self.drain(frame):
            self.waiting_parse = WaitingParse(name, prepared, frame.raw, statement, decision, refuse)

    def _send_parse(self, name: bytes, prepared: Prepared, raw: bytes, ticket: Ticket | None = None) -> None:
        item = Item(Sent.PARSE, prepared=prepared, ticket=ticket)
        item.undo = (*item.undo, self.names.set_statement(name, prepared))
        self.flight.append(item)
        self.to_server(raw)

    def ask_to_parse(self) -> None:
        """Ask about the Parse that waits by itself: its text goes to the server before any values are known."""
        waiting, self.waiting_parse = self.waiting_parse, None
        if waiting is None:
            return
        if waiting.decision.verdict is Verdict.ALLOW:
            self._send_parse(waiting.name, waiting.prepared, waiting.raw)
            return
        ticket = self._admit(waiting.statement, waiting.decision, waiting.refuse)
        if ticket is not None:
            send = partial(self._send_parse, waiting.name, waiting.prepared, waiting.raw, ticket)
            self._ask(ticket, send, waiting.refuse)

    def binds_waiting(self, frame: Frame) -> bool:
        """Say whether `frame` is a Bind of the statement of the Parse that waits."""
        if self.waiting_parse is None or frame.kind != ord("B"):
            return False
        bind = decode_frontend(frame)
        return isinstance(bind, Bind) and bind.statement[:NAME_BYTES] == self.waiting_parse.name

    def take_bind(self, frame: Frame) -> None:
        """Judge the statement of a Bind again, and ask about it with its values."""
        bind = decode_frontend(frame)
        if not isinstance(bind, Bind):
            raise ProtocolViolation("no Bind")
        waiting, self.waiting_parse = self.waiting_parse, None
        try:
            name, portal_name = read_name(bind.statement, self.settings), read_name(bind.portal, self.settings)
        except Unreadable as reason:
            self._refuse(refusals.unreadable(str(reason)))
            return
        prepared = self.names.statements.get(name) if waiting is None else waiting.prepared
        if self.names.are_too_many and bind.portal:
            self._refuse(refusals.too_many_names())
            return
        if prepared is None:
            self._refuse(refusals.no_statement(bind.statement))
            return
        read = judged(bind.values, bind.formats, prepared.types) if self.authority.reads_values else ()
        decision = self._judge(prepared.judged(), read)
        if decision.verdict is Verdict.APPROVE and self.drain(frame):
            return
        values = readable(bind.values, bind.formats, prepared.types)
        state = digest("Bind", prepared.text.encode(), prepared.types, bind)
        ticket = self._admit(Statement(prepared.text, Source.BIND, state, values), decision, self._refuse)
        if ticket is None:
            return

        def send() -> None:
            if waiting is not None:
                self._send_parse(waiting.name, prepared, waiting.raw)
            portal = Portal(prepared, ticket, bind.result_formats)
            item = Item(Sent.BIND, portal=portal, ticket=ticket)
            self.replace_portal(item, portal_name, portal)
            self.flight.append(item)
            self.to_server(frame.raw)

        if decision.verdict is Verdict.APPROVE:
            self._ask(ticket, send, self._refuse)
        else:
            send()

    def take_describe(self, frame: Frame) -> None:
        """Send a Describe on, and remember whose answer it brings."""
        describe = decode_frontend(frame)
        if not isinstance(describe, Describe):
            raise ProtocolViolation("no Describe")
        item = Item(Sent.DESCRIBE)
        if describe.what == STATEMENT:
            item.prepared = self.names.statements.get(describe.name[:NAME_BYTES])
        else:
            item.portal = self.names.portals.get(describe.name[:NAME_BYTES])
        self.flight.append(item)
        self.to_server(frame.raw)

    def take_close(self, frame: Frame) -> None:
        """Send a Close on."""
        close = decode_frontend(frame)
        if not isinstance(close, Close):
            raise ProtocolViolation("no Close")
        try:
            name = read_name(close.name, self.settings)
        except Unreadable as reason:
            self._refuse(refusals.unreadable(str(reason)))
            return
        item = Item(Sent.CLOSE)
        if close.what == STATEMENT:
            item.undo = (*item.undo, self.names.set_statement(name, None))
        else:
            self.replace_portal(item, name, None)
        self.flight.append(item)
        self.to_server(frame.raw)

    def _execute_unknown(self, execute: Execute, frame: Frame) -> None:
        """Refuse to run a portal that nobody has bound.

        A Query that fails while it runs leaves its portal behind, until its transaction ends. In a failed transaction
        the server runs none but one that ends it (exec_execute_message of PostgreSQL), and it alone knows which error
        is due: it says so itself, where nothing under way can change that.
        """
        if self.status == FAILED and all(item.kind is Sent.CLOSE for item in self.flight):
            self.flight.append(Item(Sent.EXECUTE, doomed=True))
            self.to_server(frame.raw)
        else:
            self._refuse(refusals.no_portal(execute.portal))

    def take_execute(self, frame: Frame) -> None:
        """Run a portal."""
        execute = decode_frontend(frame)
        if not isinstance(execute, Execute):
            raise ProtocolViolation("no Execute")
        try:
            portal = self.names.portals.get(read_name(execute.portal, self.settings))
        except Unreadable as reason:
            self._refuse(refusals.unreadable(str(reason)))
            return
        if portal is None:
            self._execute_unknown(execute, frame)
            return
        cursor = self.names.cursors.get(execute.portal.decode("utf-8", "replace")) if portal.doubt else None
        if cursor is not None:
            portal.prepared = Prepared(cursor, portal.prepared.operations)
        operations = portal.prepared.operations
        item = Item(Sent.EXECUTE, portal=portal, ticket=portal.ticket, counted=portal.outcome)
        item.text = portal.prepared.text
        if portal.prepared.quiet:
            self.describe_first(portal, execute.portal)
            self.flight.append(item)
            self.to_server(frame.raw)
            return
        item.changes = changes(item.text, operations)
        item.unsettled = any(not operation.complete for operation in operations)
        terms = self._copy_to_mask(item, operations)
        if terms is not None:
            if not self._can_be_cut(terms):
                self._refuse(refusals.copy_uncut())
                return
            self._probe(item, terms)
        self.describe_first(portal, execute.portal)
        self.flight.append(item)
        self.to_server(frame.raw)
        self.unsettled = self.unsettled or unsettles(operations)
        if may_copy_in(operations):
            self.probing = True
            self.to_server(Flush().encode())
