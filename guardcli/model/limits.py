"""How much one response may hold before it is ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Breach(str, Enum):
    """What happens to a response that goes over a limit. Either way the tool is ended and the agent told why."""

    CUT = "cut"
    """What is within the limit is delivered, the rest is not; exit 74 (EX_IOERR): the answer is not whole."""
    DENY = "deny"
    """Nothing more of it is delivered; exit 77 (EX_NOPERM)."""

    @property
    def exit_status(self) -> int:
        """The status of the call that was ended, after sysexits.h."""
        return {"cut": 74, "deny": 77}[self.value]


@dataclass(frozen=True, slots=True)
class OutputLimit:
    """The most that one response may hold; one of `findings`, `rows` and `size` is given, and more breaks the limit.

    `findings` counts what the detectors in `detect` find, together. `rows` are lines of a tool's output, rows of a
    result where a gateway sees them. `size` is in bytes, of what would be delivered. `name` is the limit's id or that
    of the rule that sets it, `message` what the agent is told beyond the figures.
    """

    name: str
    then: Breach = Breach.CUT
    findings: int | None = None
    detect: tuple[str, ...] = ()
    rows: int | None = None
    size: int | None = None
    message: str = ""

    def __post_init__(self) -> None:
        if [self.findings, self.rows, self.size].count(None) != 2:
            raise ValueError("a limit has one measure")
        if (self.findings is None) != (not self.detect):
            raise ValueError("a limit on findings says of what, and no other does")

    @property
    def words(self) -> str:
        """The limit as a person reads it: ``more than 50 of email, phone``."""
        if self.findings is not None:
            return f"more than {self.findings} of {', '.join(self.detect)}"
        return f"more than {self.rows} rows" if self.rows is not None else f"more than {self.size} bytes"
