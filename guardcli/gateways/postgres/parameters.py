"""The values of a Bind or of a FunctionCall: for a person to read, and as bytes that a yes is bound to."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from functools import lru_cache

from guardcli.gateways.postgres.codec.frontend import Bind, FunctionCall, format_of

SHORT_BYTES = 16
"""Values in binary that rules look at have no more, but for texts."""
KNOWN_BYTES = 4096
"""Of longer texts it is not remembered how a digest begins."""
SHOWN_BYTES = 4096
"""So much of one value is shown; the digest is over all of it."""


def digest(kind: str, text: bytes, types: Sequence[int] = (), bind: Bind | FunctionCall | None = None) -> str:
    """Return the SHA-256, in hex, of exactly what is sent. Every part has its length before it."""
    if bind is None:
        return hashlib.sha256(_begun(kind, text, tuple(types), None)).hexdigest()
    values = bind.values if isinstance(bind, Bind) else bind.arguments
    results = bind.result_formats if isinstance(bind, Bind) else (bind.result_format,)
    begun = _begun_before if len(text) <= KNOWN_BYTES else _begun
    parts = [b"NULL" if value is None else b"=" + value for value in values]
    each = b"".join([b"%d:%b" % (len(part), part) for part in parts])
    return hashlib.sha256(begun(kind, text, tuple(types), (bind.formats, results)) + each).hexdigest()


def _begun(kind: str, text: bytes, types: tuple[int, ...], formats: object) -> bytes:
    """Return what a digest is over before the values."""
    if formats is None and not types:
        return b"guard statement 1\n%d:%b%d:%b2:()" % (len(kind), kind.encode(), len(text), text)
    parts = [kind.encode(), text, repr(types).encode()]
    if formats is not None:
        parts.append(repr(formats).encode())
    return b"guard statement 1\n" + b"".join([b"%d:%b" % (len(part), part) for part in parts])


_begun_before = lru_cache(maxsize=512)(_begun)


def readable(
    values: Sequence[bytes | None], formats: tuple[int, ...], types: Sequence[int] = ()
) -> tuple[str | None, ...]:
    """Return each value as a person can read it; binary ones by their type where that is known, else as bytes."""
    shown: list[str | None] = []
    for place, value in enumerate(values):
        if value is None:
            shown.append(None)
        elif format_of(formats, place):
            shown.append(_binary(value, types[place] if place < len(types) else 0))
        else:
            shown.append(value[:SHOWN_BYTES].decode("utf-8", "backslashreplace"))
    return tuple(shown)


def judged(
    values: Sequence[bytes | None], formats: tuple[int, ...], types: Sequence[int] = ()
) -> tuple[str | None, ...]:
    """Return each value whole, as rules look at it: NULL as an empty text, None for what cannot be read as one."""
    return tuple(
        "" if value is None else _whole(value, format_of(formats, place), types[place] if place < len(types) else 0)
        for place, value in enumerate(values)
    )


def _whole(value: bytes, format: int, type: int) -> str | None:
    decode = _DECODERS.get(type)
    try:
        if not format or decode is _text:
            return value.decode("utf-8")
        return decode(value) if decode is not None and len(value) <= SHORT_BYTES else None
    except (struct.error, UnicodeDecodeError):
        return None


def _binary(value: bytes, type: int) -> str:
    decode = _DECODERS.get(type)
    if decode is not None:
        try:
            return decode(value)
        except (struct.error, UnicodeDecodeError):
            pass
    return "\\x" + value[:SHOWN_BYTES].hex()


def _number(form: str) -> Callable[[bytes], str]:
    return lambda value: str(struct.unpack(form, value)[0])


def _text(value: bytes) -> str:
    return value[:SHOWN_BYTES].decode("utf-8", "backslashreplace")


_DECODERS: dict[int, Callable[[bytes], str]] = {
    16: lambda value: "true" if value != b"\0" else "false",
    20: _number(">q"),
    21: _number(">h"),
    23: _number(">i"),
    26: _number(">I"),
    700: _number(">f"),
    701: _number(">d"),
    18: _text,
    19: _text,
    25: _text,
    114: _text,
    1042: _text,
    1043: _text,
    2950: lambda value: value.hex(),
    3802: lambda value: _text(value[1:]),
}
"""By OID of the type: bool, int8, int2, int4, oid, floats, texts, json, uuid, jsonb."""
