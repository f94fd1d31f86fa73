"""Passwords by the place that a program or a format gives them, and in YAML's block scalars."""

from __future__ import annotations

import re

from guardcli.masking.blockscalar import BlockScalar
from guardcli.masking.followers import Follower
from guardcli.masking.forms import FormDetector
from guardcli.masking.names import GUARDED, SUFFIX, TELLING
from guardcli.masking.places import CLIENTS, FILES

_BLOCK = rb"[\"']?:[ \t]{1,4}[|>][+-]?[0-9]?[ \t]{0,4}\r?\n"
_HEAD = re.compile(
    rb"(?i)([ \t]*)((?:- )*)[\"']?[\w.-]{0,60}?" + GUARDED + SUFFIX + rb"[\"']?:[ \t]+[|>][+-]?[0-9]?[ \t]*\r?\n"
)


class PlacedPassword(FormDetector):
    """Find what stands where a password has its place; decline variables and placeholders."""

    name = "placed_password"
    label = "PASSWORD"
    forms_known = (*CLIENTS, *FILES)
    triggers = (*(form.trigger for form in forms_known), rb"(?i)" + TELLING + SUFFIX + _BLOCK)

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where the lines of a block begin."""
        if text[at - 1] != 0x0A:
            return None
        line = text.rfind(b"\n", max(0, at - 400), at - 1) + 1
        head = _HEAD.fullmatch(text, line, at)
        return (at, BlockScalar(len(head[1]) + len(head[2]))) if head is not None else None
