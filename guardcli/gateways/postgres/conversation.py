"""One connection between login and end: what the client sends is judged, what the server answers is put in its place.

Rules:
- The unit is the group: the messages of an extended query up to a Sync, or one Query, or one FunctionCall. One group
  is under way at a time. Within it messages are sent on as they come, so that a client may wait for answers half-way;
  after its end the client's next message waits for ReadyForQuery. So whatever is known about names, settings and the
  transaction when a message is judged still holds when the server reads it.
- A refused message is replaced by one that fails for certain (`refusals`), and what follows is dropped up to the Sync,
  as the server would. Nothing that was refused or dropped reaches the server.
- A Query within an extended group, and everything that asks a person, waits until all before it is answered.
- After the Execute of what may be a COPY from the client, nothing is sent on until the server has said whether it is.
- An approval is asked at Query, or at Bind, where the values are known; the Parse before it is held back until then. A
  client that wants to know about the statement first (Describe, Flush, Sync) makes it two: one to parse it, and one
  for each Bind.

Source: PostgreSQL documentation, "Message Flow". `server_side` has the other direction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from guardcli.gateways.postgres import refusals
from guardcli.gateways.postgres.asking import Told, next_word
from guardcli.gateways.postgres.authority import Authority
from guardcli.gateways.postgres.client_side import ClientSide
from guardcli.gateways.postgres.codec import sqlstates
from guardcli.gateways.postgres.codec.backend import error, notice
from guardcli.gateways.postgres.codec.frames import Batch, Frame, Run, Splitter, all_but
from guardcli.gateways.postgres.codec.frontend import (
    CopyFail,
    Flush,
    Terminate,
)
from guardcli.gateways.postgres.codec.limits import FRONTEND, name_of
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.contract import Step
from guardcli.gateways.postgres.flight import Item, Sent
from guardcli.gateways.postgres.quiet import QuietStatements
from guardcli.gateways.postgres.results import Results
from guardcli.model.errors import GuardError

MAX_FLIGHT = 4096
"""Messages of one group that may wait for their answers; at that many the client waits until all are answered."""
MAX_HELD = 1 << 20
"""So many bytes of the client are kept while it has to wait; then no more are read."""

_TERMINATE = Terminate().encode()
_WANTED = all_but(FRONTEND, b"d")
_TOOL = "psql"


class StatementConversation(QuietStatements):
    """Judges the statements of one connection. Pure: bytes in, a `Step` out; it waits by handing out awaitables."""

    def __init__(self, authority: Authority, results: Results, replication: bool = False) -> None:
        """`replication`: the connection speaks the replication protocol, and the policy allows it."""
        super().__init__(authority, results, replication)
        self._client = Splitter(FRONTEND)
        self._held: Frame | Run | None = None
        self._flushed = False
        self._cut_data = 0  # 1: a CopyData that was begun is sent on, -1: it is dropped
        self._left = False

    # -- the contract --

    def begin(self, settings: Mapping[str, str]) -> Step:
        """Take what the server said of its settings."""
        self.settings.update(settings)
        return self._done()

    def from_client(self, chunk: bytes) -> Step:
        """Take what the client sent."""
        self.put_in_place()
        if self.is_at_rest():
            chunk = self.take_whole(chunk)
            if not chunk:
                return self.give()
        self._client.feed(chunk)
        return self._done()

    def from_server(self, chunk: bytes) -> Step:
        """Take what the server sent."""
        self.put_in_place()
        if self._usual is not None and self.hear_whole(chunk):
            return self._done() if self._client.held else self.give()
        self.feed_server(chunk)
        return self._done()

    def server_goes_on(self, result: object) -> Step:
        """Go on with the server's answer: the catalogue has said what it knows."""
        self.learned(result)
        return self._done()

    def client_goes_on(self, result: object) -> Step:
        """Go on with a wait for a person."""
        asking = self.asking
        if asking is None:
            raise ProtocolViolation("nothing was asked")
        if isinstance(result, Told):
            self.to_client(notice(result.text).encode())
            self.step.client_wait = next_word(asking.words)
            return self._done()
        self.asking = None
        if isinstance(result, GuardError):
            asking.refuse(refusals.not_approved(result))
        else:
            asking.send()
        return self._done()

    def unanswered(self) -> Step:
        """Record what the server has not answered yet."""
        if self.authority.unsaid:
            self.authority.say()
        return self.give()

    def cancelled(self) -> Step:
        """End the wait for a person; where there is none, let the server cancel what it is doing."""
        self.put_in_place()
        if self.asking is None:
            self.step.cancel = True
            return self._done()
        asking, self.asking = self.asking, None
        self.step.drop_wait = True
        asking.refuse(refusals.cancelled())
        return self._done()

    def end(self, sqlstate: str, message: str) -> Step:
        """Tell the client why the session ends, and let the server cancel what it still does for it."""
        self.put_in_place()
        self.to_client(error("FATAL", sqlstate, message).encode())
        self.step.cancel = bool(self.flight)
        self.step.end = True
        return self.give()

    def closed(self, reason: str) -> None:
        """Record what will never be heard of."""
        self.passed()
        self.put_in_place()
        self.lose(reason)

    @property
    def client_is_full(self) -> bool:
        """Whether no more of the client should be read for now."""
        return self._client.held > MAX_HELD

    # -- the pump --

    def is_at_rest(self) -> bool:
        """Say whether a group begins with the client's next byte, and nothing stands in its way."""
        if self.flight or self.skipping or self.copying_in or self._held is not None:
            return False
        return self._client.between and self._may_take()

    def _done(self) -> Step:
        """Do all that can be done now, and return it."""
        self.pump_server()
        while self._may_take():
            piece = self._held or self._client.take(_WANTED)
            if piece is None or isinstance(piece, Batch):
                break
            self._held = None
            self._take(piece)
        return self.give()

    def _may_take(self) -> bool:
        """Say whether the client's next message may be looked at."""
        if self.asking is not None or self._left:
            return False
        if self.copying_in:
            return True
        if self.flight:
            if self.closing or self._flushed or self.probing:
                return False
        else:
            self._flushed = self.probing = False
        return True

    def _take(self, piece: Frame | Run) -> None:
        if self.waiting_parse is not None and not (isinstance(piece, Frame) and self.binds_waiting(piece)):
            if piece.raw == _TERMINATE:
                self.waiting_parse = None
            self._held = piece
            self.ask_to_parse()
        elif isinstance(piece, Run):
            self._copy_data(piece)
        elif self.copying_in:
            self._while_copying(piece)
        elif piece.kind == ord("S"):
            self.skipping = False
            self.end_group(Item(Sent.SYNC), piece.raw)
        elif piece.kind == ord("X"):
            self._left = True
            self.to_server(piece.raw)
        elif self.skipping:
            return
        elif len(self.flight) >= MAX_FLIGHT:
            self.drain(piece)
        else:
            handler = _HANDLERS.get(piece.kind)
            if handler is None:
                raise ProtocolViolation(f"a message of type {name_of(piece.kind)} out of place")
            handler(self, piece)

    def drain(self, piece: Frame | Run) -> bool:
        """Keep `piece` until all that was sent is answered; False where nothing is to be waited for."""
        if not self.flight:
            return False
        self._held = piece
        if not self._flushed:
            self._flushed = True
            self.to_server(Flush().encode())
        return True

    def end_group(self, item: Item, raw: bytes) -> None:
        """Send the end of a group."""
        self.closing = True
        self.flight.append(item)
        self.to_server(raw)

    def ready(self) -> None:
        """A group has ended: settings are known again."""
        self.unsettled = self._flushed = self.probing = False

    def outcome_known(self) -> None:
        """The server has said whether what it runs is a COPY from the client."""
        self.probing = False

    # -- COPY from the client --

    def _copy_data(self, run: Run) -> None:
        """Send data on while the server takes it, drop it where it does not; wait where that is not known yet."""
        if self._cut_data > 0 or (not self._cut_data and self.copying_in):
            self.to_server(run.raw)
            self._cut_data = 1 if self._client.within else 0
        elif not self._cut_data and self.flight and not self.skipping:
            self.drain(run)
        else:
            self._cut_data = -1 if self._client.within else 0

    def _while_copying(self, frame: Frame) -> None:
        """A message that is no data: Flush and Sync mean nothing here, as in the server."""
        if frame.kind in b"SH":
            return
        if frame.kind == ord("X"):
            self._left = True
            self.to_server(frame.raw)
            return
        self.copying_in = False
        if frame.kind in b"cf":
            self.to_server(frame.raw)
        else:
            reason = f"unexpected message type 0x{frame.kind:02X} during COPY from stdin"
            self.to_server(CopyFail(reason.encode()).encode())

    def _flush(self, frame: Frame) -> None:
        self.to_server(frame.raw)

    def _stray(self, frame: Frame) -> None:
        """CopyDone or CopyFail where no COPY is: the server would take no notice; where one may come, wait for it."""
        if self.flight:
            self.drain(frame)

    def _answer(self, frame: Frame) -> None:
        raise ProtocolViolation(
            "an answer to a request for authentication that nobody made", sqlstates.PROTOCOL_VIOLATION
        )


_HANDLERS: dict[int, Callable[[StatementConversation, Frame], None]] = {
    ord("Q"): ClientSide.take_query,
    ord("F"): ClientSide.take_call,
    ord("P"): ClientSide.take_parse,
    ord("B"): ClientSide.take_bind,
    ord("D"): ClientSide.take_describe,
    ord("C"): ClientSide.take_close,
    ord("E"): ClientSide.take_execute,
    ord("H"): StatementConversation._flush,
    ord("c"): StatementConversation._stray,
    ord("f"): StatementConversation._stray,
    ord("p"): StatementConversation._answer,
}
