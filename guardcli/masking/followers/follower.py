"""What goes on over more than one line: a key block, the data of a Secret, the rows under a header."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Gone(NamedTuple):
    """Bytes of a line that must not get out. `drop` says that a line before showed the label: nothing replaces them."""

    start: int
    end: int
    drop: bool = False


class Follower(Protocol):
    """State between two lines. Immutable: a line may be judged twice, while it is unfinished and when it is whole."""

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge the line `text[start:end]` (`end` excludes its newline); None ends it, and the line was not its own.

        With `cut` the line is over-long and `end` lies within it: a last `Gone` up to `end` masks the rest too.
        """
