"""Finds in linear time where an expression of Python's may match, so that Python looks only there.

Python tries an expression at each byte, and each of its alternatives there: an expression that begins with any of fifty
names takes a tenth of a millisecond for a line. RE2 reads the line once. It knows no looking ahead and behind; without
those an expression matches wherever the whole of it does, and perhaps elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

_PART = re.compile(rb"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?<?[=!]|[()]|[^\\\[()]+", re.DOTALL)
_TIMES = re.compile(rb"\{([0-9]+),([0-9]*)\}")
_COUNTED = 8
"""Repetitions up to which a count costs less than what it spares."""


class Sieve:
    """Where an expression may begin to match. Immutable."""

    def __init__(self, expression: bytes) -> None:
        """Raise re2.error for what RE2 cannot say: a reference back, or a repetition of more than 1,000."""
        self._compiled = _compile(without_looking_around(expression))

    def search(self, text: bytes, low: int, high: int) -> int:
        """Return the first place in `text[low:high]` where the expression may match, -1 where there is none."""
        found = self._compiled.search(text, low, high)
        return found.start() if found is not None else -1


class Ending:
    """Finds any of some forms at the end of a text, by the expressions of all in one. Immutable."""

    def __init__(self, forms: Sequence[bytes]) -> None:
        """Compile nothing yet: a stream of whole lines has no end that is looked at."""
        self._either = b"|".join(forms)

    @cached_property
    def _expressions(self) -> tuple[Any, re.Pattern[bytes]]:
        """Where one may begin, which RE2 reads from the end, and what Python knows of it."""
        sieve = b"(?:" + without_counting(without_looking_around(self._either)) + rb")\z"
        return _compile(sieve), re.compile(b"(?:" + self._either + rb")\Z")

    def search(self, text: bytes) -> int:
        """Return where the group in the form that ends with `text` begins, -1 where there is no such form."""
        if not self._either:
            return -1
        sieve, plain = self._expressions
        begin = sieve.search(text)
        found = plain.search(text, begin.start()) if begin is not None else None
        return found.start(found.lastindex or 0) if found is not None else -1


def without_counting(expression: bytes) -> bytes:
    """Return an expression that matches wherever `expression` does, and needs no large numbers of states."""

    def fewer(times: re.Match[bytes]) -> bytes:
        low, high = int(times[1]), int(times[2] or b"0")
        return times[0] if 0 < high <= _COUNTED else b"{%d,}" % min(low, _COUNTED)

    return b"".join(
        found[0] if found[0][:1] in b"\\[" else _TIMES.sub(fewer, found[0]) for found in _PART.finditer(expression)
    )


def without_looking_around(expression: bytes) -> bytes:
    """Return an expression of RE2's that matches wherever `expression` does."""
    kept: list[bytes] = []
    depth = 0
    for part in (found[0] for found in _PART.finditer(expression)):
        if depth:
            depth += part.startswith(b"(") - (part == b")")
        elif part.startswith(b"(?") and part[-1:] in b"=!":
            depth = 1
        elif part.startswith(b"["):
            kept.append(part.replace(rb"\s", rb"\s\v"))
        else:
            kept.append({rb"\s": rb"[\s\v]", rb"\Z": b""}.get(part, part))
    return b"".join(kept)


def _compile(expression: bytes) -> Any:
    import re2  # type: ignore[import-untyped]

    options = re2.Options()
    options.log_errors, options.never_capture = False, True
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(expression, options=options)
