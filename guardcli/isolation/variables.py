"""The environment of an isolated agent, and which variables no guarded tool is given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import translate
from functools import cache

from guardcli.isolation.defaults import DROPPED, KEPT, NEVER_KEPT
from guardcli.model.isolation import Isolation

ESSENTIAL = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "PWD", "GUARD_REASON")
"""Kept although a policy names others: without them hardly anything runs."""


def agent_environment(environment: Mapping[str, str], isolation: Isolation) -> dict[str, str]:
    """Return the variables that an isolated agent starts with: those that are kept, then those that are set."""
    kept = _matcher((*ESSENTIAL, *isolation.keep) if isolation.keep else KEPT)
    never = _matcher(NEVER_KEPT)
    chosen = {
        name: value
        for name, value in environment.items()
        if kept.fullmatch(name) and (name == "GUARD_REASON" or not never.fullmatch(name))
    }
    return chosen | dict(isolation.set)


def dropped_for_tools(environment: Mapping[str, str], baseline: Mapping[str, str], keep: Iterable[str]) -> list[str]:
    """Return the names in a call's `environment` that its tool is not given.

    What is as it was when the session began is the user's own, and what the policy keeps is allowed.
    """
    dropped, kept = _matcher(DROPPED), _matcher(tuple(keep))
    return [
        name
        for name, value in environment.items()
        if dropped.fullmatch(name) and not kept.fullmatch(name) and baseline.get(name) != value
    ]


@cache
def _matcher(globs: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(glob) for glob in globs) or r"(?!)")
