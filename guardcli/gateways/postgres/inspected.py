"""What texts do, remembered: one is inspected once, and so are texts that only read and differ in one whole number.

A program that writes its values into its statements sends another text each time. Where such a text is nothing but
words, the plainest punctuation and one whole number, others are put in its place. Where all of these do the same, and
that is to read, so does every text of that form (`_of_form`). Two numbers would be one too many: what a condition comes
to hangs on whether they are equal, in more ways than can be tried.
"""

from __future__ import annotations

import re
from functools import lru_cache

from guardcli.inspectors.sql import inspect_sql
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

TOOL = "psql"
KNOWN, KNOWN_LENGTH = 1024, 4096
"""So many texts of at most so many characters are remembered with what they do."""

_PLAIN = r"(?:[^\W\d]\w*+|[\s,.()=<>*;])*+"
"""No quotes, comments, parameters, operators by name, casts or arrays: words are words; and no number."""
_NUMBER = r"(?<![\w.])[1-9][0-9]{0,8}(?![\w.])"
"""A whole number that every version reads as a constant of type integer, and as nothing else."""
_FORM = re.compile(rf"(\s*select\s{_PLAIN}){_NUMBER}({_PLAIN})", re.ASCII | re.IGNORECASE).fullmatch
ONLY_READS = frozenset((Effect.READ,))
OTHERS = ("2", "7", "131072", "999999999")
"""Numbers that are tried in its place: small and large ones, and one that is a bit which means something (lo_open)."""


def inspected(text: str) -> tuple[Operation, ...]:
    """Return what `text` does; it means nothing by the names of a session, and has `KNOWN_LENGTH` at the most."""
    form = _FORM(text)
    known = _of_form(*form.groups()) if form is not None else None
    return _inspected(text) if known is None else known


def form_of(text: str) -> tuple[str, str] | None:
    """Return what stands before and behind the number of `text`, where all that differ in it alone do the same."""
    form = _FORM(text)
    if form is None or _of_form(*form.groups()) is None:
        return None
    before, behind = form.groups()
    return before, behind


@lru_cache(maxsize=KNOWN)
def _inspected(text: str) -> tuple[Operation, ...]:
    return inspect_sql(text, tool=TOOL)


@lru_cache(maxsize=KNOWN)
def _of_form(before: str, behind: str) -> tuple[Operation, ...] | None:
    """Return what every text does that has a number between the two; None where that hangs on it, or is no reading."""
    found = _inspected(f"{before}1{behind}")
    if not all(one.complete and one.effects == ONLY_READS for one in found):
        return None
    others = (f"{before}{number}{behind}" for number in OTHERS)
    return found if all(_inspected(other) == found for other in others) else None
