"""What a conversation asks of whoever decides and records: the broker, in a session.

The order for each statement is always the same: `Authority.judge` (nothing is written), `Authority.admit` (the record
says what is about to happen), where the verdict is APPROVE `Authority.obtain`, then the bytes go to the server, then
`Authority.ended`. What is refused is admitted as well, and never sent. Of what only reads the record may say all at its
end: until then it is `Authority.unsaid`, and nothing of an answer is delivered before `Authority.say` or `ended`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from guardcli.model.decisions import Decision
from guardcli.model.operations import Operation


class Source(str, Enum):
    """By which message a statement came."""

    QUERY = "query"
    PARSE = "parse"
    BIND = "bind"
    CALL = "function call"


class Statement(NamedTuple):
    """One text that a client sent, with the values that came for its parameters.

    `text` is what was judged. `parameters` holds each value as a person can read it, None for NULL. `digest` is the
    SHA-256, in hex, over the exact bytes of text, types, formats and values: what an approval is bound to.
    """

    text: str
    source: Source
    digest: str
    parameters: tuple[str | None, ...] = ()


class Ticket(NamedTuple):
    """One statement under way: its `number` in the record, what was decided, and when it began (epoch seconds)."""

    number: int
    statement: Statement
    decision: Decision
    began: float


@dataclass(slots=True)
class Outcome:
    """How a statement ended. `tags` are the server's own words (``SELECT 5``), `rows` and `bytes` what was delivered.

    `error` is the SQLSTATE and the words that ended it, empty where it went well; `masked` how often each detector or
    column rule fired; `lost` says that the connection ended before an answer: what came of it is not known.
    """

    tags: list[str]
    rows: int = 0
    bytes: int = 0
    error: str = ""
    masked: dict[str, int] | None = None
    lost: bool = False

    def add_masked(self, findings: Mapping[str, int]) -> None:
        """Count what was masked in one more result."""
        for name, count in findings.items():
            counts = self.masked = self.masked or {}
            counts[name] = counts.get(name, 0) + count


class Authority(Protocol):
    """Decides about the statements of one connection and keeps their record."""

    @property
    def reads_values(self) -> bool:
        """Whether it matters to `judge` what the values of parameters are."""
        ...

    def judge(self, operations: Sequence[Operation], values: tuple[str | None, ...] = ()) -> Decision:
        """Return what the policy says about a text that does `operations`. Quick, and nothing is recorded.

        `values` are those of its parameters as `parameters.judged` gives them; none before they are known.
        """
        ...

    def admit(self, statement: Statement, decision: Decision) -> Ticket:
        """Record what is about to happen or to be refused, or keep it for `say`.

        Raises UnavailableError: then nothing may be sent.
        """
        ...

    @property
    def unsaid(self) -> bool:
        """Whether something that was admitted is not in the record yet."""
        ...

    def note(self, ticket: Ticket) -> None:
        """Leave word of it beside the record, where that can be, for whoever recovers the record."""
        ...

    def noted(self, ticket: Ticket) -> bool:
        """Whether that is so now: its answer may go on, and `ended` follow at once."""
        ...

    def say(self) -> None:
        """Record it. Raises UnavailableError."""
        ...

    def obtain(self, ticket: Ticket) -> AsyncIterator[str]:
        """Wait for a person's yes to exactly this statement, and use it up; the end of the iteration is that yes.

        What it yields is for the client to read while it waits. Closing or cancelling it withdraws from the wait.
        Raises DeniedError for a no, PendingError for no answer in time, UnavailableError where nobody can be asked.
        """
        ...

    def ended(self, ticket: Ticket, outcome: Outcome) -> None:
        """Record what came of a statement that was sent, or why it was not."""
        ...

    def mask(self, text: str) -> str:
        """Return words of the server's, such as an error, as the client may read them."""
        ...
