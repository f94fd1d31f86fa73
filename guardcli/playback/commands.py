"""What a recorded call holds: a command line, a statement, or one in the other. Pure."""

from __future__ import annotations

import shlex
from typing import NamedTuple


class Asked(NamedTuple):
    """What a call says, as people read it: its command line, the statement in it, empty where there is none."""

    command: str
    statement: str


def asked(tool: str, text: str) -> Asked:
    """Return what a call of `tool` says: psql with a statement, a statement at a gateway, or another command line."""
    if tool != "psql":
        return Asked(text, "")
    try:
        words = shlex.split(text)
    except ValueError:
        return Asked("", text)
    if not words or words[0].rpartition("/")[2] != "psql":
        return Asked("", text)
    return Asked(text, _given(words))


def _given(words: list[str]) -> str:
    for place, word in enumerate(words[:-1]):
        if word in ("-c", "--command"):
            return words[place + 1]
    return next((word.partition("=")[2] for word in words if word.startswith("--command=")), "")
