"""The values that analysis and streams exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from guardcli.masking.followers.follower import Follower

LONG_LINE = 32768
"""A line longer than this is masked piece by piece; what goes on over lines judges it by its first bytes, so many."""


class Span(NamedTuple):
    """Bytes that must not get out. `rank` numbers the detector; `drop` means without a replacement; `rest` is not 0
    where it reaches the end of the text and may go on behind it (`overlong`).
    """

    start: int
    end: int
    rank: int
    drop: bool = False
    rest: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """What one piece hands to the next: followers by the rank of their detector, the `rest` of an over-long value that
    goes on, and whether the next piece goes on with an over-long line that the followers have judged.
    """

    followers: tuple[tuple[int, Follower], ...] = ()
    swallow: int = 0
    within: bool = False
