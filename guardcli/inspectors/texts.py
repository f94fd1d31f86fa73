"""Texts of a call as bytes again."""

from __future__ import annotations


def as_bytes(text: str) -> bytes:
    """Return the bytes that `text` stands for: an argument's own, whatever they are. Never raises.

    What no argument can hold, a surrogate that stands for no byte, is written as UTF-8 would write it.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
