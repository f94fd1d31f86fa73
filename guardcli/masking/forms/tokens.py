"""Base of the detectors whose secrets carry a prefix of their issuer."""

from __future__ import annotations

from typing import ClassVar

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question
from guardcli.masking.detector import Detector


class TokenDetector(Detector):
    """Find tokens that begin with `prefix` and match `token`; decline what `confirm` does, by default those of one
    repeated character and of documentation.

    A trigger ends a few bytes behind the prefix; `behind` holds how many bytes behind its beginning, for triggers whose
    matches are all as long. A group in `token` limits what is masked.
    """

    behind: ClassVar[tuple[int, ...]] = ()
    prefix: ClassVar[bytes]
    token: ClassVar[bytes]
    confirm: ClassVar[Judge] = Judge(Question.TOKEN)

    def __init__(self) -> None:
        self.finders = (self._finder(),) * len(self.triggers)

    def _finder(self) -> Finder:
        return Finder(Way.TOKEN, self.token, self.confirm, self.prefix, 1, self.behind)
