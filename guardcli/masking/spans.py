"""The values that analysis and streams exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from guardcli.masking.keyblock import KeyBlock

LONG_LINE = 32768
"""A line longer than this is masked piece by piece, and no key block goes on through it."""


class Span(NamedTuple):
    """Bytes that must not get out. `rank` numbers the detector; `drop` means without a replacement."""

    start: int
    end: int
    rank: int
    drop: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What one line hands to the next: a key block that goes on, an over-long value that goes on."""

    block: KeyBlock | None = None
    swallow: bool = False
