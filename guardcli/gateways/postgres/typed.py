"""What takes the place of a whole value so that it is still one of its type, in text and in binary format.

=====================  ========================================================================================
text and its like      what the strategy gives, no longer than ``varchar(n)`` allows
json, jsonb            the same as a JSON string
xml                    the same
bytea                  the same as bytes
integers, numeric,     redact: NULL; mask: 0; partial: the last digits; hash: a number made of the digest
float
uuid                   redact: NULL; mask: all zeros; partial: zeros and the last digits; hash: one made of the digest
everything else        NULL: dates and times, booleans, addresses, ranges, enumerations, arrays, records
=====================  ========================================================================================

Source: PostgreSQL documentation, "Data Types"; the binary formats are those of the types' send functions.
"""

from __future__ import annotations

import json
import re
import struct

from guardcli.masking import Masker
from guardcli.model.masking import MaskRule, Strategy

TEXTS = frozenset((18, 19, 25, 705, 1042, 1043))
""""char", name, text, unknown, bpchar, varchar."""
BYTEA, JSON, JSONB, XML, UUID = 17, 114, 3802, 142, 2950
INTEGERS = {20: ">q", 21: ">h", 23: ">i", 26: ">I"}
FLOATS = {700: ">f", 701: ">d"}
NUMERIC = 1700
BINARY_TEXTS = TEXTS | {JSON, XML}
"""Types whose binary format is their text."""
_LIMITED = frozenset((1042, 1043))
_HEADER = 4  # VARHDRSZ: what a type modifier counts beyond the characters
_DIGITS = re.compile(r"\D")


def replace(
    value: bytes, type: int, format: int, modifier: int, masker: Masker, label: str, rule: MaskRule
) -> bytes | None:
    """Return the substitute for `value`, whose type, format and modifier RowDescription names; None for NULL."""
    if type in TEXTS:
        return limited(masker.substitute(value, label, rule), type, modifier)
    if type == XML:
        return masker.substitute(value, label, rule)
    if type == JSON:
        return _json(value, masker, label, rule)
    if type == JSONB:
        return b"\1" + _json(value[1:], masker, label, rule) if format else _json(value, masker, label, rule)
    if type == BYTEA:
        return _bytea(value, format, masker, label, rule)
    if rule.strategy is Strategy.REDACT:
        return None
    if type == UUID:
        return _uuid(value, format, masker, label, rule)
    if type in INTEGERS or type in FLOATS or type == NUMERIC:
        return _number(value, type, format, masker, label, rule)
    return None


def limited(new: bytes, type: int, modifier: int) -> bytes:
    """Return `new` no longer than the type allows."""
    if type == 18:
        return new[:1]
    if type == 19:
        return new[:63]
    if type in _LIMITED and modifier > _HEADER:
        return new.decode("utf-8", "replace")[: modifier - _HEADER].encode()
    return new


def is_json(value: bytes) -> bool:
    """Say whether `value` can be read as JSON."""
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


def _json(value: bytes, masker: Masker, label: str, rule: MaskRule) -> bytes:
    try:
        inner = json.loads(value)
    except ValueError:
        inner = None
    text = inner if isinstance(inner, str) else value.decode("utf-8", "replace")
    return json.dumps(masker.substitute(text.encode(), label, rule).decode("utf-8", "replace")).encode()


def _bytea(value: bytes, format: int, masker: Masker, label: str, rule: MaskRule) -> bytes:
    if format:
        return masker.substitute(value, label, rule)
    raw = bytes.fromhex(value[2:].decode("ascii", "replace")) if value.startswith(b"\\x") else value
    return b"\\x" + masker.substitute(raw, label, rule).hex().encode()


def _hashed(value: bytes, masker: Masker, label: str, rule: MaskRule) -> str:
    """Return the digits of the strategy's digest, in hex."""
    return masker.substitute(value, label, rule).decode().rpartition(":")[2].rstrip("]")


def _uuid(value: bytes, format: int, masker: Masker, label: str, rule: MaskRule) -> bytes:
    text = value.hex() if format else value.decode("ascii", "replace").replace("-", "")
    if rule.strategy is Strategy.HASH:
        digits = (_hashed(text.encode(), masker, label, rule) * 4)[:32]
    else:
        keep = min(rule.keep_last, 16) if rule.strategy is Strategy.PARTIAL else 0
        digits = (text[len(text) - keep :] if keep else "").rjust(32, "0")
    if format:
        return bytes.fromhex(digits)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])).encode()


def _number(value: bytes, type: int, format: int, masker: Masker, label: str, rule: MaskRule) -> bytes | None:
    if rule.strategy is Strategy.MASK:
        return _encoded(0, type, format)
    text = _number_text(value, type) if format else value.decode("ascii", "replace")
    if text is None:
        return None
    if rule.strategy is Strategy.HASH:
        return _encoded(int(_hashed(text.encode(), masker, label, rule), 16) % 32749, type, format)
    digits = _DIGITS.sub("", text.partition(".")[0])
    keep = min(rule.keep_last, len(digits) // 2)
    return _encoded(int(digits[len(digits) - keep :] or 0) if keep else 0, type, format)


def _number_text(value: bytes, type: int) -> str | None:
    form = INTEGERS.get(type) or FLOATS.get(type)
    if form is None or struct.calcsize(form) != len(value):
        return None
    return str(struct.unpack(form, value)[0])


def _encoded(number: int, type: int, format: int) -> bytes:
    """Return a small number in the format of its type. Numeric in binary: base 10,000 digits, weight, sign, scale."""
    if not format:
        return str(number).encode()
    if type == NUMERIC:
        groups = []
        rest = number
        while rest:
            groups.append(rest % 10000)
            rest //= 10000
        groups.reverse()
        return struct.pack(f">HhHH{len(groups)}H", len(groups), len(groups) - 1 if groups else 0, 0, 0, *groups)
    form = INTEGERS.get(type) or FLOATS[type]
    return struct.pack(form, number)
