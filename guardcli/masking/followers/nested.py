"""All scalars below a key: what stands in the brackets of JSON and of YAML's flow style, and in YAML's blocks.

RFC 8259 and YAML 1.2 sections 7.4 and 8. Names of keys stay, so that the shape can be read; every value goes, null
apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from guardcli.masking.followers.follower import Follower, Gone

_TOKEN = re.compile(
    rb"[\s,:]+|(?P<open>[\[{])|(?P<close>[\]}])"
    rb"|\\\"(?P<escaped>(?:[^\"\\\n]|\\[^\"\n])*)(?P<ends>\\\")?|\"(?P<double>(?:[^\"\\\n]|\\[^\n])*)(?P<endd>\")?"
    rb"|'(?P<single>(?:[^'\n]|'')*)(?P<endq>')?|(?:[&!][^\s,\[\]{}]*|\*[^\s,\[\]{}]+)"
    rb"|[^\s,\[\]{}\"'\\:&!*][^,\[\]{}\n\"']*?:(?=[ \t\r]|\Z)|(?P<bare>[^\s,\[\]{}\"'\\][^,\[\]{}\n]*)|."
)
_KEY = re.compile(rb"[ \t]*:")
_QUOTES = {"escaped": (b'\\"', "ends"), "double": (b'"', "endd"), "single": (b"'", "endq")}
_CLOSING = {
    b'\\"': re.compile(rb"((?:[^\"\\\n]|\\[^\"\n])*)(\\\")?"),
    b'"': re.compile(rb"((?:[^\"\\\n]|\\[^\n])*)(\")?"),
    b"'": re.compile(rb"((?:[^'\n]|'')*)(')?"),
}
_NO_BLOCK = 1 << 30
"""An indentation that no line exceeds."""
_NOTHING = frozenset({b"", b"null", b"~", b"Null", b"NULL"})
_PREFIX = re.compile(rb"[ \t]*(?:[-?](?:[ \t]+|\Z))*")
_ENTRY = re.compile(
    rb"(?:\"(?:[^\"\\\n]|\\[^\n])*\"|'(?:[^'\n]|'')*'|[^\s#\[\]{}\"'|>&*!%@`,][^\n]*?|<<)[ \t]*:(?=[ \t]|\Z)[ \t]*"
)
_PROPERTIES = re.compile(rb"(?:[&!][^\s]*[ \t]*)*")


class Flow(NamedTuple):
    """Where a scan stands: how many brackets are open, and the quote that is."""

    depth: int = 0
    quote: bytes = b""


def scan(text: bytes, start: int, end: int, flow: Flow) -> tuple[list[Gone], int, Flow]:
    """Return the scalars of `text[start:end]`, where the scan ended, and what is open there."""
    gone: list[Gone] = []
    place, depth = start, flow.depth
    if flow.quote:
        rest = _CLOSING[flow.quote].match(text, place, end)
        if rest is None:
            return gone, end, flow
        if rest.end(1) > place:
            gone.append(Gone(place, rest.end(1)))
        if rest[2] is None:
            return gone, end, flow
        place = rest.end()
        if depth == 0:
            return gone, place, Flow()
    while place < end and (token := _TOKEN.match(text, place, end)) is not None:
        place, kind = token.end(), token.lastgroup or ""
        kind = {"ends": "escaped", "endd": "double", "endq": "single"}.get(kind, kind)
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
        elif kind in _QUOTES:
            low, high = token.span(kind)
            quote, closed = _QUOTES[kind]
            if token[closed] and _KEY.match(text, place, end):
                continue
            if high > low:
                gone.append(Gone(low, high))
            if not token[closed]:
                return gone, end, Flow(depth, quote)
        elif kind == "bare":
            gone += _bare(text, *token.span("bare"))
        if depth <= 0:
            return gone, place, Flow()
    return gone, place, Flow(depth)


def _bare(text: bytes, low: int, high: int) -> list[Gone]:
    """Return what stands without quotes, and without blanks around it."""
    value = text[low:high]
    low, high = low + len(value) - len(value.lstrip()), high - len(value) + len(value.rstrip())
    return [Gone(low, high)] if text[low:high] not in _NOTHING else []


class Nested(Follower):
    """State between two lines of a list or a map in brackets. Immutable."""

    __slots__ = ("_flow",)

    def __init__(self, flow: Flow) -> None:
        self._flow = flow

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Mask the scalars of one line; what follows an over-long line is not the list's any more."""
        gone, _, flow = scan(text, start, end, self._flow)
        if cut:
            return [*gone, Gone(end - 1, end)], None
        return gone, Nested(flow) if flow.depth > 0 or flow.quote else None


class YamlTree(Follower):
    """State below a key whose value stands on the next lines: how far the key is indented, and what is open."""

    __slots__ = ("_block", "_flow", "_indent")

    def __init__(self, indent: int, block: int = _NO_BLOCK, flow: Flow | None = None) -> None:
        """`block` is how far the key of an open block scalar is indented, `_NO_BLOCK` without; `flow` what is open."""
        self._indent = indent
        self._block = block
        self._flow = flow or Flow()

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Mask the value on one line; a line that is not indented further ends the tree."""
        gone, after = self._judge(text, start, end)
        if cut and after is not None:
            return [*gone, Gone(end - 1, end)], after
        return gone, after

    def _judge(self, text: bytes, start: int, end: int) -> tuple[list[Gone], Follower | None]:
        if self._flow.depth or self._flow.quote:
            gone, _, flow = scan(text, start, end, self._flow)
            return gone, YamlTree(self._indent, _NO_BLOCK, flow)
        row = text[start:end].rstrip()
        content = row.lstrip(b" \t")
        if not content or content.startswith(b"#"):
            return [], self
        indent = len(row) - len(content)
        if indent > self._block:
            return [Gone(start + indent, start + len(row))], self
        if indent < self._indent or (indent == self._indent and not (content.startswith(b"- ") or content == b"-")):
            return [], None
        return self.entry(text, start, start + len(row))

    def entry(self, text: bytes, start: int, end: int) -> tuple[list[Gone], Follower | None]:
        """Mask the value of a line that begins an item or a key, or goes on with a plain value."""
        prefix = _PREFIX.match(text, start, end)
        head = prefix.end() if prefix is not None else start
        key = _ENTRY.match(text, head, end)
        place = key.end() if key is not None else head
        properties = _PROPERTIES.match(text, place, end)
        place = properties.end() if properties is not None else place
        first = text[place : place + 1] if place < end else b""
        if first in (b"|", b">"):
            dash = text.rfind(b"-", start, head)
            owner = head - start if key is not None else dash - start if dash >= 0 else self._indent
            return [], YamlTree(self._indent, owner)
        if first in (b"[", b"{", b'"', b"'"):
            gone, _, flow = scan(text, place, end, Flow())
            return gone, YamlTree(self._indent, _NO_BLOCK, flow)
        value = text[place:end].split(b" #")[0].rstrip()
        if value in _NOTHING or first in (b"*", b"#"):
            return [], YamlTree(self._indent)
        return [Gone(place, place + len(value))], YamlTree(self._indent)
