"""What a recorded command line holds. Pure."""

from __future__ import annotations

import shlex


def statement_of(text: str) -> str:
    """Return the statement that a command line gives psql, an empty string where it gives none."""
    try:
        words = shlex.split(text)
    except ValueError:
        return ""
    if not words or words[0].rpartition("/")[2] != "psql":
        return ""
    for place, word in enumerate(words[:-1]):
        if word in ("-c", "--command"):
            return words[place + 1]
    return next((word.partition("=")[2] for word in words if word.startswith("--command=")), "")
