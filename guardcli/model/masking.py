"""What a policy says about masking; the masking package carries it out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

CREDENTIAL_DETECTORS = frozenset(
    {
        "aws_key",
        "connection_uri",
        "jwt",
        "password",
        "private_key",
    }
)
"""Names of the detectors that find what opens a door."""

PERSONAL_DETECTORS = frozenset({"credit_card", "email"})
"""Names of the detectors that find data about a person."""

DETECTORS = CREDENTIAL_DETECTORS | PERSONAL_DETECTORS
"""Every name that a rule's `detect` may hold."""


class Strategy(str, Enum):
    """What takes the place of a secret."""

    REDACT = "redact"
    """A label of its kind: ``[EMAIL]``."""
    MASK = "mask"
    """Stars, as long as the value was."""
    PARTIAL = "partial"
    """Stars, and the last `keep_last` characters."""
    HASH = "hash"
    """A digest keyed per session: equal values stay equal, nothing can be guessed back."""


@dataclass(frozen=True, slots=True)
class MaskRule:
    """One entry of a policy's ``mask`` list: what is found by `detect` (names of detectors) or by `columns`
    (globs over ``table.column`` and over keys) gives way to `strategy`. `tools` limits it to the output of
    these tools, empty for all. Where several rules name the same detector for a tool, the first one holds.
    """

    detect: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    strategy: Strategy = Strategy.REDACT
    keep_last: int = 4
    tools: tuple[str, ...] = ()
