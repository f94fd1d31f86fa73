"""Values given to names that tell: assignments in shells, env files, YAML, JSON, TOML, INI, flags and source code."""

from __future__ import annotations

from guardcli.masking.compiled.native import Spans, assigned
from guardcli.masking.detector import Detector
from guardcli.masking.forms.names import SUFFIX, TELLING

_CLOSED = rb"(?:\\?[\"'`]\]?)?"


class Password(Detector):
    """Find the value after ``password=``, ``"api_key":``, ``--token`` and their like; decline what only names one.

    The trigger tells that a name is there. Where values are, and which are secret, is told by ``native/assigned.c``.
    """

    name = "password"
    label = "PASSWORD"
    triggers = (rb"(?i)" + TELLING,)
    opening = rb"(?i:" + TELLING + SUFFIX + _CLOSED + rb"[ \t]{0,16}(?:=>|:=|=|:)[ \t]{0,16}([^\s].*))"
    once = True

    def find_block(self, text: bytes, base: int, end: int, rank: int) -> Spans:
        """Return every value in `text[:end]` that begins from `base` on."""
        return assigned(text, base, end, rank)
