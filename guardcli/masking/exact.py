"""Masks exact values that are known: what a session was lent. Of a value cut in two by writes nothing is let out.

A value is looked for as it is, as COPY, CSV, SQL and JSON write one with quotation marks or backslashes in it, and as
base64 (in whatever place of a longer text), hexadecimal digits and percent signs do. What may be the beginning of a
value is held back until more comes; a silence lets it go where it is shorter than `SHORT`, so that a prompt appears and
a protocol goes on.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote

import re2  # type: ignore[import-untyped]

from guardcli.masking.scanner import Scanner
from guardcli.masking.stream import Observer

LABEL = b"[VALUE]"
NAME = "value"
_HEXADECIMAL = re.compile(rb"[0-9a-fA-F]+")
SHORT = 4
"""Bytes: fewer of them than this tell nothing of a value."""
ESCAPED_MAX = 64
"""So many ways of escaping are kept compiled."""


class ExactValues:
    """Values to mask, compiled. Immutable."""

    def __init__(self, values: Iterable[str], written: Callable[[bytes], bytes] | None = None) -> None:
        """`values` are not empty. They are looked for as `written` writes them as well."""
        self._values = tuple(values)
        plain = {value.encode("utf-8", "surrogateescape") for value in self._values}
        forms = {form for value in plain for form in _forms(value)}
        if written is not None:
            forms |= {written(form) for form in forms}
        self._forms = sorted(forms, key=len, reverse=True)
        self._escaped: dict[tuple[bytes, bytes], ExactValues] = {}
        options = re2.Options()
        options.max_mem = 64 << 20
        options.encoding = re2.Options.Encoding.LATIN1
        self._expression = re2.compile(b"|".join(re.escape(form) for form in self._forms), options)
        literals = [b"".join(b"\\x%02x" % byte for byte in form) for form in self._forms]
        self._scanner = Scanner(literals, once=range(len(literals)))

    def stream(self, observer: Observer | None = None) -> ExactStream:
        """Return a filter for one stream; `observer` is told of each finding: detector, offset, length."""
        return ExactStream(self, observer)

    def text(self, text: str) -> str:
        """Return `text` masked."""
        data = text.encode("utf-8", "surrogateescape")
        if not self._scanner.scan(data):  # as in `find`
            return text
        masked: bytes = self._expression.sub(LABEL, data)
        return masked.decode("utf-8", "surrogateescape")

    def escaped(self, escape: bytes, signs: bytes) -> ExactValues:
        """Return the same values, also as a format writes them that puts `escape` before each byte of `signs`."""
        known = self._escaped.get((escape, signs))
        if known is None:
            each = re.compile(b"[%b]" % re.escape(signs))
            known = ExactValues(self._values, lambda form: each.sub(lambda found: escape + found[0], form))
            if len(self._escaped) < ESCAPED_MAX:
                self._escaped[escape, signs] = known
        return known

    def find(self, data: bytes) -> list[tuple[int, int]]:
        """Return where values stand in `data`."""
        if not self._scanner.scan(data):  # eight times as fast, and by far the most has none
            return []
        return [found.span() for found in self._expression.finditer(data)]

    def undecided(self, data: bytes) -> int:
        """Return how many bytes at the end of `data` may be the beginning of a value."""
        longest, last = 0, data[-1:]
        for form in self._forms if data else ():
            end = form.rfind(last, longest, len(form) - 1)
            while end >= longest:
                if data.endswith(form[: end + 1]):
                    longest = end + 1
                    break
                end = form.rfind(last, longest, end)
        return longest


class Overwriting:
    """Overwrites values where they stand, so that what counts the bytes around them still holds.

    A value of digits becomes zeros, also where it is written in hexadecimal: what was a number stays one.
    """

    def __init__(self, values: ExactValues) -> None:
        self._values = values
        self._held = b""
        self._count = 0

    @property
    def findings(self) -> Mapping[str, int]:
        """How often a value was found."""
        return {NAME: self._count} if self._count else {}

    def take(self, data: bytes, *, whole: bool = True) -> bytes:
        """Return `data` with values overwritten; unless `whole`, a possible beginning of one is held."""
        data, self._held = self._held + data, b""
        found = self._values.find(data)
        if found:
            written = bytearray(data)
            for start, end in found:
                digits = _HEXADECIMAL.fullmatch(data, start, end)
                written[start:end] = (b"0" if digits else b"*") * (end - start)
            data = bytes(written)
            self._count += len(found)
        if not whole and (keep := self._values.undecided(data)):
            data, self._held = data[:-keep], data[-keep:]
        return data


class ExactStream:
    """The filter of one stream."""

    def __init__(self, values: ExactValues, observer: Observer | None = None) -> None:
        self._values = values
        self._observer = observer
        self._buffer = b""
        self._base = 0
        self._count = 0

    @property
    def held(self) -> int:
        """Bytes held back now."""
        return len(self._buffer)

    @property
    def findings(self) -> Mapping[str, int]:
        """How often a value was found."""
        return {NAME: self._count} if self._count else {}

    def hush(self) -> None:
        """Tell the observer of nothing more."""
        self._observer = None

    def feed(self, data: bytes) -> bytes:
        """Take output, return what may be let out."""
        self._buffer += data
        out = self._masked()
        keep = self._values.undecided(self._buffer)
        return out + self._let_go(len(self._buffer) - keep)

    def idle(self) -> bytes:
        """Return what may be let out after a silence."""
        return self._let_go(len(self._buffer)) if len(self._buffer) < SHORT else b""

    def finish(self) -> bytes:
        """Return the rest."""
        return self._let_go(len(self._buffer))

    def _masked(self) -> bytes:
        """Take everything up to the end of the last value out of the buffer, masked."""
        out, at = [], 0
        for start, end in self._values.find(self._buffer):
            out += [self._buffer[at:start], LABEL]
            at = end
            self._count += 1
            if self._observer is not None:
                self._observer(NAME, self._base + start, end - start)
        self._let_go(at)
        return b"".join(out)

    def _let_go(self, length: int) -> bytes:
        gone, self._buffer = self._buffer[:length], self._buffer[length:]
        self._base += length
        return gone


def _forms(value: bytes) -> Iterator[bytes]:
    yield value
    yield value.hex().encode()
    yield value.hex().upper().encode()
    percent = quote(value, safe="").encode()
    if percent != value:
        yield percent
    for sign, twice in ((b"\\", b"\\\\"), (b'"', b'""'), (b"'", b"''")):
        if sign in value:  # COPY's text format, CSV, literals
            yield value.replace(sign, twice)
    if b'"' in value:  # JSON
        yield value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    for lead in range(3):  # base64 takes three bytes at a time: the value may begin at any of them
        for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
            core = encode(b"\0" * lead + value)[(8 * lead + 5) // 6 : 8 * (lead + len(value)) // 6]
            if len(core) >= SHORT:
                yield core
