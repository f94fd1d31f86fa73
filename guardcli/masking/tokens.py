"""Base of the detectors whose secrets carry a prefix of their issuer."""

from __future__ import annotations

import re
from functools import cached_property
from typing import ClassVar

from guardcli.masking.detector import Detector
from guardcli.masking.sieve import Sieve

_LONGEST_PREFIX = 128


class TokenDetector(Detector):
    """Find tokens that begin with `prefix` and match `token`; decline those of one repeated character.

    A trigger ends a few bytes behind the prefix; `behind` holds how many bytes behind its beginning, for triggers whose
    matches are all as long. A group in `token` limits what is masked.
    """

    behind: ClassVar[tuple[int, ...]] = ()

    prefix: ClassVar[re.Pattern[bytes]]
    token: ClassVar[re.Pattern[bytes]]

    @cached_property
    def _sieve(self) -> Sieve:
        """Where the prefix may be; Python tries each byte and looks around there."""
        return Sieve(self.prefix.pattern)

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the token whose prefix lies shortly before `at`."""
        search, prefix = self._sieve.search, self.prefix
        for behind in self.behind:
            if at >= behind and prefix.match(text, at - behind, at) is not None:
                found = self.token.match(text, at - behind)
                if found is not None and found.end() >= at:
                    group = found.lastindex or 0
                    return found.span(group) if self.confirm(found[group]) else None
        low = max(0, at - _LONGEST_PREFIX)
        begin = search(text, max(low, text.rfind(b"\n", low, at)), at)
        while begin >= 0:
            if prefix.match(text, begin, at) is not None:
                found = self.token.match(text, begin)
                if found is not None and found.end() >= at:
                    group = found.lastindex or 0
                    return found.span(group) if self.confirm(found[group]) else None
            begin = search(text, begin + 1, at)
        return None

    def confirm(self, token: bytes) -> bool:
        """Tell whether `token` is more than a placeholder."""
        return len(set(token[-16:])) > 4 and token[-7:].upper() != b"EXAMPLE"
