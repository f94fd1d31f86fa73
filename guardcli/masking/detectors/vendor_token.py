"""Tokens of further services, by a prefix or a form, and the secret part of their webhooks' addresses."""

from __future__ import annotations

import re
from functools import cache

from guardcli.masking.detector import Detector
from guardcli.masking.vendors import FORMS, HOOKS, PREFIXED

_BEHIND = 300
_WORD = re.compile(rb"[A-Za-z0-9]")
_MIXED = re.compile(rb"[0-9].*[0-9]|(?:[a-z][A-Z].*){3}|[0-9].*[a-z][A-Z]")
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
        b"LTAI",
    }
)
"""Prefixes that other words have: what follows must mix digits and letters of both cases."""


@cache
def _token(prefix: bytes, signs: bytes, least: int) -> re.Pattern[bytes]:
    """Return what matches a whole token; compiled for the first of its kind that is seen."""
    return re.compile(re.escape(prefix) + b"[" + signs + b"]{%d,8192}" % least)


@cache
def _shapes() -> tuple[re.Pattern[bytes], ...]:
    return tuple(re.compile(whole) for _, whole in (*FORMS, *HOOKS))


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
        + rb")[A-Za-z0-9_.+/=-]{4,250})"
    )

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the token that begins before `at`."""
        for prefix, signs, least in PREFIXED:
            start = at - least - len(prefix)
            if start >= 0 and text.startswith(prefix, start) and not _WORD.match(text[start - 1 : start]):
                found = _token(prefix, signs, least).match(text, start)
                if found is not None:
                    return found.span() if _is_random(found[0][len(prefix) :], prefix) else None
        for shape in _shapes():
            for found in shape.finditer(text, max(0, at - _BEHIND), at + _BEHIND):
                if found.start() < at <= found.end():
                    group = found.lastindex or 0
                    return found.span(group) if _is_random(found[group], b"") else None
        return None


def _is_random(body: bytes, prefix: bytes) -> bool:
    if len(set(body[-32:])) <= 4 or body.upper().rstrip(b"=").endswith(b"EXAMPLE"):
        return False
    return prefix not in _SHORT_PREFIXES or _MIXED.search(body) is not None
