"""What a recorded call holds: a command line, a statement, or one in the other. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from guardcli.model.events import RESOURCE


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


def agent(command: Sequence[str]) -> str:
    """Return a session's command line, its program without the directory."""
    return " ".join((command[0].rpartition("/")[2] or command[0], *command[1:])) if command else ""


def resources(counts: Mapping[str, int]) -> str:
    """Return the resources that a session's calls reached, the one most used first."""
    names = sorted((name for name in counts if name.startswith(RESOURCE)), key=lambda name: (-counts[name], name))
    return ", ".join(name.removeprefix(RESOURCE) for name in names)


def _given(words: list[str]) -> str:
    for place, word in enumerate(words[:-1]):
        if word in ("-c", "--command"):
            return words[place + 1]
    return next((word.partition("=")[2] for word in words if word.startswith("--command=")), "")
