"""What texts do, remembered: one is inspected once, and so are texts that differ in plain whole numbers only.

A program that writes its values into its statements sends another text each time. Where such a text is nothing but
words, whole numbers and the plainest punctuation, others are put in the place of its numbers: all equal, all different,
all large. Where these do the same, so does every text of that form (`_of_form`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import count

from guardcli.inspectors.sql import inspect_sql
from guardcli.model.operations import Operation

TOOL = "psql"
KNOWN, KNOWN_LENGTH = 1024, 4096
"""So many texts of at most so many characters are remembered with what they do."""

_PLAIN = re.compile(r"\s*(?:select|insert|update|delete)\s[\w\s,.()=<>*;]*", re.ASCII | re.IGNORECASE).fullmatch
"""No quotes, comments, parameters, operators by name, casts or arrays: words are words and numbers numbers."""
_NUMBER = re.compile(r"(?<![\w.])[1-9][0-9]{0,8}(?![\w.])", re.ASCII)
"""A whole number that every version reads as a constant of type integer, and as nothing else."""


def inspected(text: str) -> tuple[Operation, ...]:
    """Return what `text` does; it means nothing by the names of a session, and has `KNOWN_LENGTH` at the most."""
    if _PLAIN(text) is None:
        return _inspected(text)
    form, numbers = _NUMBER.subn("1", text)
    if not numbers:
        return _inspected(text)
    known = _of_form(form)
    if known is None:
        return _inspected(text)
    return known


@lru_cache(maxsize=KNOWN)
def _inspected(text: str) -> tuple[Operation, ...]:
    return inspect_sql(text, tool=TOOL)


@lru_cache(maxsize=KNOWN)
def _of_form(form: str) -> tuple[Operation, ...] | None:
    """Return what every text of `form` does; None where that hangs on its numbers, or may hang on them."""
    found = _inspected(form)
    others = (_with(form, count(2)), _with(form, count(1_000_003, 7)))
    if all(operation.complete for operation in found) and all(_inspected(other) == found for other in others):
        return found
    return None


def _with(form: str, numbers: Iterator[int]) -> str:
    return _NUMBER.sub(lambda _: str(next(numbers)), form)
