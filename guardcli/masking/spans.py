"""The values that analysis and streams exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from guardcli.masking.followers import Follower

LONG_LINE = 32768
"""A line longer than this is masked piece by piece, and nothing that goes over lines goes on through it."""


class Span(NamedTuple):
    """Bytes that must not get out. `rank` numbers the detector; `drop` means without a replacement."""

    start: int
    end: int
    rank: int
    drop: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What one line hands to the next: followers by the rank of their detector, an over-long value that goes on."""

    followers: tuple[tuple[int, Follower], ...] = ()
    swallow: bool = False
