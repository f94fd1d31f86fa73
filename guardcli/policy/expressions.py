"""Regular expressions that run in linear time, by RE2: one by one, or many at once over the same text."""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import cached_property, lru_cache
from typing import Any

FEW = 4
"""Up to so many expressions are faster one by one."""
SHORT = 4096
"""Bytes of a text for which all expressions run at once. Their common automaton is built while it runs, and a hostile
text can make it build a new state for every byte, which costs more than running them one by one."""
_FIRST = 64
"""Bytes of a text within which its first word ends."""
_MEMORY = 32 << 20
"""Bytes for the automaton of a set; where that is not enough, they run one by one."""


def compile_expression(pattern: str) -> Expression:
    """Compile a regular expression that runs in linear time; ``.`` also matches a line break.

    Raises ValueError for what is not one, look-around and back references included.
    """
    return Expression(pattern)


def _options() -> Any:
    import re2  # type: ignore[import-untyped]

    options = re2.Options()
    options.dot_nl, options.log_errors, options.never_capture = True, False, True
    return options


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Any:
    import re2

    try:
        return re2.compile(pattern.encode(), options=_options())
    except re2.error as error:
        first = error.args[0] if error.args else ""
        text = first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
        raise ValueError(text) from None


class Expression:
    """A compiled expression over bytes; re2 is loaded with the first one."""

    __slots__ = ("_compiled",)

    def __init__(self, pattern: str) -> None:
        self._compiled = _compiled(pattern)

    def search(self, text: bytes) -> object:
        """Return a match anywhere in `text`, or None."""
        return self._compiled.search(text)

    def fullmatch(self, text: bytes) -> object:
        """Return a match of all of `text`, or None."""
        return self._compiled.fullmatch(text)


def first_word(pattern: str, *, whole: bool) -> str:
    """Return the word that every text begins with which `pattern` is found in, or that it fits as a `whole`.

    Empty where it does not certainly begin with one whole word, a space after it.
    """
    import re2

    if not whole and (not pattern.startswith("^") or "|" in pattern):
        return ""
    try:
        expression = re2.compile((f"^(?:{pattern})" if whole else pattern).encode(), options=_options())
        least, most = expression.possiblematchrange(_FIRST)
    except re2.error:
        return ""
    word, space, _ = least.partition(b" ")
    certain = space and (most.startswith(word + b" ") or most == word + b"!")  # the sign after a space, not reached
    return word.decode("utf-8", "replace") if certain else ""


class ExpressionSet:
    """Many expressions over one text. Each has a number; those that are sought and those that must fit the whole
    text are kept apart.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, bool], int] = {}
        self._patterns: list[tuple[str, bool]] = []
        self._last: tuple[bytes, Container[int]] = (b"", frozenset())

    def add(self, pattern: str, whole: bool) -> int:
        """Take `pattern`, to be found anywhere or to fit the `whole` text; return its number. All are added first."""
        number = self._numbers.setdefault((pattern, whole), len(self._patterns))
        if number == len(self._patterns):
            self._patterns.append((pattern, whole))
        return number

    def matching(self, text: bytes) -> Container[int]:
        """Return the numbers of the expressions that match `text`."""
        known, numbers = self._last
        if known == text and text:
            return numbers
        numbers = self._match(text)
        self._last = (text, numbers)
        return numbers

    def _match(self, text: bytes) -> Container[int]:
        if len(self._patterns) > FEW and len(text) <= SHORT:
            found: set[int] = set()
            for automaton, numbers in self._sets:
                hits = automaton.Match(text) or ()
                if 0 not in hits:
                    break  # the first expression of a set matches everything: this one ran out of memory
                found.update(numbers[hit] for hit in hits if hit)
            else:
                return found
        return _OneByOne(self._patterns, text)

    @cached_property
    def _sets(self) -> Sequence[tuple[Any, Sequence[int]]]:
        """A set of each kind with the numbers of its members; one that cannot be built matches nothing at all."""
        import re2

        options = _options()
        options.max_mem = _MEMORY
        sets = []
        for whole, kind in ((False, re2.Set.SearchSet), (True, re2.Set.FullMatchSet)):
            numbers = [number for number, (_, is_whole) in enumerate(self._patterns) if is_whole is whole]
            automaton = kind(options)
            automaton.Add(b".*")
            for number in numbers:
                automaton.Add(self._patterns[number][0].encode())
            try:
                automaton.Compile()
            except re2.error:
                automaton = _Nothing()
            sets.append((automaton, [-1, *numbers]))
        return sets


class _Nothing:
    def Match(self, text: bytes) -> None:
        """Match nothing."""


class _OneByOne:
    """The numbers of the expressions that match one text, each looked at only when it is asked for."""

    def __init__(self, patterns: Sequence[tuple[str, bool]], text: bytes) -> None:
        self._patterns = patterns
        self._text = text
        self._known: dict[int, bool] = {}

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        if number not in self._known:
            pattern, whole = self._patterns[number]
            expression = compile_expression(pattern)
            match = expression.fullmatch(self._text) if whole else expression.search(self._text)
            self._known[number] = match is not None
        return self._known[number]
