"""A policy's own patterns and values: hyperscan tells whether one is there, RE2 where; both in linear time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from guardcli.masking.compiled.automata import compile_quickly
from guardcli.masking.compiled.matching import Matcher
from guardcli.masking.compiled.native import Row, Spans
from guardcli.masking.detector import Detector
from guardcli.masking.overlong import BOUND, reach, rest_of
from guardcli.model.errors import ConfigurationError

_MAY_HOLD_BLANKS = re.compile(r"[ .\t]|\\[sSWDtxp]|\[\^|\[\[")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_MOST = 100_000
"""Findings in one block, one for each byte of it at the worst, after which the rest of the block counts as one."""

_STATES = 256
"""An automaton of a pattern has no more states: its making takes milliseconds at the most."""

_PREFIX = 16
"""Bytes of the beginning of a match that are worked out."""
_WORD = rb"[^\s\"'=:,;(<]"

_CLASS = r"\[\^?(?:[A-Za-z0-9 _@#%=:;,<>`'\"/!.*+?(){}$]|\\[dw.\\\]\[^-]|-(?!-))+\]"
_ATOM = r"[A-Za-z0-9 _@#%&=:;,<>~`'\"/!-]|\\[dwDW]|\\[ !-/:-@\[-`{-~]|\.|" + _CLASS + r"|\||\((?:\?:)?|\)"
_SHARED = re.compile(r"(?:\(\?i\))?(?:(?:" + _ATOM + r")(?:(?:[*+?]|\{[0-9]{1,3}(?:,[0-9]{1,3})?\})\??)?)*")
"""Expressions that RE2 and Python read alike, and an automaton can say."""


class Pattern(Detector):
    """What a regular expression of RE2's syntax matches, on bytes, within a line; the longest of the leftmost.

    Matches without a byte between them are one: a pattern of single bytes would cost a thousand times its text.
    """

    once = True
    stub = rb"((?:(?<=[\s\"'=:,;(<])|\A)[^\s\"'=:,;(<]{0,63}[A-Za-z0-9_./+-])"

    def __init__(self, name: str, regex: str) -> None:
        """Raise ConfigurationError for a name that is none, and for what does not run in linear time."""
        if _NAME.fullmatch(name) is None:
            raise ConfigurationError(f"{name!r} is no name of a pattern", hint="write a-z, 0-9, - and _")
        self.name = name  # type: ignore[misc]
        self.label = name.upper().replace("-", "_")
        _compile(regex)
        self._compiled = _compile(f"(?:{regex})+")
        self._regex = regex
        self.stub = _stub(self._compiled)  # type: ignore[misc]
        self.triggers = (b"(?m)(?:" + regex.encode() + b")",)
        self.blanks = _MAY_HOLD_BLANKS.search(regex) is not None

    @cached_property
    def _matcher(self) -> Matcher | None:
        """What matches as RE2 does at less cost for each match; None for an expression that is not simple enough."""
        if _SHARED.fullmatch(self._regex) is None:
            return None
        begin, regex = ("(?i)", self._regex[4:]) if self._regex.startswith("(?i)") else ("", self._regex)
        try:
            return Matcher(compile_quickly(f"{begin}(?:{regex})+".encode(), _STATES), _MOST)
        except (ValueError, re.error):
            return None

    def find_block(self, text: bytes, base: int, end: int, rank: int) -> Spans:
        """Return all matches in `text[:end]` that begin from `base` on."""
        matcher = self._matcher
        found = matcher.find(text, base, end, rank) if matcher is not None else None
        if found is not None:
            return found
        text = text[:end]
        rows: list[Row] = []
        for start, last, rest in self.find_all(text, 0):
            if last - start >= BOUND:
                rest = rest_of(text, start, last)
                last = reach(text, last, rest)
            if start >= base:
                rows.append((start, last, rank, False, rest if last == end else 0))
        return Spans.of(rows)

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the first match in `text`."""
        return next(((start, end) for start, end, _ in self.find_all(text, at)), None)

    def find_all(self, text: bytes, at: int) -> Sequence[tuple[int, int, int]]:
        """Return all matches in `text`: the trigger fires once for all of them."""
        spans = (match.span() for match in self._compiled.finditer(text))
        found = [(start, end, 0) for start, end in islice(spans, _MOST) if end > start]
        if len(found) == _MOST:
            found.append((found[-1][1], len(text), 0))
        return found


def _stub(compiled: Any) -> bytes:
    """Return the form of a word in which something may begin that `compiled` matches, as far as RE2 can tell."""
    try:
        low, high = compiled.possiblematchrange(_PREFIX)
    except Exception:  # re2.error, of a module that is not imported here: any match may begin with anything
        return Pattern.stub
    common = next(
        (low[:at] for at, pair in enumerate(zip(low, high, strict=False)) if pair[0] != pair[1]), low[: len(high)]
    )
    begun = _WORD + b"*"
    for byte in reversed(common):
        begun = b"%s(?:%s)?" % (re.escape(bytes([byte])), begun)
    if not common:
        begun = b"[\\x%02x-\\x%02x]%s" % (low[0], high[0], begun) if low and high else begun
    return rb"((?:(?<=[\s\"'=:,;(<])|\A)" + _WORD + rb"{0,63}" + begun + rb")"


def values(name: str, wanted: Iterable[str]) -> Pattern:
    """Return the detector of exact values that are always masked."""
    given = sorted(set(wanted), key=len, reverse=True)
    if not all(given) or any("\n" in one or "\r" in one for one in given):
        raise ConfigurationError("a value to mask is empty or holds a line break")
    return Pattern(name, "|".join(re.escape(one) for one in given))


def allowed(exact: Sequence[str], patterns: Sequence[str]) -> Callable[[bytes], bool] | None:
    """Return what tells whether a value is one that is never masked, None where there is no such value."""
    if not exact and not patterns:
        return None
    plain = frozenset(one.encode() for one in exact)
    compiled = [_compile(one) for one in patterns]
    return lambda value: value in plain or any(one.fullmatch(value) for one in compiled)


def _compile(regex: str) -> Any:
    import re2  # type: ignore[import-untyped]

    options = re2.Options()
    options.log_errors, options.never_capture, options.longest_match = False, True, True
    options.never_nl = True  # a match ends with its line, whatever the expression takes
    options.encoding = re2.Options.Encoding.LATIN1
    try:
        compiled = re2.compile(b"(?m)(?:" + regex.encode() + b")", options=options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ConfigurationError(f"the masking pattern {regex!r} does not run in linear time: {text}") from error
    if compiled.search(b"") is not None:
        raise ConfigurationError(
            f"the masking pattern {regex!r} matches nothing at all", hint="it must hold a character"
        )
    return compiled
