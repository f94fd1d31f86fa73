"""Reads what text may be wrapped in, with the way back: which bytes of the wrapped text each byte inside came from.

Bounded in all it makes: a compressed value is inflated to `INFLATED` bytes (RFC 1950 to 1952), and what would be
more is reported as too much, never left unjudged.
"""

from __future__ import annotations

import binascii
import re
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

INFLATED = 4 << 20
"""Bytes that a compressed value may have inside."""

WHOLE = 4096
"""A wrapped value up to this length is masked as a whole, of a longer one the part that holds the secret."""

_BASE64 = re.compile(rb"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(rb"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}){12,}(?![0-9A-Za-z])|(?:\\x[0-9A-Fa-f]{2}){6,}")
_WIDE = re.compile(rb"(?:[\x20-\xff]\0){6,}")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_JSON = re.compile(rb"\\u([dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|[0-9A-Fa-f]{4})")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_MAGIC = (b"\x1f\x8b\x08", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")


class Inner(NamedTuple):
    """What is inside of `text[start:end]`. `origin` maps an offset inside to one of the text; None for the whole.

    `plain` is None where there is too much inside to be judged.
    """

    start: int
    end: int
    plain: bytes | None
    origin: Callable[[int], int] | None = None


def base64_values(text: bytes, compressed: bool) -> Iterator[Inner]:
    """Decode what looks like base64 (RFC 4648 sections 4 and 5); what is `compressed` inside is inflated."""
    for found in _BASE64.finditer(text):
        digits = found[0].rstrip(b"=").translate(_URL_SAFE)
        cut = found.start() == 0 and len(text) > WHOLE
        for skip in range(4 if cut else 1):
            usable = digits[skip:]
            usable = usable[: len(usable) - (len(usable) % 4 == 1)]
            plain = binascii.a2b_base64(usable + b"=" * (-len(usable) % 4))
            yield _inner(found.start() + skip, found.end(), plain, compressed, 4, 3)


def hex_values(text: bytes, compressed: bool) -> Iterator[Inner]:
    """Decode runs of hexadecimal digits, and ``\\x41\\x42``."""
    for found in _HEX.finditer(text):
        escaped = found[0].startswith(b"\\x")
        digits = found[0].replace(b"\\x", b"") if escaped else found[0]
        yield _inner(found.start(), found.end(), bytes.fromhex(digits.decode()), compressed, 4 if escaped else 2, 1)


def percent_text(text: bytes) -> Iterator[Inner]:
    """Decode ``%41`` (RFC 3986 section 2.1) wherever it stands."""
    yield from _unescaped(text, _PERCENT, lambda found: bytes((int(found[1], 16),)))


def json_text(text: bytes) -> Iterator[Inner]:
    """Decode ``\\u0041`` (RFC 8259 section 7) wherever it stands."""
    yield from _unescaped(text, _JSON, _code_point)


def wide_values(text: bytes) -> Iterator[Inner]:
    """Decode runs of UTF-16 in the midst of other text, in either order."""
    for found in _WIDE.finditer(text):
        start, end = found.span()
        plain = found[0][::2]
        if end - start <= WHOLE:
            yield Inner(start, end, plain.decode("latin-1").encode())
        else:
            yield Inner(start, end, plain, partial(_doubled, start))


def _doubled(start: int, place: int) -> int:
    return start + 2 * place


def inflate(data: bytes) -> bytes | None:
    """Return what is in a gzip or zlib stream as far as it is there; None where it is more than `INFLATED`.

    Raises zlib.error for what is none.
    """
    inflater = zlib.decompressobj(47)
    plain = inflater.decompress(data, INFLATED)
    return plain if not inflater.unconsumed_tail else None


def text_of(plain: bytes) -> bytes:
    """Return UTF-16 without a mark as UTF-8; other bytes as they are."""
    for codec, zeros in (("utf-16-le", plain[1:64:2]), ("utf-16-be", plain[0:64:2])):
        if len(zeros) > 3 and zeros.count(0) * 4 >= len(zeros) * 3:
            return plain.decode(codec, "replace").encode("utf-8", "replace")
    return plain


def _code_point(found: re.Match[bytes]) -> bytes:
    pair = found[1].split(b"\\u")
    value = int(pair[0], 16)
    if len(pair) == 2:
        value = 0x10000 + ((value & 0x3FF) << 10) + (int(pair[1], 16) & 0x3FF)
    return chr(value).encode("utf-8", "surrogatepass")


def _inner(start: int, end: int, plain: bytes, compressed: bool, wide: int, narrow: int) -> Inner:
    """Build the value that `wide` characters for `narrow` bytes make."""
    if compressed and plain.startswith(_MAGIC):
        try:
            return Inner(start, end, inflate(plain))
        except zlib.error:
            pass
    seen = text_of(plain)
    if end - start <= WHOLE or seen is not plain:
        return Inner(start, end, seen)
    return Inner(start, end, plain, lambda place: min(start + place // narrow * wide, end))


def _unescaped(text: bytes, escape: re.Pattern[bytes], decode: Callable[[re.Match[bytes]], bytes]) -> Iterator[Inner]:
    """Decode all escapes of `text`, if there is one, with the map back."""
    pieces: list[bytes] = []
    seen, raw, length, place = [0], [0], 0, 0
    for found in escape.finditer(text):
        pieces.append(text[place : found.start()])
        length += found.start() - place
        value = decode(found)
        pieces.append(value)
        seen += [length, length + len(value)]
        raw += [found.start(), found.end()]
        length, place = length + len(value), found.end()
    if not place:
        return
    pieces.append(text[place:])
    yield Inner(0, len(text), b"".join(pieces), _mapped(seen, raw))


def _mapped(seen: list[int], raw: list[int]) -> Callable[[int], int]:
    from bisect import bisect_right

    def origin(place: int) -> int:
        index = bisect_right(seen, place) - 1
        return raw[index] + place - seen[index]

    return origin
