"""Secrets whose name stands beside them and not left of an equals sign: pairs, elements, arguments, directives, sentences."""

from __future__ import annotations

import re

from guardcli.masking.chosen import is_chosen
from guardcli.masking.followers import Follower
from guardcli.masking.forms import Form, FormDetector
from guardcli.masking.names import GUARDED, SUFFIX, TELLING
from guardcli.masking.nextvalue import NextValue
from guardcli.masking.rightside import is_secret_string

_NAME = rb"(?:[\w$.:/-]{0,60}[\w$.:/-])??" + GUARDED + SUFFIX
_STRICT = rb"(?:pass(?:word|wd|phrase|code|wort)|pwd|pswd)"
_STRING = rb"(?:\"((?:[^\"\\\n]|\\.){1,8192})\"|'((?:[^'\\\n]|\\.){1,8192})')"
_TOKEN = rb"(?:\"([^\"\n]{1,8192})\"|'([^'\n]{1,8192})'|`([^`\n]{1,8192})`|([^\s\"'`<>|;,()\[\]{}]{1,8192}))"
_CONTENT = rb"(?:([^<\n]{1,8191})</|([^<\n]{8192}))"
_KEY = rb"(?:name|key|id|property|variable|var|field|header|param(?:eter)?|env)"
_VALUE = rb"(?:value|val|default|defaultvalue|content|secret)"
_Q = rb"\\?[\"']?"
_IS = rb"(?: (?:for|of) [^\s:]{1,60})?(?: (?:has|have|been|was|is|changed|set|reset|rotated|updated|now|to|as|will|be|generated)){1,6}:? {1,4}"


def is_string(value: bytes) -> bool:
    """Tell whether `value` may be a secret between quotes."""
    return is_secret_string(value, False)


def _form(trigger: bytes, word: bytes, pattern: bytes, judge: object = is_string) -> Form:
    return Form(rb"(?i)" + trigger, word, re.compile(rb"(?i)" + pattern), judge)  # type: ignore[arg-type]


_PAIR = rb"[ \t]{0,4}" + _Q + rb"[ \t]{0,4}[,;]?[ \t]{0,4}"

FORMS = (
    _form(TELLING + SUFFIX + rb"(?:[ \t][^<>\n]{0,60})?>[^<\s]", b"<", rb"(?<![P?])<" + _NAME + rb"(?:[ \t][^<>\n]{0,200})?>" + _CONTENT),
    _form(
        TELLING + SUFFIX + rb"[\"'](?:[ \t]{1,4}[\w-]{1,20}=[\"'][^\"'\n]{0,40}[\"']){0,2}[ \t]{1,4}value=[\"'][^\"']", b"value",
        _KEY + rb"=[\"']" + _NAME + rb"[\"'](?:[ \t]+[\w-]{1,20}=[\"'][^\"'\n]{0,40}[\"']){0,2}[ \t]+value=(?:\"([^\"\n]{1,8192})|'([^'\n]{1,8192}))",
    ),
    _form(TELLING + SUFFIX + rb"[\"'][^<>\n]{0,60}>[^<\s]", b"<", _KEY + rb"=[\"']" + _NAME + rb"[\"'][^<>\n]{0,200}>" + _CONTENT),
    _form(
        TELLING + SUFFIX + _PAIR + _Q + _VALUE + _Q + rb"[ \t]{0,4}[:=]", b"val",
        rb"\b" + _KEY + _Q + rb"[ \t]{0,4}[:=][ \t]{0,4}" + _Q + _NAME + _PAIR + _Q + _VALUE + _Q
        + rb"[ \t]{0,4}[:=][ \t]{0,4}(?:\\\"([^\"\\\n]{1,8192})|" + _TOKEN + rb")",
    ),
    _form(
        TELLING + SUFFIX + rb"[\"'][ \t]{0,4}\{[ \t]{0,4}" + _VALUE + rb"[ \t]{0,4}=", b"{",
        _NAME + rb"[\"'][ \t]{0,4}\{[ \t]{0,4}" + _VALUE + rb"[ \t]{0,4}=[ \t]{0,4}" + _STRING,
    ),
    _form(
        TELLING + SUFFIX + rb"[\"'][ \t]{0,4},[ \t]{0,4}@?[\"'][^\"']", b",",
        rb"(?:define|(?:set|put|add|append|get|default|update|replace|create|insert)_?\w{0,20}|(?:get|put)?env|property|option|header|lookup)"
        rb"\(@?[\"']" + _NAME + rb"[\"'][ \t]{0,4},[ \t]{0,4}@?" + _STRING,
    ),
    _form(
        TELLING + SUFFIX + rb"[\"'][ \t]{0,4},[ \t]{0,4}@?[\"'][^\"']", b",",
        rb"[\"']" + _NAME + rb"[\"'][ \t]{0,4},[ \t]{0,4}@?" + _STRING, is_chosen,
    ),
    _form(
        TELLING + SUFFIX + rb"\([\"'][^\"']", b"(",
        rb"\b(?:set|with|use|add|new)_?[\w.]{0,60}" + TELLING + SUFFIX + rb"\(" + _STRING,
    ),
    _form(_STRICT + rb"\([\"'][^\"']", b"(", rb"(?<![a-z_])(?:[\w.]{0,60}\.)?" + _STRICT + rb"\(" + _STRING, is_chosen),
    _form(
        rb"\b(?:password|identified(?: with \w{1,40})? by|ident(?:ified)? by password)[ \t]{1,4}N?'", b"'",
        rb"\b(?:password|(?:user|grant|role|to|profile)\b[^\n]{1,200}\bby)[ \t]{1,4}N?'((?:[^'\\\n]|''|\\.){1,8192})'",
    ),
    _form(rb"\bidentified(?: with \w{1,40})? by[ \t]{1,4}[^'\s]", b"identified", rb"\b(?:user|grant|role|to|profile)\b[^\n]{1,200}\bidentified(?: with \w{1,40})? by[ \t]{1,4}(?:values[ \t]{1,4})?" + _TOKEN),
    _form(TELLING + SUFFIX + rb"[ \t]{1,4}N?[\"'`][^\s\"'`]", b" ", rb"(?<![\w-])" + _NAME + rb"[ \t]{1,4}N?(?:\"([^\"\s]{1,8192})\"|'([^'\s]{1,8192})'|`([^`\s]{1,8192})`)", is_chosen),
    _form(
        rb"\b(?:env|arg|setenv|setx|set|export|define|put|config:set|add)[ \t](?:[^\n]{0,60}[\s/])?[\w.-]{0,60}" + TELLING + SUFFIX + rb"[ \t]{1,16}[^\s=:]", b" ",
        rb"(?:(?-i:^[ \t]*(?:ENV|ARG))|\bsetenv|\bsetx|\bset[ \t]+-\w{1,4}|#[ \t]?define|\bconfigure[ \t]+set|\bkv[ \t]+put|\bconfig[ \t]+(?:--\w+[ \t]+)?set|\bsecret[ \t]+(?:set|put|create))"
        rb"[ \t]+" + _NAME + rb"[ \t]+(?:--body[ \t=]|-b[ \t]|--value[ \t=])?(?!-)" + _TOKEN,
    ),
    _form(rb"^[ \t]{0,40}[\w.-]{0,60}" + TELLING + SUFFIX + rb"[ \t]{1,16}[^\s=:]", b" ", rb"(?m)^[ \t]{0,40}" + _NAME + rb"[ \t]{1,16}([^\s\"':=]\S{1,8192})[ \t\r]*$", is_chosen),
    _form(rb"\n[ \t]{0,40}[\w.-]{0,60}" + TELLING + SUFFIX + rb"[ \t]{1,16}[^\s=:]", b" ", rb"(?m)^[ \t]{0,40}" + _NAME + rb"[ \t]{1,16}([^\s\"':=]\S{1,8192})[ \t\r]*$", is_chosen),
    _form(TELLING + SUFFIX + _IS + rb"[\"'`]?[^\s\"'`]", b" ", _NAME + _IS + _TOKEN, is_chosen),
    _form(TELLING + SUFFIX + rb"[ \t]{1,4}(?:->|=>|\xe2\x86\x92)[ \t]{1,4}[^\s]", b">", _NAME + rb"[ \t]{1,4}(?:->|=>|\xe2\x86\x92)[ \t]{1,4}" + _TOKEN, is_chosen),
)  # fmt: skip

_NEXT = (
    _KEY + _Q + rb"[ \t]{0,4}[:=][ \t]{0,4}" + _Q + rb"[\w.-]{0,60}" + TELLING + SUFFIX + rb"[\"']?[ \t]{0,4},?[ \t]{0,4}\r?\n",
    rb"\b(?:variable|output)[ \t]{1,4}[\"']?[\w.-]{0,60}" + TELLING + SUFFIX + rb"[\"']?[ \t]{0,4}\{[ \t]{0,4}\r?\n",
    rb"<key>[\w.-]{0,60}" + TELLING + SUFFIX + rb"</key>[ \t]{0,4}\r?\n",
    rb"(?:^|\n)[ \t]{0,40}login[ \t]{1,16}[^\s]{1,100}[ \t]{0,4}\r?\n",
)


class NamedValue(FormDetector):
    """Find the value that a telling name stands beside; on one of the next lines, too."""

    name = "named_value"
    label = "PASSWORD"
    forms_known = FORMS
    triggers = tuple(dict.fromkeys((*(form.trigger for form in FORMS), *(rb"(?i)" + line for line in _NEXT))))

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where the line begins behind one that names a secret."""
        return (at, NextValue()) if text[at - 1] == 0x0A else None
