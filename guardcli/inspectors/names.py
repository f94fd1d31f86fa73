"""A readable way to write a table of many names."""

from __future__ import annotations


def names(text: str) -> frozenset[str]:
    """Return the names in `text`, which are separated by blanks."""
    return frozenset(text.split())
