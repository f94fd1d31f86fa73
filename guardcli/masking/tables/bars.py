"""Tables of Markdown (GitHub Flavored Markdown 4.10) of which a column's name tells of a secret."""

from __future__ import annotations

from typing import ClassVar

from guardcli.masking.detector import Detector
from guardcli.masking.followers.compiled import Compiled, Kind
from guardcli.masking.followers.follower import Follower


class Barred(Detector):
    """Finds what mixes letters with digits or signs in such columns; ``native/bars.c`` does."""

    led: ClassVar[bool] = True
    triggers = (rb"\|[ \t]?:?---",)
    ends = (rb"\n\|[ \t]?:?-{3,200}:?[ \t]{0,40}\|[-:| \t]{0,1000}",)

    def __init__(self, name: str, label: str) -> None:
        """`name` and `label` are those of the detector that it is a part of."""
        self.name = name  # type: ignore[misc]
        self.label = label

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return who finds the rulers from `at` on."""
        return at, Compiled(Kind.BARS)
