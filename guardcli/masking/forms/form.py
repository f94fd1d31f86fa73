"""Secrets known by the form around them: each form a trigger, what stands before the secret, and the secret."""

from __future__ import annotations

from typing import NamedTuple

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import GIVEN, Judge
from guardcli.masking.detector import Detector
from guardcli.masking.forms.tails import Tail


class Form(NamedTuple):
    """One form. `trigger` is for the first pass; `head` matches what stands before the secret and ends where it begins;
    `value` matches it there, in its last group; `judge` decides. `ahead` is how far from the trigger's end it may
    begin; 0 where it begins just before that end. With a `lead`, the head may stand up to 400 bytes behind that.
    """

    trigger: bytes | Tail
    head: bytes
    value: bytes
    judge: Judge = GIVEN
    ahead: int = 0
    lead: bytes = b""


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
        self.finders = (Finder(Way.FORM, form.value, form.judge, form.head, form.ahead, lead=form.lead),)
