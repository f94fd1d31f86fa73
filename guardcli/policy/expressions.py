"""Regular expressions that run in linear time, by RE2."""

from __future__ import annotations


def compile_expression(pattern: str) -> Expression:
    """Compile a regular expression that runs in linear time; ``.`` also matches a line break.

    Raises ValueError for what is not one, look-around and back references included.
    """
    return Expression(pattern)


class Expression:
    """A compiled expression over bytes; re2 is loaded with the first one."""

    __slots__ = ("_compiled",)

    def __init__(self, pattern: str) -> None:
        import re2  # type: ignore[import-untyped]

        options = re2.Options()
        options.dot_nl, options.log_errors, options.never_capture = True, False, True
        try:
            self._compiled = re2.compile(pattern.encode(), options=options)
        except re2.error as error:
            first = error.args[0] if error.args else ""
            text = first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
            raise ValueError(text) from None

    def search(self, text: bytes) -> object:
        """Return a match anywhere in `text`, or None."""
        return self._compiled.search(text)

    def fullmatch(self, text: bytes) -> object:
        """Return a match of all of `text`, or None."""
        return self._compiled.fullmatch(text)
