"""Tokens of further services, by a prefix or a form, and the secret part of their webhooks' addresses."""

from __future__ import annotations

import re

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question, judge
from guardcli.masking.detector import Detector
from guardcli.masking.forms.vendors import BEGUN, FORMS, HOOKS, PREFIXED

_BACK = 300
_MIXED = rb"(?s:[^0-9]*[0-9][^0-9]*[0-9].*|.*?[a-z][A-Z].*?[a-z][A-Z].*?[a-z][A-Z].*|[^0-9]*[0-9].*?[a-z][A-Z].*)"
_SHORT_PREFIXES = frozenset(
    {
        b"re_",
        b"pa-",
        b"sl.",
        b"op_",
        b"API-",
        b"SCW",
        b"live_",
        b"secret_",
        b"sdk-",
        b"mob-",
        b"key-",
        b"oy2",
        b"ATBB",
        b"EAAA",
        b"fw_",
        b"LTAI",
    }
)
"""Prefixes that other words have: what follows must mix digits and letters of both cases."""


def _prefixed(prefix: bytes, signs: bytes, least: int) -> Finder:
    """Return what finds a token whose prefix stands `least` of `signs` before its trigger's end."""
    plain = re.escape(prefix)
    judge = Judge(Question.BODY, wants=_MIXED if prefix in _SHORT_PREFIXES else b"")
    value = plain + b"([" + signs + b"]{%d,8192})" % least
    head = rb"(?<![A-Za-z0-9])" + plain
    return Finder(Way.TOKEN, value, judge, head, distances=(least + len(prefix),), whole=True)


def _shaped(whole: bytes) -> Finder:
    """Return what finds a form around its trigger's end."""
    return Finder(Way.SHAPE, whole, Judge(Question.BODY), ahead=_BACK, distances=(_BACK,))


class VendorToken(Detector):
    """Find tokens by the tables of `vendors`; decline those of few different characters."""

    name = "vendor_token"
    label = "TOKEN"
    triggers = (
        *(rb"\b" + re.escape(prefix) + b"[" + signs + b"]{%d}" % least for prefix, signs, least in PREFIXED),
        *(trigger for trigger, _ in (*FORMS, *HOOKS) if trigger),
    )
    opening = (
        rb"(?<![A-Za-z0-9])((?:"
        + b"|".join(re.escape(prefix) for prefix, _, _ in PREFIXED if len(prefix) > 3)
        + rb")[A-Za-z0-9_.+/=-]{4,250})|(?<![A-Za-z0-9])("
        + BEGUN
        + b")"
    )
    finders = (
        *(_prefixed(*one) for one in PREFIXED),
        *(_shaped(whole) for trigger, whole in (*FORMS, *HOOKS) if trigger),
    )

    def find_swept(self, text: bytes, start: int, end: int) -> tuple[int, int] | None:
        """Return the token from `start` to `end`, whose groups of hexadecimal digits no hyphen follows."""
        alone = text[end : end + 1] != b"-" or b":" in text[start:end]
        return (start, end) if alone and judge(text[start:end], Question.BODY) else None
