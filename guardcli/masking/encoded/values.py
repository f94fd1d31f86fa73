"""Finds secrets in what a tool has encoded, where a policy asks: ``decode: [base64, hex, percent, json, gzip]``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from guardcli.masking.detector import Detector
from guardcli.masking.encoded.decoding import Inner, base64_values, hex_values, json_text, percent_text, wide_values
from guardcli.model.masking import Encoding

Search = Callable[[bytes], Sequence[tuple[int, int]]]
"""Returns start and length of each secret in a text."""

_TRIGGERS = {
    Encoding.BASE64: rb"[A-Za-z0-9+/_-]{16}",
    Encoding.HEX: rb"[0-9A-Fa-f]{24}|(?:\\x[0-9A-Fa-f]{2}){6}",
    Encoding.PERCENT: rb"%[0-9A-Fa-f]{2}",
    Encoding.JSON: rb"\\u[0-9A-Fa-f]{4}",
    Encoding.UTF16: rb"(?:[\x20-\xff]\x00){6}",
}
_NESTED = 2
"""How often what was decoded is looked into again: base64 of base64, percent-encoded base64."""
_LONGEST_AGAIN = 1 << 20


class Encoded(Detector):
    """Decodes, searches what is inside, and finds the encoded value around what was found."""

    name = "encoded"
    label = "ENCODED"
    once = True
    stub = rb"((?:(?<=[\s\"'=:,;(<])|\A)[A-Za-z0-9+/_=-]{16,4096}|(?:[\x20-\xff]\0){1,2048}[\x20-\xff]?)"

    def __init__(self, encodings: Collection[Encoding], search: Search) -> None:
        """`search` judges what is inside; `encodings` is which ways are tried."""
        self._encodings = frozenset(encodings)
        self._search = search
        self.triggers = tuple(trigger for encoding, trigger in _TRIGGERS.items() if encoding in self._encodings)

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the first encoded secret of `text`."""
        return next(((start, end) for start, end, _ in self.find_all(text, at)), None)

    def find_all(self, text: bytes, at: int) -> Sequence[tuple[int, int, int]]:
        """Return all encoded secrets of `text`: its triggers fire once for all of them."""
        return [(start, end, 0) for start, end in sorted(self._spans(text, _NESTED))]

    def _spans(self, text: bytes, depth: int) -> set[tuple[int, int]]:
        spans = set()
        for inner in self._inside(text):
            if inner.plain is None:
                spans.add((inner.start, inner.end))
                continue
            found = [(start, start + length) for start, length in self._search(inner.plain)]
            if depth > 1 and len(inner.plain) <= _LONGEST_AGAIN:
                found += self._spans(inner.plain, depth - 1)
            if inner.origin is None:
                spans |= {(inner.start, inner.end)} if found else set()
            else:
                spans |= {(inner.origin(start), inner.origin(end - 1) + _width(inner, end)) for start, end in found}
        return spans

    def _inside(self, text: bytes) -> Iterator[Inner]:
        compressed = Encoding.GZIP in self._encodings
        if Encoding.BASE64 in self._encodings:
            yield from base64_values(text, compressed)
        if Encoding.HEX in self._encodings:
            yield from hex_values(text, compressed)
        if Encoding.PERCENT in self._encodings:
            yield from percent_text(text)
        if Encoding.JSON in self._encodings:
            yield from json_text(text)
        if Encoding.UTF16 in self._encodings:
            yield from wide_values(text)


def _width(inner: Inner, end: int) -> int:
    """Return how many bytes of the text the last byte before `end` inside takes."""
    if inner.origin is None or inner.plain is None:
        return 0
    last = inner.origin(end - 1)
    behind = inner.origin(end) if end <= len(inner.plain) else inner.end
    return max(1, behind - last)
