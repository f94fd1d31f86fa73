"""A conversation without sockets: who decides about it, and the messages that most of its tests send."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from guardcli.gateways.postgres.authority import Outcome, Statement, Ticket
from guardcli.gateways.postgres.codec.backend import (
    Column,
    CommandComplete,
    DataRow,
    ReadyForQuery,
    RowDescription,
    error,
)
from guardcli.gateways.postgres.codec.frontend import PORTAL, Bind, Describe, Execute, Parse, Query, Sync
from guardcli.gateways.postgres.conversation import StatementConversation
from guardcli.gateways.postgres.results import Results
from guardcli.masking import Masker
from guardcli.model.decisions import ApprovalTerms, Decision, Verdict
from guardcli.model.masking import MaskRule
from guardcli.model.operations import Operation

SETTINGS = {"client_encoding": "UTF8", "server_encoding": "UTF8", "standard_conforming_strings": "on"}


class NoMasks:
    exact = None

    def rules(self, extra: tuple[MaskRule, ...]) -> Sequence[MaskRule]:
        return extra

    def masker(self, extra: tuple[MaskRule, ...]) -> Masker:
        raise AssertionError("nothing is masked here")


class Keeper:
    """Denies ``victims``, asks about ``asked``, and keeps a record; with `reads_values`, lets only 7 through."""

    def __init__(self, reads_values: bool = False) -> None:
        self.record: list[object] = []
        self.reads_values = reads_values

    def judge(self, operations: Sequence[Operation], values: tuple[str | None, ...] = ()) -> Decision:
        if self.reads_values and "7" not in values:
            return Decision(Verdict.DENY, "seven", "Seven only.", tuple(operations))
        names = {target.name for operation in operations for target in operation.targets}
        if any("victims" in name for name in names):
            return Decision(Verdict.DENY, "no", "No.", tuple(operations))
        if any("asked" in name for name in names):
            return Decision(Verdict.APPROVE, "ask", "Ask.", tuple(operations), terms=ApprovalTerms())
        return Decision(Verdict.ALLOW, "yes", "", tuple(operations))

    def admit(self, statement: Statement, decision: Decision) -> Ticket:
        self.record.append(("judged", statement, decision.verdict))
        return Ticket(len(self.record), statement, decision, 0.0)

    @property
    def unsaid(self) -> bool:
        return False

    def note(self, ticket: Ticket) -> None:
        return

    def noted(self, ticket: Ticket) -> bool:
        return False

    def say(self) -> None:
        raise AssertionError("all is said at once here")

    async def obtain(self, ticket: Ticket) -> AsyncIterator[str]:
        yield "wait"

    def ended(self, ticket: Ticket, outcome: Outcome) -> None:
        what = (outcome.tags, outcome.rows, outcome.bytes, outcome.error, outcome.lost)
        self.record.append(("ended", ticket.statement, what))

    def mask(self, text: str) -> str:
        return text


def conversation(keeper: Keeper) -> StatementConversation:
    """Return one that has begun."""
    made = StatementConversation(keeper, Results(NoMasks(), None))
    made.begin(SETTINGS)
    return made


ROWS = RowDescription((Column(b"n", 0, 0, 23, 4, -1, 0),)).encode()
ROW = DataRow((b"1",)).encode()
DONE = CommandComplete(b"SELECT 1").encode()
READY, WITHIN, FAILED = (ReadyForQuery(status).encode() for status in b"ITE")
FAULT = error("ERROR", "22012", "division by zero").encode()
EXECUTE = Execute(b"").encode() + Sync().encode()
DESCRIBED = Describe(PORTAL, b"").encode() + EXECUTE
BIND = Bind(b"", b"", (), (b"7", None)).encode()
ONE = Query(b"SELECT 1").encode()


def parse(text: bytes, name: bytes = b"") -> bytes:
    return Parse(name, text).encode()
