"""Passwords by the place that a program or a format gives them, and in YAML's block scalars."""

from __future__ import annotations

import re
from collections.abc import Sequence

from guardcli.masking.detector import Detector
from guardcli.masking.followers.blockscalar import BlockScalar
from guardcli.masking.followers.follower import Follower
from guardcli.masking.forms import calls, told
from guardcli.masking.forms.devices import DEVICES
from guardcli.masking.forms.form import FormDetector, in_any_case
from guardcli.masking.forms.links import LINKS
from guardcli.masking.forms.names import GUARDED, SUFFIX
from guardcli.masking.forms.places import CLIENTS, FILES, PROGRAMS
from guardcli.masking.forms.tails import Tail

_HEAD = re.compile(
    rb"(?i)([ \t]*)((?:- )*)[\"']?[\w.-]{0,60}?" + GUARDED + SUFFIX + rb"[\"']?:[ \t]+[|>][+-]?[0-9]?[ \t]*\r?\n"
)


class PlacedPassword(Detector):
    """Find the lines of a block scalar under a name that tells; its other parts find what stands in a place."""

    name = "placed_password"
    label = "PASSWORD"
    tails = (Tail.SCALAR,)
    opening = (
        rb"(?<![\w-])(?:" + PROGRAMS + rb")[ \t][^\n]{0,400}?(?<=[ \t=:p])[\"']([^\"'\n]*)"
        rb"|(?i:auth)[ \t]{0,2}[=:]?[ \t]{0,2}[(\[][ \t]*[\"'][^\"'\n]{1,100}[\"'][ \t]*,[ \t]*[\"']([^\"'\n]*)|"
        + calls.OPENING
        + b"|"
        + told.OPENING
    )
    stub = rb"\b(?:echo|printf)[ \t]+(?:-\w+[ \t]+)?[\"']?([^\s\"'|][^\n|]{0,400}(?:\|[^\n]{0,400})?)"

    @classmethod
    def parts(cls) -> Sequence[Detector]:
        """Return this one and one for each place."""
        clients = (FormDetector(cls.name, cls.label, form) for form in CLIENTS)
        files = (in_any_case(form) for form in (*FILES, *LINKS, *DEVICES, *calls.CALLS, *told.TOLD))
        return (cls(), *clients, *(FormDetector(cls.name, cls.label, form) for form in files))

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where the lines of a block begin."""
        if text[at - 1] != 0x0A:
            return None
        line = text.rfind(b"\n", max(0, at - 400), at - 1) + 1
        head = _HEAD.fullmatch(text, line, at)
        return (at, BlockScalar(len(head[1]) + len(head[2]))) if head is not None else None
