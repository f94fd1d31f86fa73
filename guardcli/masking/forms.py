"""Base of the detectors that know a secret by the form around it: many forms, each a trigger and an expression."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from guardcli.masking.detector import Detector
from guardcli.masking.placeholders import is_dummy

AHEAD = 500
BEHIND = 400
_LONGEST = 8192


def is_given(value: bytes) -> bool:
    """Tell whether `value` is no placeholder, no variable and no beginning of a structure."""
    return not value.startswith((b"$", b"{{", b"<", b"%(", b"#{")) and not is_dummy(value)


class Form(NamedTuple):
    """One form: what the first pass looks for, a word that its line must hold in small letters, what is matched there
    (its last group is the secret), and what the secret must be.
    """

    trigger: bytes
    word: bytes
    pattern: re.Pattern[bytes]
    judge: Callable[[bytes], bool] = is_given


class FormDetector(Detector):
    """Finds secrets by `forms`, in the line around a trigger, within `BEHIND` and `AHEAD` bytes."""

    forms_known: ClassVar[Sequence[Form]] = ()

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the first secret near `at`."""
        return next(((start, end) for start, end, _ in self.find_all(text, at) if end > start), None)

    def find_all(self, text: bytes, at: int) -> Sequence[tuple[int, int, int]]:
        """Return all secrets near `at`, and at last, empty, how far was looked."""
        low = max(text.rfind(b"\n", max(0, at - BEHIND), at) + 1, at - BEHIND, 0)
        newline = text.find(b"\n", at, at + AHEAD)
        looked = newline if newline >= 0 else min(at + AHEAD, len(text))
        limit = newline if newline >= 0 else min(looked + _LONGEST, len(text))
        near = text[low:looked].lower()
        places: dict[int, int] = {}
        for form in self.forms_known:
            if form.word not in near:
                continue
            for found in form.pattern.finditer(text, low, limit):
                group = found.lastindex or 0
                if found.start() < looked and form.judge(found[group]):
                    start, end = found.span(group)
                    places[start] = max(end, places.get(start, 0))
        return [*((start, end, 0) for start, end in sorted(places.items())), (looked, looked, 0)]
