"""Passwords by the place that a program or a format gives them, and in YAML's block scalars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from guardcli.masking.detector import Detector
from guardcli.masking.followers.compiled import Compiled, Kind
from guardcli.masking.followers.follower import Follower
from guardcli.masking.forms import calls, told
from guardcli.masking.forms.devices import DEVICES
from guardcli.masking.forms.form import FormDetector, in_any_case
from guardcli.masking.forms.links import LINKS
from guardcli.masking.forms.names import SUFFIX, TELLING
from guardcli.masking.forms.places import CLIENTS, FILES, PROGRAMS


class BlockScalars(Detector):
    """Find the lines of a block scalar under a name that tells; ``native/blockscalar.c`` does."""

    name = "placed_password"
    label = "PASSWORD"
    led: ClassVar[bool] = True
    triggers = (rb":[ \t]{1,4}[|>]",)
    ends = (rb"\n[ \t]*" + TELLING + SUFFIX + rb"[\"']?:[ \t]{1,4}[|>][+-]?[0-9]?[ \t]{0,4}",)

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return who finds such names from `at` on."""
        return at, Compiled(Kind.BLOCK_SCALAR)


class PlacedPassword(Detector):
    """Find what stands in a place, and block scalars: its parts do."""

    name = "placed_password"
    label = "PASSWORD"
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
        return (cls(), BlockScalars(), *clients, *(FormDetector(cls.name, cls.label, form) for form in files))
