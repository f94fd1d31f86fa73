"""What takes the place of a secret, made to fit what stands around it."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

from guardcli.model.masking import MaskRule, Strategy

_YAML_START = re.compile(rb"[ \t]*(?:- +)*(?:[\w.\"'/-]+: +|- +)")
_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false")
_BARE = re.compile(rb"[^\s\"'\\,\[\]{}](?:[^\"\\,\[\]{}\n]*[^\s\"\\,\[\]{}])?")
"""What may stand without quotes in JSON or in YAML's flow style."""
_JSON_START = re.compile(rb".*\"[ \t]*:[ \t]*", re.DOTALL)
_NEXT_COLUMN = re.compile(rb"( *)(?:(\||\xe2\x94\x82)|(?<=  )\S)")
_AROUND = 200
_COLUMN_SIGNS = (b" ", b"|", b"\xe2")
_BEFORE_SCALAR = (b": ", b"- ", b"  ")


def replacement(
    text: bytes, start: int, end: int, value: bytes, label: str, rule: MaskRule, key: bytes
) -> tuple[bytes, int]:
    """Return what replaces `text[start:end]`, and how many blanks behind it go too so that columns stay aligned.

    `value` is the secret without escape sequences. The answer never holds a comma, a backslash or a newline; it
    holds quotes only where it takes the place of a bare JSON number, and brackets only where YAML sees none.
    """
    flow = _BARE.fullmatch(value) is not None and _in_flow(text, start, end)
    quoted = flow and _NUMBER.fullmatch(value) is not None
    scalar = not quoted and (flow or _is_scalar(text, start))
    if rule.strategy is Strategy.REDACT:
        new = b"<%s>" % label.encode() if scalar else b"[%s]" % label.encode()
    else:
        new = substitute(value, label, rule, key, b"x" if scalar else b"*")
        if scalar and new.startswith(b"["):
            new = b"<" + new[1:-1] + b">"
    if quoted:
        return b'"' + new + b'"', 0
    if text[end : end + 1] == b" " and text[end + 1 : end + 2] in _COLUMN_SIGNS:
        return _aligned(text, end, value, new)
    return new, 0


def _is_scalar(text: bytes, start: int) -> bool:
    """Tell whether a value at `start` begins a scalar of YAML's block style."""
    return (
        text[start - 2 : start] in _BEFORE_SCALAR and _YAML_START.fullmatch(text, _line(text, start), start) is not None
    )


def _in_flow(text: bytes, start: int, end: int) -> bool:
    """Tell whether a value stands bare in JSON or in YAML's flow style: behind a quoted key, or in a list."""
    before = text[max(0, start - _AROUND) : start].rstrip()
    sign = before[-1:]
    if sign == b":":
        line = text[_line(text, start) : start]
        if _NUMBER.fullmatch(text, start, end) is not None and _JSON_START.fullmatch(line) is not None:
            return True
        return text[start - 2 : start] == b": " and line.rfind(b"{") > line.rfind(b"}")
    behind = text[end : end + _AROUND].lstrip()[:1]
    if sign not in (b"[", b",") or behind not in (b",", b"]", b""):
        return False
    closed = 0
    for char in reversed(before):
        if char == 0x5D:
            closed += 1
        elif char == 0x5B:
            if closed == 0:
                return True
            closed -= 1
    if start > _AROUND and b"\n" not in before:  # amid a long line: quotes do no harm to a field of CSV
        is_number = _NUMBER.fullmatch(text, start, end) is not None
        return is_number or before[:-1].rstrip()[-1:] in (b'"', b"}", b"]")
    return start > _AROUND and b"\n" in text[start - _AROUND + len(before) : start] and behind != b""


def _line(text: bytes, start: int) -> int:
    """Return where the line of `start` begins, as far as it matters."""
    low = start - _AROUND if start > _AROUND else 0
    return text.rfind(b"\n", low, start) + 1 or low


def substitute(value: bytes, label: str, rule: MaskRule, key: bytes, star: bytes) -> bytes:
    """Return the substitute for `value` under any strategy but REDACT, by itself; `star` hides one column's width."""
    if rule.strategy is Strategy.HASH:
        digest = hmac.new(key, value, hashlib.sha256).hexdigest()[:8]
        return f"[{label}:{digest}]".encode()
    shown = value.decode("utf-8", "replace")
    keep = 0
    if rule.strategy is Strategy.PARTIAL:
        keep = min(rule.keep_last, len(shown) // 2)
    tail = shown[len(shown) - keep :] if keep else ""
    if not all(char.isalnum() or char in "@.-_ " for char in tail):
        tail = "".join(char if char.isalnum() or char in "@.-_ " else star.decode() for char in tail)
    return star * width(value[: len(value) - len(tail.encode())]) + tail.encode()


def width(value: bytes) -> int:
    """Return how many columns of a terminal `value` takes."""
    if value.isascii():
        return len(value)
    total = 0
    for char in value.decode("utf-8", "replace"):
        if not unicodedata.combining(char):
            total += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return total


def _aligned(text: bytes, end: int, value: bytes, new: bytes) -> tuple[bytes, int]:
    """Pad or shorten `new` where another column follows."""
    column = _NEXT_COLUMN.match(text, end, end + _AROUND)
    if column is None:
        return new, 0
    spare = 1 if column[2] else 2
    room = width(value)
    missing = room - len(new)
    if missing >= 0:
        return new + b" " * missing, 0
    blanks = len(column[1])
    if -missing <= blanks - spare:
        return new, -missing
    return b"*" * room, 0
