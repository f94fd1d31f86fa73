"""What a policy says about masking; the masking package carries it out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


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
    these tools, empty for all.
    """

    detect: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    strategy: Strategy = Strategy.REDACT
    keep_last: int = 4
    tools: tuple[str, ...] = ()
