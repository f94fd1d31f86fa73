"""Secrets known by the form around them: each form a trigger, what stands before the secret, and the secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

from guardcli.masking.detector import Detector
from guardcli.masking.placeholders import is_dummy
from guardcli.masking.scanner import Scanner
from guardcli.masking.sieve import Sieve
from guardcli.masking.tails import Tail

BEHIND = 400
"""Bytes of a line that are looked at before the end of a trigger."""

_BEYOND = 2
"""Bytes behind the place where a secret may begin that what stands before it may look at."""


def is_given(value: bytes) -> bool:
    """Tell whether `value` is no placeholder, no variable and no beginning of a structure."""
    return not value.startswith((b"$", b"{{", b"<", b"%(", b"#{")) and not is_dummy(value)


class Form(NamedTuple):
    """One form. `trigger` is for the first pass; `head` matches what stands before the secret and ends where it begins;
    `value` matches it there, in its last group; `judge` declines. `ahead` is how far from the trigger's end it may
    begin; 0 where it begins just before that end.
    """

    trigger: bytes | Tail
    head: bytes
    value: bytes
    judge: Callable[[bytes], bool] = is_given
    ahead: int = 0


def in_any_case(form: Form) -> Form:
    """Return `form` with a trigger that matches letters of both cases; that of a `Tail` does."""
    return form if isinstance(form.trigger, Tail) else form._replace(trigger=rb"(?i)" + form.trigger)


class FormDetector(Detector):
    """Finds the secret of one `Form`."""

    def __init__(self, name: str, label: str, form: Form) -> None:
        self.name = name  # type: ignore[misc]
        self.label = label
        if isinstance(form.trigger, Tail):
            self.tails = (form.trigger,)
        else:
            self.triggers = (form.trigger,)
            self.sifted = form.ahead > 0
        self._form = form
        self._judge = form.judge
        self._ahead = form.ahead

    @cached_property
    def _expressions(self) -> tuple[Sieve, re.Pattern[bytes], re.Pattern[bytes]]:
        """Where the head may be, the head and the value; compiled for the first trigger that is seen."""
        return Sieve(self._form.head), re.compile(self._form.head), re.compile(self._form.value)

    @cached_property
    def _lines(self) -> Scanner:
        """What finds the triggers of the lines that may hold a head."""
        return Scanner(self.triggers)

    def places(self, text: bytes, end: int) -> Iterator[int]:
        """Return where triggers end on the lines that may hold a head: a program's name alone is on many."""
        sieve, line = self._expressions[0], 0
        while (head := sieve.search(text, line, end)) >= 0:
            line = max(line, text.rfind(b"\n", line, head) + 1)
            newline = text.find(b"\n", head, end)
            after = newline + 1 if newline >= 0 else end
            for at, _ in self._lines.scan(text[line:after]):
                yield line + at
            line = after

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the secret that begins shortly before `at`, or within what the form allows behind it."""
        if not self._ahead and not any(self._holds(text, start, at) for start in range(at - 1, max(at - 5, -1), -1)):
            return None
        low = max(text.rfind(b"\n", max(0, at - BEHIND), at) + 1, at - BEHIND, 0)
        newline = text.find(b"\n", at, at + self._ahead)
        high = newline if newline >= 0 else min(at + self._ahead, len(text))
        sieve, heads, _ = self._expressions
        while (low := sieve.search(text, low, high)) >= 0:
            head = heads.search(text, low, min(high + _BEYOND, len(text)))
            if head is None or head.end() > high:
                return None
            if (value := self._holds(text, head.end(), at)) is not None:
                return value.span(value.lastindex or 0)
            low = max(head.end(), head.start() + 1)
        return None

    def barren(self, text: bytes, at: int) -> int:
        """Return up to where this line holds no head; forms that look ahead read the same line for each trigger."""
        if not self._ahead:
            return at
        low = max(text.rfind(b"\n", max(0, at - BEHIND), at) + 1, at - BEHIND, 0)
        high = min(at + 4 * self._ahead, len(text))
        newline = text.find(b"\n", at, high)
        end = newline if newline >= 0 else high
        if self._expressions[0].search(text, low, end) >= 0:
            return at
        return end if newline >= 0 or high == len(text) else max(at, high - self._ahead)

    def _holds(self, text: bytes, start: int, at: int) -> re.Match[bytes] | None:
        """Return the secret that begins at `start`, if there is one that reaches the end of the trigger."""
        value = self._expressions[2].match(text, start)
        if value is None or value.end() < at or not self._judge(value[value.lastindex or 0]):
            return None
        return value
