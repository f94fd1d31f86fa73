"""Secrets known by the form around them: each form a trigger, what stands before the secret, and the secret."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from guardcli.masking.detector import Detector
from guardcli.masking.placeholders import is_dummy

BEHIND = 400
"""Bytes of a line that are looked at before the end of a trigger."""


def is_given(value: bytes) -> bool:
    """Tell whether `value` is no placeholder, no variable and no beginning of a structure."""
    return not value.startswith((b"$", b"{{", b"<", b"%(", b"#{")) and not is_dummy(value)


class Form(NamedTuple):
    """One form. `trigger` is for the first pass; `head` matches what stands before the secret and ends where it begins;
    `value` matches it there, in its last group; `judge` declines. `ahead` is how far behind the trigger it may begin.
    """

    trigger: bytes
    head: bytes
    value: bytes
    judge: Callable[[bytes], bool] = is_given
    ahead: int = 0


class FormDetector(Detector):
    """Finds the secret of one `Form`."""

    def __init__(self, name: str, label: str, form: Form) -> None:
        self.name = name  # type: ignore[misc]
        self.label = label
        self.triggers = (form.trigger,)
        self._head = re.compile(form.head)
        self._value = re.compile(form.value)
        self._judge = form.judge
        self._ahead = form.ahead

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the secret that begins shortly before `at`, or within what the form allows behind it."""
        low = max(text.rfind(b"\n", max(0, at - BEHIND), at) + 1, at - BEHIND, 0)
        newline = text.find(b"\n", at, at + self._ahead)
        high = newline if newline >= 0 else min(at + self._ahead, len(text))
        for head in self._head.finditer(text, low, high):
            value = self._value.match(text, head.end())
            if value is not None and value.end() >= at and self._judge(value[value.lastindex or 0]):
                return value.span(value.lastindex or 0)
        return None
