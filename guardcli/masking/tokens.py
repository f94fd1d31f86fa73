"""Base of the detectors whose secrets carry a prefix of their issuer."""

from __future__ import annotations

import re
from typing import ClassVar

from guardcli.masking.detector import Detector

_LONGEST_PREFIX = 128


class TokenDetector(Detector):
    """Find tokens that begin with `prefix` and match `token`; decline those of one repeated character.

    A trigger ends a few bytes behind the prefix. A group in `token` limits what is masked.
    """

    prefix: ClassVar[re.Pattern[bytes]]
    token: ClassVar[re.Pattern[bytes]]

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the token whose prefix lies shortly before `at`."""
        begin = self.prefix.search(text, max(0, at - _LONGEST_PREFIX), at)
        while begin is not None:
            found = self.token.match(text, begin.start())
            if found is not None and found.end() >= at:
                group = found.lastindex or 0
                return found.span(group) if self.confirm(found[group]) else None
            begin = self.prefix.search(text, begin.start() + 1, at)
        return None

    def confirm(self, token: bytes) -> bool:
        """Tell whether `token` is more than a placeholder."""
        return len(set(token[-16:])) > 4 and not token.upper().endswith(b"EXAMPLE")
