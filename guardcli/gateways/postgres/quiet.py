"""Queries that come again and again: known by their form, sent on and answered with hardly a thing made.

A Query that went the short way (``whole``), is allowed and meets no mask leaves its form behind: its text, or what
stands before and behind its one number where every number does the same (``inspected``). The next of that form is
judged, admitted and recorded like any other, by the same authority. But its bytes are neither cut into messages nor
read again, since nothing in them can mean something else, and its ticket is all that is kept of it while it is under
way. Where its answer is not like the last one, or anything comes in between, it takes its place among what is under way
(`QuietQueries.put_in_place`), and all goes the longer way.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from guardcli.gateways.postgres.authority import Authority, Outcome, Source, Statement, Ticket
from guardcli.gateways.postgres.codec.frames import HEADER, Frame
from guardcli.gateways.postgres.flight import Item, Sent
from guardcli.gateways.postgres.inspected import KNOWN_LENGTH, form_of
from guardcli.gateways.postgres.parameters import digest
from guardcli.gateways.postgres.results import Results
from guardcli.gateways.postgres.whole import CHUNK_MAX, QUERY_ANSWERS, WholeExchanges
from guardcli.model.decisions import Verdict
from guardcli.model.errors import GuardError
from guardcli.model.operations import Operation

FORMS = 256
"""So many forms are remembered."""
NUMBER_MAX = 9
"""Digits of the numbers that a form holds for."""
_DIGITS = b"0123456789"
_QUERY, _ZERO = b"Q0"
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


class QuietQueries(WholeExchanges):
    """The shortest way through a conversation."""

    def __init__(self, authority: Authority, results: Results, replication: bool = False) -> None:
        super().__init__(authority, results, replication)
        self._forms: dict[bytes, Form] = {}
        self._alone: Ticket | None = None
        """What is under way by itself."""

    def is_at_rest(self) -> bool:
        """Say whether a group begins with the client's next byte, and nothing stands in its way."""
        raise NotImplementedError

    def known_form(self, chunk: bytes) -> Form | None:
        """Return the form of `chunk`, None where it is not one whole Query of a form that is known."""
        if not HEADER < len(chunk) <= KNOWN_LENGTH:
            return None
        form = self._forms.get(chunk[HEADER:].translate(None, _DIGITS))
        return form if form is not None and form.is_of(chunk) else None

    def passes_to_server(self, chunk: bytes) -> bool:
        """Take a Query of a known form; say whether it was one and is sent on as it came. Else nothing has happened."""
        form = self.known_form(chunk)
        if form is None or self._alone is not None or not self.is_at_rest():
            return False
        decision = self.authority.judge(form.operations)
        if decision.verdict is not Verdict.ALLOW:
            return False
        text = chunk[HEADER:-1]
        try:
            self._alone = self.authority.admit(Statement(text.decode(), Source.QUERY, digest("Query", text)), decision)
        except GuardError:  # said where it is taken the longer way
            return False
        return True

    def passes_to_client(self, chunk: bytes) -> bool:
        """Take the answer to such a Query; say whether it is recorded and goes on as it came.

        Raises UnavailableError.
        """
        ticket = self._alone
        if ticket is None or len(chunk) > CHUNK_MAX or self.names.portals or not self.hears_next:
            return False
        answer = self.like_last(chunk)
        if answer is None or answer.kinds not in QUERY_ANSWERS:
            return False
        if self.results.reads(ticket) or self.results.holds_lent(chunk):
            return False
        self.authority.ended(ticket, Outcome([answer.tag], answer.rows, len(chunk) - answer.other))
        self._alone = None
        self.status = answer.status
        return True

    def put_in_place(self) -> None:
        """Let what is under way by itself be under way like anything else."""
        ticket, self._alone = self._alone, None
        if ticket is not None:
            self.closing = True
            self.flight.append(Item(Sent.QUERY, ticket=ticket, text=ticket.statement.text, quiet=True))
            self.note_query()

    def learn(self, frame: Frame) -> None:
        """Remember the form of a Query that went the short way."""
        if self._usual is None or self.replication:
            return
        text = frame.raw[HEADER:-1]
        if not text.isascii() or b"\\" in text or b"execute" in text.lower() or len(frame.raw) > KNOWN_LENGTH:
            return  # its meaning hangs on settings or names
        operations = self.operations(text.decode())
        before, behind = form_of(text.decode()) or (text.decode() + "\0", None)
        if len(self._forms) >= FORMS:
            self._forms.clear()
        skeleton = frame.raw[HEADER:].translate(None, _DIGITS)
        end = None if behind is None else behind.encode() + b"\0"
        self._forms[skeleton] = Form(before.encode(), end, operations)
