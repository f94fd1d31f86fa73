"""Values that stand before the name that tells of them, on one line: ``value="…" key="password"``.

From where nothing tells yet such a value is held back until its element or its pair ends: `OPENING`.
"""

from __future__ import annotations

from guardcli.masking.compiled.judges import STRING
from guardcli.masking.forms.form import Form
from guardcli.masking.forms.names import GUARDED, SUFFIX
from guardcli.masking.forms.tails import KEY, VALUE, B, Tail

_NAME = rb"(?i:(?:[\w$.:/-]{0,60}[\w$.:/-])??" + GUARDED + SUFFIX + rb")"
_ATTRIBUTES = rb"(?:[ \t]{1,4}[\w:.-]{1,30}=[\"'][^\"'<>\n]{0,60}[\"']){0,3}"
_KEYED = rb"\\?[\"']?(?i:" + VALUE + rb")\\?[\"']?" + B + rb"[:=]" + B + rb"\\?[\"']"

AHEAD = (
    Form(
        Tail.NAME_ATTRIBUTE,
        rb"(?i)[ \t]value=[\"']",
        rb"([^\"'<>\n]{1,300})[\"']" + _ATTRIBUTES + rb"[ \t]{1,4}(?i:" + KEY + rb")=[\"']" + _NAME + rb"[\"']",
        STRING,
        1,
    ),
    Form(
        Tail.NAME_OF_PAIR,
        rb"[{,(\[ \t]" + _KEYED,
        rb"((?:[^\"'\\\n]|\\[^\"'\n]){1,300})\\?[\"']" + B + rb",[ \t]{0,4}\\?[\"']?(?i:" + KEY + rb")\\?[\"']?" + B
        + rb"[:=]" + B + rb"\\?[\"']" + _NAME + rb"\\?[\"']",
        STRING,
        1,
    ),
)  # fmt: skip

OPENING = (
    rb"<\w[^<>\n]{0,200}[ \t]value=[\"']([^\"'<>\n]+[\"']?[^<>\n]{0,200})"
    rb"|[{,(\[ \t]" + _KEYED + rb"([^\"'\n]+(?:[\"'][ \t]*(?:,[^{}\n]{0,80})?)?)"
)
"""What the end of an unfinished line may be the beginning of."""
