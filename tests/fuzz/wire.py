"""The target for PostgreSQL's protocol: what a client sends, cut anywhere, to a conversation that allows only reads.

A text stands for bytes, a character a byte. The witness reads what goes on to the server by itself, by headers alone:
every statement in it must be one that was allowed, and the same bytes go on however the client's were cut.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Sequence

from guardcli.gateways.postgres.authority import Outcome, Statement, Ticket
from guardcli.gateways.postgres.codec.backend import decode_backend
from guardcli.gateways.postgres.codec.frames import FROM_CLIENT, FROM_SERVER_BUT_DATA, Frame, Splitter
from guardcli.gateways.postgres.codec.frontend import decode_frontend
from guardcli.gateways.postgres.codec.limits import BACKEND, FRONTEND
from guardcli.gateways.postgres.codec.startup import decode_packet
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.contract import Step
from guardcli.gateways.postgres.conversation import StatementConversation
from guardcli.gateways.postgres.results import Results
from guardcli.inspectors.sql import inspect_sql
from guardcli.masking import Masker
from guardcli.model.decisions import Decision, Verdict
from guardcli.model.effects import Effect
from guardcli.model.masking import MaskRule
from guardcli.model.operations import Operation

ANSWERS = {
    "Q": b"C\0\0\0\x0dSELECT 1\0Z\0\0\0\5I",
    "P": b"1\0\0\0\4",
    "B": b"2\0\0\0\4",
    "C": b"3\0\0\0\4",
    "D": b"n\0\0\0\4",
    "E": b"C\0\0\0\x0dSELECT 1\0",
    "S": b"Z\0\0\0\5I",
    "F": b"V\0\0\0\x08\xff\xff\xff\xffZ\0\0\0\5I",
}
"""What a server would say to each message, where all is well."""
HARMLESS = frozenset({Effect.READ, Effect.SESSION})
STAND_IN = b"refused by guard, this stands in its place"
"""What a refused Parse becomes; PostgreSQL cannot parse it."""
SIZES = (1, 2, 3, 7, 4096)


class BrokenError(Exception):
    """Something that must not happen."""


class Strict:
    """Allows what only reads, and remembers what it allowed."""

    def __init__(self) -> None:
        self.allowed: set[str] = set()
        self.number = 0
        self.reads_values = False

    def judge(self, operations: Sequence[Operation], values: tuple[str | None, ...] = ()) -> Decision:
        fine = all(operation.complete and operation.effects <= HARMLESS for operation in operations)
        return Decision(Verdict.ALLOW if fine else Verdict.DENY, "strict", "no", tuple(operations))

    def admit(self, statement: Statement, decision: Decision) -> Ticket:
        self.number += 1
        if decision.verdict is Verdict.ALLOW:
            self.allowed.add(statement.text)
        return Ticket(self.number, statement, decision, 0.0)

    @property
    def unsaid(self) -> bool:
        return False

    def note(self, ticket: Ticket) -> None:
        return

    def noted(self, ticket: Ticket) -> bool:
        return False

    def say(self) -> None:
        raise BrokenError("all is said at once here")

    async def obtain(self, ticket: Ticket) -> AsyncIterator[str]:
        raise BrokenError("nobody is asked here")
        yield ""

    def ended(self, ticket: Ticket, outcome: Outcome) -> None:
        return

    def mask(self, text: str) -> str:
        return text


class NoMasks:
    """Masks nothing."""

    exact = None

    def rules(self, extra: tuple[MaskRule, ...]) -> tuple[MaskRule, ...]:
        return ()

    def masker(self, extra: tuple[MaskRule, ...]) -> Masker:
        raise BrokenError("nothing is masked here")


def wire(text: str) -> None:
    """Send a text's bytes, cut in several ways, and read them as packets and as a server's as well."""
    data = text.encode("latin-1", "replace")
    for types, wanted, decode in (
        (FRONTEND, FROM_CLIENT, decode_frontend),
        (BACKEND, FROM_SERVER_BUT_DATA, decode_backend),
    ):
        seen = {_pieces(data, size, types, wanted, decode) for size in SIZES}
        if len(seen) != 1:
            raise BrokenError(f"the cut decides what is read: {seen}")
    try:
        if decode_packet(data).encode() != data:
            raise BrokenError("a packet is not what was sent")
    except ProtocolViolation:
        pass
    sent = {_conversation(data, size) for size in SIZES}
    if len(sent) != 1:
        raise BrokenError("the cut decides what goes on")


def _pieces(data: bytes, size: int, types, wanted, decode) -> tuple[bytes, bool]:
    splitter, found, whole = Splitter(types), b"", True
    try:
        for place in range(0, len(data), size):
            splitter.feed(data[place : place + size])
            while (piece := splitter.take(wanted)) is not None:
                if isinstance(piece, Frame):
                    again = decode(piece).encode()
                    if again != piece.raw:
                        raise BrokenError(f"{piece.raw!r} was read as {again!r}")
                found += piece.raw
    except ProtocolViolation:
        found, whole = b"", False
    if not data.startswith(found):
        raise BrokenError("what was read is not what was sent")
    return found, whole


def _conversation(data: bytes, size: int) -> bytes:
    authority = Strict()
    conversation = StatementConversation(authority, Results(NoMasks(), None))
    sent, place = b"", 0
    waiting = [conversation.begin({"client_encoding": "UTF8", "standard_conforming_strings": "on"})]
    try:
        while True:
            while waiting:
                step: Step = waiting.pop(0)
                if step.client_wait is not None or step.server_wait is not None:
                    raise BrokenError("there is nothing to wait for")
                if step.end:
                    return _witnessed(sent + b"".join(step.to_server), authority)
                for part in step.to_server:
                    sent += part
                    answer = b"".join(ANSWERS.get(chr(kind), b"") for kind, _ in _frames(part))
                    passes = conversation.passes_to_client(answer)
                    waiting += [conversation.from_server(answer)] if answer and not passes else []
            if place >= len(data):
                break
            chunk = data[place : place + size]
            passes = conversation.passes_to_server(chunk)
            waiting.append(Step(to_server=[chunk]) if passes else conversation.from_client(chunk))
            place += size
    except ProtocolViolation:
        _witnessed(sent, authority)
        return b"broken off"  # what stood before the fault in the same chunk was not sent any more
    conversation.closed("the end of the input")
    return _witnessed(sent, authority)


def _frames(data: bytes) -> list[tuple[int, bytes]]:
    found, place = [], 0
    while place + 5 <= len(data):
        kind, length = struct.unpack_from(">BI", data, place)
        found.append((kind, data[place + 5 : place + 1 + length]))
        place += 1 + length
    return found


def _witnessed(sent: bytes, authority: Strict) -> bytes:
    for kind, body in _frames(sent):
        text = None
        if kind == ord("Q"):
            text = body[:-1]
        elif kind == ord("P"):
            text = body.split(b"\0")[1]
        if text is not None and text not in (b"", STAND_IN) and not _may_go(text.decode("utf-8", "replace"), authority):
            raise BrokenError(f"{text!r} went to the server, and nobody had allowed it")
    return sent


def _may_go(text: str, authority: Strict) -> bool:
    """Say whether a text was allowed as it is, or does nothing but read whatever went before it."""
    operations = inspect_sql(text)
    return text in authority.allowed or all(one.complete and one.effects <= HARMLESS for one in operations)
