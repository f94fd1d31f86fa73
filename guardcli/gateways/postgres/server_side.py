"""What the server answers: put to the message that it belongs to, masked, counted, and sent on or swallowed.

An answer that fits nothing that was sent ends the connection: then it is not known what the client is told.
"""

from __future__ import annotations

from collections.abc import Callable

from guardcli.gateways.postgres import refusals
from guardcli.gateways.postgres.codec.backend import (
    Column,
    CommandComplete,
    CopyResponse,
    ErrorResponse,
    FunctionCallResponse,
    NoticeResponse,
    NotificationResponse,
    ParameterDescription,
    ParameterStatus,
    ReadyForQuery,
    RowDescription,
    decode_backend,
)
from guardcli.gateways.postgres.codec.frames import (
    FROM_SERVER_BUT_DATA,
    FROM_SERVER_DATA_BATCHED,
    Frame,
)
from guardcli.gateways.postgres.codec.limits import name_of
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.delivery import RUNS, Delivery
from guardcli.gateways.postgres.effects import apply
from guardcli.gateways.postgres.flight import Item, Sent

_GROUP_ENDS = (Sent.SYNC, Sent.QUERY, Sent.CALL)


class ServerSide(Delivery):
    """The half of a conversation that hears the server. ``client_side`` has the other half."""

    def feed_server(self, chunk: bytes) -> None:
        """Take what the server sent."""
        self._server.feed(chunk)

    def learned(self, result: object) -> None:
        """Take what the catalogue says."""
        self._looking = False
        self.results.learn(result)

    @property
    def hears_next(self) -> bool:
        """Whether the server's next byte begins a message."""
        return self._server.between

    @property
    def between(self) -> bool:
        """Whether the client has been sent whole messages only."""
        return not self._server.within

    # -- the pump --

    def pump_server(self) -> None:
        """Deal with all that the server has sent, up to where the catalogue must be asked."""
        while not self._looking:
            known = self._masked_item is not None and self._masked_item is self.flight.head
            plain = known and self._mask is None and self._caps is None
            wanted = FROM_SERVER_BUT_DATA if plain or self._server.within else FROM_SERVER_DATA_BATCHED
            piece = self._held_run or self._server.take(wanted)
            if piece is None:
                return
            self._held_run = None
            if isinstance(piece, Frame):
                self._hear(piece)
            else:
                self.deliver(piece)

    def _hear(self, frame: Frame) -> None:
        handler = _HANDLERS.get(frame.kind)
        if handler is None:
            raise ProtocolViolation(f"the server sent a message of type {name_of(frame.kind)} out of place")
        handler(self, frame)

    def _head(self, frame: Frame, *kinds: Sent) -> Item:
        item = self.flight.head
        if item is None or item.kind not in kinds or item.instead is not None or item.doomed:
            raise ProtocolViolation(f"the server sent a message of type {name_of(frame.kind)} that answers nothing")
        return item

    def _pass(self, item: Item, frame: Frame) -> None:
        if not (item.own or self._muted):
            self.to_client(frame.raw)

    # -- messages at any time --

    def _setting(self, frame: Frame) -> None:
        status = decode_backend(frame)
        if not isinstance(status, ParameterStatus):
            raise ProtocolViolation("no ParameterStatus")
        self.settings[status.name.decode("ascii", "replace")] = status.value.decode("utf-8", "replace")
        if status.name == b"application_name":  # whoever runs a statement chooses it, a value of a table perhaps
            shown = self.authority.mask(status.value.decode("utf-8", "surrogateescape"))
            status = status._replace(value=shown.encode("utf-8", "surrogateescape"))
        self.to_client(status.encode())

    def _notice(self, frame: Frame) -> None:
        found = decode_backend(frame)
        if isinstance(found, NoticeResponse):
            fields = self.results.words(found.fields, self.asked(self.flight.head), self.authority.mask)
            self.to_client(NoticeResponse(fields).encode())

    def _notification(self, frame: Frame) -> None:
        found = decode_backend(frame)
        if isinstance(found, NotificationResponse):
            payload = self.authority.mask(found.payload.decode("utf-8", "surrogateescape"))
            self.to_client(found._replace(payload=payload.encode("utf-8", "surrogateescape")).encode())

    # -- errors --

    def _error(self, frame: Frame) -> None:
        answer = decode_backend(frame)
        if not isinstance(answer, ErrorResponse):
            raise ProtocolViolation("no ErrorResponse")
        item = self.flight.head
        if item is not None and item.instead is not None and refusals.is_stand_in(answer):
            answer = item.instead
        else:
            answer = ErrorResponse(self.results.words(answer.fields, self.asked(item), self.authority.mask))
        if not self._muted or answer.field("V") != b"ERROR":
            self.to_client(answer.encode())
        if item is None or answer.field("V") in (b"FATAL", b"PANIC"):
            return
        self.finish_rows(item)
        self.copying_in = self._copying_out = False
        words = f"{answer.field('C').decode('ascii', 'replace')} {answer.field('M').decode('utf-8', 'replace')}"
        if item.unsettled:
            self.names.doubt("an earlier statement that failed may have changed what it stands for")
        if item.kind in (Sent.QUERY, Sent.CALL):
            item.outcome.error = item.outcome.error or words
            item.failed = True
            self.outcome_known()
            return
        if item.kind is Sent.SYNC:
            return
        self.drop_group(words)

    # -- ends --

    def _parsed(self, frame: Frame) -> None:
        item = self._head(frame, Sent.PARSE)
        self._pass(item, frame)
        self.flight.popleft()
        if item.ticket is not None:
            item.outcome.tags.append("PARSE")
            self.authority.ended(item.ticket, item.outcome)

    def _bound(self, frame: Frame) -> None:
        item = self._head(frame, Sent.BIND)
        self._pass(item, frame)
        self.flight.popleft()
        self.end_portal(item.replaced)

    def _closed_name(self, frame: Frame) -> None:
        item = self._head(frame, Sent.CLOSE)
        self._pass(item, frame)
        self.flight.popleft()
        self.end_portal(item.replaced)

    def _parameters(self, frame: Frame) -> None:
        item = self._head(frame, Sent.DESCRIBE)
        found = decode_backend(frame)
        if isinstance(found, ParameterDescription) and item.prepared is not None:
            item.prepared.types = found.types
        self._pass(item, frame)

    def _row_description(self, frame: Frame) -> None:
        item = self._head(frame, Sent.DESCRIBE, Sent.QUERY)
        found = decode_backend(frame)
        if not isinstance(found, RowDescription):
            raise ProtocolViolation("no RowDescription")
        if item.kind is Sent.DESCRIBE:
            self._described(item, found.columns)
        else:
            item.columns = found.columns
        self._pass(item, Frame(frame.kind, self.results.shown_names(found).encode()))

    def _no_data(self, frame: Frame) -> None:
        item = self._head(frame, Sent.DESCRIBE)
        self._described(item, ())
        self._pass(item, frame)

    def _described(self, item: Item, columns: tuple[Column, ...]) -> None:
        self.flight.popleft()
        if item.prepared is not None:
            item.prepared.columns, item.prepared.epoch = columns, self.names.epoch
        if item.portal is not None:
            item.portal.columns, item.portal.doubt = columns, False

    def _complete(self, frame: Frame) -> None:
        item = self._head(frame, *RUNS)
        self.finish_rows(item)
        found = decode_backend(frame)
        if isinstance(found, CommandComplete):
            item.outcome.tags.append(found.tag.decode("utf-8", "replace"))
        if item.done < len(item.changes):
            apply(item.changes[item.done], self.names)
            if item.changes[item.done].defines:
                self.results.forget()
        item.done += 1
        self._pass(item, frame)
        self.outcome_known()
        if item.kind is Sent.EXECUTE:
            self.flight.popleft()
            self.end_portal(item.portal)
        else:
            item.columns = None

    def _suspended(self, frame: Frame) -> None:
        item = self._head(frame, Sent.EXECUTE)
        self.finish_rows(item)
        if item.unsettled:
            self.names.doubt("an earlier statement may have changed what it stands for")
        self._pass(item, frame)
        self.flight.popleft()

    def _function_result(self, frame: Frame) -> None:
        item = self._head(frame, Sent.CALL)
        found = decode_backend(frame)
        if isinstance(found, FunctionCallResponse):
            item.outcome.tags.append("FUNCTION CALL")
            item.outcome.bytes += len(frame.raw)
            self.to_client(self.results.function_result(found).encode())

    def _ready(self, frame: Frame) -> None:
        item = self.flight.head
        if item is None or item.kind not in _GROUP_ENDS:
            raise ProtocolViolation("the server is ready although it was asked nothing")
        found = decode_backend(frame)
        if not isinstance(found, ReadyForQuery):
            raise ProtocolViolation("no ReadyForQuery")
        if item.instead is not None and not item.failed:
            raise ProtocolViolation("what stands in for a refused statement did not fail")
        self.flight.popleft()
        self.status = found.status
        self._muted, self._discarded = False, 0
        self.closing = self.copying_in = self._copying_out = False
        if item.after is not None:
            item.after()
            return
        self.group_ended(item)
        self._pass(item, frame)
        self.ready()

    # -- COPY --

    def _copy_in(self, frame: Frame) -> None:
        item = self._head(frame, *RUNS)
        self._pass(item, frame)
        self.copying_in = True
        self.outcome_known()

    def _copy_out(self, frame: Frame) -> None:
        item = self._head(frame, *RUNS)
        found = decode_backend(frame)
        if not isinstance(found, CopyResponse):
            raise ProtocolViolation("no CopyOutResponse")
        self._copying_out = True
        item.copy = found
        self._pass(item, frame)

    def _copy_both(self, frame: Frame) -> None:
        item = self._head(frame, Sent.QUERY)
        if not item.stream:
            raise ProtocolViolation("the server streams although replication was not asked for")
        self._pass(item, frame)
        self.copying_in = self._copying_out = True

    def _copy_done(self, frame: Frame) -> None:
        item = self._head(frame, *RUNS)
        if not self._copying_out:
            raise ProtocolViolation("CopyDone without a COPY")
        self.finish_rows(item)
        self._copying_out = False
        item.copy = None
        self._pass(item, frame)


_HANDLERS: dict[int, Callable[[ServerSide, Frame], None]] = {
    ord("1"): ServerSide._parsed,
    ord("2"): ServerSide._bound,
    ord("3"): ServerSide._closed_name,
    ord("A"): ServerSide._notification,
    ord("C"): ServerSide._complete,
    ord("E"): ServerSide._error,
    ord("G"): ServerSide._copy_in,
    ord("H"): ServerSide._copy_out,
    ord("I"): ServerSide._complete,
    ord("N"): ServerSide._notice,
    ord("S"): ServerSide._setting,
    ord("T"): ServerSide._row_description,
    ord("V"): ServerSide._function_result,
    ord("W"): ServerSide._copy_both,
    ord("Z"): ServerSide._ready,
    ord("c"): ServerSide._copy_done,
    ord("n"): ServerSide._no_data,
    ord("s"): ServerSide._suspended,
    ord("t"): ServerSide._parameters,
}
